//! A database for each test, cloned from one that was prepared once.
//!
//! Migrating takes a second, copying files takes milliseconds. The first caller of a key prepares `tpl_<key>` while
//! all others, in whatever process, wait on an advisory lock; then everybody clones it. A clone does not inherit
//! what was granted on the database itself, hence the SQL that runs in every clone.
//!
//! On a user's server nothing may be left behind, so there the template belongs to one process and goes with the
//! last database cloned from it.

use super::Cluster;
use crate::embedded::address::Address;
use crate::embedded::error::{EmbeddedError, Result};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Weak};
use tokio::sync::Mutex;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The templates this process has seen ready.
#[derive(Debug)]
pub(super) struct Templates {
    /// Whether the server is thrown away with all that is on it.
    throw_away: bool,
    ready: Mutex<BTreeMap<String, Weak<Database>>>,
    kept: std::sync::Mutex<Vec<Arc<Database>>>,
}

impl Templates {
    pub(super) fn new(throw_away: bool) -> Self {
        Self { throw_away, ready: Mutex::default(), kept: std::sync::Mutex::default() }
    }
}

/// A database of one test. It is dropped with this value.
#[derive(Debug)]
pub struct TestDatabase {
    database: Database,
    _template: Arc<Database>,
}

impl TestDatabase {
    /// Its random name.
    pub fn name(&self) -> &str {
        &self.database.name
    }

    /// The superuser in it: for set-up, never for the code under test.
    pub fn admin(&self) -> PgConnectOptions {
        self.database.address.admin_in(self.name())
    }

    /// `role` in it.
    pub fn options_for(&self, role: &str, password: &str) -> PgConnectOptions {
        self.database.address.options_for(role, password, self.name())
    }

    /// `role` in it, as a `DATABASE_URL`.
    pub fn url_for(&self, role: &str, password: &str) -> String {
        self.database.address.url_for(role, password, self.name())
    }
}

impl Cluster {
    /// A database of its own for one test, cloned from the template of `key`.
    ///
    /// `prepare` gets the superuser in the empty template and runs once per cluster, so `key` must change whenever
    /// what it does changes. `after_clone` is SQL that the superuser runs in each clone: the grants on the database
    /// itself, which cloning drops.
    pub async fn database<Prepare, Prepared, E>(
        &self,
        key: &str,
        prepare: Prepare,
        after_clone: &str,
    ) -> Result<TestDatabase>
    where
        Prepare: FnOnce(PgConnectOptions) -> Prepared,
        Prepared: Future<Output = Result<(), E>>,
        E: Into<BoxError>,
    {
        let template = self.template(key, prepare).await?;
        let name = format!("test_{}", random()?);
        let mut admin = self.connect(&self.address().admin()).await?;
        let clone = format!("CREATE DATABASE \"{name}\" TEMPLATE \"{}\" STRATEGY FILE_COPY", template.name);
        execute(&mut admin, "clone the template database", clone).await?;
        let database =
            Database { name, address: self.address().clone(), wait: !self.inner.templates.throw_away };
        farewell(admin).await;
        let made = TestDatabase { database, _template: template };
        if !after_clone.trim().is_empty() {
            let mut inside = self.connect(&made.admin()).await?;
            execute(&mut inside, "run the grants of a cloned database", after_clone.to_owned()).await?;
            farewell(inside).await;
        }
        Ok(made)
    }

    async fn template<Prepare, Prepared, E>(&self, key: &str, prepare: Prepare) -> Result<Arc<Database>>
    where
        Prepare: FnOnce(PgConnectOptions) -> Prepared,
        Prepared: Future<Output = Result<(), E>>,
        E: Into<BoxError>,
    {
        let templates = &self.inner.templates;
        let mut ready = templates.ready.lock().await;
        if let Some(known) = ready.get(key).and_then(Weak::upgrade) {
            return Ok(known);
        }
        let name = if templates.throw_away { named(key) } else { format!("{}_{}", named(key), random()?) };
        let mut admin = self.connect(&self.address().admin()).await?;
        // Roles belong to the whole server: two preparations at once would trip over each other, whatever their key.
        execute(&mut admin, "wait for other test processes", "SELECT pg_advisory_lock(7310581)").await?;
        let exists: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
            .bind(&name)
            .fetch_one(&mut admin)
            .await
            .map_err(EmbeddedError::database("look for the template database"))?;
        if !exists {
            self.prepare(&mut admin, key, &name, prepare).await?;
        }
        // Ends the session, and with it the lock.
        farewell(admin).await;
        let template =
            Arc::new(Database { name, address: self.address().clone(), wait: !templates.throw_away });
        if templates.throw_away {
            templates.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(template.clone());
        }
        ready.insert(key.to_owned(), Arc::downgrade(&template));
        Ok(template)
    }

