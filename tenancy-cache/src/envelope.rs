//! What is stored under a key: the value, and everything by which it is checked when it is read.
//!
//! ```text
//! version (1) | expires, ms since 1970 (8) | length of key (4) | key | value to the end, as JSON
//! ```
//!
//! The key begins with the tenant's id, so an envelope names its tenant. Bytes that a server hands
//! out under a key are only a claim: [`Entry::open`] takes them for nothing unless they are an
//! envelope of exactly that key, and the cache compares the key once more, whatever the backend.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::key::CacheKey;

/// Changes with the layout, so that programs of two versions can share a server.
const VERSION: u8 = 1;

/// A value in its envelope. Clones share the value.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    key: CacheKey,
    expires: SystemTime,
    value: Arc<[u8]>,
}

impl Entry {
    /// A value, written as JSON, that is gone from `expires` on.
    pub fn new(key: CacheKey, expires: SystemTime, value: impl Into<Arc<[u8]>>) -> Self {
        Self { key, expires, value: value.into() }
    }

    /// The key under which the value was set.
    pub const fn key(&self) -> &CacheKey {
        &self.key
    }

    /// When the value is gone.
    pub const fn expires(&self) -> SystemTime {
        self.expires
    }

    /// The value as JSON.
    pub const fn value(&self) -> &Arc<[u8]> {
        &self.value
    }

    /// Whether this is what was set under `key`, its tenant's, and still fresh.
    pub fn answers(&self, key: &CacheKey, now: SystemTime) -> bool {
        self.key == *key && now < self.expires
    }

    /// What the entry costs of a bound by weight: its bytes, and a little for what surrounds them.
    pub fn weight(&self) -> u64 {
        // The key is held twice: here and by the map.
        (2 * self.key.as_bytes().len() + self.value.len() + 160) as u64
    }

    /// The envelope in bytes.
    pub fn seal(&self) -> Vec<u8> {
        let expires = self.expires.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let key = self.key.as_bytes();
        let mut bytes = Vec::with_capacity(13 + key.len() + self.value.len());
        bytes.push(VERSION);
        bytes.extend(u64::try_from(expires).unwrap_or(u64::MAX).to_be_bytes());
        bytes.extend(u32::try_from(key.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend(key);
        bytes.extend(&self.value[..]);
        bytes
    }

    /// Reads what was found under `key`: `None` unless it is an envelope of that very key.
    pub fn open(key: &CacheKey, bytes: &[u8]) -> Option<Self> {
        let (&version, rest) = bytes.split_first()?;
        let (expires, rest) = rest.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        let (found, value) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        if version != VERSION || found != key.as_bytes() {
            return None;
        }
        let expires = UNIX_EPOCH.checked_add(Duration::from_millis(u64::from_be_bytes(*expires)))?;
        Some(Self::new(key.clone(), expires, value))
    }
}

/// Without the value: what tenants store does not belong in a log.
impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("key", &self.key)
            .field("bytes", &self.value.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tenancy_core::TenantId;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn an_entry_answers_only_for_its_own_tenant_key_and_time() {
        let (tenant, other) = (TenantId::new(), TenantId::new());
        let key = |tenant, name| CacheKey::new(tenant, "space", name);
        let entry = Entry::new(key(tenant, "a"), at(10), &b"1"[..]);
        assert!(entry.answers(&key(tenant, "a"), at(9)));
        assert!(!entry.answers(&key(other, "a"), at(9)), "another tenant's");
        assert!(!entry.answers(&key(tenant, "b"), at(9)), "another key");
        assert!(!entry.answers(&key(tenant, "a"), at(10)), "expired");
    }

    #[test]
    fn an_envelope_opens_under_its_own_key_only() {
        let key = CacheKey::new(TenantId::new(), "space", "a");
        let entry = Entry::new(key.clone(), at(10), &b"[1]"[..]);
        let bytes = entry.seal();
        assert_eq!(Entry::open(&key, &bytes), Some(entry));
        assert_eq!(Entry::open(&CacheKey::new(TenantId::new(), "space", "a"), &bytes), None);
        assert_eq!(Entry::open(&CacheKey::new(key.tenant(), "space", "b"), &bytes), None);
        for end in 0..bytes.len() - 3 {
            assert_eq!(Entry::open(&key, &bytes[..end]), None, "cut after {end} bytes");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_offered(mut bytes in any::<Vec<u8>>(), version in any::<bool>()) {
            if version && !bytes.is_empty() {
                bytes[0] = VERSION;
            }
            let opened = Entry::open(&CacheKey::new(TenantId::new(), "s", "n"), &bytes);
            prop_assert_eq!(opened, None);
        }
    }
}
