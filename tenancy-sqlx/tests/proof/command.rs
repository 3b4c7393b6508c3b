//! `--example prove`, run as a program.

use std::process::Output;

use sqlx::ConnectOptions as _;
use tokio::process::Command;

use crate::kit::{Place, place};

async fn prove(place: &Place, more: &[&str]) -> Output {
    let url = place.login("app_rw").to_url_lossy();
    run(&[&["--url", url.as_str()], more].concat()).await
}

async fn run(arguments: &[&str]) -> Output {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["run", "--quiet", "--offline", "-p", "tenancy-sqlx", "--example", "prove", "--"])
        .args(arguments)
        .output()
        .await
        .expect("cargo")
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[tokio::test]
async fn it_exits_with_what_it_found() {
    let Some(place) = place().await else { return };
    let fine = prove(&place, &[]).await;
    assert_eq!(fine.status.code(), Some(0), "{}", text(&fine));

    place.run("ALTER EVENT TRIGGER tenancy_auto_rls DISABLE").await;
    let warned = prove(&place, &["--format", "json"]).await;
    assert_eq!(warned.status.code(), Some(0), "{}", text(&warned));
    let json: serde_json::Value = serde_json::from_slice(&warned.stdout).expect("JSON");
    assert_eq!(json["verdict"], "warn");
    assert_eq!(prove(&place, &["--strict"]).await.status.code(), Some(1));

    place.run("GRANT TRUNCATE ON things TO app_rw").await;
    let refused = prove(&place, &[]).await;
    assert_eq!(refused.status.code(), Some(1), "{}", text(&refused));
    assert!(text(&refused).contains("REVOKE TRUNCATE ON public.things"), "{}", text(&refused));
    let allowed = prove(&place, &["--allow", "R30=nobody calls it"]).await;
    assert_eq!(allowed.status.code(), Some(0), "{}", text(&allowed));
}

#[tokio::test]
async fn what_cannot_be_asked_is_said_without_the_password() {
    for (arguments, words) in [
        (&[][..], "--url is missing"),
        (&["--url", "postgres://app:secret@[::"], "not a database address"),
        (&["--url", "postgres://app:secret@127.0.0.1:1/none"], "cannot be asked"),
        (&["--url", "x", "--format", "xml"], "text, json or sarif"),
    ] {
        let output = run(arguments).await;
        assert_eq!(output.status.code(), Some(2), "{}", text(&output));
        assert!(text(&output).contains(words) && !text(&output).contains("secret"), "{}", text(&output));
    }
}
