//! The chapter on threats: every test that it names is there, and what it does not promise is so.

use std::path::Path;

use sqlx::{Connection, Executor, PgConnection};

use crate::kit::{ACME, GLOBEX, acme, globex, one_connection, place};

const CHAPTER: &str = include_str!("../../src/threats.md");

/// What the chapter names in backquotes as `file::test`.
fn named() -> Vec<(&'static str, &'static str)> {
    CHAPTER.split('`').skip(1).step_by(2).filter_map(|code| code.split_once(".rs::")).collect()
}

#[test]
fn every_promise_names_a_test_that_is_run() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (file, test) in named() {
        let source = std::fs::read_to_string(root.join(format!("{file}.rs"))).unwrap_or_default();
        let at = source.find(&format!("fn {test}()")).unwrap_or_else(|| panic!("{file}.rs has no {test}"));
        let attributes = source[..at].rsplit("\n\n").next().unwrap_or_default();
        assert!(
            attributes.contains("test") && !attributes.contains("#[ignore"),
            "{file}.rs: {test} is not run"
        );
    }
    let promised = CHAPTER.split("## What is").nth(1).expect("promises");
    let promises = promised.lines().filter(|line| line.starts_with("| ")).skip(1);
    for promise in promises {
        assert!(promise.contains(".rs::"), "no test shows: {promise}");
    }
}

#[tokio::test]
async fn what_is_not_promised_is_as_it_is_written() {
    let Some(place) = place().await else { return };
    place.run("CREATE SEQUENCE counted; GRANT USAGE ON SEQUENCE counted TO app_rw; ANALYZE things").await;
    let mut settings = one_connection();
    settings.max_connections = 2;
    let database = place.database(settings).await;
    let mut tx = database.begin(&acme()).await.expect("begin");
    let rows: f32 = sqlx::query_scalar("SELECT reltuples FROM pg_class WHERE relname = 'things'")
        .fetch_one(&mut *tx)
        .await
        .expect("the catalog");
    assert!((rows - 6.0).abs() < 0.5, "all tenants' rows: {rows}");
    let next = "SELECT nextval('counted')";
    let before: i64 = sqlx::query_scalar(next).fetch_one(&mut *tx).await.expect("a number");
    let mut other = database.begin(&globex()).await.expect("begin");
    sqlx::query(next).execute(&mut *other).await.expect("a number");
    let after: i64 = sqlx::query_scalar(next).fetch_one(&mut *tx).await.expect("a number");
    assert_eq!(after - before, 2, "the gap tells of the other tenant's write");
    // A lock by its number, whoever's it is.
    sqlx::query("SELECT pg_advisory_xact_lock(7)").execute(&mut *other).await.expect("a lock");
    let free: bool =
        sqlx::query_scalar("SELECT pg_try_advisory_xact_lock(7)").fetch_one(&mut *tx).await.expect("asked");
    assert!(!free, "a number is everybody's");
    drop((tx, other));
    database.close().await;
    // Whoever has the password sees estimates of rows that it cannot read.
    let mut raw = PgConnection::connect_with(&place.login("app_rw")).await.expect("a login");
    raw.execute(sqlx::AssertSqlSafe(format!("SET app.tenant_id = '{ACME}'"))).await.expect("bound");
    let plan = format!("EXPLAIN SELECT * FROM things WHERE tenant_id = '{GLOBEX}'");
    raw.execute(sqlx::AssertSqlSafe(plan)).await.expect("an estimate");
    raw.close().await.expect("closed");
}
