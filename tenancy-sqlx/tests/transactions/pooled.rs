//! Through a real pgbouncer that pools transactions: nobody reads another tenant's rows, nobody gets the
//! answer to another's statement, and what would stay on a connection is refused.

use futures_util::future::join_all;
use sqlx::Executor;
use tenancy_core::TenantContext;
use tenancy_sqlx::proof::Policy;
use tenancy_sqlx::{ConnectError, Mode, SealKey, StatementRefused, TenantDatabase};

use crate::kit::{acme, globex, place, sealed_with};

/// What pgbouncer must be told for sqlx as it comes.
const USUAL: &str = "extra_float_digits";

/// Reads its own rows a hundred times, each time with one of several statements whose answers differ.
async fn reader(database: TenantDatabase, context: TenantContext) -> sqlx::Result<()> {
    let own = context.tenant_id().to_string();
    for round in 0..100_i32 {
        let mut tx = database.begin_read(&context).await.expect("begin");
        let rows: Vec<(String, i32)> = match round % 3 {
            0 => {
                sqlx::query_as("SELECT tenant_id::text, $1 FROM things")
                    .bind(round)
                    .fetch_all(&mut *tx)
                    .await?
            }
            1 => {
                sqlx::query_as("SELECT tenant_id::text, $1 + 1000 FROM things")
                    .bind(round)
                    .fetch_all(&mut *tx)
                    .await?
            }
            _ => {
                sqlx::query_as("SELECT tenant_id::text, $1 * 2 FROM things")
                    .bind(round)
                    .fetch_all(&mut *tx)
                    .await?
            }
        };
        let answer = [round, round + 1000, round * 2][round as usize % 3];
        assert_eq!(rows, vec![(own.clone(), answer); 3], "round {round}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_share_two_connections_and_each_reads_its_own_rows() {
    let Some(place) = place().await else { return };
    let Some((_pooler, login)) = place.pooled(2, USUAL).await else { return };
    let key = SealKey::generate(1).expect("a key");
    place.seal(&key).await;
    let mut settings = sealed_with(&key);
    (settings.mode, settings.max_connections) = (Mode::Pooler, 9);
    let database = TenantDatabase::connect_with(login, settings).await.expect("through the pooler");
    let readers = (0..8).map(|n| reader(database.clone(), if n % 2 == 0 { acme() } else { globex() }));
    for done in join_all(readers.map(tokio::spawn)).await {
        done.expect("each reads its own rows").expect("no statement fails");
    }
    let mut tx = database.begin(&acme()).await.expect("begin");
    sqlx::query("INSERT INTO things (id, name) VALUES (7, 'new')").execute(&mut *tx).await.expect("written");
    tx.commit().await.expect("commit");
    database.close().await;
}

#[tokio::test]
async fn everything_that_is_asked_at_the_start_can_be_asked_through_a_pooler() {
    let Some(place) = place().await else { return };
    // Not even that parameter needs to be ignored: it is not sent.
    let Some((_pooler, login)) = place.pooled(2, "").await else { return };
    let mut settings = tenancy_sqlx::Settings::default();
    settings.mode = Mode::Pooler;
    let database = TenantDatabase::connect_with(login, settings).await.expect("through the pooler");
    let database = database.prove(Policy::default()).await.expect("proved");
    assert!(database.is_ready().await);
    let mut tx = database.begin(&acme()).await.expect("begin");
    let sql = || sqlx::SqlStr::from_static("SELECT 1");
    for error in [
        tx.prepare(sql()).await.expect_err("nothing is prepared"),
        tx.describe(sql()).await.expect_err("nothing is prepared"),
    ] {
        assert_eq!(StatementRefused::in_error(&error), Some(&StatementRefused::Prepared));
    }
    tx.rollback().await.expect("the transaction goes on");
    database.close().await;
}

#[tokio::test]
async fn a_tenant_is_not_bound_to_a_connection_that_a_pooler_lends_to_others() {
    let Some(place) = place().await else { return };
    let mut settings = tenancy_sqlx::Settings::default();
    settings.mode = Mode::Session;
    for ignored in [USUAL, "extra_float_digits, options"] {
        let Some((_pooler, login)) = place.pooled(2, ignored).await else { return };
        let refused = TenantDatabase::connect_with(login, settings.clone()).await;
        let error = refused.expect_err("refused");
        assert!(matches!(error, ConnectError::Pooler), "{ignored}: {error:?}");
        assert!(error.to_string().contains("Mode::Pooler"), "{error}");
    }
    place.database(settings).await.close().await;
}
