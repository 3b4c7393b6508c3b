//! Sessions that stay bound: each read is its own tenant's, whoever had the connection before and
//! whatever became of it.

use std::pin::pin;
use std::time::Duration;

use sqlx::Connection;
use sqlx::error::DatabaseError;
use tenancy_core::TenantContext;
use tenancy_sqlx::{CommitError, Mode, SealKey, Settings, TenantConn, TenantDatabase};

use crate::cut::{Outside, cut, drive, look};
use crate::kit::{Place, acme, globex, one_connection, place, sealed_with};

/// A database with one session, so that the next reader gets what the last one left.
async fn one_session(place: &Place, mut settings: Settings) -> TenantDatabase {
    settings.mode = Mode::Session;
    place.database(settings).await
}

/// Whose rows are read, how many, and by which backend.
async fn read(tx: &mut TenantConn) -> sqlx::Result<(String, i64, i32)> {
    sqlx::query_as("SELECT string_agg(DISTINCT tenant_id::text, ' '), count(*), pg_backend_pid() FROM things")
        .fetch_one(tx)
        .await
}

async fn reads(database: &TenantDatabase, context: &TenantContext) -> sqlx::Result<i32> {
    let mut tx = database.begin_read(context).await.expect("begin");
    let (whose, rows, backend) = read(&mut tx).await?;
    assert_eq!((whose, rows), (context.tenant_id().to_string(), 3));
    Ok(backend)
}

fn code(error: &sqlx::Error) -> Option<String> {
    error.as_database_error().and_then(DatabaseError::code).map(Into::into)
}

/// As [`look`], and on the session as the other tenant.
async fn look_at_both(database: &TenantDatabase, outside: &Outside) -> Option<String> {
    if let Some(left) = look(database, outside).await {
        return Some(left);
    }
    reads(database, &globex()).await.err().map(|error| format!("the other tenant cannot read: {error}"))
}

#[tokio::test]
async fn whoever_had_the_session_before_each_reads_its_own_rows() {
    let Some(place) = place().await else { return };
    let key = SealKey::generate(1).expect("a key");
    for sealed in [false, true] {
        if sealed {
            place.seal(&key).await;
        }
        let settings = if sealed { sealed_with(&key) } else { one_connection() };
        let database = one_session(&place, settings).await;
        let mut backends = Vec::new();
        for other in [false, false, true, false, true, true, false] {
            backends.push(reads(&database, &if other { globex() } else { acme() }).await.expect("read"));
        }
        backends.dedup();
        assert_eq!(backends.len(), 1, "there is one session");
        database.close().await;
    }
}

#[tokio::test]
async fn a_tenant_finds_its_own_session_again() {
    let Some(place) = place().await else { return };
    let mut settings = one_connection();
    settings.max_connections = 2;
    let database = one_session(&place, settings).await;
    let (first, second) =
        (reads(&database, &acme()).await.expect("read"), reads(&database, &globex()).await.expect("read"));
    assert_ne!(first, second, "a second tenant gets a second session while there may be more");
    for _ in 0..5 {
        assert_eq!(reads(&database, &acme()).await.expect("read"), first);
        assert_eq!(reads(&database, &globex()).await.expect("read"), second);
    }
    database.close().await;
}

#[tokio::test]
async fn a_session_only_reads_and_writing_is_a_transaction_as_ever() {
    let Some(place) = place().await else { return };
    let database = one_session(&place, one_connection()).await;
    let mut tx = database.begin_read(&acme()).await.expect("begin");
    let error = sqlx::query("DELETE FROM things").execute(&mut *tx).await.expect_err("read only");
    assert_eq!(code(&error).as_deref(), Some("25006"), "{error}");
    assert!(matches!(tx.commit().await, Err(CommitError::Aborted)));
    let mut tx = database.begin(&acme()).await.expect("begin");
    sqlx::query("DELETE FROM things WHERE id = 3").execute(&mut *tx).await.expect("written");
    tx.commit().await.expect("commit");
    let mut tx = database.begin_read(&acme()).await.expect("begin");
    let mut savepoint = tx.savepoint().await.expect("a savepoint");
    assert_eq!(read(&mut savepoint).await.expect("read").1, 2);
    savepoint.rollback().await.expect("rolled back");
    assert_eq!(read(&mut tx).await.expect("read").1, 2);
    tx.commit().await.expect("nothing to commit");
    database.close().await;
}

