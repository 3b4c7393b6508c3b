//! The only way to tenant tables: a pool that lends connections in tenants' transactions only.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use tenancy_core::{Catalogue, Clock, SystemClock, Tenant, TenantContext, TenantId};

use crate::boot;
use crate::conn::TenantConn;
use crate::error::{BeginError, ConnectError};
use crate::mode::Mode;
use crate::places::Places;
use crate::proof::{Policy, Verdict, Watch};
use crate::scope::Authority;
use crate::seal::{Seal, SealKey, check_seal};
use crate::session::Sessions;
use crate::statement::{self, Access, Begin};
use crate::tx::TenantTx;

/// How often a proved database is looked at.
const DRIFT: Duration = Duration::from_mins(1);

/// How [`TenantDatabase`] uses its pool.
#[derive(Clone)]
#[non_exhaustive]
pub struct Settings {
    /// What is between the program and the server, and what may be kept on a connection.
    pub mode: Mode,
    /// The most connections to hold.
    pub max_connections: u32,
    /// The plans, which say how many of them one tenant may hold at once.
    pub plans: Arc<Catalogue>,
    /// How long to wait for the tenant's turn, and then for a free one.
    pub acquire_timeout: Duration,
    /// How long one statement may take on the server.
    pub statement_timeout: Duration,
    /// The key that seals what is bound; `None` where the database is [unsealed](crate::seal).
    pub seal: Option<SealKey>,
    /// Tells when seals expire.
    pub clock: Arc<dyn Clock>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            max_connections: 10,
            plans: Arc::new(Catalogue::standard()),
            acquire_timeout: Duration::from_secs(10),
            statement_timeout: Duration::from_secs(30),
            seal: None,
            clock: Arc::new(SystemClock),
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("mode", &self.mode)
            .field("max_connections", &self.max_connections)
            .field("acquire_timeout", &self.acquire_timeout)
            .field("statement_timeout", &self.statement_timeout)
            .field("seal", &self.seal)
            .finish_non_exhaustive()
    }
}

/// Tenants' transactions on PostgreSQL. Cheap to clone.
///
/// It is not an sqlx executor and does not lend its pool: without a [`TenantContext`] there is no
/// statement.
#[derive(Clone)]
pub struct TenantDatabase {
    pool: PgPool,
    mode: Mode,
    sessions: Option<Arc<Sessions>>,
    places: Arc<Places>,
    plans: Arc<Catalogue>,
    statement_timeout: Duration,
    seal: Option<SealKey>,
    clock: Arc<dyn Clock>,
    watch: Option<Arc<Watch>>,
}

impl TenantDatabase {
    /// Connects with a URL such as `postgres://app_rw:…@host/database`. See [`Self::connect_with`].
    ///
    /// # Errors
    ///
    /// As [`Self::connect_with`]; [`ConnectError::Address`] for a URL that cannot be read.
    pub async fn connect(url: &str, settings: Settings) -> Result<Self, ConnectError> {
        let options =
            PgConnectOptions::from_str(url).map_err(|error| ConnectError::Address(error.to_string()))?;
        Self::connect_with(options, settings).await
    }

    /// Connects, and refuses a role that could step around the policies: a superuser, one with
    /// BYPASSRLS, an owner of tables, a member of another role. Where the database is sealed, it also
    /// tries the key and compares the clocks.
    ///
    /// # Errors
    ///
    /// [`ConnectError::Unsafe`] with the SQL that mends each finding, [`ConnectError::Seal`] when program
    /// and database do not agree about the seal, [`ConnectError::Pooler`] in [`Mode::Session`] behind a pooler,
    /// [`ConnectError::Database`] when the server cannot be used.
    pub async fn connect_with(options: PgConnectOptions, settings: Settings) -> Result<Self, ConnectError> {
        let Settings { mode, max_connections, plans, acquire_timeout, statement_timeout, seal, clock } =
            settings;
        let (options, sessions) = match mode {
            Mode::Transaction => (options, None),
            // A start-up parameter that poolers do not take.
            Mode::Pooler => (options.extra_float_digits(None), None),
            Mode::Session => {
                let sessions = Sessions::connect(options.clone(), max_connections, acquire_timeout).await?;
                (options, Some(sessions))
            }
        };
        let pool = pool(options, max_connections, acquire_timeout).await?;
        let findings = boot::check_role(&pool).await?;
        if !findings.is_empty() {
            return Err(ConnectError::Unsafe(findings));
        }
        check_seal(&pool, seal.as_ref(), &*clock).await?;
        let places = Arc::default();
        Ok(Self { pool, mode, sessions, places, plans, statement_timeout, seal, clock, watch: None })
    }

    /// Proves that the role can reach nothing but rows of the bound tenant ([`crate::proof`]), and goes on
    /// watching that nothing of it changes: every minute, and soon after every change that the database
    /// tells of. A change for the worse is logged, and [`Self::is_ready`] is false until it is mended.
    ///
    /// # Errors
    ///
    /// [`ConnectError::Unproved`] with the SQL that mends each finding, [`ConnectError::Database`] when the
    /// server cannot be asked.
    pub async fn prove(self, policy: Policy) -> Result<Self, ConnectError> {
        self.prove_every(DRIFT, policy).await
    }

    /// The same with another period between two looks.
    ///
    /// # Errors
    ///
    /// As [`Self::prove`].
    pub async fn prove_every(mut self, period: Duration, policy: Policy) -> Result<Self, ConnectError> {
        let (report, watch) = Watch::begin(&self.pool, policy, period).await?;
        if watch.is_refused() {
            return Err(ConnectError::Unproved(Box::new(report)));
        }
        if report.verdict == Verdict::Warn {
            tracing::warn!(%report, "tenants are kept apart, with reservations");
        }
        self.watch = Some(Arc::new(watch));
        Ok(self)
    }

