//! A migrated database of a test's own with one protected table and rows of two tenants in it.
#![allow(dead_code, unused_imports, reason = "each suite uses its part of the kit")]

mod example;
mod pooler;
mod slow;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tenancy_core::TenantContext;
use tenancy_core::testing::context_with_id;
use tenancy_sqlx::embedded::{Binaries, Cluster, Install, TestDatabase};
use tenancy_sqlx::{Passwords, Roles, SealKey, Settings, TenantDatabase, migrate, seal};

pub(crate) use example::{example, said, url};

pub(crate) const ACME: &str = "018f2f4e-0000-7000-8000-00000000000a";
pub(crate) const GLOBEX: &str = "018f2f4e-0000-7000-8000-00000000000b";

const SCHEMA: &str = "
    SET ROLE app_owner;
    CREATE TABLE public.things (
        tenant_id uuid NOT NULL,
        id integer NOT NULL CHECK (id >= 0),
        name text NOT NULL,
        PRIMARY KEY (tenant_id, id)
    );
    RESET ROLE;
    SELECT tenancy.protect('public.things');
    INSERT INTO public.things (tenant_id, id, name)
    SELECT tenant::uuid, id, 'thing ' || id
    FROM unnest(ARRAY['018f2f4e-0000-7000-8000-00000000000a', '018f2f4e-0000-7000-8000-00000000000b']) AS tenant,
         generate_series(1, 3) AS id;";

/// One test's database.
pub(crate) struct Place {
    pub(crate) server: TestDatabase,
    cluster: Cluster,
}

/// Whether there is a server to start.
pub(crate) fn server_is_here() -> bool {
    let Err(error) = Binaries::find() else { return true };
    missing(format_args!("postgresql is required: {error}"));
    false
}

/// `None`, visibly, where there is no server to start.
pub(crate) async fn place() -> Option<Place> {
    if !server_is_here() {
        return None;
    }
    let cluster = Cluster::shared("tenancy", Install::Never).await.expect("a cluster");
    let password = cluster.role_password().to_owned();
    let mut schema = DefaultHasher::new();
    migrate::TENANCY.steps.iter().for_each(|step| step.sql.hash(&mut schema));
    SCHEMA.hash(&mut schema);
    let key = format!("things {:x}", schema.finish());
    let prepare = |admin: PgConnectOptions| prepare(admin, password.clone());
    let server =
        cluster.database(&key, prepare, "SELECT tenancy.grant_database()").await.expect("a database");
    Some(Place { server, cluster })
}

/// Says what is missing, where a test runner does not swallow it; fails where everything is required.
fn missing(what: std::fmt::Arguments<'_>) {
    assert!(std::env::var("TENANCY_REQUIRE").as_deref() != Ok("all"), "{what}");
    let _ = writeln!(std::io::stderr().lock(), "SKIPPED: {what}");
}

/// Migrates a database and makes its table.
pub(crate) async fn prepare(admin: PgConnectOptions, password: String) -> Result<(), migrate::MigrateError> {
    let mut admin = PgConnection::connect_with(&admin).await?;
    let passwords =
        Passwords { gate: password.clone(), rw: password.clone(), ops: password.clone(), migrator: password };
    migrate::migrate(&mut admin, &Roles::default(), Some(&passwords), &[]).await?;
    admin.execute(SCHEMA).await?;
    admin.close().await?;
    Ok(())
}

pub(crate) fn acme() -> TenantContext {
    context_with_id(ACME.parse().expect("an id"))
}

pub(crate) fn globex() -> TenantContext {
    context_with_id(GLOBEX.parse().expect("an id"))
}

/// Settings for a pool of one connection, so that the next borrower gets what the last one left.
pub(crate) fn one_connection() -> Settings {
    let mut settings = Settings::default();
    settings.max_connections = 1;
    settings
}

/// The same with a key.
pub(crate) fn sealed_with(key: &SealKey) -> Settings {
    let mut settings = one_connection();
    settings.seal = Some(key.clone());
    settings
}

/// A name that no other test has.
pub(crate) fn unique(prefix: &str) -> String {
    format!("{prefix}_{:016x}", getrandom::u64().expect("random bytes"))
}

impl Place {
    /// How to log in as a role of the cluster.
    pub(crate) fn login(&self, role: &str) -> PgConnectOptions {
        self.server.options_for(role, self.cluster.role_password())
    }

    /// The password of the cluster's roles.
    pub(crate) fn password(&self) -> &str {
        self.cluster.role_password()
    }

    /// The database as the application has it.
    pub(crate) async fn database(&self, settings: Settings) -> TenantDatabase {
        TenantDatabase::connect_with(self.login("app_rw"), settings).await.expect("the database")
    }

    /// Seals the database with this key.
    pub(crate) async fn seal(&self, key: &SealKey) {
        seal::install(&mut self.admin().await, key).await.expect("the key");
    }

    /// The same by way of a socket that holds back every answer.
    pub(crate) async fn slow_database(&self, settings: Settings) -> TenantDatabase {
        TenantDatabase::connect_with(self.slow_login().await, settings).await.expect("the database")
    }

    /// How to log in as the application by way of a socket that holds back every answer.
    pub(crate) async fn slow_login(&self) -> PgConnectOptions {
        let slow = slow::slow(&self.login("app_rw")).await;
        slow.username("app_rw").password(self.password()).database(self.server.name())
    }

    /// The application's login by way of a real pgbouncer that pools transactions over this many connections
    /// and ignores these start-up parameters; `None`, visibly, where there is no pgbouncer.
    pub(crate) async fn pooled(
        &self,
        connections: usize,
        ignored: &str,
    ) -> Option<(pooler::Pooler, PgConnectOptions)> {
        let server = self.login("app_rw");
        let pooler = pooler::Pooler::start(&server, self.password(), connections, ignored).await?;
        let login = pooler.login(&server, self.password());
        Some((pooler, login))
    }

    /// The application's login by way of a socket, and the view of what goes over it.
    pub(crate) async fn watched(&self) -> (PgConnectOptions, slow::Wire) {
        let (watched, wire) = slow::watched(&self.login("app_rw")).await;
        (watched.username("app_rw").password(self.password()).database(self.server.name()), wire)
    }

    /// A superuser's connection.
    pub(crate) async fn admin(&self) -> PgConnection {
        PgConnection::connect_with(&self.server.admin()).await.expect("a superuser's connection")
    }

    /// Runs SQL as a superuser.
    pub(crate) async fn run(&self, sql: impl Into<String>) {
        self.try_run(sql).await.expect("the superuser's SQL");
    }

    /// Runs SQL as a superuser, who may be refused.
    pub(crate) async fn try_run(&self, sql: impl Into<String>) -> sqlx::Result<()> {
        let mut admin = self.admin().await;
        let done = sqlx::raw_sql(AssertSqlSafe(sql.into())).execute(&mut admin).await;
        admin.close().await?;
        done.map(drop)
    }

    /// One text from a superuser's query.
    pub(crate) async fn text(&self, sql: impl Into<String>) -> String {
        let mut admin = self.admin().await;
        let answer = sqlx::query_scalar(AssertSqlSafe(sql.into())).fetch_one(&mut admin).await;
        answer.expect("the superuser's query")
    }
}
