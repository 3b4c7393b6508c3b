//! Two tenants, one cache: what one sets the other never sees, and never removes.

use std::sync::Arc;
use std::time::Duration;

use tenancy_cache::{Cache, CacheError, Local, TenantCache};
use tenancy_core::testing::{ManualClock, context};

struct World {
    clock: ManualClock,
    acme: TenantCache,
    globex: TenantCache,
}

fn world_over(local: Local) -> World {
    let clock = ManualClock::at(1_000);
    let cache = Cache::new(local, Arc::new(clock.clone()));
    World { clock, acme: cache.scope(&context("acme")), globex: cache.scope(&context("globex")) }
}

fn world() -> World {
    world_over(Local::with_entries(10_000))
}

async fn get(cache: &TenantCache, space: &str, name: &str) -> Option<String> {
    cache.get(space, name).await.unwrap()
}

/// Names that have broken key formats elsewhere.
fn awkward() -> Vec<String> {
    let plain = [":", "*", "{}", "a\nb", "", "ключ", "\u{0}", "{tag}:x", "?", "[a-z]"].map(str::to_owned);
    plain.into_iter().chain(["k".repeat(10_240)]).collect()
}

#[tokio::test]
async fn what_one_tenant_sets_the_other_does_not_get() {
    let world = world();
    let prefix = format!("tenant:{}:", context("acme").tenant_id());
    for name in awkward().into_iter().chain([prefix]) {
        for space in ["campaigns", "", &name] {
            world.acme.set(space, &name, "acme's").await.unwrap();
            assert_eq!(get(&world.acme, space, &name).await.as_deref(), Some("acme's"), "name {name:.20?}");
            assert_eq!(get(&world.globex, space, &name).await, None, "name {name:.20?}");
        }
    }
}

#[tokio::test]
async fn invalidating_and_purging_stay_in_the_tenant() {
    let world = world();
    for name in awkward() {
        world.acme.set("s", &name, "acme's").await.unwrap();
        world.globex.set("s", &name, "globex's").await.unwrap();
    }
    world.globex.invalidate("s", "*").await;
    world.globex.invalidate("", "s*").await;
    assert_eq!(get(&world.globex, "s", "*").await, None);
    assert_eq!(
        get(&world.globex, "s", ":").await.as_deref(),
        Some("globex's"),
        "a pattern is a name like any other"
    );
    world.globex.purge().await;
    for name in awkward() {
        assert_eq!(get(&world.globex, "s", &name).await, None);
        assert_eq!(get(&world.acme, "s", &name).await.as_deref(), Some("acme's"));
    }
    world.globex.set("s", "*", "new").await.unwrap();
    assert_eq!(get(&world.globex, "s", "*").await.as_deref(), Some("new"));
}

#[tokio::test]
async fn a_value_lives_an_hour_or_as_long_as_it_was_set_for() {
    let world = world();
    world.acme.set("s", "hour", "x").await.unwrap();
    world.acme.set_for("s", "short", "x", Duration::from_mins(5)).await.unwrap();
    world.acme.set_for("s", "never", "x", Duration::ZERO).await.unwrap();
    world.acme.set_for("s", "forever", "x", Duration::MAX).await.unwrap();
    assert_eq!(get(&world.acme, "s", "never").await, None);
    for (after, short, hour) in [(299, true, true), (1, false, true), (3299, false, true), (1, false, false)]
    {
        world.clock.advance(Duration::from_secs(after));
        assert_eq!(get(&world.acme, "s", "short").await.is_some(), short);
        assert_eq!(get(&world.acme, "s", "hour").await.is_some(), hour);
    }
    world.acme.set("s", "hour", "again").await.unwrap();
    assert_eq!(get(&world.acme, "s", "hour").await.as_deref(), Some("again"));
}

#[tokio::test]
async fn the_bound_holds_and_evicts_nothing_but_entries() {
    let world = world_over(Local::with_weight(256 * 1024));
    world.acme.set("s", "purged", "old").await.unwrap();
    world.acme.purge().await;
    for i in 0..2_000 {
        world.globex.set("s", &i.to_string(), &"x".repeat(1_000)).await.unwrap();
    }
    let mut kept = 0;
    for i in 0..2_000 {
        kept += usize::from(get(&world.globex, "s", &i.to_string()).await.is_some());
    }
    assert!(kept > 0 && kept * 1_000 <= 256 * 1024, "{kept} entries of 1000 bytes");
    assert_eq!(get(&world.acme, "s", "purged").await, None, "an epoch outlives its entries");
}

#[tokio::test]
async fn a_value_of_another_type_is_an_error_not_a_guess() {
    let world = world();
    world.acme.set("s", "n", "text").await.unwrap();
    assert!(matches!(world.acme.get::<u32>("s", "n").await, Err(CacheError::Decode(_))));
    let map = std::collections::BTreeMap::from([((1, 2), 3)]);
    assert!(matches!(world.acme.set("s", "n", &map).await, Err(CacheError::Encode(_))));
    assert_eq!(get(&world.acme, "s", "n").await.as_deref(), Some("text"), "a failed set changes nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tenants_side_by_side_read_their_own() {
    let world = world();
    let tasks = [(world.acme, "acme's"), (world.globex, "globex's")].map(|(cache, own)| {
        tokio::spawn(async move {
            for i in 0..5_000 {
                let name = (i % 50).to_string();
                cache.set("s", &name, own).await.unwrap();
                assert!(get(&cache, "s", &name).await.is_none_or(|value| value == own));
                if i % 500 == 0 {
                    cache.purge().await;
                }
            }
        })
    });
    for task in tasks {
        task.await.unwrap();
    }
}