    /// Begins a transaction bound to the context's tenant, in one message to the server.
    ///
    /// A tenant holds at most as many connections as its [plan](Settings::plans) says, and never the last one
    /// of the pool; its callers beyond that wait for each other, first come, first served, and keep no other
    /// tenant waiting. So whoever begins a second transaction before the first has ended may wait for itself.
    ///
    /// # Errors
    ///
    /// [`BeginError::Unavailable`] when there is no connection, [`BeginError::Busy`] when the tenant holds all
    /// of its own for too long.
    pub async fn begin(&self, context: &(impl Authority + ?Sized)) -> Result<TenantTx, BeginError> {
        self.start(Access::Write, context.context()).await
    }

    /// Begins a transaction that can only read: the server refuses to write with SQLSTATE 25006.
    ///
    /// There is nothing to commit: drop it. The rollback goes with the next use of the connection, so a
    /// read costs no more round trips than it would without a tenant. It may be served by a replica. In
    /// [`Mode::Session`] it costs fewer.
    ///
    /// # Errors
    ///
    /// As [`Self::begin`].
    pub async fn begin_read(&self, context: &(impl Authority + ?Sized)) -> Result<TenantTx, BeginError> {
        self.start(Access::Read, context.context()).await
    }

    /// Whether the server answers, and what was [proved](Self::prove) still holds.
    pub async fn is_ready(&self) -> bool {
        if self.watch.as_ref().is_some_and(|watch| watch.is_refused()) {
            return false;
        }
        self.on_a_live_connection(|| sqlx::raw_sql("SELECT 1").execute(&self.pool)).await.is_ok()
    }

    /// How its connections are made.
    pub(crate) fn connect_options(&self) -> PgConnectOptions {
        (*self.pool.connect_options()).clone()
    }

    /// Closes all connections; transactions under way finish first.
    pub async fn close(&self) {
        if let Some(sessions) = &self.sessions {
            sessions.close();
        }
        self.pool.close().await;
    }

    async fn start(&self, access: Access, context: &TenantContext) -> Result<TenantTx, BeginError> {
        let tenant = context.tenant_id();
        let most = self.places_of(context.tenant());
        let place = self.places.take(tenant, most, self.acquire_timeout());
        let place = place.await.ok_or(BeginError::Busy { tenant, most })?;
        let begun = match &self.sessions {
            Some(sessions) if access == Access::Read => self.lend(sessions, tenant).await,
            _ => self.open(access, tenant).await,
        };
        match begun {
            Ok(conn) => Ok(TenantTx::new(conn.holding(place))),
            Err(source) => Err(BeginError::Unavailable { tenant, source }),
        }
    }

    /// A transaction on a connection of the pool.
    async fn open(&self, access: Access, tenant: TenantId) -> sqlx::Result<TenantConn> {
        let begin = || async {
            let conn = self.pool.acquire().await?;
            let (seal, statement_timeout) = (self.seal_of(tenant), self.statement_timeout);
            TenantConn::begin(conn, &Begin { access, tenant, seal, statement_timeout }).await
        };
        let conn = self.on_a_live_connection(begin).await;
        Ok(conn?.preparing(self.mode != Mode::Pooler))
    }

    /// Tries until it meets no connection that died while it was idle: nothing has been done on such a one, so
    /// trying again is safe; after a restart of the server all of them are dead.
    async fn on_a_live_connection<T, F: Future<Output = sqlx::Result<T>>>(
        &self,
        attempt: impl Fn() -> F,
    ) -> sqlx::Result<T> {
        let mut answer = attempt().await;
        for _ in 0..self.pool.options().get_max_connections() {
            match &answer {
                Err(error) if was_dead(error) => answer = attempt().await,
                _ => break,
            }
        }
        answer
    }

    /// A session that is bound to the tenant.
    async fn lend(&self, sessions: &Arc<Sessions>, tenant: TenantId) -> sqlx::Result<TenantConn> {
        let bind = || statement::session(tenant, self.seal_of(tenant).as_ref(), self.statement_timeout);
        Ok(TenantConn::reading(sessions.lend(tenant, bind).await?, tenant))
    }

    fn seal_of(&self, tenant: TenantId) -> Option<Seal> {
        self.seal.as_ref().map(|key| key.seal(tenant, self.clock.now()))
    }

    /// How many connections a tenant may hold at once: its plan's, and never the pool's last one.
    fn places_of(&self, tenant: &Tenant) -> usize {
        let all = self.pool.options().get_max_connections();
        let most = self.plans.entitlements(tenant).connections().get();
        most.min(all.saturating_sub(1)).max(1) as usize
    }

    fn acquire_timeout(&self) -> Duration {
        self.pool.options().get_acquire_timeout()
    }
}

impl fmt::Debug for TenantDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantDatabase").field("connections", &self.pool.size()).finish_non_exhaustive()
    }
}

/// Whether the connection had ended before anything was asked of it. The server's farewell (SQLSTATE
/// 57P01 to 57P03) is read where the network delivers it, else the socket is closed.
pub(crate) fn was_dead(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) => true,
        sqlx::Error::Database(error) => matches!(error.code().as_deref(), Some("57P01" | "57P02" | "57P03")),
        _ => false,
    }
}

/// A pool without the ping before each use.
pub(crate) async fn pool(
    options: PgConnectOptions,
    most: u32,
    wait: Duration,
) -> Result<PgPool, sqlx::Error> {
    PgPoolOptions::new()
        .max_connections(most)
        .acquire_timeout(wait)
        .test_before_acquire(false)
        .connect_with(options)
        .await
}
