//! Files that wait for their roles: for an hour, and not a moment longer.

use std::time::Duration;

use sqlx::PgConnection;
use tenancy_core::Role;
use tests::World;
use tests::program::until;

async fn count(admin: &mut PgConnection, sql: &str, id: &str) -> i64 {
    sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).bind(id).fetch_one(admin).await.unwrap()
}

/// The end of a file comes by itself: nobody has to upload another one, and the storage that it took is
/// given back. A file whose hour is not over stays, the same tenant's and another's.
#[tokio::test]
async fn a_file_without_roles_is_gone_when_its_hour_is_over() {
    const FILES: &str = "SELECT count(*) FROM uploads WHERE id = $1::uuid";
    const HELD: &str = "SELECT count(*) FROM control.usage_holdings WHERE holder = $1::uuid";
    let world = World::start_with_worker().await;
    let mut admin = world.admin().await;
    let mut waiting = Vec::new();
    for (tenant, name) in [("acme", "old.csv"), ("acme", "new.csv"), ("globex", "other.csv")] {
        let proposed =
            world.signed_in(tenant, Role::Owner).await.propose(&World::example(), name).await.json();
        waiting.push(proposed["source_id"].as_str().unwrap().to_owned());
    }
    let [old, others @ ..] = waiting.as_slice() else { unreachable!("three files") };
    assert_eq!((count(&mut admin, FILES, old).await, count(&mut admin, HELD, old).await), (1, 1));

    // An hour passes for the oldest file: for what it says of itself, and for what was to be done then.
    for sql in [
        "UPDATE uploads SET expires_at = expires_at - interval '1 hour' WHERE id = $1::uuid",
        "UPDATE control.job_queue SET run_at = run_at - interval '1 hour' WHERE (tenant_id, run_at) = (
             SELECT tenant_id, min(q.run_at) FROM control.job_queue q JOIN uploads u USING (tenant_id)
             WHERE u.id = $1::uuid GROUP BY tenant_id)",
    ] {
        assert_eq!(sqlx::query(sql).bind(old).execute(&mut admin).await.unwrap().rows_affected(), 1);
    }
    until("the file is removed", Duration::from_secs(20), async || {
        count(&mut world.admin().await, FILES, old).await == 0
    })
    .await;
    assert_eq!(count(&mut admin, HELD, old).await, 0, "its storage is free again");
    for id in others {
        assert_eq!((count(&mut admin, FILES, id).await, count(&mut admin, HELD, id).await), (1, 1));
    }
}
