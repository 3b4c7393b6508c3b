//! The parts that handlers share, made once at start.
//!
//! The gate is not among them: a handler that could ask the gate could ask about any tenant.

use std::sync::Arc;

use tenancy_cache::{Cache, Local};
use tenancy_core::SystemClock;
use tenancy_sqlx::TenantDatabase;
use tokio::sync::Semaphore;

use crate::login::SignIn;
use crate::runs::feed::Feed;

/// How many uploads are read into memory at once.
const UPLOADS_AT_ONCE: usize = 3;

/// Bytes of results that are kept in memory.
const CACHE_BYTES: u64 = 32 * 1024 * 1024;

/// What handlers share. Cheap to clone.
#[derive(Clone, Debug)]
pub struct App {
    /// Tenants' transactions.
    pub database: TenantDatabase,
    /// Signing in and out.
    pub sign_in: SignIn,
    /// The domain below which the tenants are, with the port that belongs in links.
    pub site: Arc<str>,
    /// What was computed before, per tenant.
    pub cache: Cache,
    /// News of runs that somebody watches.
    pub feed: Feed,
    /// Turns for reading uploads.
    pub uploads: Arc<Semaphore>,
}

impl App {
    /// Puts the parts together.
    pub fn new(database: TenantDatabase, sign_in: SignIn, site: &str) -> Self {
        Self {
            feed: Feed::new(database.clone()),
            database,
            sign_in,
            site: site.into(),
            cache: Cache::new(Local::with_weight(CACHE_BYTES), Arc::new(SystemClock)),
            uploads: Arc::new(Semaphore::new(UPLOADS_AT_ONCE)),
        }
    }
}
