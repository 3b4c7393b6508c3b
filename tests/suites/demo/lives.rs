//! A demo's second life: what a restart, a crash and a reset leave.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use tests::Caller;
use tests::demos::{DataFolder, Demo};
use tests::program::{binary, signal};

use super::{first_run, gone, possible, postmaster, signed_in, tenant};

/// A worker that died is noticed when its lease runs out.
const LEASE: Duration = Duration::from_secs(15);

#[tokio::test]
async fn a_killed_demo_starts_again_with_its_data_its_logins_and_its_runs() {
    if !possible("a_killed_demo_starts_again_with_its_data_its_logins_and_its_runs") {
        return;
    }
    let folder = DataFolder::new();
    let demo = Demo::start(&folder, &[]).await;
    let info = demo.info();
    let acme = signed_in(&demo, &info, "acme").await;
    first_run(&acme).await;
    let source = acme.get("/tenant/data/sources").await.json();
    let listed = source.as_array().or(source["sources"].as_array()).expect("sources").clone();
    let source = listed[0]["source_id"].as_str().or(listed[0]["id"].as_str()).expect("an id");
    let run = acme.start_run(source).await;
    let path = format!("/tenant/analysis/{run}");
    tests::program::until("the run runs", Duration::from_mins(1), async || {
        let state = acme.get(&path).await.json();
        assert_ne!(state["state"], "failed", "{state}");
        state["state"] == "running" || state["state"] == "done"
    })
    .await;
    let was = acme.get(&path).await.json();
    let token = acme.token().expect("a token").to_owned();
    demo.kill();

    let demo = Demo::start(&folder, &[]).await;
    let again = Instant::now();
    assert_eq!(demo.info().tenants[0].login.password, info.tenants[0].login.password, "passwords stay");
    let old = Caller::new(demo.listeners[0], &info.tenants[0].login.host).with_token(&token);
    assert_eq!(old.get("/auth/me").await.status, StatusCode::OK, "what was signed stays signed");
    let acme = signed_in(&demo, &demo.info(), "acme").await;
    let ended = acme.finished_run(&run).await;
    let reason = ended["reason"].as_str().unwrap_or_default();
    assert!(ended["state"] == "done" || !reason.is_empty(), "{ended}");
    if was["state"] == "running" {
        // One lease until it is noticed, and a fit of the slow build on a busy machine.
        assert!(again.elapsed() < LEASE + Duration::from_secs(45), "{:?}", again.elapsed());
    }
    demo.stop().await;
}

#[tokio::test]
async fn a_restart_keeps_everything_and_a_reset_nothing() {
    if !possible("a_restart_keeps_everything_and_a_reset_nothing") {
        return;
    }
    let folder = DataFolder::new();
    // Default ports: something else has the first.
    let occupied = TcpListener::bind((Ipv4Addr::LOCALHOST, 8080));
    let mut demo = Demo::spawn_anywhere(Demo::command(binary(), folder.path()), folder.path());
    tests::program::until("described", Duration::from_mins(1), async || {
        folder.path().join("demo.json").exists() && demo.output().contains("/metrics")
    })
    .await;
    let info = demo.info();
    let port = |url: &str| url.rsplit_once(':').and_then(|(_, port)| port.trim().parse::<u16>().ok());
    let operator = port(&info.operator.url).expect("a port");
    let output = demo.output();
    let internal = output.split_once("http://127.0.0.1:").and_then(|(_, rest)| rest.split_once('/'));
    let internal =
        internal.and_then(|(port, _)| port.parse().ok()).expect("the internal listener is announced");
    let ports = [info.addr.port(), operator, internal];
    demo.listeners = ports.map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port))).to_vec();
    demo.ready(Duration::from_mins(1)).await;
    assert_ne!(info.addr.port(), 8080, "occupied by {occupied:?}");
    assert!(output.contains(&format!("acme.mmm.localhost:{}", info.addr.port())), "{output}");
    signed_in(&demo, &info, "acme").await;
    demo.stop().await;

    let demo = Demo::start(&folder, &[]).await;
    let password = |at: &Demo| tenant(&at.info(), "acme").login.password.clone();
    assert_eq!(password(&demo), tenant(&info, "acme").login.password);
    signed_in(&demo, &demo.info(), "acme").await;
    // Killed, so that its database is still running when the folder is reset.
    let left = postmaster(folder.path());
    demo.kill();
    assert!(signal("0", left), "the database outlives a killed demo");

    let letters = folder.path().join("mail");
    std::fs::create_dir_all(&letters).expect("letters of the old demo");

    let demo = Demo::start(&folder, &["--reset"]).await;
    gone(left).await;
    assert!(!letters.exists(), "the old demo's letters are gone");
    assert_ne!(password(&demo), tenant(&info, "acme").login.password);
    signed_in(&demo, &demo.info(), "acme").await;
    let old = serde_json::json!({
        "email": tenant(&info, "acme").login.email, "password": tenant(&info, "acme").login.password,
    });
    let refused = Caller::new(demo.listeners[0], "acme.mmm.localhost").post_json("/auth/login", &old).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);

    // Nor may a second demo reset what the first is using.
    let mut second = Demo::command(binary(), folder.path());
    let second = second.arg("--reset").output().expect("a second demo");
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(1), "{said}");
    assert!(said.contains("running") && said.contains("--data-dir"), "{said}");
    signed_in(&demo, &demo.info(), "acme").await;
    demo.stop().await;
}
