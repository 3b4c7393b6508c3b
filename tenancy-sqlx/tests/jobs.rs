//! Jobs on a real server: two tenants, several workers, and what happens when one of them is gone.
#![cfg(feature = "embedded")]

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::time::{Duration, Instant};

use serde_json::json;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tenancy_core::store::Directory;
use tenancy_core::{JobId, Lifecycle, TenantContext, TenantId, TenantKey};
use tenancy_sqlx::embedded::{Binaries, Cluster, Install, TestDatabase};
use tenancy_sqlx::jobs::{
    ClaimPolicy, ClaimedJob, JobError, JobHints, JobRecord, JobState, NewJob, WorkerName,
};
use tenancy_sqlx::{
    Gate, NewTenant, OperatorDoor, Passwords, Reason, Roles, Settings, TenantDatabase, migrate,
};

/// A migrated database of this test's own with two tenants in it.
struct World {
    server: TestDatabase,
    gate: Gate,
    database: TenantDatabase,
    door: OperatorDoor,
    acme: TenantContext,
    globex: TenantContext,
}

/// `None`, visibly, where there is no server to start; fails where everything is required.
async fn world() -> Option<World> {
    if let Err(error) = Binaries::find() {
        assert!(std::env::var("TENANCY_REQUIRE").as_deref() != Ok("all"), "postgresql is required: {error}");
        let _ = writeln!(std::io::stderr().lock(), "SKIPPED: {error}");
        return None;
    }
    let cluster = Cluster::shared("tenancy", Install::Never).await.expect("a cluster");
    let password = cluster.role_password().to_owned();
    let mut schema = DefaultHasher::new();
    migrate::TENANCY.steps.iter().for_each(|step| step.sql.hash(&mut schema));
    let key = format!("jobs {:x}", schema.finish());
    let prepare = |admin: PgConnectOptions| prepare(admin, password.clone());
    let server =
        cluster.database(&key, prepare, "SELECT tenancy.grant_database()").await.expect("a database");
    let login = |role| server.options_for(role, cluster.role_password());
    let gate = Gate::connect_with(login("app_gate")).await.expect("the gate");
    let database =
        TenantDatabase::connect_with(login("app_rw"), Settings::default()).await.expect("the database");
    let door = OperatorDoor::connect_with(login("app_ops")).await.expect("the door");
    let acme = tenant(&door, &gate, "acme").await;
    let globex = tenant(&door, &gate, "globex").await;
    Some(World { server, gate, database, door, acme, globex })
}

async fn prepare(admin: PgConnectOptions, password: String) -> Result<(), migrate::MigrateError> {
    let mut admin = PgConnection::connect_with(&admin).await?;
    let passwords =
        Passwords { gate: password.clone(), rw: password.clone(), ops: password.clone(), migrator: password };
    migrate::migrate(&mut admin, &Roles::default(), Some(&passwords), &[]).await?;
    admin.close().await?;
    Ok(())
}

fn reason() -> Reason {
    Reason::new("test", "needs two tenants").expect("a reason")
}

async fn tenant(door: &OperatorDoor, gate: &Gate, slug: &str) -> TenantContext {
    let id = TenantId::new();
    let (slug, name) = (slug.parse().expect("a slug"), slug.to_owned());
    let plan = "starter".parse().expect("a plan");
    door.create_tenant(&reason(), &NewTenant { id, slug, name, plan, settings: json!({}) })
        .await
        .expect("a tenant");
    let tenant = gate.find(&TenantKey::Id(id)).await.expect("an answer").expect("the tenant");
    TenantContext::for_request(tenant).expect("an active tenant")
}

fn policy(lease: Duration, tenant_cap: u16) -> ClaimPolicy {
    ClaimPolicy { worker: WorkerName::unique("test"), tenant_cap, lease }
}

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(300);

