//! A server that parallel test processes share and that nobody has to clean up.
//!
//! The first process of a user starts it in the temporary folder, the others join, and seconds after the last has
//! ended it is gone, even if all were killed ([`watchdog`]). It never flushes to disk. Each test takes a database
//! of its own ([`Cluster::database`]).
//!
//! With `TENANCY_TEST_ADMIN_URL` set nothing is started: the databases are made on that server and dropped again.

mod join;
mod template;
mod watchdog;

pub use template::TestDatabase;

use super::account::Account;
use super::address::Address;
use super::binaries::Binaries;
use super::command::off_the_runtime;
use super::error::{EmbeddedError, Result};
use super::install::Install;
use sqlx::{Connection, PgConnection};
use std::collections::BTreeMap;
use std::fs::File;
use std::sync::Arc;
use template::Templates;
use tokio::sync::Mutex;

/// A shared throw-away server, or the user's own. Clones are the same cluster.
#[derive(Clone)]
pub struct Cluster {
    inner: Arc<Inner>,
}

struct Inner {
    address: Address,
    role_password: String,
    templates: Templates,
    /// The write end that tells the watchdog this process still needs the server.
    _needed: Option<File>,
}

impl Cluster {
    /// Joins the cluster of this user and `key`, starting it if nobody has.
    ///
    /// Use one key per suite: it says whose roles are in the cluster. Within a process the same cluster is answered
    /// every time, and it stays until the process ends.
    pub async fn shared(key: &str, install: Install<'_>) -> Result<Self> {
        static JOINED: Mutex<BTreeMap<String, Cluster>> = Mutex::const_new(BTreeMap::new());
        let mut joined = JOINED.lock().await;
        if let Some(known) = joined.get(key) {
            return Ok(known.clone());
        }
        let cluster = match std::env::var("TENANCY_TEST_ADMIN_URL") {
            Ok(url) if !url.is_empty() => Self::of_user(&url).await?,
            _ => Self::join(key, install).await?,
        };
        joined.insert(key.to_owned(), cluster.clone());
        Ok(cluster)
    }

    async fn join(key: &str, install: Install<'_>) -> Result<Self> {
        let binaries = Binaries::find_or_install(install).await?;
        let account = Account::of_servers()?;
        let folder = join::folder(&binaries, account, key)?;
        let (needed, address, secret) =
            off_the_runtime(move || join::join(&binaries, account, &folder)).await?;
        Self::at(address, &secret, Some(needed)).await
    }

    async fn of_user(url: &str) -> Result<Self> {
        let options = url.parse().map_err(EmbeddedError::AdminUrl)?;
        Self::at(Address::of_options(options), url, None).await
    }

    async fn at(address: Address, secret: &str, needed: Option<File>) -> Result<Self> {
        let mut admin = PgConnection::connect_with(&address.admin())
            .await
            .map_err(EmbeddedError::database("connect to the test server"))?;
        let role_password =
            sqlx::query_scalar("SELECT encode(sha256(convert_to('roles:' || $1, 'UTF8')), 'hex')")
                .bind(secret)
                .fetch_one(&mut admin)
                .await
                .map_err(EmbeddedError::database("derive the password of the test roles"))?;
        // A farewell that fails changes nothing.
        let _ = admin.close().await;
        let templates = Templates::new(needed.is_some());
        Ok(Self { inner: Arc::new(Inner { address, role_password, templates, _needed: needed }) })
    }

    /// How to connect to the server itself.
    pub fn address(&self) -> &Address {
        &self.inner.address
    }

    /// A password for roles that all processes on this cluster share; nobody else can know it.
    pub fn role_password(&self) -> &str {
        &self.inner.role_password
    }
}

/// Without the password.
impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster").field("address", self.address()).finish_non_exhaustive()
    }
}