#[tokio::test]
async fn a_lock_is_held_as_long_as_its_handle() {
    let Some(place) = place().await else { return };
    let mut settings = one_connection();
    settings.max_connections = 3;
    let database = one_session(&place, settings).await;
    let mut holder = database.begin_read(&acme()).await.expect("begin");
    holder.lock("a").await.expect("a lock");
    let mut other = database.begin(&acme()).await.expect("begin");
    assert!(!other.try_lock("a").await.expect("asked"), "it has ended with its statement");
    drop(holder);
    other.lock("a").await.expect("it has ended with its handle");
    drop(other);
    database.close().await;
}

#[tokio::test]
async fn what_one_tenant_set_on_the_session_is_gone_for_the_next() {
    let Some(place) = place().await else { return };
    place.run("GRANT EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) TO PUBLIC").await;
    let database = one_session(&place, one_connection()).await;
    let mut tx = database.begin_read(&acme()).await.expect("begin");
    sqlx::query("SELECT set_config('search_path', 'pg_temp', false), set_config('default_transaction_read_only', 'off', false)")
        .execute(&mut *tx)
        .await
        .expect("injected");
    drop(tx);
    reads(&database, &globex()).await.expect("the next tenant reads as ever");
    database.close().await;
}

#[tokio::test]
async fn what_is_dropped_half_way_leaves_nothing_on_a_session() {
    let Some(place) = place().await else { return };
    let outside = Outside::of(&place).await;
    let mut settings = one_connection();
    settings.mode = Mode::Session;
    let database = place.slow_database(settings).await;
    let looked = async || look_at_both(&database, &outside).await;
    let begin =
        async |polls| cut(polls, database.begin_read(&acme())).await.map(|tx| tx.expect("begin")).is_some();
    let query = async |polls| {
        let mut tx = database.begin_read(&acme()).await.expect("begin");
        cut(polls, read(&mut tx)).await.is_some()
    };
    let failing = async |polls| {
        let mut tx = database.begin_read(&acme()).await.expect("begin");
        cut(polls, sqlx::query("SELECT 1 / (id - id) FROM things").execute(&mut *tx)).await.is_some()
    };
    let savepoint = async |polls| {
        let mut tx = database.begin_read(&acme()).await.expect("begin");
        cut(polls, tx.savepoint()).await.map(|set| drop(set.expect("a savepoint"))).is_some()
    };
    let lock = async |polls| {
        let mut tx = database.begin_read(&acme()).await.expect("begin");
        cut(polls, tx.lock("a")).await.is_some()
    };
    for left in [
        drive(begin, looked).await,
        drive(query, looked).await,
        drive(failing, looked).await,
        drive(savepoint, looked).await,
        drive(lock, looked).await,
    ] {
        assert!(left.is_empty(), "{left:?}");
    }
    outside.close().await;
}

#[tokio::test]
async fn a_killed_session_is_an_error_once_and_then_there_is_another() {
    let Some(place) = place().await else { return };
    let (database, outside) = (one_session(&place, one_connection()).await, Outside::of(&place).await);
    reads(&database, &acme()).await.expect("read");
    outside.kill().await;
    reads(&database, &acme()).await.expect_err("the statement notices");
    reads(&database, &acme()).await.expect("another session");
    outside.kill().await;
    // Binding it to another tenant is the ping.
    reads(&database, &globex()).await.expect("another session");
    outside.close().await;
}

#[tokio::test]
async fn a_statement_that_nobody_waits_for_still_holds_its_session() {
    let Some(place) = place().await else { return };
    let database = one_session(&place, one_connection()).await;
    let mut tx = database.begin_read(&acme()).await.expect("begin");
    let sleeping = sqlx::query("SELECT pg_sleep(3)").execute(&mut *tx);
    let gone = tokio::time::timeout(Duration::from_millis(100), sleeping).await;
    assert!(gone.is_err(), "the caller has gone");
    drop(tx);
    let other = globex();
    let mut next = pin!(database.begin_read(&other));
    let early = tokio::time::timeout(Duration::from_millis(300), next.as_mut()).await;
    assert!(early.is_err(), "the server is still at work");
    drop(next.await.expect("free again"));
    reads(&database, &globex()).await.expect("read");
    // Nor is it more than one connection that the tenants' reads hold.
    let mut admin = place.admin().await;
    let sessions: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = 'app_rw'",
    )
    .fetch_one(&mut admin)
    .await
    .expect("pg_stat_activity");
    assert_eq!(sessions, 2, "one of the pool, one session");
    admin.close().await.expect("closed");
}