    /// Builds under another name, so that a killed process leaves nothing that looks finished.
    async fn prepare<Prepare, Prepared, E>(
        &self,
        admin: &mut PgConnection,
        key: &str,
        name: &str,
        prepare: Prepare,
    ) -> Result<()>
    where
        Prepare: FnOnce(PgConnectOptions) -> Prepared,
        Prepared: Future<Output = Result<(), E>>,
        E: Into<BoxError>,
    {
        let building = format!("{name}_new");
        let doing = "make the template database";
        let drop = format!("DROP DATABASE IF EXISTS \"{building}\" WITH (FORCE)");
        execute(admin, doing, drop.clone()).await?;
        execute(admin, doing, format!("CREATE DATABASE \"{building}\" TEMPLATE template0")).await?;
        if let Err(error) = prepare(self.address().admin_in(&building)).await {
            // The reason is worth more than a failure to clean up.
            let _ = execute(admin, doing, drop).await;
            return Err(EmbeddedError::Prepare { key: key.to_owned(), source: error.into() });
        }
        // A template that nobody can enter can always be copied. What `prepare` left open is closed.
        execute(admin, doing, format!("ALTER DATABASE \"{building}\" ALLOW_CONNECTIONS false")).await?;
        let close =
            format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{building}'");
        execute(admin, doing, close).await?;
        execute(admin, doing, format!("ALTER DATABASE \"{building}\" RENAME TO \"{name}\"")).await
    }

    async fn connect(&self, options: &PgConnectOptions) -> Result<PgConnection> {
        PgConnection::connect_with(options)
            .await
            .map_err(EmbeddedError::database("connect to the test server"))
    }
}

/// A database that goes with this value.
#[derive(Debug)]
struct Database {
    name: String,
    address: Address,
    /// Whether dropping waits until it is gone: on a server that outlives us.
    wait: bool,
}

impl Drop for Database {
    fn drop(&mut self) {
        let (options, name) = (self.address.admin(), std::mem::take(&mut self.name));
        // A thread of its own: the runtime of the test may be the one that is ending.
        let work = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
            runtime.block_on(async {
                let mut admin = PgConnection::connect_with(&options).await.ok()?;
                let drop = format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)");
                execute(&mut admin, "drop a test database", drop).await.ok()
            })
        });
        if self.wait {
            // Best effort: a database that is left names itself by its prefix.
            let _ = work.join();
        }
    }
}

async fn execute(connection: &mut PgConnection, doing: &'static str, sql: impl Into<String>) -> Result<()> {
    let statement = sqlx::raw_sql(AssertSqlSafe(sql.into()));
    statement.execute(connection).await.map(drop).map_err(EmbeddedError::database(doing))
}

async fn farewell(connection: PgConnection) {
    // Closing politely spares the server's log a line; that it may fail changes nothing.
    let _ = connection.close().await;
}

/// The template's name: readable, and different for keys that read the same.
fn named(key: &str) -> String {
    let mut hash = DefaultHasher::new();
    key.hash(&mut hash);
    let readable: String =
        key.chars().filter(char::is_ascii_alphanumeric).take(24).collect::<String>().to_ascii_lowercase();
    format!("tpl_{readable}_{:016x}", hash.finish())
}

fn random() -> Result<String> {
    let number = getrandom::u64().map_err(|error| EmbeddedError::command("reading random bytes", error))?;
    Ok(format!("{number:016x}"))
}
