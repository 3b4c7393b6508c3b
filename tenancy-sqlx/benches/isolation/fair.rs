//! One tenant reads at a constant rate, alone and while another asks for ten times what it may have.
//!
//! The load is open: a request is sent when its time has come, whether or not those before it were
//! answered, and its time counts from then.

use std::sync::Arc;
use std::time::Duration;

use tenancy_core::testing::{context, context_of, record};
use tenancy_core::{Tenant, TenantContext};
use tenancy_sqlx::{BeginError, Settings, TenantDatabase};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::kit::place;
use crate::measure::{goal, median, micros, quantile};

/// What the flooding tenant may hold, and for how long each of its requests does.
const CONNECTIONS: u32 = 4;
const HELD: Duration = Duration::from_millis(20);
const PERIOD: Duration = Duration::from_secs(5);
const QUIET_ONE: Duration = Duration::from_millis(10);

pub(crate) async fn run() {
    let place = place().await.expect("a server");
    let mut settings = Settings::default();
    settings.acquire_timeout = Duration::from_secs(3);
    let database = place.database(settings).await;
    let mut flooding = record("flooding");
    flooding.settings = serde_json::json!({ "connections": CONNECTIONS });
    let (flooding, quiet) = (context_of(&Arc::new(Tenant::from_directory(flooding))), context("quiet"));
    // Ten times as many as its connections can serve.
    let gap = HELD / CONNECTIONS / 10;
    let (mut ratios, mut refused, mut served) = (Vec::new(), 0, 0);
    for _ in 0..5 {
        let (alone, _) = load(&database, &quiet, QUIET_ONE, Duration::ZERO).await;
        let ((beside, none), (answered, busy)) = tokio::join!(
            load(&database, &quiet, QUIET_ONE, Duration::ZERO),
            load(&database, &flooding, gap, HELD)
        );
        assert_eq!(none, 0, "the quiet tenant was refused");
        (served, refused) = (served + answered.len(), refused + busy);
        let p95 = |mut times: Vec<f64>| quantile(&mut times, 0.95);
        let (alone, beside) = (p95(alone), p95(beside));
        println!("p95 alone {alone:.0} µs, beside the flood {beside:.0} µs");
        ratios.push(beside / alone);
    }
    println!("of the flood {served} were served and {refused} were told that all its connections are held");
    let ratio = median(&mut ratios);
    goal("p95 beside a flood is at most 1.5x of being alone", ratio, ratio <= 1.5);
}

/// The times of the requests that were answered, and how many found all of their tenant's connections held.
async fn load(
    database: &TenantDatabase,
    tenant: &TenantContext,
    gap: Duration,
    held: Duration,
) -> (Vec<f64>, usize) {
    let mut requests = JoinSet::new();
    let mut due = interval(gap);
    due.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let start = Instant::now();
    while start.elapsed() < PERIOD {
        let due = due.tick().await;
        let (database, tenant) = (database.clone(), tenant.clone());
        requests.spawn(async move {
            let mut tx = match database.begin_read(&tenant).await {
                Ok(tx) => tx,
                Err(BeginError::Busy { .. }) => return None,
                Err(error) => panic!("{error:?}"),
            };
            let held = sqlx::query("SELECT pg_sleep($1)").bind(held.as_secs_f64());
            held.execute(&mut *tx).await.expect("an answer");
            Some(micros(due.elapsed()))
        });
    }
    let (mut times, mut busy) = (Vec::new(), 0);
    while let Some(done) = requests.join_next().await {
        match done.expect("a request") {
            Some(time) => times.push(time),
            None => busy += 1,
        }
    }
    (times, busy)
}
