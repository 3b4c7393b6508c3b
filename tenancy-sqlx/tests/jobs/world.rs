//! A database with two tenants, and the few steps that every test takes in it.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::time::{Duration, Instant};

use serde_json::json;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tenancy_core::store::Directory;
use tenancy_core::{JobId, TenantContext, TenantId, TenantKey};
use tenancy_sqlx::embedded::{Binaries, Cluster, Install, TestDatabase};
use tenancy_sqlx::jobs::{
    Cancellation, ClaimPolicy, ClaimedJob, JobError, JobRecord, JobState, NewJob, WorkerName,
};
use tenancy_sqlx::{
    Gate, NewTenant, OperatorDoor, Passwords, Reason, Roles, Settings, TenantDatabase, migrate,
};

/// A migrated database of this test's own with two tenants in it.
pub(crate) struct World {
    pub(crate) server: TestDatabase,
    pub(crate) gate: Gate,
    pub(crate) database: TenantDatabase,
    pub(crate) door: OperatorDoor,
    pub(crate) acme: TenantContext,
    pub(crate) globex: TenantContext,
}

/// `None`, visibly, where there is no server to start; fails where everything is required.
pub(crate) async fn world() -> Option<World> {
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

pub(crate) fn reason() -> Reason {
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

pub(crate) fn policy(lease: Duration, tenant_cap: u16) -> ClaimPolicy {
    ClaimPolicy { worker: WorkerName::unique("test"), tenant_cap, lease }
}

pub(crate) const LONG: Duration = Duration::from_mins(1);
pub(crate) const SHORT: Duration = Duration::from_millis(300);

impl World {
    pub(crate) async fn enqueue(&self, context: &TenantContext, kind: &str) -> JobId {
        let mut tx = self.database.begin(context).await.expect("begin");
        let job = tx.enqueue(&NewJob::new(kind, json!({}))).await.expect("enqueued");
        tx.commit().await.expect("commit");
        job.job_id
    }

    pub(crate) async fn read(&self, context: &TenantContext, job: JobId) -> Option<JobRecord> {
        self.database.begin_read(context).await.expect("begin").job(job).await.expect("read")
    }

    pub(crate) async fn cancel(&self, context: &TenantContext, job: JobId) -> Cancellation {
        let mut tx = self.database.begin(context).await.expect("begin");
        let cancelled = tx.cancel(job).await.expect("an answer");
        tx.commit().await.expect("commit");
        cancelled
    }

    pub(crate) async fn claim(&self, policy: &ClaimPolicy, most: u16) -> Vec<ClaimedJob> {
        self.gate.claim(policy, most).await.expect("claimed")
    }

    pub(crate) async fn claim_one(&self, policy: &ClaimPolicy) -> ClaimedJob {
        self.claim(policy, 1).await.pop().expect("a job")
    }

    pub(crate) async fn done(&self, context: &TenantContext, job: &ClaimedJob) -> Result<(), JobError> {
        let mut tx = self.database.begin(context).await.expect("begin");
        tx.hold(job).await?.done(&json!({"answer": 42})).await?;
        tx.commit().await.expect("commit");
        Ok(())
    }

    pub(crate) async fn until(&self, context: &TenantContext, job: JobId, state: JobState) -> JobRecord {
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

    pub(crate) async fn as_admin(&self, sql: &str) {
        let mut admin =
            PgConnection::connect_with(&self.server.admin().database("postgres")).await.expect("admin");
        admin.execute(AssertSqlSafe(sql.replace("$db", self.server.name()))).await.expect("admin's sql");
    }
}
