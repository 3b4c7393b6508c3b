//! Reading through the cache: one load, shared; nothing stale stored; nothing remembered of a failure.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tenancy_cache::{Cache, Counters, Event, Local, Observer, TenantCache};
use tenancy_core::TenantId;
use tenancy_core::testing::{ManualClock, context};
use tokio::sync::{Notify, oneshot};

struct World {
    clock: ManualClock,
    counters: Arc<Counters>,
    acme: TenantCache,
    globex: TenantCache,
}

fn world() -> World {
    let (clock, counters) = (ManualClock::at(1_000), Arc::new(Counters::default()));
    let cache =
        Cache::new(Local::with_entries(10_000), Arc::new(clock.clone())).observed_by(counters.clone());
    World { clock, counters, acme: cache.scope(&context("acme")), globex: cache.scope(&context("globex")) }
}

async fn load(cache: &TenantCache, value: &str) -> String {
    let value = value.to_owned();
    cache.get_or_load("s", "n", || async { Ok::<_, Infallible>(value) }).await.unwrap()
}

/// A load that is under way until it is told its value; dropping the sender makes it fail.
async fn slow(
    cache: &TenantCache,
) -> (oneshot::Sender<&'static str>, tokio::task::JoinHandle<Result<String, Arc<oneshot::error::RecvError>>>)
{
    let (cache, begun) = (cache.clone(), Arc::new(Notify::new()));
    let (sender, value) = oneshot::channel::<&'static str>();
    let tell = Arc::clone(&begun);
    let task = tokio::spawn(async move {
        let load = || async {
            tell.notify_one();
            value.await.map(str::to_owned)
        };
        cache.get_or_load("s", "n", load).await
    });
    begun.notified().await;
    (sender, task)
}

/// Lets tasks that are ready run until they wait.
async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_hundred_callers_make_one_load_a_tenant() {
    let world = world();
    let loads = Arc::new(AtomicU32::new(0));
    let mut tasks = Vec::new();
    for at in 0..200 {
        let (cache, own) = if at % 2 == 0 { (&world.acme, "acme's") } else { (&world.globex, "globex's") };
        let (cache, loads) = (cache.clone(), Arc::clone(&loads));
        tasks.push(tokio::spawn(async move {
            let load = || async {
                loads.fetch_add(1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(20)).await;
                Ok::<_, Infallible>(own.to_owned())
            };
            (own, cache.get_or_load("s", "n", load).await.unwrap())
        }));
    }
    for task in tasks {
        let (own, got) = task.await.unwrap();
        assert_eq!(own, got);
    }
    assert_eq!(loads.load(Ordering::SeqCst), 2);
    let counts = world.counters.read();
    assert_eq!((counts.loads, counts.joined, counts.misses), (2, 198, 200));
    assert_eq!(load(&world.acme, "again").await, "acme's");
    assert_eq!(world.counters.read().hits, 1);
}

#[tokio::test]
async fn a_failure_reaches_all_who_wait_and_is_not_kept() {
    let world = world();
    let (sender, leader) = slow(&world.acme).await;
    let mut waiters = Vec::new();
    for _ in 0..5 {
        let cache = world.acme.clone();
        let load = || async { unreachable!("one load was enough") };
        waiters.push(tokio::spawn(async move {
            cache.get_or_load::<String, oneshot::error::RecvError, _>("s", "n", load).await
        }));
    }
    settle().await;
    drop(sender);
    assert!(leader.await.unwrap().is_err());
    for waiter in waiters {
        assert!(waiter.await.unwrap().is_err());
    }
    assert_eq!((world.counters.read().failed_loads, world.counters.read().joined), (1, 5));
    assert_eq!(load(&world.acme, "better").await, "better");
}

#[tokio::test]
async fn a_leader_that_is_dropped_or_panics_is_replaced() {
    for way in ["is dropped", "panics"] {
        let world = world();
        let (cache, end) = (world.acme.clone(), Arc::new(Notify::new()));
        let told = Arc::clone(&end);
        let leader = tokio::spawn(async move {
            let load = || async {
                told.notified().await;
                panic!("a loader's own fault");
            };
            let _ = cache.get_or_load::<String, Infallible, _>("s", "n", load).await;
        });
        settle().await;
        let waiting = world.acme.clone();
        let waiter = tokio::spawn(async move { load(&waiting, "from the next").await });
        settle().await;
        assert!(!waiter.is_finished(), "one load at a time");
        if way == "panics" {
            end.notify_one();
        } else {
            leader.abort();
        }
        assert!(leader.await.is_err());
        let got = tokio::time::timeout(Duration::from_secs(5), waiter).await;
        assert_eq!(got.unwrap().unwrap(), "from the next", "the leader {way}");
    }
}

#[tokio::test]
async fn what_changed_while_it_was_loaded_is_not_stored() {
    for change in ["invalidate", "purge", "set"] {
        let world = world();
        let (sender, leader) = slow(&world.acme).await;
        match change {
            "invalidate" => world.acme.invalidate("s", "n").await,
            "purge" => world.acme.purge().await,
            _ => world.acme.set("s", "n", "set").await.unwrap(),
        }
        // Who asks after the change gets nothing older than it, though the old load is still running.
        let after = if change == "set" { "set" } else { "loaded after" };
        assert_eq!(load(&world.acme, "loaded after").await, after, "{change}");
        sender.send("stale").unwrap();
        assert_eq!(leader.await.unwrap().unwrap(), "stale", "it asked before the {change}");
        let kept: Option<String> = world.acme.get("s", "n").await.unwrap();
        assert_eq!(kept.as_deref(), Some(after), "{change}");
        assert_eq!(world.counters.read().outdated, 1, "{change}");
    }
}

#[tokio::test]
async fn another_tenants_purge_disturbs_no_load() {
    let world = world();
    let (sender, leader) = slow(&world.acme).await;
    world.globex.purge().await;
    sender.send("found").unwrap();
    assert_eq!(leader.await.unwrap().unwrap(), "found");
    assert_eq!(load(&world.acme, "again").await, "found");
}

#[tokio::test]
async fn nothing_is_left_of_loads_that_ended() {
    let world = world();
    for way in ["ends", "is dropped"] {
        world.acme.purge().await;
        let (sender, task) = slow(&world.acme).await;
        assert!(format!("{:?}", world.acme).contains("loads: 1"), "{:?}", world.acme);
        if way == "ends" {
            sender.send("found").unwrap();
        } else {
            task.abort();
        }
        let _ = task.await;
        assert!(format!("{:?}", world.acme).contains("loads: 0"), "a load that {way}");
    }
}

#[tokio::test]
async fn a_value_of_another_type_is_loaded_anew() {
    let world = world();
    world.acme.set("s", "n", &7).await.unwrap();
    assert_eq!(load(&world.acme, "text").await, "text");
    assert_eq!(load(&world.acme, "again").await, "text", "it took the place of the other");
    assert_eq!(world.counters.read().wrong_types, 1);
}

#[tokio::test]
async fn a_loaded_value_lives_for_its_time_less_a_tenth_at_most() {
    let world = world();
    for second in 0..50_u32 {
        let value = || async { Ok::<_, Infallible>(1_u32) };
        let ttl = Duration::from_secs(100);
        world.acme.get_or_load_for("s", &second.to_string(), ttl, value).await.unwrap();
    }
    let alive = async |world: &World| {
        let mut alive = 0;
        for second in 0..50_u32 {
            alive += world.acme.get::<u32>("s", &second.to_string()).await.unwrap().unwrap_or(0);
        }
        alive
    };
    world.clock.advance(Duration::from_millis(89_999));
    assert_eq!(alive(&world).await, 50);
    world.clock.advance(Duration::from_secs(5));
    assert!((1..50).contains(&alive(&world).await), "they do not die together");
    world.clock.advance(Duration::from_millis(5_001));
    assert_eq!(alive(&world).await, 0);
}

/// Whose events an observer was told of.
#[derive(Default)]
struct Heard(std::sync::Mutex<Vec<(Option<String>, String)>>);

impl Observer for Heard {
    fn record(&self, _: TenantId, space: Option<&str>, event: Event<'_>) {
        self.0.lock().unwrap().push((space.map(str::to_owned), format!("{event:?}")));
    }
}

#[tokio::test]
async fn an_observer_is_told_the_space_of_what_happened() {
    let heard = Arc::new(Heard::default());
    let cache =
        Cache::new(Local::with_entries(10), Arc::new(ManualClock::at(1_000))).observed_by(heard.clone());
    let acme = cache.scope(&context("acme"));
    assert_eq!(acme.get::<u32>("{a}\n", "n").await.unwrap(), None);
    load(&acme, "value").await;
    load(&acme, "value").await;
    let told = heard.0.lock().unwrap().clone();
    let told: Vec<_> = told.iter().map(|(space, event)| (space.as_deref(), event.as_str())).collect();
    let expected = [(Some("{a}\n"), "Miss"), (Some("s"), "Miss"), (Some("s"), "Loaded"), (Some("s"), "Hit")];
    assert_eq!(told, expected);
}
