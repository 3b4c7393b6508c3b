//! Entries in a redis server: the rules of every backend, and what a server can do to a cache.

#![cfg(unix)]

mod kit;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kit::{Proxy, server};
use tenancy_cache::redis::Redis;
use tenancy_cache::testing::{Server, Suite, awkward_names};
use tenancy_cache::{Cache, Counters, TenantCache};
use tenancy_core::testing::context;
use tenancy_core::{SystemClock, TenantContext};

/// Generous, for machines that are busy; the tests of bounds say their own.
fn redis(address: &str) -> Redis {
    Redis::open(address).unwrap().timeout(Duration::from_secs(5)).rest(Duration::from_millis(20))
}

fn cache(redis: Redis) -> (Cache, Arc<Counters>) {
    let counters = Arc::new(Counters::default());
    (Cache::new(redis, Arc::new(SystemClock)).observed_by(counters.clone()), counters)
}

async fn load(cache: &TenantCache, name: &str, value: &str) -> String {
    let value = value.to_owned();
    cache.get_or_load("s", name, || async { Ok::<_, Infallible>(value) }).await.unwrap()
}

async fn get(cache: &TenantCache, name: &str) -> Option<String> {
    cache.get("s", name).await.unwrap()
}

/// The key in the server of the one entry that it holds.
async fn stored_key(server: &Server) -> Vec<u8> {
    let keys = server.keys().await;
    let entries: Vec<_> = keys.into_iter().filter(|key| key.windows(2).any(|pair| pair == b"}v")).collect();
    let [key] = &entries[..] else { panic!("one entry: {entries:?}") };
    key.clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_keeps_every_rule() {
    let Some(server) = server().await else { return };
    let address = server.address();
    let (one, other) = (redis(&address), redis(&address));
    Suite { one: &one, other: &other, within: Duration::ZERO }.run().await;
}

#[tokio::test]
async fn prefixes_keep_applications_apart() {
    let Some(server) = server().await else { return };
    let address = server.address();
    let acme = context("acme");
    let (one, _) = cache(redis(&address).prefix("one").unwrap());
    let (other, _) = cache(redis(&address).prefix("other").unwrap());
    one.scope(&acme).set("s", "n", "one's").await.unwrap();
    assert_eq!(get(&other.scope(&acme), "n").await, None);
    other.scope(&acme).purge().await;
    assert_eq!(get(&one.scope(&acme), "n").await.as_deref(), Some("one's"));
    for prefix in ["", "a:b", "{a}", "*", "A", &"a".repeat(33)] {
        assert!(redis(&address).prefix(prefix).is_err(), "{prefix:?}");
    }
}

#[tokio::test]
async fn the_server_forgets_when_the_value_does_and_after_an_hour_by_default() {
    let Some(server) = server().await else { return };
    let (cache, _) = cache(redis(&server.address()));
    let acme = cache.scope(&context("acme"));
    acme.set("s", "n", "value").await.unwrap();
    let left: i64 = server.ask(redis::cmd("TTL").arg(stored_key(&server).await)).await;
    assert!((3_590..=3_600).contains(&left), "{left} seconds");
    acme.set_for("s", "n", "value", Duration::from_mins(5)).await.unwrap();
    let left: i64 = server.ask(redis::cmd("TTL").arg(stored_key(&server).await)).await;
    assert!((290..=300).contains(&left), "{left} seconds");
    acme.set_for("s", "n", "value", Duration::MAX).await.unwrap();
    acme.set_for("s", "n", "value", Duration::ZERO).await.unwrap();
    assert_eq!(get(&acme, "n").await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_dropped_half_way_never_bring_another_keys_value() {
    let Some(server) = server().await else { return };
    let proxy = Proxy::to(&server);
    let (cache, counters) = cache(redis(&proxy.address()));
    let tenants: Vec<TenantContext> = (0..5).map(|n| context(&format!("tenant-{n}"))).collect();
    for tenant in &tenants {
        for name in 0..20 {
            let value = format!("{} {name}", tenant.tenant_id());
            cache.scope(tenant).set("s", &name.to_string(), &value).await.unwrap();
        }
    }
    proxy.delay(Duration::from_millis(1));
    let tasks: Vec<_> = (0..50_u64)
        .map(|task| {
            let (cache, tenants) = (cache.clone(), tenants.clone());
            tokio::spawn(async move {
                let (mut state, mut dropped, mut read) = (task + 1, 0_u32, 0_u32);
                for _ in 0..250 {
                    state =
                        state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    let tenant = &tenants[(state >> 33) as usize % tenants.len()];
                    let name = ((state >> 40) % 20).to_string();
                    let own = format!("{} {name}", tenant.tenant_id());
                    let scoped = cache.scope(tenant);
                    // One in ten waits for its answer, the others not long enough.
                    let patience = if state >> 60 == 0 { 5_000_000 } else { (state >> 50) % 1_500 };
                    let request = async {
                        if state.is_multiple_of(3) {
                            load(&scoped, &name, &own).await
                        } else {
                            get(&scoped, &name).await.unwrap_or_else(|| own.clone())
                        }
                    };
                    match tokio::time::timeout(Duration::from_micros(patience), request).await {
                        Ok(found) => {
                            assert_eq!(found, own);
                            read += 1;
                        }
                        Err(_) => dropped += 1,
                    }
                }
                (dropped, read)
            })
        })
        .collect();
    let (mut dropped, mut read) = (0, 0);
    for task in tasks {
        let of_task = task.await.unwrap();
        (dropped, read) = (dropped + of_task.0, read + of_task.1);
    }
    assert!(dropped >= 10_000 && read > 100, "{dropped} dropped, {read} read");
    assert!(counters.read().hits > 100, "{:?}", counters.read());
    assert_eq!(counters.read().errors, 0);
}

#[tokio::test]
async fn what_is_no_entry_is_a_miss_and_is_written_over() {
    let Some(server) = server().await else { return };
    let (cache, counters) = cache(redis(&server.address()).max_bytes(10_000));
    let (acme, globex) = (cache.scope(&context("acme")), cache.scope(&context("globex")));
    acme.set("s", "n", "acme's").await.unwrap();
    let key = stored_key(&server).await;
    let good: Vec<u8> = server.ask(redis::cmd("GET").arg(&key)).await;
    globex.set("s", "n", "globex's").await.unwrap();
    let keys = server.keys().await;
    let foreign = keys.iter().find(|found| found.windows(2).any(|pair| pair == b"}v") && **found != key);
    let foreign: Vec<u8> = server.ask(redis::cmd("GET").arg(foreign.unwrap())).await;
    // Another tenant's entry under acme's epoch, as a server or a connection that mixes keys would give it.
    let mixed = [&good[..16], &foreign[16..]].concat();
    let mut damaged = good.clone();
    damaged[17] ^= 0x80;
    damaged.truncate(40);
    let oversized = [&good[..], &vec![b' '; 20_000]].concat();
    let list = |key: &[u8]| redis::cmd("RPUSH").arg(key).arg("x").to_owned();
    let set = |key: &[u8], value: &[u8]| redis::cmd("SET").arg(key).arg(value).to_owned();
    let cases = [
        ("a list", list(&key)),
        ("no bytes", set(&key, b"")),
        ("garbage", set(&key, b"\xff\x00garbage")),
        ("garbage in the present epoch", set(&key, &[&good[..16], b"\x01\xff\xff\xff"].concat())),
        ("another tenant's", set(&key, &mixed)),
        ("damaged", set(&key, &damaged)),
        ("oversized", set(&key, &oversized)),
    ];
    for (case, command) in cases {
        let _: i64 = server.ask(redis::cmd("DEL").arg(&key)).await;
        let _: redis::Value = server.ask(&command).await;
        assert_eq!(get(&acme, "n").await, None, "{case}");
        assert_eq!(load(&acme, "n", "right").await, "right", "{case}");
        assert_eq!(get(&acme, "n").await.as_deref(), Some("right"), "{case}");
    }
    assert!(counters.read().errors >= 6, "{:?}", counters.read());

    // The same for the epoch.
    let epoch = [&key[..key.windows(2).position(|pair| pair == b"}v").unwrap()], b"}e"].concat();
    for (case, command) in [
        ("a list", list(&epoch)),
        ("garbage", set(&epoch, b"not sixteen digits, and longer")),
        ("sixteen bytes", set(&epoch, b"not sixteen digi")),
    ] {
        let _: i64 = server.ask(redis::cmd("DEL").arg(&epoch)).await;
        let _: redis::Value = server.ask(&command).await;
        assert_eq!(get(&acme, "n").await, None, "{case}");
        assert_eq!(load(&acme, "n", "right").await, "right", "{case}");
        assert_eq!(get(&acme, "n").await.as_deref(), Some("right"), "{case}");
    }

    acme.set("s", "n", &"x".repeat(20_000)).await.unwrap();
    assert_eq!(get(&acme, "n").await, None, "too large to keep, and the older one is gone");
    assert_eq!(load(&acme, "n", &"x".repeat(20_000)).await.len(), 20_000);
}

#[tokio::test]
async fn without_a_server_answers_are_right_and_errors_are_counted() {
    let Some(mut server) = server().await else { return };
    let (cache, counters) = cache(redis(&server.address()));
    let acme = cache.scope(&context("acme"));
    assert_eq!(load(&acme, "n", "first").await, "first");
    assert_eq!(load(&acme, "n", "never").await, "first");
    server.kill();
    for n in 0..20 {
        assert_eq!(load(&acme, "n", &format!("loaded {n}")).await, format!("loaded {n}"));
        acme.set("s", "m", "x").await.unwrap();
        assert_eq!(get(&acme, "m").await, None);
    }
    let errors = counters.read().errors;
    assert!(errors >= 20, "{errors}");
    server.restart().await;
    let start = Instant::now();
    while get(&acme, "n").await.as_deref() != Some("back") {
        assert!(start.elapsed() < Duration::from_secs(20), "the cache never came back");
        tokio::time::sleep(Duration::from_millis(10)).await;
        load(&acme, "n", "back").await;
    }
}

#[tokio::test]
async fn a_server_that_hangs_costs_one_wait_and_then_none() {
    let Some(server) = server().await else { return };
    let proxy = Proxy::to(&server);
    let bound = Duration::from_millis(200);
    let redis = Redis::open(&proxy.address()).unwrap().timeout(bound).rest(Duration::from_mins(1));
    let (cache, counters) = cache(redis);
    let acme = cache.scope(&context("acme"));
    load(&acme, "n", "old").await;
    proxy.delay(Duration::from_hours(1));
    for at in 0..20 {
        let start = Instant::now();
        assert_eq!(load(&acme, "n", "right").await, "right");
        let took = start.elapsed();
        let most = if at < 3 { bound * 3 } else { bound / 2 };
        assert!(took < most, "call {at} took {took:?}");
    }
    assert_eq!(counters.read().errors, 20);
}

#[tokio::test]
async fn what_could_not_be_removed_is_not_read_afterwards() {
    let Some(server) = server().await else { return };
    let proxy = Proxy::to(&server);
    let acme = context("acme");
    let timeout = Duration::from_millis(200);
    let rest = Duration::from_millis(300);
    let slow = Redis::open(&proxy.address()).unwrap().timeout(timeout).rest(rest);
    let (here, _) = cache(slow);
    let (elsewhere, _) = cache(redis(&server.address()));
    let (here, elsewhere) = (here.scope(&acme), elsewhere.scope(&acme));
    for way in ["fails", "is dropped"] {
        proxy.delay(Duration::ZERO);
        let start = Instant::now();
        while get(&here, "n").await.as_deref() != Some("old") {
            assert!(start.elapsed() < Duration::from_secs(20));
            here.set("s", "n", "old").await.unwrap();
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        proxy.delay(Duration::from_hours(1));
        if way == "fails" {
            here.invalidate("s", "n").await;
        } else {
            let dropped = tokio::time::timeout(Duration::from_millis(20), here.invalidate("s", "n")).await;
            assert!(dropped.is_err());
        }
        proxy.delay(Duration::ZERO);
        assert_eq!(get(&here, "n").await, None, "an invalidation that {way}");
        // Other processes are told as well, without a request here.
        let start = Instant::now();
        while get(&elsewhere, "n").await.is_some() {
            assert!(start.elapsed() < Duration::from_secs(20), "an invalidation that {way} is made up for");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

#[tokio::test]
async fn a_lost_epoch_ends_and_hostile_names_stay_in_their_tenant() {
    let Some(server) = server().await else { return };
    let (cache, _) = cache(redis(&server.address()));
    let (acme, globex) = (cache.scope(&context("acme")), cache.scope(&context("globex")));
    for name in awkward_names() {
        acme.set("s", &name, "acme's").await.unwrap();
        assert_eq!(get(&globex, &name).await, None, "{name:.20?}");
        globex.invalidate("s", &name).await;
    }
    globex.purge().await;
    for name in awkward_names().into_iter().filter(|name| !name.starts_with("tenant:")) {
        assert_eq!(get(&acme, &name).await.as_deref(), Some("acme's"), "{name:.20?}");
    }
    for key in server.keys().await.into_iter().filter(|key| key.ends_with(b"}e")) {
        let _: i64 = server.ask(redis::cmd("DEL").arg(key)).await;
    }
    assert_eq!(get(&acme, ":").await, None);
    assert_eq!(load(&acme, ":", "new").await, "new");
    assert_eq!(get(&acme, "*").await, None, "an epoch that was evicted does not come back");
}
