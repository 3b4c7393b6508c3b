//! What was proved at the start is watched: a change for the worse is noticed, and so is its mending.

use std::time::{Duration, Instant};

use sqlx::{Connection as _, Executor as _, PgConnection};
use tenancy_sqlx::proof::Policy;
use tenancy_sqlx::{ConnectError, Settings, TenantDatabase};

use crate::kit::{Place, place, unique};

const LONG: Duration = Duration::from_hours(1);

async fn connected(place: &Place, role: &str) -> TenantDatabase {
    TenantDatabase::connect_with(place.login(role), Settings::default()).await.expect("a connection")
}

/// Whether it is ready, once it is or `limit` has passed.
async fn becomes(database: &TenantDatabase, ready: bool, limit: Duration) -> bool {
    let start = Instant::now();
    while database.is_ready().await != ready {
        if start.elapsed() > limit {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    true
}

#[tokio::test]
async fn nobody_is_served_from_a_database_that_cannot_be_proved_until_its_sql_is_run() {
    let Some(place) = place().await else { return };
    place.run("ALTER TABLE things NO FORCE ROW LEVEL SECURITY; GRANT TRUNCATE ON things TO app_rw").await;
    let refused = connected(&place, "app_rw").await.prove(Policy::default()).await.expect_err("two holes");
    let said = refused.to_string();
    let ConnectError::Unproved(report) = refused else { panic!("{refused}") };
    for finding in report.findings.iter().filter(|finding| ["R12", "R30"].contains(&finding.rule)) {
        assert!(said.contains(&finding.fix), "{said}");
        place.run(finding.fix.clone()).await;
    }
    connected(&place, "app_rw").await.prove(Policy::default()).await.expect("mended").close().await;
    // Whoever is strict refuses what others are warned of.
    place.run("ALTER EVENT TRIGGER tenancy_auto_rls DISABLE").await;
    connected(&place, "app_rw").await.prove(Policy::default()).await.expect("a warning").close().await;
    let strict = connected(&place, "app_rw").await.prove(Policy::default().strict()).await;
    assert!(matches!(strict, Err(ConnectError::Unproved(_))), "{strict:?}");
}

#[tokio::test]
async fn a_change_that_the_database_tells_of_is_noticed_at_once() {
    let Some(place) = place().await else { return };
    let database =
        connected(&place, "app_rw").await.prove_every(LONG, Policy::default()).await.expect("proved");
    assert!(database.is_ready().await);
    for (worse, mended) in [
        ("DROP POLICY tenant_isolation ON things", "SELECT tenancy.protect('things')"),
        ("CREATE TABLE notes (id integer); GRANT SELECT ON notes TO app_rw", "DROP TABLE notes"),
        ("GRANT TRUNCATE ON things TO app_rw", "REVOKE TRUNCATE ON things FROM app_rw"),
    ] {
        // The listener may not be there yet when the first of them comes: the next one tells again.
        place.run(worse).await;
        assert!(becomes(&database, false, Duration::from_secs(20)).await, "nobody noticed {worse}");
        place.run(mended).await;
        assert!(becomes(&database, true, Duration::from_secs(20)).await, "nobody noticed {mended}");
    }
    database.close().await;
}

/// The fingerprint is kept where the next program finds it, and it is the same as long as nothing changes.
#[tokio::test]
async fn what_was_proved_is_put_down_in_the_database() {
    const PUT_DOWN: &str = "SELECT role || ' ' || verdict || ' ' || fingerprint FROM tenancy.proofs";
    let Some(place) = place().await else { return };
    let proved = async || {
        let database = connected(&place, "app_rw").await;
        let proved = database.prove_every(LONG, Policy::default()).await;
        if let Ok(database) = &proved {
            database.close().await;
        }
        (proved.is_ok(), place.text(PUT_DOWN).await)
    };
    let (fine, first) = proved().await;
    assert!(fine && (first.starts_with("app_rw pass ") || first.starts_with("app_rw warn ")), "{first}");
    place.run("GRANT TRUNCATE ON things TO app_rw").await;
    let (fine, worse) = proved().await;
    assert!(!fine && worse.starts_with("app_rw refuse "), "{worse}");
    let print = |text: &str| text.rsplit(' ').next().expect("a fingerprint").to_owned();
    assert_ne!(print(&worse), print(&first));
    // Whoever logs in as the application may put down its own proof, and see or change nothing else.
    let mut conn = PgConnection::connect_with(&place.login("app_rw")).await.expect("a login");
    for sql in ["SELECT * FROM tenancy.proofs", "DELETE FROM tenancy.proofs"] {
        let refused = conn.execute(sql).await.expect_err(sql);
        let code = refused.as_database_error().and_then(sqlx::error::DatabaseError::code);
        assert_eq!(code.as_deref(), Some("42501"), "{sql}");
    }
    conn.close().await.expect("closed");
}

#[tokio::test]
async fn a_change_that_nobody_tells_of_is_noticed_by_asking() {
    let Some(place) = place().await else { return };
    let role = unique("watched");
    let made = format!("CREATE ROLE {role} LOGIN NOINHERIT PASSWORD '{}'", place.password());
    let let_in = format!("GRANT CONNECT ON DATABASE \"{}\" TO {role}", place.server.name());
    place.run(format!("{made}; {let_in}")).await;
    let often = Duration::from_millis(100);
    let database =
        connected(&place, &role).await.prove_every(often, Policy::default()).await.expect("proved");
    // Roles belong to the server: no event trigger sees this.
    place.run(format!("GRANT app_owner TO {role}")).await;
    assert!(becomes(&database, false, Duration::from_secs(20)).await, "nobody noticed the membership");
    place.run(format!("REVOKE app_owner FROM {role}")).await;
    assert!(becomes(&database, true, Duration::from_secs(20)).await, "nobody noticed that it is gone");
    database.close().await;
    place.run(format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
}
