//! Queries that are checked against the schema when they are compiled. What they are checked against is in
//! `.sqlx`; `cargo sqlx prepare --workspace -- --tests`, with `SQLX_OFFLINE=false` and `DATABASE_URL` naming a
//! migrated database, writes it anew.

use super::{database, two_sides};

struct Campaign {
    name: String,
    budget: Option<f64>,
}

/// D4: what sqlx checks at compile time runs in a tenant's transaction as it is, and sees its rows alone.
#[tokio::test]
async fn checked_queries_run_in_a_tenants_transaction() {
    let (world, acme, globex) = two_sides().await;
    let database = database(&world).await;
    let named = async |context| {
        let mut tx = database.begin_read(context).await.expect("a transaction");
        let rows = sqlx::query!("SELECT name, budget FROM campaigns ORDER BY name").fetch_all(&mut *tx).await;
        let names: Vec<String> = rows.expect("rows").into_iter().map(|row| row.name).collect();
        let same = sqlx::query_as!(Campaign, "SELECT name, budget FROM campaigns ORDER BY name")
            .fetch_all(&mut *tx)
            .await
            .expect("campaigns");
        assert!(same.iter().map(|campaign| &campaign.name).eq(&names));
        assert!(same.iter().all(|campaign| campaign.budget.is_none_or(|budget| budget >= 0.0)));
        names
    };
    let (ours, theirs) = (named(&acme.context).await, named(&globex.context).await);
    assert!(!ours.is_empty() && !theirs.is_empty(), "each has campaigns: {ours:?}, {theirs:?}");
    assert!(ours.iter().all(|name| !theirs.contains(name)), "{ours:?}, {theirs:?}");
}
