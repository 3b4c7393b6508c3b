//! The worker on a real server: two tenants, a real fit, handlers that panic, and a stop.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection as _, PgConnection};
use tenancy_core::store::Directory as _;
use tenancy_core::{JobId, TenantContext, TenantId, TenantKey};
use tenancy_sqlx::embedded::{Binaries, Cluster, Install, TestDatabase};
use tenancy_sqlx::jobs::{ClaimPolicy, JobState, NewJob, WorkerName};
use tenancy_sqlx::{Gate, NewTenant, OperatorDoor, Passwords, Reason, Roles, TenantDatabase, migrate};
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::*;
use crate::analysis::{self, Analysis, AnalysisHandler, ModelChoice};
use crate::data::store::save_source;
use crate::ingest::{Channel, Frequency, Series, Source, Validated};
use crate::platform::SCHEMA;

struct World {
    _server: TestDatabase,
    gate: Gate,
    database: TenantDatabase,
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
    let cluster = Cluster::shared("tenancy", Install::Never).await.unwrap();
    let password = cluster.role_password().to_owned();
    let mut schema = DefaultHasher::new();
    let steps = migrate::TENANCY.steps.iter().chain(SCHEMA.steps);
    steps.for_each(|step| step.sql.hash(&mut schema));
    let key = format!("worker {:x}", schema.finish());
    let prepare = |admin: PgConnectOptions| prepare(admin, password.clone());
    let server = cluster.database(&key, prepare, "SELECT tenancy.grant_database()").await.unwrap();
    let login = |role| server.options_for(role, cluster.role_password());
    let gate = Gate::connect_with(login("app_gate")).await.unwrap();
    let database =
        TenantDatabase::connect_with(login("app_rw"), tenancy_sqlx::Settings::default()).await.unwrap();
    let door = OperatorDoor::connect_with(login("app_ops")).await.unwrap();
    let acme = tenant(&door, &gate, "acme").await;
    let globex = tenant(&door, &gate, "globex").await;
    Some(World { _server: server, gate, database, acme, globex })
}

async fn prepare(admin: PgConnectOptions, password: String) -> Result<(), migrate::MigrateError> {
    let mut admin = PgConnection::connect_with(&admin).await?;
    let (gate, rw, ops) = (password.clone(), password.clone(), password.clone());
    let passwords = Passwords { gate, rw, ops, migrator: password };
    migrate::migrate(&mut admin, &Roles::default(), Some(&passwords), &[SCHEMA]).await
}

async fn tenant(door: &OperatorDoor, gate: &Gate, slug: &str) -> TenantContext {
    let id = TenantId::new();
    let (slug, name, plan) = (slug.parse().unwrap(), slug.to_owned(), "starter".parse().unwrap());
    let reason = Reason::new("test", "needs two tenants").unwrap();
    door.create_tenant(&reason, &NewTenant { id, slug, name, plan, settings: json!({}) }).await.unwrap();
    TenantContext::for_request(gate.find(&TenantKey::Id(id)).await.unwrap().unwrap()).unwrap()
}

/// Two years of weeks in which one channel works and the other is noise.
fn source() -> Source {
    let start = jiff::civil::date(2023, 1, 2);
    let weeks = 104;
    let wave = |n: usize, period: f64| 0.5 + 0.5 * (n as f64 * std::f64::consts::TAU / period).sin();
    let tv: Vec<f64> = (0..weeks).map(|n| if n % 5 == 0 { 100.0 * wave(n, 17.0) } else { 0.0 }).collect();
    let search: Vec<f64> = (0..weeks).map(|n| 20.0 + 30.0 * wave(n * n, 7.3)).collect();
    let kpi = (0..weeks)
        .map(|n| 400.0 + 3.0 * tv[n] / (1.0 + tv[n] / 80.0) + 2.0 * search[n] + 9.0 * wave(n * 31, 5.1));
    Source {
        frequency: Frequency::Weekly,
        dates: start.series(jiff::Span::new().weeks(1)).take(weeks).collect(),
        kpi: Series { name: "sales".to_owned(), values: kpi.collect() },
        channels: vec![
            Channel { name: "tv".to_owned(), spend: tv, exposure: None },
            Channel { name: "search".to_owned(), spend: search, exposure: None },
        ],
        organic: Vec::new(),
        controls: Vec::new(),
        kpi_value: Some(2.0),
        geos: None,
    }
}

