//! `--example attack`, run as a program.

use std::process::Output;

use sqlx::Connection as _;

use crate::fixture::{sealed_shop, shop};
use crate::kit::{Place, example, said, url};

async fn attack(place: &Place, more: &[&str]) -> Output {
    let (app, admin) = (url(&place.login("app_rw")), url(&place.server.admin()));
    example("attack", &[&["--url", app.as_str(), "--admin-url", admin.as_str()], more].concat()).await
}

/// Clones that are left of any run against this database.
const CLONES: &str =
    "SELECT count(*)::text FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
    WHERE d.datname LIKE 'attack%' AND 'shop.mark=command' = ANY (s.setconfig)";

#[tokio::test]
async fn it_counts_what_it_tried_and_exits_with_what_it_found() {
    let Some(place) = sealed_shop().await else { return };
    place.run(format!("ALTER DATABASE \"{}\" SET shop.mark = 'command'", place.server.name())).await;
    let clean = attack(&place, &[]).await;
    assert_eq!(clean.status.code(), Some(0), "{}", said(&clean));
    assert!(said(&clean).contains(" controls: 0 wrong, 0 tables untried"), "{}", said(&clean));
    place.run("ALTER TABLE shop.log DISABLE ROW LEVEL SECURITY").await;
    let open = attack(&place, &[]).await;
    assert_eq!(open.status.code(), Some(1), "{}", said(&open));
    assert!(said(&open).contains("WRONG shop.log · select · direct"), "{}", said(&open));
    assert_eq!(place.text(CLONES).await, "0", "a clone is left");
}

#[tokio::test]
async fn mutation_prints_the_table_and_the_kill_rate() {
    let Some(place) = sealed_shop().await else { return };
    // One table is enough to see the form; `whatever_is_taken_away_is_noticed` takes everything.
    place.run("CREATE SCHEMA small AUTHORIZATION app_owner; SET ROLE app_owner;
        CREATE TABLE small.notes (tenant_id uuid NOT NULL, id integer, body text NOT NULL, PRIMARY KEY (tenant_id, id));
        GRANT USAGE ON SCHEMA small TO app_rw; RESET ROLE; SELECT tenancy.protect('small.notes')").await;
    let mutated = attack(&place, &["--mutate", "--schema", "small"]).await;
    let said = said(&mutated);
    assert_eq!(mutated.status.code(), Some(0), "{said}");
    assert!(said.contains("kill rate 100.0 %"), "{said}");
    for line in [
        "policy       tenant_isolation on small.notes",
        "force        small.notes",
        "grant        SELECT on small.notes to app_rw",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    assert!(!said.contains("shop."), "only what is in the schema is taken away: {said}");
}

#[tokio::test]
async fn what_cannot_be_tried_is_said() {
    let Some(place) = shop().await else { return };
    let user = place.admin().await;
    let busy = attack(&place, &[]).await;
    assert_eq!(busy.status.code(), Some(2), "{}", said(&busy));
    assert!(said(&busy).contains("cannot be cloned while others are connected"), "{}", said(&busy));
    user.close().await.expect("closed");
    let nowhere = attack(&place, &["--mutate", "--schema", "nowhere"]).await;
    assert_eq!(nowhere.status.code(), Some(2), "{}", said(&nowhere));
    assert!(said(&nowhere).contains("there is no schema \"nowhere\""), "{}", said(&nowhere));
    for (arguments, words) in [
        (&[][..], "--url is missing"),
        (
            &["--url", "postgres://a:secret@[::", "--admin-url", "postgres://a@127.0.0.1:1/a"],
            "the URL of the application is not a database address",
        ),
        (&["--mutant"], "is not known"),
        (
            &[
                "--url",
                "postgres://a@127.0.0.1:1/a",
                "--admin-url",
                "postgres://a@127.0.0.1:1/a",
                "--schema",
                "shop",
            ],
            "without it",
        ),
    ] {
        let output = example("attack", arguments).await;
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(said(&output).contains(words) && !said(&output).contains("secret"), "{}", said(&output));
    }
}
