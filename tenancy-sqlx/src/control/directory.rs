//! Which tenants there are, remembered for as long as it is known to hold.
//!
//! What a node answers held within the last second, or the database is asked again:
//!
//! 1. A change of a tenant is stamped with its transaction. While tenants are asked for, a task asks
//!    several times a second what has [changed](super::watch), forgets that, and so confirms the rest.
//! 2. A notification makes it ask at once. It is a hint: nothing in it is read, a flood of them makes
//!    one question in 100 ms, and one that is lost costs nothing but the rest of the second.
//! 3. What was read while a change came in is not remembered.
//!
//! A name that is not there is remembered as well, a second at most and only until anything changes about
//! tenants: however often a stranger asks for it, the database is asked once a second. Such names have a
//! memory of their own, so that made-up ones push no tenant out.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use quick_cache::sync::Cache as Map;
use sqlx::Row;
use sqlx::postgres::PgRow;
use tenancy_core::store::{Answer, Directory};
use tenancy_core::{Clock, StoreError, Tenant, TenantId, TenantKey, TenantRecord};

use super::{Gate, parse, unavailable};
use crate::tx::TenantTx;

/// How long what was read, or confirmed, is believed.
const BELIEVED: Duration = Duration::from_secs(1);
/// The most tenants that are remembered, each under every name that it was asked for by.
const TENANTS: usize = 10_000;
/// The most names that are remembered not to be there.
const NAMES: usize = 2_000;

/// Tenants that were asked for.
pub(super) struct Near {
    clock: Arc<dyn Clock>,
    tenants: Map<TenantKey, (SystemTime, Arc<Tenant>)>,
    /// Names that nobody had when they were asked for.
    missing: Map<TenantKey, SystemTime>,
    /// Microseconds of the time at which everything remembered was seen to hold.
    confirmed: AtomicU64,
    /// Rises whenever something is forgotten.
    changes: AtomicU64,
    /// Somebody asked since the task did.
    wanted: AtomicBool,
}

/// When a question to the database began.
#[derive(Clone, Copy)]
struct Reading {
    at: SystemTime,
    changes: u64,
}

impl Near {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            tenants: Map::new(TENANTS),
            missing: Map::new(NAMES),
            confirmed: AtomicU64::new(0),
            changes: AtomicU64::new(0),
            wanted: AtomicBool::new(false),
        }
    }

    fn get(&self, key: &TenantKey) -> Option<Arc<Tenant>> {
        self.wanted.store(true, Ordering::Relaxed);
        let (read, tenant) = self.tenants.get(key)?;
        self.holds(read).then_some(tenant)
    }

    fn holds(&self, read: SystemTime) -> bool {
        let confirmed = UNIX_EPOCH + Duration::from_micros(self.confirmed.load(Ordering::Acquire));
        read.max(confirmed) + BELIEVED > self.now()
    }

    fn begin(&self) -> Reading {
        Reading { at: self.now(), changes: self.changes.load(Ordering::SeqCst) }
    }

    fn put(&self, key: &TenantKey, tenant: &Arc<Tenant>, reading: Reading) {
        self.tenants.insert(key.clone(), (reading.at, Arc::clone(tenant)));
        // Looked at afterwards: a change that comes later finds the entry and forgets it itself.
        if self.changes.load(Ordering::SeqCst) != reading.changes {
            self.tenants.remove(key);
        }
    }

    /// Whether nobody had this name a moment ago.
    fn is_missing(&self, key: &TenantKey) -> bool {
        self.missing.get(key).is_some_and(|read| read + BELIEVED > self.now())
    }

    fn put_missing(&self, key: &TenantKey, reading: Reading) {
        self.missing.insert(key.clone(), reading.at);
        if self.changes.load(Ordering::SeqCst) != reading.changes {
            self.missing.remove(key);
        }
    }

    pub(super) fn now(&self) -> SystemTime {
        self.clock.now()
    }

    /// Whether anybody asked since this was last asked.
    pub(super) fn was_wanted(&self) -> bool {
        self.wanted.swap(false, Ordering::Relaxed)
    }

    /// Forgets these tenants, whatever their names were.
    pub(super) fn forget(&self, changed: &[TenantId]) {
        self.changes.fetch_add(1, Ordering::SeqCst);
        self.tenants.retain(|_, (_, tenant)| !changed.contains(&tenant.id()));
        // Which name a change gave to whom is not known here.
        self.missing.clear();
    }

    /// Everything that is still remembered held at this time.
    pub(super) fn confirm(&self, at: SystemTime) {
        let micros = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
        self.confirmed.store(u64::try_from(micros).unwrap_or(0), Ordering::Release);
    }

    /// Forgets everything.
    pub(super) fn clear(&self) {
        self.changes.fetch_add(1, Ordering::SeqCst);
        self.tenants.clear();
        self.missing.clear();
    }
}

/// The memory of this node's directory, for whoever changes a tenant and wants to see it at once.
/// It can only forget: it finds nobody.
#[derive(Clone)]
pub struct DirectoryMemory(Arc<Near>);

impl DirectoryMemory {
    /// Forgets every tenant, so that the next request asks the database again.
    pub fn clear(&self) {
        self.0.clear();
    }

    /// Forgets one tenant, by whatever it was found.
    pub fn forget(&self, tenant: TenantId) {
        self.0.forget(&[tenant]);
    }
}