fn columns(source: &Source) -> Vec<crate::ingest::ColumnRole> {
    let column = |name: &str, role: &str| {
        serde_json::from_value(json!({"name": name, "type": "number", "role": role})).unwrap()
    };
    let channels = source.channels.iter().map(|channel| column(&channel.name, "media_spend"));
    [column("week", "date"), column(&source.kpi.name, "kpi")].into_iter().chain(channels).collect()
}

impl World {
    async fn source(&self, context: &TenantContext, source: Source) -> Uuid {
        let (id, columns) = (Uuid::now_v7(), columns(&source));
        let mut tx = self.database.begin(context).await.unwrap();
        let validated = Validated { source, columns, warnings: Vec::new() };
        save_source(&mut tx, id, "example.csv", &validated, None).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    async fn start(&self, context: &TenantContext, source: Uuid) -> JobId {
        let mut tx = self.database.begin(context).await.unwrap();
        let id = analysis::start(&mut tx, context, source, Some(7), ModelChoice::default()).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    async fn enqueue(&self, context: &TenantContext, kind: &str) -> JobId {
        let mut tx = self.database.begin(context).await.unwrap();
        let job = tx.enqueue(&NewJob::new(kind, json!({}))).await.unwrap();
        tx.commit().await.unwrap();
        job.job_id
    }

    async fn read(&self, context: &TenantContext, id: JobId) -> Option<Analysis> {
        let mut tx = self.database.begin_read(context).await.unwrap();
        analysis::read(&mut tx, id).await.unwrap()
    }

    /// Polls as a client does, every 50 ms, until the job has ended; everything it saw.
    async fn watch(&self, context: &TenantContext, id: JobId) -> Vec<(JobState, u8, Option<String>)> {
        let (start, mut seen) = (Instant::now(), Vec::new());
        loop {
            let mut tx = self.database.begin_read(context).await.unwrap();
            let job = tx.job(id).await.unwrap().unwrap();
            let news = (job.state, job.percent, job.reason.or(job.stage));
            if seen.last() != Some(&news) {
                seen.push(news);
            }
            if job.state.is_final() {
                return seen;
            }
            assert!(start.elapsed() < Duration::from_mins(1), "{seen:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn reason(&self, context: &TenantContext, id: JobId) -> String {
        let seen = self.watch(context, id).await;
        match seen.last() {
            Some((JobState::Failed, _, Some(reason))) => reason.clone(),
            _ => panic!("not failed: {seen:?}"),
        }
    }

    fn work(&self, settings: Settings) -> (JoinHandle<()>, Stop) {
        let stop = Stop::default();
        let handlers: Vec<Arc<dyn Handler>> =
            vec![Arc::new(AnalysisHandler::new(&settings)), Arc::new(Panics), Arc::new(Sleeps)];
        let working = work(self.gate.clone(), self.database.clone(), handlers, settings, stop.wait());
        (tokio::spawn(working), stop)
    }
}

struct Panics;
impl Handler for Panics {
    fn kind(&self) -> &'static str {
        "panics"
    }

    fn run<'a>(&'a self, _: &'a Work) -> HandlerFuture<'a> {
        panic!("on purpose")
    }
}

/// Works until it is halted.
struct Sleeps;
impl Handler for Sleeps {
    fn kind(&self) -> &'static str {
        "sleeps"
    }

    fn run<'a>(&'a self, work: &'a Work) -> HandlerFuture<'a> {
        Box::pin(async {
            work.progress(10, "sleeping").await?;
            work.halt().said().await;
            Err(WorkError::Halted)
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_goes_from_queued_to_results_and_stays_its_tenants() {
    let Some(world) = world().await else { return };
    let (working, stop) = world.work(Settings::default());
    let source_id = world.source(&world.acme, source()).await;
    let begun = Instant::now();
    let id = world.start(&world.acme, source_id).await;
    let seen = world.watch(&world.acme, id).await;
    let _ = writeln!(std::io::stderr().lock(), "a run took {:?}: {seen:?}", begun.elapsed());
    assert!(seen.windows(2).all(|pair| pair[0].1 <= pair[1].1), "percent never falls: {seen:?}");

    let done = world.read(&world.acme, id).await.expect("the run");
    assert_eq!((done.run.state, done.run.percent, done.run.source_id), (JobState::Done, 100, source_id));
    assert_eq!(done.run.dataset_hash.as_ref().map(String::len), Some(64));
    let summary: mmm_core::artifact::Summary = serde_json::from_value(done.results.clone().unwrap()).unwrap();
    assert_eq!(done.run.converged, Some(summary.convergence.converged));
    assert_eq!(summary.channels.len(), if summary.convergence.converged { 2 } else { 0 });
    let answer = serde_json::to_value(&done).unwrap();
    assert_eq!(
        (&answer["state"], &answer["percent"], &answer["reason"]),
        (&json!("done"), &json!(100), &json!(null))
    );

    assert_eq!(world.read(&world.globex, id).await, None);
    let mut tx = world.database.begin(&world.globex).await.unwrap();
    assert_eq!(analysis::list(&mut tx, None).await.unwrap(), []);
    let foreign = analysis::start(&mut tx, &world.globex, source_id, None, ModelChoice::default()).await;
    assert!(matches!(foreign, Err(analysis::StartError::UnknownSource)), "{foreign:?}");
    drop(tx);
    stop.now();
    working.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_fails_with_a_reason_and_the_worker_lives() {
    let Some(world) = world().await else { return };
    let (_working, _stop) = world.work(Settings::default());
    let panics = world.enqueue(&world.acme, "panics").await;
    assert!(world.reason(&world.acme, panics).await.contains("made a mistake"));
    let unknown = world.enqueue(&world.globex, "paints").await;
    assert!(world.reason(&world.globex, unknown).await.contains("\"paints\""));

    let mut constant = source();
    constant.channels[1].spend.fill(5.0);
    let constant = world.source(&world.acme, constant).await;
    let run = world.start(&world.acme, constant).await;
    let reason = world.reason(&world.acme, run).await;
    assert!(reason.starts_with("This data cannot be fitted: column \"search\""), "{reason}");
    assert_eq!(world.read(&world.acme, run).await.unwrap().run.converged, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_kills_three_workers_is_given_up() {
    let Some(world) = world().await else { return };
    let job = world.enqueue(&world.acme, "sleeps").await;
    for _ in 0..3 {
        let worker = WorkerName::unique("dies");
        let policy = ClaimPolicy { worker, tenant_cap: 2, lease: Duration::from_millis(50) };
        assert_eq!(world.gate.claim(&policy, 1).await.unwrap().len(), 1);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let (_working, _stop) = world.work(Settings::default());
    assert!(world.reason(&world.acme, job).await.contains("3 times"));
}

#[tokio::test(flavor = "multi_thread")]
async fn work_is_halted_when_its_lease_runs_out() {
    let Some(world) = world().await else { return };
    let lease = Duration::from_millis(300);
    let (_working, _stop) =
        world.work(Settings { lease, heartbeat: Duration::from_hours(1), ..Settings::default() });
    let begun = Instant::now();
    let job = world.enqueue(&world.acme, "sleeps").await;
    // Nobody extends the lease, so every attempt is lost: had the work gone on, its slot would be taken.
    let reason = world.reason(&world.acme, job).await;
    assert!(reason.contains("3 times"), "{reason}");
    assert!(begun.elapsed() >= 3 * lease, "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_gives_the_job_back_at_once_and_shows_it_as_queued() {
    let Some(world) = world().await else { return };
    let (working, stop) = world.work(Settings::default());
    let job = world.enqueue(&world.acme, "sleeps").await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let begun = Instant::now();
    stop.now();
    working.await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    let mut tx = world.database.begin(&world.acme).await.unwrap();
    let record = tx.job(job).await.unwrap().unwrap();
    assert_eq!((record.state, record.percent, record.stage), (JobState::Queued, 0, None));
    let policy =
        ClaimPolicy { worker: WorkerName::unique("next"), tenant_cap: 2, lease: Duration::from_mins(1) };
    assert_eq!(world.gate.claim(&policy, 1).await.unwrap()[0].losses(), 0);
}