impl World {
    async fn enqueue(&self, context: &TenantContext, kind: &str) -> JobId {
        let mut tx = self.database.begin(context).await.expect("begin");
        let job = tx.enqueue(&NewJob::new(kind, json!({}))).await.expect("enqueued");
        tx.commit().await.expect("commit");
        job.job_id
    }

    async fn read(&self, context: &TenantContext, job: JobId) -> Option<JobRecord> {
        self.database.begin_read(context).await.expect("begin").job(job).await.expect("read")
    }

    async fn claim(&self, policy: &ClaimPolicy, most: u16) -> Vec<ClaimedJob> {
        self.gate.claim(policy, most).await.expect("claimed")
    }

    async fn claim_one(&self, policy: &ClaimPolicy) -> ClaimedJob {
        self.claim(policy, 1).await.pop().expect("a job")
    }

    async fn done(&self, context: &TenantContext, job: &ClaimedJob) -> Result<(), JobError> {
        let mut tx = self.database.begin(context).await.expect("begin");
        tx.hold(job).await?.done(&json!({"answer": 42})).await?;
        tx.commit().await.expect("commit");
        Ok(())
    }

    async fn until(&self, context: &TenantContext, job: JobId, state: JobState) -> JobRecord {
        let start = Instant::now();
        loop {
            let read = self.database.begin_read(context).await;
            let record = match read {
                Ok(mut tx) => tx.job(job).await.ok().flatten(),
                Err(_) => None,
            };
            match record {
                Some(record) if record.state == state => return record,
                other => assert!(start.elapsed() < Duration::from_secs(20), "not {state:?}: {other:?}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn as_admin(&self, sql: &str) {
        let mut admin =
            PgConnection::connect_with(&self.server.admin().database("postgres")).await.expect("admin");
        admin.execute(AssertSqlSafe(sql.replace("$db", self.server.name()))).await.expect("admin's sql");
    }
}

macro_rules! world {
    () => {
        match world().await {
            Some(world) => world,
            None => return,
        }
    };
}

#[tokio::test]
async fn a_job_is_enqueued_with_its_transaction_or_not_at_all() {
    let world = world!();
    let mut tx = world.database.begin(&world.acme).await.expect("begin");
    let job = tx.enqueue(&NewJob::new("sum", json!({"a": 1}))).await.expect("enqueued");
    assert_eq!(world.claim(&policy(LONG, 9), 9).await, []);
    tx.rollback().await.expect("rollback");
    assert_eq!(world.claim(&policy(LONG, 9), 9).await, []);
    assert_eq!(world.read(&world.acme, job.job_id).await, None);

    let job = world.enqueue(&world.acme, "sum").await;
    let record = world.read(&world.acme, job).await.expect("the job");
    assert_eq!((record.state, record.percent, record.kind.as_str()), (JobState::Queued, 0, "sum"));
    let claimed = world.claim_one(&policy(LONG, 9)).await;
    assert_eq!((claimed.job_id(), claimed.tenant_id(), claimed.attempt()), (job, world.acme.tenant_id(), 1));
}

#[tokio::test]
async fn a_job_due_later_waits_and_priority_orders_a_tenants_own_jobs() {
    let world = world!();
    let mut tx = world.database.begin(&world.acme).await.expect("begin");
    let later = NewJob::new("later", json!({})).after(Duration::from_secs(3600)).priority(9);
    tx.enqueue(&later).await.expect("enqueued");
    let plain = tx.enqueue(&NewJob::new("plain", json!({}))).await.expect("enqueued");
    let soon = tx.enqueue(&NewJob::new("soon", json!({})).priority(5)).await.expect("enqueued");
    tx.commit().await.expect("commit");
    let policy = policy(LONG, 9);
    assert_eq!(world.claim_one(&policy).await.job_id(), soon.job_id);
    assert_eq!(world.claim_one(&policy).await.job_id(), plain.job_id);
    assert_eq!(world.claim(&policy, 1).await, []);
}

#[tokio::test]
async fn another_tenant_neither_sees_nor_touches_a_job() {
    let world = world!();
    let job = world.enqueue(&world.acme, "sum").await;
    assert_eq!(world.read(&world.globex, job).await, None);
    let claimed = world.claim_one(&policy(LONG, 9)).await;
    let error = world.done(&world.globex, &claimed).await.expect_err("another tenant's job");
    assert!(error.is_lease_lost(), "{error}");
    world.done(&world.acme, &claimed).await.expect("done");
    let record = world.read(&world.acme, job).await.expect("the job");
    assert_eq!(
        (record.state, record.percent, record.result),
        (JobState::Done, 100, Some(json!({"answer": 42})))
    );
}

#[tokio::test]
async fn twenty_jobs_of_one_tenant_delay_anothers_first_by_one_at_most() {
    let world = world!();
    for _ in 0..20 {
        world.enqueue(&world.acme, "sum").await;
    }
    let policy = policy(LONG, 9);
    let first = world.claim_one(&policy).await;
    assert_eq!(first.tenant_id(), world.acme.tenant_id());
    let small = world.enqueue(&world.globex, "sum").await;
    world.done(&world.acme, &first).await.expect("done");
    assert_eq!(world.claim_one(&policy).await.job_id(), small);
    // And from then on in turns, with one or with several running.
    world.enqueue(&world.globex, "sum").await;
    let tenants: HashSet<TenantId> =
        world.claim(&policy, 2).await.iter().map(ClaimedJob::tenant_id).collect();
    assert_eq!(tenants.len(), 1, "globex has one running already, so acme comes first");
}

#[tokio::test]
async fn parallel_claimers_never_exceed_a_tenants_cap() {
    let world = world!();
    for _ in 0..30 {
        world.enqueue(&world.acme, "sum").await;
    }
    let claims = (0..8).map(|_| {
        let (gate, policy) = (world.gate.clone(), policy(LONG, 3));
        tokio::spawn(async move { gate.claim(&policy, 2).await.expect("claimed").len() })
    });
    let mut taken = 0;
    for claim in claims.collect::<Vec<_>>() {
        taken += claim.await.expect("a claimer");
    }
    assert_eq!(taken, 3);
}

#[tokio::test]
async fn who_lost_the_lease_cannot_write_over_the_next_worker() {
    let world = world!();
    let job = world.enqueue(&world.acme, "sum").await;
    let (dead, next) = (policy(SHORT, 9), policy(LONG, 9));
    let first = world.claim_one(&dead).await;
    assert_eq!(world.claim(&next, 1).await, [], "the lease still runs");
    tokio::time::sleep(SHORT * 2).await;

    let second = world.claim_one(&next).await;
    assert_eq!((second.job_id(), second.attempt(), second.losses()), (job, 2, 1));
    assert_eq!(world.gate.extend_leases(&dead, std::slice::from_ref(&first)).await.expect("an answer"), []);
    let error = world.done(&world.acme, &first).await.expect_err("the lease is lost");
    assert!(matches!(error, JobError::LeaseLost { job: lost } if lost == job), "{error}");
    assert_eq!(world.read(&world.acme, job).await.expect("the job").state, JobState::Queued);
    // Nor can it give back what is another's.
    world.gate.release(&dead, &first, Duration::ZERO, false).await.expect("ignored");
    world.done(&world.acme, &second).await.expect("done");
}

#[tokio::test]
async fn a_job_that_is_given_back_is_free_at_once_and_nobodys_fault() {
    let world = world!();
    world.enqueue(&world.acme, "sum").await;
    let (stopping, next) = (policy(LONG, 9), policy(LONG, 9));
    let first = world.claim_one(&stopping).await;
    world.gate.release(&stopping, &first, Duration::ZERO, false).await.expect("given back");
    let second = world.claim_one(&next).await;
    assert_eq!((second.attempt(), second.losses()), (2, 0));
    assert!(world.done(&world.acme, &first).await.expect_err("given back").is_lease_lost());
    world.gate.release(&next, &second, Duration::ZERO, true).await.expect("given back");
    assert_eq!(world.claim_one(&next).await.losses(), 1);
}

#[tokio::test]
async fn a_held_job_stops_neither_claims_nor_the_leases_of_others() {
    let world = world!();
    let policy = policy(SHORT, 9);
    for _ in 0..2 {
        world.enqueue(&world.acme, "sum").await;
    }
    let jobs = world.claim(&policy, 2).await;
    let mut slow = world.database.begin(&world.acme).await.expect("begin");
    slow.hold(&jobs[0]).await.expect("held").progress(50, "writing").await.expect("progress");

    let own = world.gate.extend_leases(&policy, &jobs).await.expect("extended");
    let extended = |job: &ClaimedJob| own.iter().find(|own| own.job == job.job_id()).map(|own| own.extended);
    assert_eq!((extended(&jobs[0]), extended(&jobs[1])), (Some(false), Some(true)));
    tokio::time::sleep(SHORT * 2).await;
    let again: Vec<JobId> = world.claim(&policy, 9).await.iter().map(ClaimedJob::job_id).collect();
    assert_eq!(again, [jobs[1].job_id()], "the held one is passed over although its lease ran out");
    slow.commit().await.expect("its owner wrote last");
}

#[tokio::test]
async fn jobs_of_a_suspended_tenant_wait_until_it_is_served_again() {
    let world = world!();
    let (tenant, policy) = (world.acme.tenant_id(), policy(LONG, 9));
    let job = world.enqueue(&world.acme, "sum").await;
    world.door.set_status(&reason(), tenant, Lifecycle::Suspended).await.expect("suspended");
    assert_eq!(world.claim(&policy, 9).await, []);
    world.door.set_status(&reason(), tenant, Lifecycle::Active).await.expect("resumed");
    assert_eq!(world.claim_one(&policy).await.job_id(), job);
}

#[tokio::test]
async fn a_flood_of_notifications_is_ten_hints_a_second_and_a_lost_connection_heals() {
    let world = world!();
    let hints = JobHints::listen(&world.gate);
    hints.next().await; // the listener is there
    let flood = async {
        for _ in 0..300 {
            let mut tx = world.database.begin(&world.globex).await.expect("begin");
            sqlx::query("SELECT pg_notify('tenancy_jobs', gen_random_uuid()::text)")
                .execute(&mut *tx)
                .await
                .expect("notified");
            tx.commit().await.expect("commit");
        }
    };
    let start = Instant::now();
    let mut heard = 0_u32;
    tokio::select! {
        () = flood => {}
        () = async { loop { hints.next().await; heard += 1; } } => {}
    }
    let most = 2 + u32::try_from(start.elapsed().as_millis() / 100).expect("a short time");
    assert!((1..=most).contains(&heard), "{heard} hints in {:?}", start.elapsed());

    world.as_admin("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '$db' AND query LIKE 'LISTEN%'").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    while tokio::time::timeout(Duration::from_millis(300), hints.next()).await.is_ok() {}
    tokio::time::sleep(Duration::from_millis(1500)).await;
    while tokio::time::timeout(Duration::from_millis(300), hints.next()).await.is_ok() {}
    world.enqueue(&world.acme, "sum").await;
    tokio::time::timeout(Duration::from_secs(5), hints.next()).await.expect("hears again");
}

#[cfg(feature = "apalis")]
mod engine {
    use super::*;
    use apalis_core::worker::builder::WorkerBuilder;
    use tenancy_core::BoxError;
    use tenancy_sqlx::jobs::LeasedJob;
    use tenancy_sqlx::jobs::engine::{EngineSettings, JobBackend};
    use tokio::sync::oneshot;
    use tokio::task::JoinHandle;

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
            let (gate, database, queue, mut told) =
                (gate.clone(), database.clone(), queue.clone(), told.clone());
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
        let world = world!();
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
        let world = world!();
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
        let world = world!();
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
}
