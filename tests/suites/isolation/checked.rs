//! Queries that are checked against the schema when they are compiled. What they are checked against is in
//! `.sqlx`; `cargo sqlx prepare --workspace -- --tests`, with `SQLX_OFFLINE=false` and `DATABASE_URL` naming a
//! migrated database, writes it anew.

use uuid::Uuid;

use super::{database, two_sides};

struct Campaign {
    id: Uuid,
    budget: Option<f64>,
}

/// D4: what sqlx checks at compile time runs in a tenant's transaction as it is, and sees its rows alone.
#[tokio::test]
async fn checked_queries_run_in_a_tenants_transaction() {
    let (world, acme, globex) = two_sides().await;
    let database = database(&world).await;
    let listed = async |context| {
        let mut tx = database.begin_read(context).await.expect("a transaction");
        let rows = sqlx::query!("SELECT id, budget FROM campaigns ORDER BY id").fetch_all(&mut *tx).await;
        let ids: Vec<Uuid> = rows.expect("rows").into_iter().map(|row| row.id).collect();
        let same = sqlx::query_as!(Campaign, "SELECT id, budget FROM campaigns ORDER BY id")
            .fetch_all(&mut *tx)
            .await
            .expect("campaigns");
        assert!(same.iter().map(|campaign| &campaign.id).eq(&ids));
        assert!(same.iter().all(|campaign| campaign.budget.is_none_or(|budget| budget >= 0.0)));
        ids
    };
    let (ours, theirs) = (listed(&acme.context).await, listed(&globex.context).await);
    assert!(!ours.is_empty() && !theirs.is_empty(), "each has campaigns: {ours:?}, {theirs:?}");
    assert!(ours.iter().all(|id| !theirs.contains(id)), "{ours:?}, {theirs:?}");
}
