//! Nothing is left behind, whenever a future is dropped; and the driver sees it where something is.

use sqlx::postgres::{PgPool, PgPoolOptions};
use tenancy_sqlx::{CommitError, TenantDatabase, TenantTx};

use crate::cut::{Outside, cut, drive, look};
use crate::kit::{ACME, acme, one_connection, place};

const INSERT: &str = "INSERT INTO things (id, name) VALUES ($1, 'new')";

async fn insert(tx: &mut TenantTx, id: i32) -> sqlx::Result<()> {
    sqlx::query(INSERT).bind(id).execute(&mut **tx).await.map(drop)
}

async fn begun(database: &TenantDatabase) -> TenantTx {
    database.begin(&acme()).await.expect("begin")
}

/// A row of its own for every attempt.
fn row(polls: usize) -> i32 {
    i32::try_from(1000 + polls).expect("a small number")
}

#[tokio::test]
async fn a_begin_that_is_dropped_leaves_nothing() {
    let Some(place) = place().await else { return };
    let (database, outside) = (place.slow_database(one_connection()).await, Outside::of(&place).await);
    let write =
        async |polls| cut(polls, database.begin(&acme())).await.map(|tx| tx.expect("begin")).is_some();
    let read =
        async |polls| cut(polls, database.begin_read(&acme())).await.map(|tx| tx.expect("begin")).is_some();
    // On a dead connection, begin opens another: more to cut.
    let killed = async |polls| {
        outside.kill().await;
        cut(polls, database.begin(&acme())).await.map(|begun| begun.expect("begin")).is_some()
    };
    let looked = async || look(&database, &outside).await;
    for left in [drive(write, looked).await, drive(read, looked).await, drive(killed, looked).await] {
        assert!(left.is_empty(), "{left:?}");
    }
    outside.close().await;
}

#[tokio::test]
async fn a_query_that_is_dropped_leaves_nothing_and_loses_nothing_that_was_promised() {
    let Some(place) = place().await else { return };
    let (database, outside) = (place.slow_database(one_connection()).await, Outside::of(&place).await);
    let looked = async || look(&database, &outside).await;
    let dropped = async |polls| {
        let mut tx = begun(&database).await;
        cut(polls, insert(&mut tx, row(polls))).await.is_some()
    };
    let left = drive(dropped, looked).await;
    assert!(left.is_empty(), "{left:?}");

    // Whoever goes on after a cut query: a commit that is acknowledged has written what was acknowledged.
    let going_on = async |polls| {
        let mut tx = begun(&database).await;
        insert(&mut tx, row(polls)).await.expect("acknowledged");
        let cut_short = cut(polls, insert(&mut tx, row(polls) + 500)).await.is_some();
        if tx.commit().await.is_ok() {
            assert!(outside.has(row(polls)).await, "an acknowledged row was lost after {polls} polls");
            assert!(!cut_short || outside.has(row(polls) + 500).await);
        }
        cut_short
    };
    let left = drive(going_on, looked).await;
    assert!(left.is_empty(), "{left:?}");
    outside.close().await;
}

#[tokio::test]
async fn a_commit_after_a_failing_query_was_dropped_is_never_called_a_success() {
    let Some(place) = place().await else { return };
    let (database, outside) = (place.slow_database(one_connection()).await, Outside::of(&place).await);
    let failing = async |polls| {
        let mut tx = begun(&database).await;
        insert(&mut tx, row(polls)).await.expect("acknowledged");
        let failed = cut(polls, sqlx::query("SELECT 1 / (id - id) FROM things").execute(&mut *tx)).await;
        let committed = tx.commit().await;
        assert!(
            committed.is_err() || outside.has(row(polls)).await,
            "after {polls} polls a commit was acknowledged that wrote nothing"
        );
        if failed.is_some() {
            assert!(matches!(committed, Err(CommitError::Aborted)), "{committed:?}");
            assert!(!outside.has(row(polls)).await);
        }
        failed.is_some()
    };
    let left = drive(failing, async || look(&database, &outside).await).await;
    assert!(left.is_empty(), "{left:?}");
    outside.close().await;
}

#[tokio::test]
async fn a_commit_that_is_dropped_leaves_nothing_and_an_acknowledged_one_has_written() {
    let Some(place) = place().await else { return };
    let (database, outside) = (place.slow_database(one_connection()).await, Outside::of(&place).await);
    let committing = async |polls| {
        let mut tx = begun(&database).await;
        insert(&mut tx, row(polls)).await.expect("acknowledged");
        let committed = cut(polls, tx.commit()).await;
        if let Some(committed) = &committed {
            committed.as_ref().expect("a commit");
            assert!(outside.has(row(polls)).await, "an acknowledged commit was lost");
        }
        committed.is_some()
    };
    let left = drive(committing, async || look(&database, &outside).await).await;
    assert!(left.is_empty(), "{left:?}");
    outside.close().await;
}

#[tokio::test]
async fn a_rollback_that_is_dropped_leaves_nothing_and_writes_nothing() {
    let Some(place) = place().await else { return };
    let (database, outside) = (place.slow_database(one_connection()).await, Outside::of(&place).await);
    let rolling_back = async |polls| {
        let mut tx = begun(&database).await;
        insert(&mut tx, row(polls)).await.expect("acknowledged");
        cut(polls, tx.rollback()).await.is_some()
    };
    let looked = async || {
        let left = look(&database, &outside).await;
        left.or(outside.has(row(1)).await.then(|| "a rolled back row is there".into()))
    };
    let left = drive(rolling_back, looked).await;
    assert!(left.is_empty(), "{left:?}");
    outside.close().await;
}

/// The pattern that everybody writes first.
#[allow(clippy::disallowed_methods, reason = "the driver must find what this leaves behind")]
async fn naive_begin(pool: &PgPool) -> sqlx::Result<()> {
    let begin = sqlx::AssertSqlSafe(format!("BEGIN; SET LOCAL app.tenant_id = '{ACME}'"));
    pool.begin_with(begin).await.map(drop)
}

#[tokio::test]
async fn the_driver_finds_the_leak_of_a_plain_pool() {
    let Some(place) = place().await else { return };
    let outside = Outside::of(&place).await;
    let pool =
        PgPoolOptions::new().max_connections(1).connect_with(place.slow_login().await).await.expect("a pool");
    let nobody = async || {
        let rows = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM things").fetch_one(&pool).await;
        match (rows, outside.open_transaction().await) {
            (Ok(rows), Some(open)) => Some(format!("nobody reads {rows} rows of acme's; {open}")),
            (Ok(rows), None) => Some(format!("nobody reads {rows} rows")),
            (Err(_), open) => open,
        }
    };
    assert_eq!(nobody().await, None, "at first nobody is bound, and nobody reads");
    let left = drive(async |polls| cut(polls, naive_begin(&pool)).await.is_some(), nobody).await;
    assert!(left.iter().any(|left| left.contains("3 rows of acme's")), "the leak was not seen: {left:?}");
    pool.close().await;
    outside.close().await;
}
