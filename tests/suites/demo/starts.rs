//! A first start: what is there, who may see it, and how it stops.

use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use platform::demo::DemoInfo;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::demos::{DataFolder, Demo};
use tests::program::{binary, is_root};
use tests::{Caller, shared};

use super::{first_run, gone, possible, postmaster, signed_in, tenant};

#[tokio::test]
async fn a_demo_is_ready_within_thirty_seconds_and_has_everything_in_place() {
    if !possible("a_demo_is_ready_within_thirty_seconds_and_has_everything_in_place") {
        return;
    }
    let folder = DataFolder::new();
    let mut demo = Demo::spawn(Demo::command(binary(), folder.path()), folder.path());
    demo.ready(Duration::from_secs(30)).await;
    let info = demo.info();
    let database = postmaster(folder.path());

    for slug in ["acme", "globex"] {
        let caller = signed_in(&demo, &info, slug).await;
        let sources = caller.get("/tenant/data/sources").await.json();
        assert_eq!(sources.as_array().or(sources["sources"].as_array()).map(Vec::len), Some(1), "{sources}");
        assert_eq!(caller.get_page("/").await.status, StatusCode::OK);
        let run = first_run(&caller).await;
        assert_eq!((&run["state"], &run["converged"]), (&json!("done"), &json!(true)), "{run}");
        assert!(caller.get_page("/").await.body.contains("class=\"tiles\""), "results on the overview");
    }
    let operator = &info.operator;
    let door = Caller::new(demo.listeners[1], &operator.host);
    let form = [("email", operator.email.as_str()), ("password", operator.password.as_str())];
    let answer = door.send(door.request(Method::POST, "/login").form(&form)).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);

    assert_described(&folder, &info);
    assert_private(&folder, &info);
    assert_no_tcp(folder.path(), database);
    let took = demo.stop().await;
    assert!(took < Duration::from_secs(8), "{took:?} to stop");
    gone(database).await;
}

/// `demo-info --json` prints exactly what was promised to scripts.
fn assert_described(folder: &DataFolder, info: &DemoInfo) {
    let mut command = Demo::command(binary(), folder.path());
    let output = command.args(["demo-info", "--json"]).output().expect("demo-info");
    assert!(output.status.success(), "{output:?}");
    let printed: Value = serde_json::from_slice(&output.stdout).expect("json");
    let login = |host: &str, port: u16, email: &str, password: &str| {
        let url = format!("http://{host}:{port}");
        json!({ "host": host, "url": url, "email": email, "password": password })
    };
    let tenants = info.tenants.iter().map(|tenant| {
        let host = format!("{}.mmm.localhost", tenant.slug);
        let mut object = login(&host, info.addr.port(), &tenant.login.email, &tenant.login.password);
        object["slug"] = json!(tenant.slug);
        object
    });
    let port = info.operator.url.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).expect("a port");
    let expected = json!({
        "addr": info.addr,
        "base_domain": "mmm.localhost",
        "tenants": tenants.collect::<Vec<_>>(),
        "operator": login("admin.mmm.localhost", port, &info.operator.email, &info.operator.password),
    });
    assert_eq!(printed, expected);
    let slugs: Vec<_> = info.tenants.iter().map(|tenant| tenant.slug.as_str()).collect();
    assert_eq!(slugs, ["acme", "globex"]);
}

/// Passwords are in files of their owner, and in nobody's process list.
fn assert_private(folder: &DataFolder, info: &DemoInfo) {
    for name in ["demo.json", "secrets.json"] {
        let file = folder.path().join(name);
        let mode = file.metadata().expect(name).permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let superuser = std::fs::read_to_string(folder.path().join("postgres/password")).expect("its password");
    let stored: Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("secrets.json")).expect("secrets"))
            .expect("json");
    let mut secrets =
        vec![superuser.trim().to_owned(), stored["token_key"].as_str().expect("a key").to_owned()];
    secrets
        .extend(stored["roles"].as_array().into_iter().flatten().filter_map(Value::as_str).map(String::from));
    secrets.extend(info.tenants.iter().map(|tenant| tenant.login.password.clone()));
    secrets.push(info.operator.password.clone());
    assert!(
        secrets.len() >= 9 && secrets.iter().all(|secret| secret.len() >= 16),
        "{} secrets",
        secrets.len()
    );
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line);
        assert!(!secrets.iter().any(|secret| line.contains(secret)), "a secret in a process list: {line}");
    }
}

/// The database listens on its socket only, and lets nobody in without a password.
fn assert_no_tcp(data: &Path, postmaster: u32) {
    let descriptors = std::fs::read_dir(format!("/proc/{postmaster}/fd")).expect("its open files");
    let open: Vec<String> = descriptors
        .flatten()
        .filter_map(|entry| Some(std::fs::read_link(entry.path()).ok()?.to_string_lossy().into_owned()))
        .collect();
    assert!(open.iter().any(|file| file.starts_with("socket:")), "{open:?}");
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        for line in std::fs::read_to_string(table).unwrap_or_default().lines().skip(1) {
            let inode = line.split_whitespace().nth(9).unwrap_or_default();
            assert!(!open.contains(&format!("socket:[{inode}]")), "the database listens: {line}");
        }
    }
    let rules = std::fs::read_to_string(data.join("postgres/pgdata/pg_hba.conf")).expect("its rules");
    let rules: Vec<_> = rules.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    assert!(!rules.is_empty() && rules.iter().all(|rule| rule.ends_with("scram-sha-256")), "{rules:?}");
}

#[tokio::test]
async fn an_ordinary_user_can_start_a_demo_below_their_own_home() {
    let test = "an_ordinary_user_can_start_a_demo_below_their_own_home";
    if !possible(test) {
        return;
    }
    let folder = DataFolder::new();
    let data = folder.path().join("mmm-platform");
    let program = folder.path().join("platform");
    let mut command = if is_root() {
        let ids = ["-u", "-g"].map(|which| Command::new("id").args([which, "nobody"]).output());
        let ids = ids.map(|id| String::from_utf8(id.ok()?.stdout).ok()?.trim().parse::<u32>().ok());
        let [Some(user), Some(group)] = ids else { return shared::skip(test, "there is no user nobody") };
        // Where the workspace is may be closed to others.
        std::fs::copy(binary(), &program).expect("a copy");
        chown(folder.path(), Some(user), Some(group)).expect("a folder of theirs");
        let mut command = Command::new("setpriv");
        command.args(["--reuid", &user.to_string(), "--regid", &group.to_string(), "--clear-groups"]);
        command.arg(&program);
        command
    } else {
        Command::new(binary())
    };
    let path = std::env::var_os("PATH").unwrap_or_default();
    command.env_clear().env("PATH", path).env("XDG_DATA_HOME", folder.path()).arg("--no-install");
    command.current_dir("/");
    let mut demo = Demo::spawn(command, &data);
    demo.ready(Duration::from_secs(30)).await;

    let info = demo.info();
    let caller = signed_in(&demo, &info, "globex").await;
    assert_eq!(caller.get("/auth/me").await.status, StatusCode::OK);
    assert!(tenant(&info, "globex").login.url.starts_with("http://globex.mmm.localhost:"));
    let database = postmaster(&data);
    demo.stop().await;
    gone(database).await;
}
