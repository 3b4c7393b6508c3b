//! The core's stores on PostgreSQL, through the gate.
//!
//! The gate is a small pool of a role that has no right on any table: it may ask a fixed list of
//! functions, those that need no tenant yet. Resolver, authenticator and worker hold it; a handler
//! never does.

mod credential;
mod directory;
mod invitation;
mod operator_session;
mod password;
mod refresh;
mod session;
mod standing;
mod watch;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool};
use tenancy_core::{Clock, StoreError, SystemClock};

use crate::boot;
use crate::database::pool;
use crate::error::ConnectError;
use crate::migrate::Schema;
use directory::Near;
use standing::Standings;

pub use credential::OperatorCredential;
pub use directory::DirectoryMemory;
pub use invitation::{Accepted, Invited, NewPerson};
pub use operator_session::OperatorIdentity;
pub use password::Addressee;
pub use refresh::Rotation;
pub(crate) use session::interval;

/// What may be asked before a tenant is known. Cheap to clone.
#[derive(Clone)]
pub struct Gate {
    pub(crate) pool: PgPool,
    near: Arc<Near>,
    standings: Arc<Standings>,
}

impl Gate {
    /// Connects as the gate's role and refuses one that could do more.
    ///
    /// # Errors
    ///
    /// [`ConnectError::Unsafe`] with the SQL that mends each finding, [`ConnectError::Database`] when
    /// the server cannot be used.
    pub async fn connect_with(options: PgConnectOptions) -> Result<Self, ConnectError> {
        Self::connect_with_clock(options, Arc::new(SystemClock)).await
    }

    /// The same with a clock of the caller's, by which remembered tenants are forgotten.
    ///
    /// # Errors
    ///
    /// As [`Self::connect_with`].
    pub async fn connect_with_clock(
        options: PgConnectOptions,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ConnectError> {
        let pool = pool(options, 8, Duration::from_secs(5)).await?;
        let findings = boot::check_role(&pool).await?;
        if !findings.is_empty() {
            return Err(ConnectError::Unsafe(findings));
        }
        let standings = Arc::new(Standings::new(Arc::clone(&clock)));
        let near = Arc::new(Near::new(clock));
        watch::watch(&near, &pool);
        Ok(Self { pool, near, standings })
    }

    /// Refuses a database that is at another version than `schema` leads to.
    ///
    /// # Errors
    ///
    /// [`ConnectError::Schema`] with both versions and what to do.
    pub async fn require(&self, schema: &Schema) -> Result<(), ConnectError> {
        schema.check(&self.pool).await
    }

    /// Whether the server answers.
    pub async fn is_ready(&self) -> bool {
        sqlx::query_scalar::<_, i32>("SELECT 1").fetch_one(&self.pool).await.is_ok()
    }

    /// Closes all connections.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").field("connections", &self.pool.size()).finish_non_exhaustive()
    }
}

/// A driver's error as the core sees it.
pub(crate) fn unavailable(error: sqlx::Error) -> StoreError {
    StoreError::unavailable(error)
}

/// A stored text that must be one of a few.
fn parse<T: std::str::FromStr<Err: fmt::Display>>(text: &str) -> Result<T, StoreError> {
    text.parse().map_err(|error| StoreError::Corrupt(format!("{error}")))
}
