//! Connections that stay bound to a tenant: what [`Mode::Session`](crate::Mode::Session) reads on.
//!
//! | who asks                                | gets                                   | round trips      |
//! |-----------------------------------------|----------------------------------------|------------------|
//! | the tenant that a free one is bound to  | that one                               | 0                |
//! | another, while fewer are open than may be | a new one                            | as many as login |
//! | another                                 | the one that nobody has used longest   | 1, which binds it |
//!
//! A binding is renewed after twenty seconds, long before its seal expires; that is also when a dead
//! connection is noticed. Binding forgets every setting that was made since.
//!
//! A pooler would lend the same connection to others, tenant and all. So every connection is made with a
//! word of its own among its start-up options, and is refused unless the server knows that word: a pooler
//! refuses such options, or leaves them out.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, Connection, Executor, SqlSafeStr};
use tenancy_core::TenantId;
use tokio::sync::{Mutex as Slot, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::database::was_dead;
use crate::error::ConnectError;
use crate::places::Place;

/// How long a binding is relied on: a seal lasts longer even where the clocks differ most.
const FRESH: Duration = Duration::from_secs(20);

/// What a connection says that a pooler lent.
const NOT_DIRECT: &str = "the server does not know the word that this connection was made with";

/// The connections.
pub(crate) struct Sessions {
    options: PgConnectOptions,
    wait: Duration,
    slots: Mutex<Vec<Arc<Slot<Session>>>>,
    may_use: Arc<Semaphore>,
    may_open: Arc<Semaphore>,
}

/// One of them.
struct Session {
    conn: PgConnection,
    bound: Option<(TenantId, Instant)>,
    used: Instant,
    /// Something may still be under way on it.
    unsettled: bool,
    _open: OwnedSemaphorePermit,
}

type Held = (Arc<Slot<Session>>, OwnedMutexGuard<Session>);

/// A session in use; free again when it is dropped.
pub(crate) struct Lease {
    session: OwnedMutexGuard<Session>,
    slot: Arc<Slot<Session>>,
    sessions: Arc<Sessions>,
    permit: Option<OwnedSemaphorePermit>,
}

impl Sessions {
    /// At most this many, of which the first is made now to see that no pooler is between.
    pub(crate) async fn connect(
        options: PgConnectOptions,
        most: u32,
        wait: Duration,
    ) -> Result<Arc<Self>, ConnectError> {
        let most = || Arc::new(Semaphore::new(most as usize));
        let this = Self { options, wait, slots: Mutex::default(), may_use: most(), may_open: most() };
        let permit = Arc::clone(&this.may_open).acquire_owned().await.map_err(|_| sqlx::Error::PoolClosed)?;
        match this.open(permit).await {
            Ok(first) => drop(this.keep(first).await),
            // 08P01: a start-up option that is not taken.
            Err(sqlx::Error::Database(e)) if e.code().as_deref() == Some("08P01") => {
                return Err(ConnectError::Pooler);
            }
            Err(sqlx::Error::Protocol(said)) if said == NOT_DIRECT => return Err(ConnectError::Pooler),
            Err(error) => return Err(error.into()),
        }
        Ok(Arc::new(this))
    }

    /// A session that is bound to this tenant; `sql` binds it where it is not yet.
    pub(crate) async fn lend(
        self: &Arc<Self>,
        tenant: TenantId,
        sql: impl Fn() -> String,
    ) -> sqlx::Result<Lease> {
        let permit = timeout(self.wait, Arc::clone(&self.may_use).acquire_owned()).await;
        let mut permit =
            permit.map_err(|_| sqlx::Error::PoolTimedOut)?.map_err(|_| sqlx::Error::PoolClosed)?;
        loop {
            let (slot, session) = self.pick(tenant).await?;
            let mut lease = Lease { session, slot, sessions: Arc::clone(self), permit: Some(permit) };
            let Err(error) = lease.session.bind(tenant, &sql).await else { return Ok(lease) };
            lease.close();
            // One that had died while it was idle: nothing was asked of it, and another can be.
            match lease.permit.take() {
                Some(again) if was_dead(&error) => permit = again,
                _ => return Err(error),
            }
        }
    }

    /// Closes those that are free, and all others when they become free.
    pub(crate) fn close(&self) {
        self.may_use.close();
        self.slots().clear();
    }

    async fn pick(&self, tenant: TenantId) -> sqlx::Result<Held> {
        loop {
            if let Some((slot, session)) = self.free(tenant)
                && (session.is_bound_to(tenant) || self.may_open.available_permits() == 0)
            {
                return Ok((slot, session));
            }
            match Arc::clone(&self.may_open).try_acquire_owned() {
                Ok(permit) => return Ok(self.keep(self.open(permit).await?).await),
                // There are as many as may be, and one of them is about to be free.
                Err(_) => tokio::task::yield_now().await,
            }
        }
    }

    /// A free session: the tenant's own if there is one, else the one that nobody has used longest.
    fn free(&self, tenant: TenantId) -> Option<Held> {
        let slots = self.slots();
        let free = slots.iter().filter_map(|slot| {
            let session = Arc::clone(slot).try_lock_owned().ok()?;
            (!session.unsettled).then(|| (Arc::clone(slot), session))
        });
        free.min_by_key(|(_, session)| (!session.is_bound_to(tenant), session.used))
    }

    async fn keep(&self, session: Session) -> Held {
        let slot = Arc::new(Slot::new(session));
        let held = Arc::clone(&slot).lock_owned().await;
        self.slots().push(Arc::clone(&slot));
        (slot, held)
    }

    fn forget(&self, slot: &Arc<Slot<Session>>) {
        self.slots().retain(|kept| !Arc::ptr_eq(kept, slot));
    }

    async fn open(&self, open: OwnedSemaphorePermit) -> sqlx::Result<Session> {
        let mut word = [0_u8; 16];
        getrandom::fill(&mut word).map_err(|error| sqlx::Error::Io(error.into()))?;
        let word = format!("{:032x}", u128::from_ne_bytes(word));
        let options = self.options.clone().options([("app.direct", &word)]);
        let mut conn = PgConnection::connect_with(&options).await?;
        let known: Option<String> =
            sqlx::query_scalar("SELECT current_setting('app.direct', true)").fetch_one(&mut conn).await?;
        if known.as_ref() != Some(&word) {
            return Err(sqlx::Error::Protocol(NOT_DIRECT.to_owned()));
        }
        Ok(Session { conn, bound: None, used: Instant::now(), unsettled: false, _open: open })
    }

    fn slots(&self) -> MutexGuard<'_, Vec<Arc<Slot<Session>>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    fn is_bound_to(&self, tenant: TenantId) -> bool {
        self.bound.is_some_and(|(to, since)| to == tenant && since.elapsed() < FRESH)
    }

    async fn bind(&mut self, tenant: TenantId, sql: impl Fn() -> String) -> sqlx::Result<()> {
        self.used = Instant::now();
        if self.is_bound_to(tenant) {
            return Ok(());
        }
        // Dropped half way it is bound to nobody that is known here.
        (self.bound, self.unsettled) = (None, true);
        self.conn.execute(AssertSqlSafe(sql()).into_sql_str()).await?;
        (self.bound, self.unsettled) = (Some((tenant, self.used)), false);
        Ok(())
    }
}

impl Lease {
    pub(crate) fn conn(&self) -> &PgConnection {
        &self.session.conn
    }

    pub(crate) fn conn_mut(&mut self) -> &mut PgConnection {
        &mut self.session.conn
    }

    /// Is not used again: what the server has done on it is not known.
    pub(crate) fn close(&mut self) {
        self.sessions.forget(&self.slot);
    }

    /// Waits, without the caller, until nothing is under way any more; `place` is the tenant's until then.
    pub(crate) fn settle(&mut self, place: Option<Place>) {
        self.session.unsettled = true;
        let (slot, sessions, permit) =
            (Arc::clone(&self.slot), Arc::clone(&self.sessions), self.permit.take());
        tokio::spawn(async move {
            let mut session = Arc::clone(&slot).lock_owned().await;
            match session.conn.ping().await {
                Ok(()) => session.unsettled = false,
                Err(_) => sessions.forget(&slot),
            }
            drop((session, permit, place));
        });
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // Dropped while it was being bound.
        if self.session.unsettled && self.permit.is_some() {
            self.close();
        }
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").field("open", &self.slots().len()).finish_non_exhaustive()
    }
}
