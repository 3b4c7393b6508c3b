//! What a transaction takes (everything that sqlx makes of an executor) and what it refuses.

use futures_util::{StreamExt, TryStreamExt};
use sqlx::error::DatabaseError;
use sqlx::{Executor, PgExecutor, Row, Statement};
use tenancy_sqlx::{StatementRefused, TenantTx};

use crate::kit::{acme, one_connection, place};

#[derive(Debug, PartialEq, sqlx::FromRow)]
struct Thing {
    id: i32,
    name: String,
}

/// As a library function has it that knows nothing of tenants.
async fn count(executor: impl PgExecutor<'_>) -> sqlx::Result<i64> {
    sqlx::query_scalar("SELECT count(*) FROM things").fetch_one(executor).await
}

#[tokio::test]
async fn it_is_an_executor_like_any_other() {
    let Some(place) = place().await else { return };
    let database = place.database(one_connection()).await;
    let mut tx = database.begin(&acme()).await.expect("begin");

    let done = sqlx::query("INSERT INTO things (id, name) VALUES ($1, $2)").bind(4).bind("four");
    assert_eq!(done.execute(&mut *tx).await.expect("written").rows_affected(), 1);
    let thing: Thing =
        sqlx::query_as("SELECT id, name FROM things WHERE id = 4").fetch_one(&mut *tx).await.expect("read");
    assert_eq!(thing, Thing { id: 4, name: "four".into() });
    let missing: Option<Thing> = sqlx::query_as("SELECT id, name FROM things WHERE id = 99")
        .fetch_optional(&mut *tx)
        .await
        .expect("read");
    assert_eq!(missing, None);
    let ids: Vec<i32> =
        sqlx::query_scalar("SELECT id FROM things ORDER BY id").fetch_all(&mut *tx).await.expect("read");
    assert_eq!(ids, [1, 2, 3, 4]);
    assert_eq!(count(&mut *tx).await.expect("read"), 4);

    // A stream, to its end and dropped half way.
    let rows = sqlx::query("SELECT id FROM things").fetch(&mut *tx);
    assert_eq!(rows.map_ok(|row| row.get::<i32, _>(0)).try_collect::<Vec<_>>().await.expect("rows").len(), 4);
    let mut rows = sqlx::query("SELECT id FROM things, generate_series(1, 5000)").fetch(&mut *tx);
    rows.next().await.expect("a row").expect("a row");
    drop(rows);
    assert_eq!(count(&mut *tx).await.expect("the transaction goes on"), 4);

    // Prepared and described.
    let statement = tx.prepare(sqlx::SqlStr::from_static("SELECT name FROM things WHERE id = $1")).await;
    let statement = statement.expect("prepared");
    let name: String = statement.query_scalar().bind(1).fetch_one(&mut *tx).await.expect("read");
    assert_eq!(name, "thing 1");
    let described = tx.describe(sqlx::SqlStr::from_static("SELECT id FROM things")).await.expect("described");
    assert_eq!(described.columns.len(), 1);
    tx.commit().await.expect("commit");
}

#[tokio::test]
async fn a_read_only_transaction_writes_nothing() {
    let Some(place) = place().await else { return };
    let database = place.database(one_connection()).await;
    let mut tx = database.begin_read(&acme()).await.expect("begin");
    assert_eq!(count(&mut *tx).await.expect("read"), 3);
    let error = sqlx::query("DELETE FROM things").execute(&mut *tx).await.expect_err("read only");
    assert_eq!(error.as_database_error().and_then(DatabaseError::code).as_deref(), Some("25006"), "{error}");
    drop(tx);
    assert_eq!(count(&mut *database.begin_read(&acme()).await.expect("begin")).await.expect("read"), 3);
}

fn reason(error: &sqlx::Error) -> &StatementRefused {
    StatementRefused::in_error(error).unwrap_or_else(|| panic!("not refused by the transaction: {error:?}"))
}

async fn still_usable(tx: &mut TenantTx) {
    assert_eq!(count(&mut **tx).await.expect("the transaction goes on"), 3);
}

/// AC25, AC28: by the transaction, before anything is sent.
#[tokio::test]
async fn every_way_out_is_refused_and_the_transaction_goes_on() {
    let Some(place) = place().await else { return };
    let database = place.database(one_connection()).await;
    let mut tx = database.begin(&acme()).await.expect("begin");
    let ways = [
        "SET app.tenant_id = '018f2f4e-0000-7000-8000-00000000000b'",
        "SET LOCAL app.tenant_id = '018f2f4e-0000-7000-8000-00000000000b'",
        "SET ROLE app_owner",
        "RESET ALL",
        "COMMIT",
        "ROLLBACK",
        "BEGIN",
        "SAVEPOINT mine",
        "DO $$ BEGIN PERFORM 1; END $$",
        "COPY things TO STDOUT",
        "LISTEN others",
        "NOTIFY others",
        "EXPLAIN SELECT * FROM things",
        "CALL nothing()",
        "LOCK TABLE things",
        "DECLARE c CURSOR FOR SELECT 1",
        "PREPARE p AS SELECT 1",
        "EXECUTE p",
        "DISCARD ALL",
        "TRUNCATE things",
        "CREATE TABLE mine ()",
        "/* SELECT */ SET ROLE app_owner",
        "-- SELECT\nRESET ROLE",
        "",
    ];
    for sql in ways {
        let streamed = sqlx::query(sql).fetch(&mut *tx).next().await.expect("an answer").expect_err(sql);
        for error in [
            streamed,
            sqlx::query(sql).execute(&mut *tx).await.expect_err(sql),
            sqlx::query(sql).fetch_optional(&mut *tx).await.expect_err(sql),
            tx.prepare(sqlx::SqlStr::from_static(sql)).await.expect_err(sql),
            tx.describe(sqlx::SqlStr::from_static(sql)).await.expect_err(sql),
        ] {
            assert!(matches!(reason(&error), StatementRefused::Verb(_)), "{sql}: {error:?}");
        }
    }
    // The simple protocol would take several statements at once.
    for error in [
        tx.execute("SELECT 1; SELECT 2").await.expect_err("simple"),
        sqlx::raw_sql("SELECT 1").execute(&mut *tx).await.expect_err("simple"),
        tx.fetch_optional("SELECT 1").await.expect_err("simple"),
    ] {
        assert_eq!(reason(&error), &StatementRefused::SimpleProtocol);
    }
    still_usable(&mut tx).await;
    // Prepared, several statements are the server's to refuse.
    let error = sqlx::query("SELECT 1; SET ROLE app_owner").execute(&mut *tx).await.expect_err("stacked");
    assert_eq!(error.as_database_error().and_then(DatabaseError::code).as_deref(), Some("42601"), "{error}");
    tx.rollback().await.expect("rollback");
}

#[tokio::test]
async fn what_was_refused_does_not_keep_the_rest_from_being_committed() {
    let Some(place) = place().await else { return };
    let database = place.database(one_connection()).await;
    let mut tx = database.begin(&acme()).await.expect("begin");
    sqlx::query("INSERT INTO things (id, name) VALUES (4, 'four')").execute(&mut *tx).await.expect("written");
    sqlx::query("SET ROLE app_owner").execute(&mut *tx).await.expect_err("refused");
    tx.commit().await.expect("commit");
    assert_eq!(count(&mut *database.begin_read(&acme()).await.expect("begin")).await.expect("read"), 4);
}
