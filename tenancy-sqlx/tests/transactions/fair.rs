//! A tenant has its plan's connections and no more, whatever it asks for; the others do not notice.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tenancy_core::testing::{context_of, record};
use tenancy_core::{Tenant, TenantContext};
use tenancy_sqlx::{BeginError, TenantTx};

use crate::cut::{Outside, cut, drive, look};
use crate::kit::{ACME, Place, globex, one_connection, place};

/// Acme with this many connections.
fn acme_with(connections: u32) -> TenantContext {
    let mut record = record("acme");
    record.id = ACME.parse().expect("an id");
    record.settings = serde_json::json!({ "connections": connections });
    context_of(&Arc::new(Tenant::from_directory(record)))
}

/// A pool of this many, in which a caller waits as long as a busy machine needs to make a connection.
async fn pool(place: &Place, connections: u32) -> tenancy_sqlx::TenantDatabase {
    let mut settings = one_connection();
    settings.max_connections = connections;
    settings.acquire_timeout = Duration::from_secs(4);
    place.database(settings).await
}

async fn sleep(tx: &mut TenantTx, seconds: f64) {
    sqlx::query("SELECT pg_sleep($1)").bind(seconds).execute(&mut **tx).await.expect("slept");
}

#[tokio::test]
async fn a_tenant_holds_no_more_than_its_plan_says_and_never_the_last_one() {
    let Some(place) = place().await else { return };
    for (in_pool, in_plan, held_at_most) in [(5, 2, 2), (3, 9, 2), (2, 1, 1)] {
        let database = pool(&place, in_pool).await;
        let acme = acme_with(in_plan);
        let mut held = Vec::new();
        let busy = loop {
            match database.begin(&acme).await {
                Ok(tx) => held.push(tx),
                Err(error) => break error,
            }
            assert!(held.len() <= held_at_most, "{} of {in_pool} connections, plan {in_plan}", held.len());
        };
        assert!(matches!(busy, BeginError::Busy { most, .. } if most == held_at_most), "{busy:?}");
        assert_eq!(held.len(), held_at_most);
        database
            .begin_read(&globex())
            .await
            .expect("another tenant finds a connection")
            .rollback()
            .await
            .expect("ended");
        held.pop();
        held.push(database.begin(&acme).await.expect("a place came free"));
        drop(held);
        database.close().await;
    }
}

#[tokio::test]
async fn a_statement_that_nobody_waits_for_still_holds_its_tenants_place() {
    let Some(place) = place().await else { return };
    let database = pool(&place, 2).await;
    let mut tx = database.begin(&acme_with(1)).await.expect("begin");
    let gone = tokio::time::timeout(Duration::from_millis(100), sleep(&mut tx, 3.0)).await;
    assert!(gone.is_err(), "the caller has gone");
    drop(tx);
    let acme = acme_with(1);
    let mut next = pin!(database.begin(&acme));
    let early = tokio::time::timeout(Duration::from_millis(300), next.as_mut()).await;
    assert!(early.is_err(), "the server is still at work for this tenant");
    for _ in 0..2 {
        database.begin(&globex()).await.expect("another tenant").rollback().await.expect("ended");
    }
    next.await.expect("the place is free again").rollback().await.expect("ended");
    database.close().await;
}

#[tokio::test]
async fn a_begin_that_waits_for_its_turn_and_is_dropped_leaves_the_place_to_the_next() {
    let Some(place) = place().await else { return };
    let outside = Outside::of(&place).await;
    let mut settings = one_connection();
    settings.max_connections = 2;
    let database = place.slow_database(settings).await;
    let acme = acme_with(1);
    let waiting = async |polls| {
        let mut only = database.begin(&acme).await.expect("begin");
        // It ends while the other waits, so that the place comes at some poll of the other's.
        let (begun, ()) = tokio::join!(cut(polls, database.begin(&acme)), async {
            sleep(&mut only, 0.01).await;
            drop(only);
        });
        begun.map(|begun| begun.expect("begin")).is_some()
    };
    let left = drive(waiting, async || look(&database, &outside).await).await;
    assert!(left.is_empty(), "{left:?}");
    database.begin(&acme).await.expect("no place was lost").rollback().await.expect("ended");
    outside.close().await;
}
