//! The seal: proof that a tenant was bound by somebody who knows a key, not by SQL.
//!
//! A policy that trusts a setting falls to one injected `SELECT set_config('app.tenant_id', …)`. With a
//! key in the database (see [`install`] and [`rotate`]) `tenancy.current_tenant()` also wants
//! `app.tenant_seal`, an HMAC-SHA256 over key, tenant and expiry, and raises SQLSTATE 28000 for one
//! that is missing, forged, another tenant's, expired, or made with a revoked key.
//!
//! | who                                   | knows                                    |
//! |---------------------------------------|------------------------------------------|
//! | the application ([`crate::Settings`]) | the key, from `TENANCY_SEAL_KEY`         |
//! | `tenancy.current_tenant()`            | the key, in a table nobody else can read |
//! | the role `app_rw`, and injected SQL   | seals of its own tenant, for a minute    |
//!
//! Without any key the database is *unsealed*: isolation then rests on the policies and on what a
//! [`crate::TenantTx`] refuses to send, and SQL that was injected into a statement can bind another
//! tenant. Connecting refuses a program and a database that do not agree about this.
//!
//! Keys are changed without a pause: [`rotate`] lets both be used, processes are given the new one, and
//! the old one ends by itself.

mod agree;
mod key;

use std::time::Duration;

use sqlx::{Connection as _, PgConnection};

pub(crate) use agree::check_seal;
pub(crate) use key::Seal;
pub use key::{SealKey, SealKeyError};

/// How long a seal lasts: long enough to begin a transaction with it.
pub(crate) const LIFETIME: Duration = Duration::from_mins(1);

/// How far the clocks of application and database may differ: half a seal's life to either side.
pub const CLOCK_MARGIN: Duration = Duration::from_secs(30);

/// Lets a key be used in this database, which is sealed from then on. `admin` is a superuser's
/// connection. Safe to repeat.
///
/// # Errors
///
/// The server's; a key id that is another valid key's is a unique violation.
pub async fn install(admin: &mut PgConnection, key: &SealKey) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT tenancy.add_seal_key($1, $2)")
        .bind(key.kid())
        .bind(key.bytes())
        .execute(admin)
        .await
        .map(drop)
}

/// Makes a new key, lets it be used, and lets all others be used for `grace` longer: the time to give
/// every process the new one. Two at once make two keys, one after the other.
///
/// # Errors
///
/// [`RotateError::Full`] when all sixteen ids are in use.
pub async fn rotate(admin: &mut PgConnection, grace: Duration) -> Result<SealKey, RotateError> {
    let mut admin = admin.begin().await?;
    sqlx::query("LOCK TABLE tenancy.seal_keys IN SHARE ROW EXCLUSIVE MODE").execute(&mut *admin).await?;
    let taken: Vec<String> =
        sqlx::query_scalar("SELECT kid FROM tenancy.seal_keys WHERE not_after > now() ORDER BY kid")
            .fetch_all(&mut *admin)
            .await?;
    let newest: Option<String> =
        sqlx::query_scalar("SELECT kid FROM tenancy.seal_keys ORDER BY created_at DESC LIMIT 1")
            .fetch_optional(&mut *admin)
            .await?;
    // The next id after the newest key's, so that ids are used again as late as possible.
    let after = newest.and_then(|kid| u8::from_str_radix(&kid, 16).ok()).unwrap_or(0);
    let free = (1..=16).map(|step| (after + step) % 16).find(|id| !taken.contains(&format!("{id:x}")));
    let key = SealKey::generate(free.ok_or(RotateError::Full)?).map_err(RotateError::Key)?;
    install(&mut admin, &key).await?;
    sqlx::query("SELECT tenancy.retire_seal_keys($1, make_interval(secs => $2))")
        .bind(key.kid())
        .bind(grace.as_secs_f64())
        .execute(&mut *admin)
        .await?;
    admin.commit().await?;
    Ok(key)
}

/// Why no new key was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RotateError {
    /// The server refused something.
    #[error("the seal keys could not be changed")]
    Database(#[from] sqlx::Error),
    /// No randomness.
    #[error("no new seal key could be made")]
    Key(#[source] SealKeyError),
    /// All sixteen ids are those of valid keys.
    #[error("all sixteen ids of seal keys are in use; wait until one has expired")]
    Full,
}

/// Why a program may not start on a database.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealMismatch {
    /// The database is sealed, the program has no key.
    #[error("the database wants a seal; set TENANCY_SEAL_KEY to a key that is installed there")]
    KeyMissing,
    /// The program has a key, the database none: it would trust anybody.
    #[error("a seal key is given, but the database has none; install it, or start without the key")]
    NotSealed,
    /// The database does not accept this key.
    #[error("the database does not accept the seal key {kid}: {reason}")]
    Rejected {
        /// The key's id.
        kid: String,
        /// The server's reason.
        reason: String,
    },
    /// The clocks differ by more than a seal's margin.
    #[error(
        "the clocks of this machine and of the database differ by {difference:?}, more than {CLOCK_MARGIN:?}: \
         seals would be refused, or last too long; set both by NTP"
    )]
    Clock {
        /// By how much.
        difference: Duration,
    },
}
