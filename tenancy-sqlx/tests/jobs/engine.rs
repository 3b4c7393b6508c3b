//! The engine's worker over the queue: leases moved on, stops, deaths and outages.

use std::time::{Duration, Instant};

use apalis_core::worker::builder::WorkerBuilder;
use serde_json::json;
use tenancy_core::store::Directory;
use tenancy_core::{BoxError, TenantContext, TenantKey};
use tenancy_sqlx::jobs::engine::{EngineSettings, JobBackend};
use tenancy_sqlx::jobs::{JobState, LeasedJob, WorkerName};
use tenancy_sqlx::{Gate, TenantDatabase};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::world::{LONG, World, policy, world};

fn settings() -> EngineSettings {
    let mut settings = EngineSettings::new(WorkerName::unique("test"));
    settings.policy.lease = Duration::from_secs(2);
    settings.heartbeat = Duration::from_millis(400);
    settings.poll = Duration::from_millis(100);
    settings
}

async fn finish(gate: &Gate, database: &TenantDatabase, job: &LeasedJob) -> Result<(), BoxError> {
    let tenant = gate.find(&TenantKey::Id(job.claimed.tenant_id())).await?.ok_or("no tenant")?;
    let context = TenantContext::for_job(tenant, job.claimed.envelope())?;
    let mut tx = database.begin(&context).await?;
    tx.hold(&job.claimed).await?.done(&json!(job.claimed.attempt())).await?;
    Ok(tx.commit().await?)
}

/// A worker that takes `work` for each job, and what stops it.
fn worker(world: &World, work: Duration) -> (JoinHandle<()>, oneshot::Sender<()>) {
    let backend = JobBackend::new(world.gate.clone(), settings());
    let queue = backend.queue().clone();
    let (gate, database) = (world.gate.clone(), world.database.clone());
    let (stop, stopped) = oneshot::channel();
    let (stopping, told) = tokio::sync::watch::channel(false);
    let handler = move |mut job: LeasedJob| {
        let (gate, database, queue, mut told) = (gate.clone(), database.clone(), queue.clone(), told.clone());
        async move {
            tokio::select! {
                () = tokio::time::sleep(work) => {}
                () = job.lease.lost() => return,
                _ = told.changed() => return queue.release(&job.claimed, Duration::ZERO, false).await,
            }
            // What cannot be written is done again by whoever claims the job next.
            let _ = finish(&gate, &database, &job).await;
        }
    };
    let worker = WorkerBuilder::new("test").backend(backend).build(handler);
    let signal = async move {
        let _ = stopped.await;
        let _ = stopping.send(true);
        Ok::<(), std::io::Error>(())
    };
    (tokio::spawn(async move { worker.run_until(signal).await.expect("a clean end") }), stop)
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_longer_than_their_lease_are_done_once_and_a_stop_gives_them_back() {
    let Some(world) = world().await else { return };
    let (running, stop) = worker(&world, Duration::from_secs(3));
    let job = world.enqueue(&world.acme, "long").await;
    assert_eq!(world.until(&world.acme, job, JobState::Done).await.result, Some(json!(1)));

    let job = world.enqueue(&world.globex, "broken off").await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    stop.send(()).expect("a worker");
    running.await.expect("a clean end");
    let next = world.claim_one(&policy(LONG, 9)).await;
    assert_eq!((next.job_id(), next.losses()), (job, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_workers_job_is_done_by_another_after_its_lease() {
    let Some(world) = world().await else { return };
    let (dead, _stop) = worker(&world, LONG);
    let job = world.enqueue(&world.acme, "long").await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    dead.abort();
    let start = Instant::now();
    let (_running, _stop) = worker(&world, Duration::ZERO);
    let record = world.until(&world.acme, job, JobState::Done).await;
    assert_eq!(record.result, Some(json!(2)), "the second attempt");
    assert!(start.elapsed() < Duration::from_secs(4), "{:?} for a lease of 2 s", start.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_outlives_an_outage_of_the_database() {
    let Some(world) = world().await else { return };
    let (running, _stop) = worker(&world, Duration::from_secs(1));
    let before = world.enqueue(&world.acme, "before").await;
    world.until(&world.acme, before, JobState::Done).await;
    let during = world.enqueue(&world.acme, "during").await;
    tokio::time::sleep(Duration::from_millis(300)).await;

    world.as_admin("ALTER DATABASE \"$db\" ALLOW_CONNECTIONS false").await;
    world.as_admin("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '$db'").await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    world.as_admin("ALTER DATABASE \"$db\" ALLOW_CONNECTIONS true").await;

    world.until(&world.acme, during, JobState::Done).await;
    let after = world.enqueue(&world.globex, "after").await;
    world.until(&world.globex, after, JobState::Done).await;
    assert!(!running.is_finished());
}
