//! What the program refuses before it touches anything.

use std::net::TcpListener;
use std::process::Output;

use tests::demos::{DataFolder, Demo};
use tests::program::binary;

fn run(folder: &DataFolder, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Demo::command(binary(), folder.path());
    let Output { status, stdout, stderr } = command.args(arguments).output().expect("the platform");
    let text = [stdout, stderr].concat();
    (status.code(), String::from_utf8_lossy(&text).into_owned())
}

fn is_untouched(folder: &DataFolder) -> bool {
    std::fs::read_dir(folder.path()).expect("the folder").next().is_none()
}

#[test]
fn a_description_is_asked_in_vain_where_there_is_no_demo() {
    let folder = DataFolder::new();
    for arguments in [&["demo-info", "--json"][..], &["demo-info"]] {
        let (code, said) = run(&folder, arguments);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("no demo") && said.contains(&folder.path().display().to_string()), "{said}");
    }
    assert!(is_untouched(&folder));
}

#[test]
fn a_port_that_was_asked_for_and_is_taken_is_an_error_that_names_the_flag() {
    let folder = DataFolder::new();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let addr = taken.local_addr().expect("its address").to_string();
    for flag in ["--addr", "--operator-addr", "--internal-addr"] {
        let (code, said) = run(&folder, &[flag, &addr]);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains(&format!("with {flag}")) && said.contains(&addr), "{said}");
    }
    assert!(is_untouched(&folder));
}

#[test]
fn a_demo_is_for_this_machine_only_unless_said_otherwise() {
    let folder = DataFolder::new();
    for flag in ["--addr", "--operator-addr", "--internal-addr"] {
        for addr in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8080"] {
            let (code, said) = run(&folder, &[flag, addr]);
            assert_eq!(code, Some(1), "{said}");
            assert!(said.contains("--demo-public") && said.contains(flag), "{said}");
        }
    }
    assert!(is_untouched(&folder));
}

#[test]
fn a_half_configured_database_is_no_demo_and_the_missing_variable_is_named() {
    let folder = DataFolder::new();
    let mut command = Demo::command(binary(), folder.path());
    command.args(["--addr", "127.0.0.1:0", "--internal-addr", "127.0.0.1:0"]);
    let output =
        command.env("DATABASE_URL", "postgres://app_rw:secret-word@127.0.0.1:1/x").output().expect("it");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("TENANCY_TOKEN_KEY") || said.contains("TENANCY_GATE_URL"), "{said}");
    assert!(!said.contains("secret-word"), "{said}");
    assert!(is_untouched(&folder));
}
