//! What is done to a pool on purpose or by accident, many times and mixed: nobody ever meets another
//! tenant's transaction, statement or rows.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use sqlx::{Connection, Executor, PgConnection};
use tenancy_core::TenantContext;
use tenancy_sqlx::{SealKey, TenantDatabase, TenantTx};

use crate::cut::{Outside, cut, look};
use crate::kit::{ACME, GLOBEX, acme, globex, one_connection, place, sealed_with};

/// How many of the rows that a transaction reads are another's, and how many there are.
const SEEN: &str = "SELECT count(*) FILTER (WHERE tenant_id <> $1::uuid), count(*) FROM things WHERE id <= 3";

async fn foreign(tx: &mut TenantTx, own: &str) -> sqlx::Result<i64> {
    let (foreign, all): (i64, i64) = sqlx::query_as(SEEN).bind(own).fetch_one(&mut **tx).await?;
    // Too few rows are wrong as well.
    Ok(foreign + (3 - (all - foreign)).abs())
}

/// One task of the soak. Answers how many wrong rows it saw.
async fn task(database: TenantDatabase, number: usize) -> i64 {
    // A cheap mix of numbers: tenant, way to end and place to cut have nothing to do with each other.
    let random = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let (context, own) = if random >> 20 & 1 == 0 { (acme(), ACME) } else { (globex(), GLOBEX) };
    let polls = 1 + (random >> 24) % 6;
    match (random >> 32) % 64 {
        // Cut at the beginning, in the middle, at the end.
        0 => drop(cut(polls, database.begin(&context)).await),
        1 => {
            let mut tx = database.begin(&context).await.expect("begin");
            drop(cut(polls, foreign(&mut tx, own)).await);
        }
        2 => {
            let tx = database.begin(&context).await.expect("begin");
            drop(cut(polls, tx.commit()).await);
        }
        // A statement that fails, and one that takes too long.
        3 => {
            let mut tx = database.begin(&context).await.expect("begin");
            let failing = sqlx::query("SELECT 1 / (id - id) FROM things").execute(&mut *tx).await;
            failing.expect_err("a division by zero");
        }
        4 => {
            let mut tx = database.begin(&context).await.expect("begin");
            let slow = sqlx::query("SELECT pg_sleep(0.002)").execute(&mut *tx);
            drop(tokio::time::timeout(Duration::from_millis(1), slow).await);
        }
        // The rest looks, and drops, commits or rolls back.
        end => {
            let mut tx = database.begin(&context).await.expect("begin");
            let wrong = foreign(&mut tx, own).await.expect("its own rows");
            match end % 3 {
                0 => tx.commit().await.expect("commit"),
                1 => tx.rollback().await.expect("rollback"),
                _ => drop(tx),
            }
            return wrong;
        }
    }
    0
}

/// AC22, D2, D9: a hundred thousand tasks of two tenants on four connections, thousands of them cut, failing
/// or panicking; whoever looks sees its own rows and no others, and nothing is left at the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_hundred_thousand_mixed_tasks_none_sees_a_wrong_row() {
    const TASKS: usize = 100_000;
    let Some(place) = place().await else { return };
    let key = SealKey::generate(1).expect("a key");
    place.seal(&key).await;
    let mut settings = sealed_with(&key);
    settings.max_connections = 4;
    settings.acquire_timeout = Duration::from_mins(1);
    let database = place.database(settings).await;
    let looked = Arc::new(AtomicUsize::new(0));
    let wrong = stream::iter(0..TASKS)
        .map(|number| {
            let (database, looked) = (database.clone(), Arc::clone(&looked));
            tokio::spawn(async move {
                let wrong = task(database, number).await;
                looked.fetch_add(1, Ordering::Relaxed);
                assert!(number % 1_000 != 0, "some tasks end in a panic");
                wrong
            })
        })
        .buffer_unordered(16)
        .fold(0, async |sum, ended| sum + ended.unwrap_or(0))
        .await;
    assert_eq!(wrong, 0, "wrong rows");
    assert_eq!(looked.load(Ordering::Relaxed), TASKS);
    database.close().await;
    let (database, outside) = (place.database(sealed_with(&key)).await, Outside::of(&place).await);
    assert_eq!(look(&database, &outside).await, None);
    outside.close().await;
}

