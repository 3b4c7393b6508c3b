//! The platform as several processes: two servers, a worker and perhaps a redis server on one database.

mod cached;
mod shared;
mod starts;

use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::json;
use tests::{Answer, Caller, Fleet, World};

/// How long a change at one server may be unseen at another: the second for which they remember, and
/// the time that reading takes on a busy machine.
const UNSEEN: Duration = Duration::from_millis(1_500);

/// Asks until it holds. It must for whoever asks later than [`UNSEEN`] after this call, however long
/// the answers take.
async fn seen(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let changed = Instant::now();
    loop {
        let asked = changed.elapsed();
        if holds().await {
            return;
        }
        assert!(asked < UNSEEN, "asked {asked:?} after the change, still not: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Two servers on the database of `world`, started at once.
async fn two(fleet: &Fleet) -> (tests::fleet::Server, tests::fleet::Server) {
    tokio::join!(fleet.server(), fleet.server())
}

/// Puts a tenant on a plan, as an operator.
async fn set_plan(operator: &Caller, tenant: &str, plan: &str) {
    let list = operator.get(&format!("/admin/tenants?q={tenant}")).await.json();
    let id = list["tenants"][0]["id"].as_str().expect("an id");
    let change = json!({ "plan": plan, "reason": "a test" });
    let changed = operator.patch_json(&format!("/admin/tenants/{id}"), &change).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.body);
}

/// The plan in a tenant's configuration.
async fn plan(caller: &Caller) -> String {
    let answer: Answer = caller.get("/tenant/config").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    answer.json()["plan"].as_str().expect("a plan").to_owned()
}

/// A world without a worker, and a fleet on its database.
async fn world() -> (World, Fleet) {
    let world = World::start().await;
    let fleet = Fleet::of(&world);
    (world, fleet)
}