impl fmt::Debug for DirectoryMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DirectoryMemory(..)")
    }
}

impl Gate {
    /// The memory of this node's directory.
    pub fn directory_memory(&self) -> DirectoryMemory {
        DirectoryMemory(Arc::clone(&self.near))
    }
}

impl Directory for Gate {
    fn peek(&self, key: &TenantKey) -> Option<Arc<Tenant>> {
        self.near.get(key)
    }

    fn find<'a>(&'a self, key: &'a TenantKey) -> Answer<'a, Option<Arc<Tenant>>> {
        Box::pin(async move {
            if let Some(tenant) = self.near.get(key) {
                return Ok(Some(tenant));
            }
            if self.near.is_missing(key) {
                return Ok(None);
            }
            let reading = self.near.begin();
            let query = match key {
                TenantKey::Slug(slug) => {
                    sqlx::query("SELECT * FROM control.tenant_by_slug($1)").bind(slug.as_str().to_owned())
                }
                TenantKey::Id(id) => sqlx::query("SELECT * FROM control.tenant_by_id($1)").bind(id.as_uuid()),
                _ => return Ok(None),
            };
            let Some(row) = query.fetch_optional(&self.pool).await.map_err(unavailable)? else {
                self.near.put_missing(key, reading);
                return Ok(None);
            };
            let tenant = Arc::new(Tenant::from_directory(record(&row)?));
            self.near.put(key, &tenant, reading);
            Ok(Some(tenant))
        })
    }
}

impl TenantTx {
    /// The transaction's own tenant as the database has it now, where the context may be a moment old.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database refuses or what is stored cannot be read.
    pub async fn tenant(&mut self) -> Result<Tenant, StoreError> {
        let row = sqlx::query("SELECT * FROM control.own_tenant()").fetch_one(&mut **self).await;
        Ok(Tenant::from_directory(record(&row.map_err(unavailable)?)?))
    }
}

fn record(row: &PgRow) -> Result<TenantRecord, StoreError> {
    let text = |column| row.try_get::<String, _>(column).map_err(unavailable);
    Ok(TenantRecord {
        id: TenantId::from_uuid(row.try_get("id").map_err(unavailable)?),
        slug: parse(&text("subdomain")?)?,
        name: text("name")?,
        status: parse(&text("status")?)?,
        plan: parse(&text("plan")?)?,
        settings: row.try_get("settings").map_err(unavailable)?,
    })
}

#[cfg(test)]
mod tests {
    use tenancy_core::testing::{ManualClock, record as of};

    use super::*;

    fn near() -> (ManualClock, Near, TenantKey, Arc<Tenant>) {
        let clock = ManualClock::at(1_000);
        let near = Near::new(Arc::new(clock.clone()));
        let tenant = Arc::new(Tenant::from_directory(of("acme")));
        (clock, near, TenantKey::Slug("acme".parse().expect("a slug")), tenant)
    }

    #[test]
    fn what_was_read_is_believed_for_a_second_and_longer_only_when_it_is_confirmed() {
        let (clock, near, key, tenant) = near();
        near.put(&key, &tenant, near.begin());
        clock.advance(Duration::from_millis(900));
        assert!(near.get(&key).is_some());
        near.confirm(near.now());
        clock.advance(Duration::from_millis(900));
        assert!(near.get(&key).is_some());
        clock.advance(Duration::from_millis(100));
        assert!(near.get(&key).is_none());
    }

    #[test]
    fn a_name_that_is_not_there_is_remembered_for_a_second_and_until_a_change() {
        let (clock, near, key, _) = near();
        near.put_missing(&key, near.begin());
        clock.advance(Duration::from_millis(900));
        near.confirm(near.now());
        assert!(near.is_missing(&key));
        clock.advance(Duration::from_millis(100));
        assert!(!near.is_missing(&key), "confirming says nothing of names that nobody had");
        near.put_missing(&key, near.begin());
        near.forget(&[TenantId::new()]);
        assert!(!near.is_missing(&key), "a tenant was made, and may have this name");
        let reading = near.begin();
        near.clear();
        near.put_missing(&key, reading);
        assert!(!near.is_missing(&key), "what was read while a change came in is not remembered");
    }

    #[test]
    fn made_up_names_fill_no_more_than_their_memory() {
        let (_clock, near, key, tenant) = near();
        near.put(&key, &tenant, near.begin());
        for number in 0..3 * NAMES {
            let name = TenantKey::Slug(format!("made-up-{number}").parse().expect("a slug"));
            near.put_missing(&name, near.begin());
        }
        assert!(near.missing.len() <= NAMES, "{} names", near.missing.len());
        assert!(near.get(&key).is_some(), "a tenant was pushed out");
    }

    #[test]
    fn what_was_read_while_a_change_came_in_is_not_remembered() {
        let (_clock, near, key, tenant) = near();
        let reading = near.begin();
        near.forget(&[]);
        near.put(&key, &tenant, reading);
        assert!(near.get(&key).is_none());
        near.put(&key, &tenant, near.begin());
        near.forget(&[TenantId::new()]);
        assert!(near.get(&key).is_some(), "another tenant changed");
        near.forget(&[tenant.id()]);
        assert!(near.get(&key).is_none());
    }
}