/// AC27: a transaction that is begun inside another's scope, and two side by side on one thread, each keep
/// their tenant. (A task without a context does not compile: `tests/ui`.)
#[tokio::test]
async fn nested_and_interleaved_transactions_keep_their_tenants() {
    let Some(place) = place().await else { return };
    let mut settings = one_connection();
    settings.max_connections = 2;
    let database = place.database(settings).await;
    let mut outer = database.begin(&acme()).await.expect("begin");
    for _ in 0..3 {
        let mut inner = database.begin(&globex()).await.expect("begin");
        assert_eq!(foreign(&mut inner, GLOBEX).await.expect("globex's"), 0);
        assert_eq!(foreign(&mut outer, ACME).await.expect("acme's"), 0);
        inner.commit().await.expect("commit");
        assert_eq!(outer.tenant_id(), acme().tenant_id());
    }
    drop(outer);
    let reads = async |context: TenantContext, own: &'static str| {
        for _ in 0..50 {
            let mut tx = database.begin_read(&context).await.expect("begin");
            tokio::task::yield_now().await;
            assert_eq!(foreign(&mut tx, own).await.expect("rows"), 0, "{own}");
        }
    };
    tokio::join!(reads(acme(), ACME), reads(globex(), GLOBEX));
}

/// AC28: a prepared statement that one tenant left on a connection answers the next tenant's rows, also
/// once the server has made a generic plan of it; temporary tables are refused.
#[tokio::test]
async fn a_statement_prepared_by_one_tenant_answers_the_next_its_own_rows() {
    let Some(place) = place().await else { return };
    let database = place.database(one_connection()).await;
    let mut servers = Vec::new();
    for round in 0..16 {
        let (context, own) = if round % 2 == 0 { (acme(), ACME) } else { (globex(), GLOBEX) };
        let mut tx = database.begin(&context).await.expect("begin");
        assert_eq!(foreign(&mut tx, own).await.expect("rows"), 0, "round {round}");
        let left: (i32, i64) =
            sqlx::query_as("SELECT pg_backend_pid(), (SELECT count(*) FROM pg_prepared_statements)")
                .fetch_one(&mut *tx)
                .await
                .expect("the session");
        servers.push(left.0);
        assert!(left.1 > 0, "the statement is prepared: else this shows nothing");
    }
    servers.dedup();
    assert_eq!(servers.len(), 1, "one connection for both");
    database.close().await;
    let mut raw = PgConnection::connect_with(&place.login("app_rw")).await.expect("a login");
    let refused = raw.execute("CREATE TEMP TABLE mine (a integer)").await.expect_err("no temporary tables");
    let code = refused.as_database_error().and_then(sqlx::error::DatabaseError::code);
    assert_eq!(code.as_deref(), Some("42501"), "{refused}");
    raw.close().await.expect("closed");
}

/// AC63, the database's half: a log that the application may only add to stays one, whoever tries, also
/// when it is protected again, and a hundred who write at once each have their line.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_is_added_to_and_never_changed() {
    let Some(place) = place().await else { return };
    place
        .run(
            "SET ROLE app_owner;
             CREATE TABLE log (tenant_id uuid NOT NULL, seq bigint GENERATED ALWAYS AS IDENTITY, line text NOT NULL, PRIMARY KEY (tenant_id, seq));
             RESET ROLE;
             SELECT tenancy.protect('log'); REVOKE UPDATE, DELETE ON log FROM app_rw; SELECT tenancy.protect('log')",
        )
        .await;
    let mut settings = one_connection();
    settings.max_connections = 4;
    settings.acquire_timeout = Duration::from_mins(1);
    let database = place.database(settings).await;
    let written = stream::iter(0..100).map(|line| {
        let database = database.clone();
        tokio::spawn(async move {
            let mut tx = database.begin(&acme()).await.expect("begin");
            let add = sqlx::query("INSERT INTO log (line) VALUES ($1)").bind(format!("line {line}"));
            add.execute(&mut *tx).await.expect("added");
            tx.commit().await.expect("commit");
        })
    });
    written.buffer_unordered(20).for_each(async |done| done.expect("no panic")).await;
    assert_eq!(place.text("SELECT count(DISTINCT line)::text FROM log").await, "100");
    for sql in ["UPDATE log SET line = ''", "DELETE FROM log"] {
        let mut tx = database.begin(&acme()).await.expect("begin");
        let refused = sqlx::query(sql).execute(&mut *tx).await.expect_err(sql);
        let code = refused.as_database_error().and_then(sqlx::error::DatabaseError::code);
        assert_eq!(code.as_deref(), Some("42501"), "{sql}");
    }
    database.close().await;
    let mut raw = PgConnection::connect_with(&place.login("app_rw")).await.expect("a login");
    for sql in ["TRUNCATE log", "ALTER TABLE log DISABLE ROW LEVEL SECURITY", "DROP TABLE log"] {
        let refused = raw.execute(sql).await.expect_err(sql);
        let code = refused.as_database_error().and_then(sqlx::error::DatabaseError::code);
        assert_eq!(code.as_deref(), Some("42501"), "{sql}");
    }
    raw.close().await.expect("closed");
}
