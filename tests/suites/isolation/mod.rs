//! Two tenants with data of their own, and every way from one to the other that we know: over HTTP,
//! over SQL in a tenant's transaction, and as the raw roles of the database.

mod adopter;
mod attack;
mod boot;
mod catalog;
mod checked;
mod http;
mod proof;
mod roles;
mod sql;
mod writes;

use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use tenancy_core::{Role, TenantContext};
use tenancy_sqlx::{Settings, TenantDatabase};
use tests::World;
use tests::world::{LOGO, seal_key};
use uuid::Uuid;

/// Every table that tenants keep something in.
const TABLES: [&str; 10] = [
    "data_sources",
    "uploads",
    "marketing_data",
    "jobs",
    "mmm_models",
    "campaigns",
    "social_accounts",
    "tenant_settings",
    "brand_logos",
    LEDGER,
];
/// The application may add to it and read it, and do nothing else.
const LEDGER: &str = "usage_events";

/// What tenants' people did: rows are added and read, and nothing changes them.
const LOGS: [&str; 2] = ["audit_logs", "tenant_activity"];

/// One tenant as the probes see it.
struct Side {
    context: TenantContext,
    source: Uuid,
    run: Uuid,
}

impl Side {
    fn id(&self) -> Uuid {
        self.context.tenant_id().as_uuid()
    }
}

/// A tenant with rows in every table: a source, a waiting file and a run that nobody starts.
async fn side(world: &World, tenant: &str) -> Side {
    let owner = world.signed_in(tenant, Role::Owner).await;
    let source = owner.ready_source(&World::example(), None).await;
    owner.propose(&World::example(), "waiting.csv").await;
    owner.made("/api/campaigns", &serde_json::json!({ "name": "spring" })).await;
    let account = serde_json::json!({ "network": "x", "handle": "@spring" });
    owner.made("/api/social-accounts", &account).await;
    owner.patch_json("/tenant/settings", &serde_json::json!({ "invitation_hours": 24 })).await;
    owner.put_logo(LOGO).await;
    let run = owner.start_run(&source).await;
    let context = world.context(tenant).await;
    Side { context, source: source.parse().expect("an id"), run: run.parse().expect("an id") }
}

/// A world with rows in every table of both tenants.
async fn two_sides() -> (World, Side, Side) {
    let world = World::start().await;
    let (acme, globex) = (side(&world, "acme").await, side(&world, "globex").await);
    (world, acme, globex)
}

/// The application's way to a world's database, on a pool of its own.
async fn database(world: &World) -> TenantDatabase {
    let mut settings = Settings::default();
    settings.max_connections = 2;
    settings.acquire_timeout = Duration::from_secs(10);
    settings.seal = Some(seal_key());
    TenantDatabase::connect_with(world.options_for("app_rw"), settings).await.expect("app_rw may connect")
}

/// The raw login of the application, without anything of ours around it.
async fn raw(world: &World, role: &str) -> PgConnection {
    PgConnection::connect_with(&world.options_for(role)).await.expect("a login")
}

/// Runs as a superuser: for what a test breaks on purpose.
async fn as_admin(world: &World, sql: &str) {
    world.admin().await.execute(AssertSqlSafe(sql.to_owned())).await.expect("the superuser may");
}

/// The SQLSTATE with which a statement failed; `None` where it did not, or not at the server.
fn state<T>(result: &Result<T, sqlx::Error>) -> Option<String> {
    match result {
        Err(sqlx::Error::Database(error)) => error.code().map(Into::into),
        _ => None,
    }
}

/// What `mine` can see or change of `other`'s rows. Empty where the tenants are apart; the tests that
/// remove a guard show that it is not always empty.
async fn leaks(database: &TenantDatabase, mine: &Side, other: &Side) -> Vec<String> {
    let mut found = Vec::new();
    for table in TABLES {
        let mut tx = database.begin(&mine.context).await.expect("a transaction");
        let seen: i64 =
            sqlx::query_scalar(AssertSqlSafe(format!("SELECT count(*) FROM {table} WHERE tenant_id = $1")))
                .bind(other.id())
                .fetch_one(&mut *tx)
                .await
                .expect("a count");
        let strangers: i64 =
            sqlx::query_scalar(AssertSqlSafe(format!("SELECT count(*) FROM {table} WHERE tenant_id <> $1")))
                .bind(mine.id())
                .fetch_one(&mut *tx)
                .await
                .expect("a count");
        if seen + strangers > 0 {
            found.push(format!("{table}: reads {seen} rows"));
        }
        drop(tx);
        let updated = format!("UPDATE {table} SET tenant_id = tenant_id WHERE tenant_id = $1");
        let deleted = format!("DELETE FROM {table} WHERE tenant_id = $1");
        let merged = format!(
            "MERGE INTO {table} t USING (VALUES ($1::uuid)) s (tenant) ON t.tenant_id = s.tenant WHEN MATCHED THEN DELETE"
        );
        for sql in [updated, deleted, merged] {
            let mut tx = database.begin(&mine.context).await.expect("a transaction");
            match sqlx::query(AssertSqlSafe(sql.clone())).bind(other.id()).execute(&mut *tx).await {
                Ok(done) if done.rows_affected() == 0 => {}
                Ok(done) => found.push(format!("{sql}: {} rows", done.rows_affected())),
                Err(sqlx::Error::Database(e)) if table == LEDGER && e.code().as_deref() == Some("42501") => {}
                Err(error) => found.push(format!("{sql}: reached a row: {error}")),
            }
        }
    }
    found
}
