//! The cache, and the part of it that one tenant has.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tenancy_core::{Clock, TenantContext, TenantId};

use crate::entry::Entry;
use crate::key::CacheKey;
use crate::{CacheError, Local};

/// How long a value is kept unless said otherwise: an hour.
pub const DEFAULT_TTL: Duration = Duration::from_hours(1);

/// A cache for every tenant. It cannot be read: [`scope`](Self::scope) it to a tenant first. Clones
/// share the entries.
#[derive(Clone)]
pub struct Cache {
    local: Arc<Local>,
    clock: Arc<dyn Clock>,
    ttl: Duration,
}

impl Cache {
    /// A cache over `local` that reads the time from `clock`; values live for [`DEFAULT_TTL`].
    pub fn new(local: Local, clock: Arc<dyn Clock>) -> Self {
        Self { local: Arc::new(local), clock, ttl: DEFAULT_TTL }
    }

    /// Keeps values for `ttl` where a set does not say otherwise.
    #[must_use]
    pub const fn default_ttl(mut self, ttl: Duration) -> Self {
        self.ttl = ttl;
        self
    }

    /// The tenant's own part. A context is the only way in:
    ///
    /// ```compile_fail
    /// # fn f(cache: tenancy_cache::Cache, id: tenancy_core::TenantId) {
    /// cache.scope(&id);
    /// # }
    /// ```
    pub fn scope(&self, context: &TenantContext) -> TenantCache {
        TenantCache { tenant: context.tenant_id(), cache: self.clone() }
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("local", &self.local).field("ttl", &self.ttl).finish_non_exhaustive()
    }
}

/// One tenant's part of a [`Cache`].
///
/// A *space* is a group of keys, such as one per kind of thing; the same name in two spaces is two
/// entries. Values are any that serde can write as JSON.
#[derive(Clone, Debug)]
pub struct TenantCache {
    tenant: TenantId,
    cache: Cache,
}

impl TenantCache {
    /// The value of `name` in `space`, or `None` where there is none, or no fresh one.
    ///
    /// # Errors
    ///
    /// [`CacheError::Decode`] when the value is of another type.
    pub fn get<T: DeserializeOwned>(&self, space: &str, name: &str) -> Result<Option<T>, CacheError> {
        let key = self.key(space, name);
        let Some(entry) = self.cache.local.get(&key) else { return Ok(None) };
        let epoch = self.cache.local.epoch(self.tenant);
        if !entry.answers(self.tenant, &key, epoch, self.cache.clock.now()) {
            // Not removed: between the two steps somebody may have set a fresh one.
            return Ok(None);
        }
        serde_json::from_slice(&entry.value).map(Some).map_err(CacheError::Decode)
    }

    /// Keeps a value for the cache's default time.
    ///
    /// # Errors
    ///
    /// [`CacheError::Encode`] when the value has no JSON form.
    pub fn set<T: Serialize + ?Sized>(&self, space: &str, name: &str, value: &T) -> Result<(), CacheError> {
        self.set_for(space, name, value, self.cache.ttl)
    }

    /// Keeps a value for `ttl`. One too long for the clock to reach lives for the default time.
    ///
    /// # Errors
    ///
    /// [`CacheError::Encode`] when the value has no JSON form.
    pub fn set_for<T: Serialize + ?Sized>(
        &self,
        space: &str,
        name: &str,
        value: &T,
        ttl: Duration,
    ) -> Result<(), CacheError> {
        // Read before the value is written: a purge in between then ends this value as well.
        let epoch = self.cache.local.epoch(self.tenant);
        let value = serde_json::to_vec(value).map_err(CacheError::Encode)?;
        let now = self.cache.clock.now();
        let expires = now.checked_add(ttl).or_else(|| now.checked_add(DEFAULT_TTL)).unwrap_or(now);
        let key = self.key(space, name);
        self.cache.local.set(Entry { tenant: self.tenant, key, epoch, expires, value: value.into() });
        Ok(())
    }

    /// Forgets one value.
    pub fn invalidate(&self, space: &str, name: &str) {
        self.cache.local.remove(&self.key(space, name));
    }

    /// Forgets all of this tenant's values at once, whatever their number: their epoch is over. The
    /// room they take is given back as they are evicted.
    pub fn purge(&self) {
        self.cache.local.next_epoch(self.tenant);
    }

    fn key(&self, space: &str, name: &str) -> CacheKey {
        CacheKey::new(self.tenant, space, name)
    }
}
