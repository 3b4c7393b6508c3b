//! What a tenant costs on the wire, counted there.

use tenancy_core::TenantContext;
use tenancy_sqlx::{Mode, SealKey, TenantDatabase};

use crate::kit::{acme, globex, place, sealed_with};

async fn read(database: &TenantDatabase, context: &TenantContext) {
    let mut tx = database.begin_read(context).await.expect("begin");
    let rows: i64 =
        sqlx::query_scalar("SELECT count(*) FROM things").fetch_one(&mut *tx).await.expect("read");
    assert_eq!(rows, 3);
}

/// Lets what goes on in the background come to its end.
async fn quiet() {
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
}

#[tokio::test]
async fn begin_is_one_round_trip_and_a_read_is_two() {
    let Some(place) = place().await else { return };
    let key = SealKey::generate(1).expect("a key");
    place.seal(&key).await;
    let (login, wire) = place.watched().await;
    let database = TenantDatabase::connect_with(login, sealed_with(&key)).await.expect("the database");
    // The statement is prepared once.
    read(&database, &acme()).await;
    quiet().await;

    let before = wire.trips();
    let mut tx = database.begin(&acme()).await.expect("begin");
    assert_eq!(wire.trips() - before, 1, "begin, bind, seal and time limit are one message");
    sqlx::query("SELECT count(*) FROM things").execute(&mut *tx).await.expect("read");
    assert_eq!(wire.trips() - before, 2);
    tx.commit().await.expect("commit");
    assert_eq!(wire.trips() - before, 3);
    quiet().await;

    let before = wire.trips();
    read(&database, &globex()).await;
    assert_eq!(wire.trips() - before, 2, "what a read waits for");
    quiet().await;
    assert_eq!(wire.trips() - before, 3, "and its end, for which nobody waits");
    database.close().await;
}

#[tokio::test]
async fn a_session_is_bound_in_one_round_trip_and_stays_bound() {
    let Some(place) = place().await else { return };
    let key = SealKey::generate(1).expect("a key");
    place.seal(&key).await;
    let (login, wire) = place.watched().await;
    let mut settings = sealed_with(&key);
    settings.mode = Mode::Session;
    let database = TenantDatabase::connect_with(login, settings).await.expect("the database");
    read(&database, &acme()).await;
    quiet().await;
    for (context, cost) in [(acme(), 1), (acme(), 1), (globex(), 2), (globex(), 1), (acme(), 2)] {
        let before = wire.trips();
        read(&database, &context).await;
        quiet().await;
        assert_eq!(wire.trips() - before, cost, "{context:?}");
    }
    database.close().await;
}
