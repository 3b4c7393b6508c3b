//! `--example prove`, run as a program.

use std::process::Output;

use crate::kit::{Place, example, place, said, url};

async fn prove(place: &Place, more: &[&str]) -> Output {
    let url = url(&place.login("app_rw"));
    example("prove", &[&["--url", url.as_str()], more].concat()).await
}

#[tokio::test]
async fn it_exits_with_what_it_found() {
    let Some(place) = place().await else { return };
    let fine = prove(&place, &[]).await;
    assert_eq!(fine.status.code(), Some(0), "{}", said(&fine));

    place.run("ALTER EVENT TRIGGER tenancy_auto_rls DISABLE").await;
    let warned = prove(&place, &["--format", "json"]).await;
    assert_eq!(warned.status.code(), Some(0), "{}", said(&warned));
    let json: serde_json::Value = serde_json::from_slice(&warned.stdout).expect("JSON");
    assert_eq!(json["verdict"], "warn");
    let sarif = prove(&place, &["--format", "sarif"]).await;
    let sarif: serde_json::Value = serde_json::from_slice(&sarif.stdout).expect("SARIF");
    assert_eq!(sarif["runs"][0]["results"][0]["level"], "warning", "{sarif}");
    assert_eq!(prove(&place, &["--strict"]).await.status.code(), Some(1));

    place.run("GRANT TRUNCATE ON things TO app_rw").await;
    let refused = prove(&place, &[]).await;
    assert_eq!(refused.status.code(), Some(1), "{}", said(&refused));
    assert!(said(&refused).contains("REVOKE TRUNCATE ON public.things"), "{}", said(&refused));
    let allowed = prove(&place, &["--allow", "R30=nobody calls it"]).await;
    assert_eq!(allowed.status.code(), Some(0), "{}", said(&allowed));
}

#[tokio::test]
async fn what_cannot_be_asked_is_said_without_the_password() {
    for (arguments, words) in [
        (&[][..], "--url is missing"),
        (&["--url", "postgres://app:secret@[::"], "not a database address"),
        (&["--url", "postgres://app:secret@127.0.0.1:1/none"], "cannot be asked"),
        (&["--url", "x", "--format", "xml"], "text, json or sarif"),
    ] {
        let output = example("prove", arguments).await;
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(said(&output).contains(words) && !said(&output).contains("secret"), "{}", said(&output));
    }
}
