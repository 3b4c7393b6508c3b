//! What a transaction offers beside statements: locks, notifications and many rows at once, each of them
//! its own tenant's.

use std::time::Duration;

use tenancy_sqlx::{BulkError, Heard, SealKey};

use crate::kit::{ACME, acme, globex, one_connection, place, sealed_with};

/// AC28: locks of one name are another's for each tenant.
#[tokio::test]
async fn a_lock_is_held_against_the_same_tenant_only() {
    let Some(place) = place().await else { return };
    let mut settings = one_connection();
    settings.max_connections = 3;
    let database = place.database(settings).await;
    let mut first = database.begin(&acme()).await.expect("begin");
    first.lock("import").await.expect("the lock");
    let mut second = database.begin(&acme()).await.expect("begin");
    assert!(!second.try_lock("import").await.expect("asked"), "held twice by one tenant");
    assert!(second.try_lock("export").await.expect("asked"), "another name is another lock");
    let mut other = database.begin(&globex()).await.expect("begin");
    assert!(other.try_lock("import").await.expect("asked"), "one tenant keeps another waiting");
    first.rollback().await.expect("rollback");
    assert!(second.try_lock("import").await.expect("asked"), "the lock ends with its transaction");
}

/// AC28: nobody hears another tenant's topics.
#[tokio::test]
async fn a_notification_is_heard_by_its_own_tenant_when_it_is_committed() {
    let Some(place) = place().await else { return };
    let database = place.database(one_connection()).await;
    let mut own = database.listen(&acme(), "jobs").await.expect("listening");
    let mut others = database.listen(&globex(), "jobs").await.expect("listening");
    let mut dropped = database.begin(&acme()).await.expect("begin");
    dropped.notify("jobs", "never").await.expect("sent");
    drop(dropped);
    let mut tx = database.begin(&acme()).await.expect("begin");
    tx.notify("jobs", "now").await.expect("sent");
    tx.commit().await.expect("committed");
    assert_eq!(own.heard().await.expect("heard"), Heard::Said("now".into()));
    let other = tokio::time::timeout(Duration::from_millis(300), others.heard()).await;
    assert!(other.is_err(), "another tenant heard {other:?}");
}

#[tokio::test]
async fn many_rows_are_one_statement_and_belong_to_the_transactions_tenant() {
    let Some(place) = place().await else { return };
    let key = SealKey::generate(1).expect("a key");
    place.seal(&key).await;
    let database = place.database(sealed_with(&key)).await;
    let mut tx = database.begin(&acme()).await.expect("begin");
    let (ids, names): (Vec<i32>, Vec<String>) = (1000..6000).map(|id| (id, format!("thing {id}"))).unzip();
    let inserted = tx.bulk_insert("public.things").column("id", ids).column("name", names).execute().await;
    assert_eq!(inserted.expect("inserted"), 5000);
    let own: i64 =
        sqlx::query_scalar("SELECT count(*) FROM things WHERE tenant_id = $1::uuid AND id >= 1000")
            .bind(ACME)
            .fetch_one(&mut *tx)
            .await
            .expect("counted");
    assert_eq!(own, 5000);
}

#[tokio::test]
async fn rows_that_cannot_be_meant_are_refused_before_they_are_sent() {
    let Some(place) = place().await else { return };
    let database = place.database(one_connection()).await;
    let mut tx = database.begin(&acme()).await.expect("begin");
    let names = || vec!["a".to_owned()];
    let uneven = tx.bulk_insert("things").column("id", vec![7, 8]).column("name", names()).execute().await;
    assert!(matches!(uneven, Err(BulkError::Length { expected: 2, found: 1, .. })), "{uneven:?}");
    let tenant = tx.bulk_insert("things").column("tenant_id", names()).execute().await;
    assert!(matches!(tenant, Err(BulkError::Tenant)), "{tenant:?}");
    let empty = tx.bulk_insert("things").execute().await;
    assert!(matches!(empty, Err(BulkError::Empty)), "{empty:?}");
    // A name is a name, whatever is in it.
    let injected = tx.bulk_insert("things\" SELECT 1; --").column("id", vec![1]).execute().await;
    assert!(matches!(injected, Err(BulkError::Database(_))), "{injected:?}");
}
