//! What is stored under a key: the value, and everything by which it is checked when it is read.

use std::sync::Arc;
use std::time::SystemTime;

use tenancy_core::TenantId;

use crate::key::CacheKey;

/// A value in its envelope. Clones share the value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// The tenant whose value it is.
    pub(crate) tenant: TenantId,
    /// The key under which it was set.
    pub(crate) key: CacheKey,
    /// The tenant's epoch when it was set.
    pub(crate) epoch: u64,
    /// Gone from then on.
    pub(crate) expires: SystemTime,
    /// The value as JSON.
    pub(crate) value: Arc<[u8]>,
}

impl Entry {
    /// Whether this is what `tenant` set under `key`, in its present epoch, and still fresh.
    pub(crate) fn answers(&self, tenant: TenantId, key: &CacheKey, epoch: u64, now: SystemTime) -> bool {
        self.tenant == tenant && self.key == *key && self.epoch == epoch && now < self.expires
    }

    /// What the entry costs of a bound by weight: its bytes, and a little for what surrounds them.
    pub(crate) fn weight(&self) -> u64 {
        // The key is held twice: here and by the map.
        (2 * self.key.as_bytes().len() + self.value.len() + 128) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn an_entry_answers_only_for_its_own_tenant_key_epoch_and_time() {
        let (tenant, other) = (TenantId::new(), TenantId::new());
        let key = |tenant, name| CacheKey::new(tenant, "space", name);
        let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        let entry =
            Entry { tenant, key: key(tenant, "a"), epoch: 3, expires: at(10), value: Arc::from(&b"1"[..]) };
        assert!(entry.answers(tenant, &key(tenant, "a"), 3, at(9)));
        assert!(!entry.answers(other, &key(tenant, "a"), 3, at(9)), "another tenant");
        assert!(!entry.answers(tenant, &key(other, "a"), 3, at(9)), "another tenant's key");
        assert!(!entry.answers(tenant, &key(tenant, "b"), 3, at(9)), "another key");
        assert!(!entry.answers(tenant, &key(tenant, "a"), 4, at(9)), "purged since");
        assert!(!entry.answers(tenant, &key(tenant, "a"), 3, at(10)), "expired");
    }
}
