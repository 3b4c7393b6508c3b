//! What several servers keep in one redis server, and what becomes of it when that goes.

use std::time::{Duration, Instant};

use reqwest::StatusCode;
use tenancy_core::Role;
use tests::fleet::{Server, redis};
use tests::program::{signal, until};
use tests::world::{PASSWORD, email};
use tests::{Caller, World};

use super::{plan, seen, set_plan, two, world};

/// The longest that an answer may take while the cache is away: two bounded waits, and a busy machine.
const BOUND: Duration = Duration::from_secs(3);

async fn owner(at: Caller) -> Caller {
    at.sign_in(&email("acme", Role::Owner), PASSWORD).await
}

/// K4, K5: what one server computed the other has; a change at one is seen at the other at once, and
/// a new run takes the place of the old.
#[tokio::test(flavor = "multi_thread")]
async fn what_one_server_computed_the_other_has_until_it_changes() {
    let Some(redis) = redis("what_one_server_computed_the_other_has_until_it_changes").await else { return };
    let (_world, fleet) = world().await;
    let fleet = fleet.with("REDIS_URL", Some(&redis.address()));
    let (one, two) = two(&fleet).await;
    let _worker = fleet.worker();
    let here = owner(one.at("acme")).await;
    let there = two.moved(&here);

    assert_eq!(plan(&here).await, "starter");
    hit(&two, "\"tenant\"", async || assert_eq!(plan(&there).await, "starter")).await;
    set_plan(&one.operator().await, "acme", "professional").await;
    seen("the plan", async || plan(&there).await == "professional").await;
    assert_eq!(plan(&here).await, "professional");

    let source = here.ready_source(&World::example(), Some(40.0)).await;
    let mut last = String::new();
    for _ in 0..2 {
        let run = here.start_run(&source).await;
        let ended = here.finished_run(&run).await;
        assert_eq!((&ended["state"], &ended["converged"]), (&"done".into(), &true.into()), "{ended}");
        let path = format!("/tenant/analysis/{run}");
        let first = here.get(&path).await;
        hit(&two, "mmm-run", async || assert_eq!(there.get(&path).await.body, first.body, "to the byte"))
            .await;

        let (metrics, before) =
            ("/tenant/dashboard/metrics", one.counter("cache_hits_total", "mmm-results").await);
        let first = here.get(metrics).await;
        assert_eq!(first.json()["model"]["analysis_id"], run.as_str(), "the newest run");
        assert_ne!(first.body, last, "what the run before found is gone");
        let after = one.counter("cache_hits_total", "mmm-results").await;
        assert!((after - before).abs() < 0.5, "it was not kept yet: {after} hits, {before} before");
        hit(&two, "mmm-results", async || assert_eq!(there.get(metrics).await.body, first.body)).await;
        last = first.body;
    }
    // Whatever was not found there, the redis server was too busy to give: nothing was computed twice.
    for space in ["\"tenant\"", "mmm-run", "mmm-results"] {
        let misses = two.counter("cache_misses_total", space).await;
        let changes = if space == "\"tenant\"" { 1.0 } else { 0.0 };
        let errors =
            one.counter("cache_errors_total", space).await + two.counter("cache_errors_total", space).await;
        assert!(misses <= changes + errors, "{space}: {misses} misses, {errors} errors");
    }

    let globex = two.at("globex").sign_in(&email("globex", Role::Owner), PASSWORD).await;
    assert_eq!(plan(&globex).await, "starter");
    let run = there.get("/tenant/dashboard/metrics").await.json()["model"]["analysis_id"].clone();
    let foreign = globex.get(&format!("/tenant/analysis/{}", run.as_str().expect("a run"))).await;
    assert_eq!(foreign.status, StatusCode::NOT_FOUND, "kept for its tenant alone");
}

/// Asks until an answer came from the cache, as the first does unless the machine is busy.
async fn hit(server: &Server, space: &str, mut ask: impl AsyncFnMut()) {
    until("an answer from the cache", Duration::from_secs(10), async || {
        let before = server.counter("cache_hits_total", space).await;
        ask().await;
        server.counter("cache_hits_total", space).await > before
    })
    .await;
}

/// Asks some times; every answer is this one, and comes in time.
async fn answers(caller: &Caller, expected: &str) {
    for n in 0..8 {
        let asked = Instant::now();
        assert_eq!(plan(caller).await, expected, "answer {n}");
        assert!(asked.elapsed() < BOUND, "answer {n} took {:?}", asked.elapsed());
    }
}

/// K10: with the redis server hanging, gone or back, answers are right and in time; errors are counted;
/// what was kept before a change that it did not hear of does not come back.
#[tokio::test(flavor = "multi_thread")]
async fn a_redis_server_that_goes_takes_nothing_with_it_and_brings_nothing_old_back() {
    let test = "a_redis_server_that_goes_takes_nothing_with_it_and_brings_nothing_old_back";
    let Some(mut redis) = redis(test).await else { return };
    let (_world, fleet) = world().await;
    let fleet = fleet.with("REDIS_URL", Some(&redis.address()));
    let (one, two) = two(&fleet).await;
    let here = owner(one.at("acme")).await;
    let there = two.moved(&here);
    let operator = one.operator().await;
    answers(&here, "starter").await;
    answers(&there, "starter").await;

    let errors = async || two.counter("cache_errors_total", "").await;
    let before = errors().await;
    assert!(signal("STOP", redis.pid()), "the server hangs");
    answers(&there, "starter").await;
    assert!(errors().await >= before + 8.0, "each answer meets the failure");
    assert!(signal("CONT", redis.pid()));
    hit(&two, "", async || drop(plan(&there).await)).await;

    redis.save().await;
    let before = errors().await;
    redis.kill();
    answers(&here, "starter").await;
    set_plan(&operator, "acme", "enterprise").await;
    answers(&here, "enterprise").await;
    answers(&there, "enterprise").await;
    assert_eq!(two.at("acme").get_page("/login").await.status, StatusCode::OK);
    assert!(errors().await >= before + 8.0, "each answer meets the failure");

    // It comes back with the plan of before. The server that changed it never reads that; the other
    // may, until the first has told the redis server what it owes it.
    redis.restart().await;
    answers(&here, "enterprise").await;
    until("nothing old is read", Duration::from_secs(10), async || plan(&there).await == "enterprise").await;
    hit(&one, "", async || drop(plan(&here).await)).await;
    answers(&here, "enterprise").await;
    answers(&there, "enterprise").await;
}

/// K10: a redis server that is not there when the platform starts keeps nobody from starting.
#[tokio::test(flavor = "multi_thread")]
async fn without_its_redis_server_the_platform_starts_and_answers() {
    let (_world, fleet) = world().await;
    // Port 9 is where things are discarded, on machines that have it at all.
    let server = fleet.with("REDIS_URL", Some("redis://127.0.0.1:9/0")).server().await;
    let owner = owner(server.at("acme")).await;
    answers(&owner, "starter").await;
    set_plan(&server.operator().await, "acme", "professional").await;
    answers(&owner, "professional").await;
    assert!(server.counter("cache_errors_total", "").await > 0.0);
}
