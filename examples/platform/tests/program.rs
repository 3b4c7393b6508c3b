//! The program's own command line. A test here also has cargo build the program before any suite that
//! starts it.

use std::process::Command;

#[test]
fn help_names_every_flag_and_command_of_the_readme() {
    let output = Command::new(env!("CARGO_BIN_EXE_platform")).arg("--help").output().expect("the program");
    assert!(output.status.success(), "{output:?}");
    let help = String::from_utf8_lossy(&output.stdout);
    for word in [
        "--addr",
        "--operator-addr",
        "--internal-addr",
        "--base-domain",
        "--data-dir",
        "--reset",
        "--demo-public",
        "--no-install",
        "demo-info",
        "serve",
        "worker",
        "migrate",
    ] {
        assert!(help.contains(word), "{word} is missing in:\n{help}");
    }
}
