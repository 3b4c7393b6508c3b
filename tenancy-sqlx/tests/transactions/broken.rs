//! What breaks in the middle: a panic, a statement that takes too long, a killed backend, a server
//! that refuses the begin, a statement that failed.

use std::time::Duration;

use sqlx::error::DatabaseError;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tenancy_core::testing::context_with_id;
use tenancy_sqlx::{BeginError, CommitError, TenantTx};

use crate::cut::{Outside, look};
use crate::kit::{acme, one_connection, place};

async fn insert(tx: &mut TenantTx, id: i32) -> sqlx::Result<()> {
    sqlx::query("INSERT INTO things (id, name) VALUES ($1, 'new')")
        .bind(id)
        .execute(&mut **tx)
        .await
        .map(drop)
}

#[tokio::test]
async fn a_panic_in_a_task_leaves_nothing() {
    let Some(place) = place().await else { return };
    let (database, outside) = (place.database(one_connection()).await, Outside::of(&place).await);
    let shared = database.clone();
    let task = tokio::spawn(async move {
        let mut tx = shared.begin(&acme()).await.expect("begin");
        insert(&mut tx, 1000).await.expect("acknowledged");
        panic!("in the middle of a transaction");
    });
    assert!(task.await.expect_err("a panic").is_panic());
    assert_eq!(look(&database, &outside).await, None);
    assert!(!outside.has(1000).await);
    outside.close().await;
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_ended_by_the_server() {
    let Some(place) = place().await else { return };
    let mut settings = one_connection();
    settings.statement_timeout = Duration::from_millis(100);
    let (database, outside) = (place.database(settings).await, Outside::of(&place).await);
    let mut tx = database.begin(&acme()).await.expect("begin");
    insert(&mut tx, 1000).await.expect("acknowledged");
    let error = sqlx::query("SELECT pg_sleep(20)").execute(&mut *tx).await.expect_err("too long");
    assert_eq!(error.as_database_error().and_then(DatabaseError::code).as_deref(), Some("57014"), "{error}");
    assert!(matches!(tx.commit().await, Err(CommitError::Aborted)));
    assert_eq!(look(&database, &outside).await, None);
    assert!(!outside.has(1000).await);
    outside.close().await;
}

#[tokio::test]
async fn a_killed_backend_is_an_error_and_the_next_begin_finds_another() {
    let Some(place) = place().await else { return };
    let (database, outside) = (place.database(one_connection()).await, Outside::of(&place).await);
    // While it is idle: nobody notices.
    outside.kill().await;
    let mut tx = database.begin(&acme()).await.expect("begin on a connection of its own");
    insert(&mut tx, 1000).await.expect("acknowledged");
    // In the middle: the statement fails, the commit does not pretend.
    outside.kill().await;
    assert!(insert(&mut tx, 1001).await.is_err());
    assert!(matches!(tx.commit().await, Err(CommitError::Aborted)));
    // Between the last statement and the commit: nothing was written, and nobody says it was.
    let mut tx = database.begin(&acme()).await.expect("begin");
    insert(&mut tx, 1002).await.expect("acknowledged");
    outside.kill().await;
    let refused = tx.commit().await.expect_err("the connection is gone");
    assert!(matches!(refused, CommitError::Refused(_) | CommitError::Unknown(_)), "{refused:?}");
    assert_eq!(look(&database, &outside).await, None);
    for id in 1000..1003 {
        assert!(!outside.has(id).await, "{id}");
    }
    outside.close().await;
}

#[tokio::test]
async fn a_begin_that_fails_does_not_poison_the_pool() {
    let Some(place) = place().await else { return };
    let outside = Outside::of(&place).await;
    let mut settings = one_connection();
    settings.acquire_timeout = Duration::from_secs(2);
    let database = place.database(settings).await;
    let door = |open: bool| format!("ALTER DATABASE \"{}\" ALLOW_CONNECTIONS {open}", place.server.name());
    let mut admin =
        PgConnection::connect_with(&place.server.admin().database("postgres")).await.expect("a superuser");
    admin.execute(AssertSqlSafe(door(false))).await.expect("closed to new sessions");
    outside.kill().await;
    let refused = database.begin(&acme()).await.expect_err("nobody is let in");
    assert!(matches!(refused, BeginError::Unavailable { .. }), "{refused:?}");
    admin.execute(AssertSqlSafe(door(true))).await.expect("open again");
    assert_eq!(look(&database, &outside).await, None);
    outside.close().await;
}

#[tokio::test]
async fn a_commit_after_a_failed_statement_writes_nothing_and_says_so() {
    let Some(place) = place().await else { return };
    let (database, outside) = (place.database(one_connection()).await, Outside::of(&place).await);
    let mut tx = database.begin(&acme()).await.expect("begin");
    insert(&mut tx, 1000).await.expect("acknowledged");
    insert(&mut tx, -1).await.expect_err("the check refuses it");
    assert!(matches!(tx.commit().await, Err(CommitError::Aborted)));
    assert!(!outside.has(1000).await);
    assert_eq!(look(&database, &outside).await, None);

    // A tenant without rows is as good as any: it reads nothing and may write.
    let nobody = context_with_id(tenancy_core::TenantId::new());
    let mut tx = database.begin(&nobody).await.expect("begin");
    let rows: i64 =
        sqlx::query_scalar("SELECT count(*) FROM things").fetch_one(&mut *tx).await.expect("read");
    assert_eq!(rows, 0);
    outside.close().await;
}

#[tokio::test]
async fn a_deferred_constraint_refuses_the_commit_itself() {
    let Some(place) = place().await else { return };
    place
        .run(
            "ALTER TABLE things ADD parent integer,
                ADD FOREIGN KEY (tenant_id, parent) REFERENCES things (tenant_id, id) DEFERRABLE INITIALLY DEFERRED",
        )
        .await;
    let (database, outside) = (place.database(one_connection()).await, Outside::of(&place).await);
    let mut tx = database.begin(&acme()).await.expect("begin");
    sqlx::query("INSERT INTO things (id, name, parent) VALUES (1000, 'orphan', 77)")
        .execute(&mut *tx)
        .await
        .expect("not checked yet");
    assert!(matches!(tx.commit().await, Err(CommitError::Refused(_))));
    assert_eq!(look(&database, &outside).await, None);
    assert!(!outside.has(1000).await);
    outside.close().await;
}
