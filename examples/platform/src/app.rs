//! The parts that handlers share, made once at start.
//!
//! The gate is not among them: a handler that could ask the gate could ask about any tenant.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tenancy_core::TenantId;
use tenancy_sqlx::TenantDatabase;
use tenancy_sqlx::control::DirectoryMemory;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::kept::Kept;
use crate::login::SignIn;
use crate::runs::feed::Feed;

/// How many uploads are in memory at once, and how many of them may be one tenant's.
const READING: (usize, usize) = (16, 2);

/// How many files are parsed and checked at once, and how many of them may be one tenant's.
const PARSING: (usize, usize) = (3, 2);

/// How many budgets are planned at once, and how many of them may be one tenant's.
const PLANNING: (usize, usize) = (2, 1);

/// What handlers share. Cheap to clone.
#[derive(Clone, Debug)]
pub struct App {
    /// Tenants' transactions.
    pub database: TenantDatabase,
    /// What this node remembers of tenants, to be forgotten when one changes.
    pub directory: DirectoryMemory,
    /// Signing in and out.
    pub sign_in: SignIn,
    /// The domain below which the tenants are, with the port that belongs in links.
    pub site: Arc<str>,
    /// What was computed before, per tenant.
    pub kept: Kept,
    /// News of runs that somebody watches.
    pub feed: Feed,
    /// Turns for having an upload in memory.
    pub reading: Turns,
    /// Turns for parsing and checking a file.
    pub parsing: Turns,
    /// Turns for planning a budget.
    pub planning: Turns,
}

impl App {
    /// Puts the parts together.
    pub fn new(
        database: TenantDatabase,
        directory: DirectoryMemory,
        sign_in: SignIn,
        site: &str,
        kept: Kept,
    ) -> Self {
        Self {
            feed: Feed::new(database.clone()),
            database,
            directory,
            sign_in,
            site: site.into(),
            kept,
            reading: Turns::new(READING),
            parsing: Turns::new(PARSING),
            planning: Turns::new(PLANNING),
        }
    }
}

/// Turns at something costly: so many in all, and fewer for each tenant, so that one that uses up its
/// own leaves some to the others. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Turns {
    all: Arc<Semaphore>,
    each: usize,
    /// Tenants that have a turn or wait for one.
    tenants: Arc<Mutex<HashMap<TenantId, Arc<Semaphore>>>>,
}

/// A turn; it ends when this is dropped.
#[derive(Debug)]
pub struct Turn(#[allow(dead_code, reason = "held, never read")] [Option<OwnedSemaphorePermit>; 2]);

impl Turns {
    fn new((all, each): (usize, usize)) -> Self {
        Self { all: Arc::new(Semaphore::new(all)), each, tenants: Arc::default() }
    }

    /// Waits for a turn of the tenant's, and only then for one of all.
    pub async fn take(&self, tenant: TenantId) -> Turn {
        let own = {
            let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
            // Permits and those who wait for one share it; nobody else has to be remembered.
            tenants.retain(|_, turns| Arc::strong_count(turns) > 1);
            Arc::clone(tenants.entry(tenant).or_insert_with(|| Arc::new(Semaphore::new(self.each))))
        };
        // Neither is ever closed, so there is always a permit.
        let own = own.acquire_owned().await.ok();
        Turn([own, Arc::clone(&self.all).acquire_owned().await.ok()])
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn a_tenant_that_has_its_turns_leaves_the_others_theirs() {
        let turns = Turns::new((3, 2));
        let [one, other, third] = [(); 3].map(|()| TenantId::new());
        let held = [turns.take(one).await, turns.take(one).await];
        assert!(turns.take(one).now_or_never().is_none(), "more than its own");
        let last = turns.take(other).now_or_never().expect("a turn of another tenant");
        assert!(turns.take(third).now_or_never().is_none(), "more than all");
        drop((held, last));
        assert!(turns.take(third).now_or_never().is_some());
        let _ = turns.take(third).await;
        assert_eq!(turns.tenants.lock().unwrap().len(), 1, "tenants without a turn are remembered");
    }
}
