//! The key of an entry: tenant, space and name, in one sequence of bytes that no other three give.
//!
//! ```text
//! tenant (16 bytes) | length of space (8 bytes, big-endian) | space | name
//! ```
//!
//! The tenant has a fixed width and the space says how long it is, so every byte belongs to exactly
//! one part. There is no separator that a name could contain: `:`, `*`, `{}`, line breaks and
//! another tenant's id in a name are bytes like any other.

use std::fmt;

use tenancy_core::TenantId;

/// The key of an entry. Two are equal only if tenant, space and name are.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CacheKey {
    tenant: TenantId,
    /// The length of the space.
    space: usize,
    bytes: Box<[u8]>,
}

/// The bytes before the space.
const HEAD: usize = 24;

impl CacheKey {
    /// The key of `name` in `space` of a tenant. A key opens nothing: caches are read through a
    /// [`TenantCache`](crate::TenantCache).
    pub fn new(tenant: TenantId, space: &str, name: &str) -> Self {
        let id = tenant.as_uuid();
        let length = (space.len() as u64).to_be_bytes();
        let parts = [&id.as_bytes()[..], &length, space.as_bytes(), name.as_bytes()];
        Self { tenant, space: space.len(), bytes: parts.concat().into() }
    }

    /// The tenant whose key it is.
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// The space that the name is in.
    pub fn space(&self) -> &str {
        std::str::from_utf8(&self.bytes[HEAD..HEAD + self.space]).unwrap_or_default()
    }

    /// The bytes of the key, the tenant's id among them.
    pub const fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for CacheKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CacheKey({})", self.bytes.escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Names that have broken key formats: separators, patterns, another tenant's prefix.
    fn awkward() -> impl Strategy<Value = String> {
        let other = TenantId::new();
        let fixed = [":", "*", "{}", "\n", "", "a:b", "tenant:*", "\u{0}", "ключ", "{a}:b", "::"];
        prop_oneof![
            any::<String>(),
            proptest::sample::select(fixed.map(str::to_owned).to_vec()),
            Just(format!("tenant:{other}:campaigns")),
            Just("k".repeat(10_240)),
        ]
    }

    proptest! {
        #[test]
        fn different_parts_give_different_keys(
            (a, b) in ((awkward(), awkward()), (awkward(), awkward())),
            same in any::<bool>(),
        ) {
            let one = TenantId::new();
            let other = if same { one } else { TenantId::new() };
            let equal = CacheKey::new(one, &a.0, &a.1) == CacheKey::new(other, &b.0, &b.1);
            prop_assert_eq!(equal, same && a == b);
        }

        #[test]
        fn a_boundary_moved_gives_another_key(text in "[a-c:]{1,6}", one in 0_usize..6, other in 0_usize..6) {
            let tenant = TenantId::new();
            let key = |at: usize| {
                let (space, name) = text.split_at(at.min(text.len()));
                CacheKey::new(tenant, space, name)
            };
            let same = one.min(text.len()) == other.min(text.len());
            prop_assert_eq!(key(one) == key(other), same);
        }

        #[test]
        fn a_key_can_be_taken_apart_again(space in awkward(), name in awkward()) {
            let tenant = TenantId::new();
            let key = CacheKey::new(tenant, &space, &name);
            let (id, rest) = key.as_bytes().split_at(16);
            let (length, rest) = rest.split_at(8);
            let length = u64::from_be_bytes(length.try_into().unwrap()) as usize;
            prop_assert_eq!(key.space(), &space);
            let uuid = tenant.as_uuid();
            prop_assert_eq!(id, &uuid.as_bytes()[..]);
            prop_assert_eq!((&rest[..length], &rest[length..]), (space.as_bytes(), name.as_bytes()));
        }
    }
}
