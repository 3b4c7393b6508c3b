//! `--example protect`, run as a program.

use std::process::Output;

use crate::kit::{Place, example, said, url};
use crate::{SHAPE, TABLES, grown};

async fn protect(place: &Place, more: &[&str]) -> Output {
    let (app, admin) = (url(&place.login("app_rw")), url(&place.server.admin()));
    example("protect", &[&["--url", app.as_str(), "--admin-url", admin.as_str()], more].concat()).await
}

#[tokio::test]
async fn it_prints_protects_and_proves() {
    let Some(place) = grown().await else { return };
    let before = place.text(SHAPE).await;
    let printed = protect(&place, &[&TABLES[..], &["--dry-run"]].concat()).await;
    assert_eq!(printed.status.code(), Some(0), "{}", said(&printed));
    let sql = String::from_utf8_lossy(&printed.stdout).into_owned();
    assert!(sql.contains("SELECT tenancy.protect('public.items');"), "{sql}");
    assert_eq!(place.text(SHAPE).await, before, "a dry run changes nothing");

    let done = protect(&place, &TABLES).await;
    assert_eq!(done.status.code(), Some(0), "{}", said(&done));
    assert!(said(&done).starts_with(&sql) && said(&done).contains("verdict: "), "{}", said(&done));
    assert!(place.text(SHAPE).await.contains("items PRIMARY KEY (tenant_id, id)"));

    // What is protected does not help where something else is open.
    place.run("GRANT TRUNCATE ON things TO app_rw").await;
    let refused = protect(&place, &TABLES).await;
    assert_eq!(refused.status.code(), Some(1), "{}", said(&refused));
    assert!(said(&refused).contains("R30 error: public.things"), "{}", said(&refused));
}

#[tokio::test]
async fn what_cannot_be_protected_or_asked_is_said() {
    let Some(place) = grown().await else { return };
    let alone = protect(&place, &["items"]).await;
    assert_eq!(alone.status.code(), Some(1), "{}", said(&alone));
    assert!(said(&alone).contains("protect both together"), "{}", said(&alone));
    for (arguments, words) in [
        (&[][..], "--url is missing"),
        (&["--url", "postgres://app:secret@[::", "t"], "--url is not a database address"),
        (&["--url", "postgres://a@127.0.0.1:1/a", "t"], "--admin-url is missing"),
        (&["--wat"], "is not known"),
    ] {
        let output = example("protect", arguments).await;
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(said(&output).contains(words) && !said(&output).contains("secret"), "{}", said(&output));
    }
}
