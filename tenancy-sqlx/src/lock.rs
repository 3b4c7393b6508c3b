//! Locks by name that one tenant cannot hold against another.
//!
//! The server's advisory locks share one space of numbers. Here the number comes from the tenant and the
//! name together, so the same name is another lock for each tenant. A lock ends with its transaction.

use sha2::{Digest, Sha256};
use tenancy_core::TenantId;

use crate::conn::TenantConn;

impl TenantConn {
    /// Waits until nobody else of this tenant holds the lock, and holds it until the transaction ends.
    ///
    /// # Errors
    ///
    /// The server's: among others that it took longer than a statement may.
    pub async fn lock(&mut self, name: &str) -> sqlx::Result<()> {
        let key = key(self.tenant_id(), name);
        sqlx::query("SELECT pg_advisory_xact_lock($1)")
            .bind(key)
            .execute(self.within_transaction().await?)
            .await
            .map(drop)
    }

    /// Takes the lock if nobody else of this tenant holds it, and says whether it did.
    ///
    /// # Errors
    ///
    /// The server's.
    pub async fn try_lock(&mut self, name: &str) -> sqlx::Result<bool> {
        let key = key(self.tenant_id(), name);
        sqlx::query_scalar("SELECT pg_try_advisory_xact_lock($1)")
            .bind(key)
            .fetch_one(self.within_transaction().await?)
            .await
    }
}

/// The number of a tenant's lock.
pub(crate) fn key(tenant: TenantId, name: &str) -> i64 {
    let hash = Sha256::new().chain_update(tenant.as_uuid()).chain_update(name).finalize();
    let (first, _) = hash.split_at(8);
    first.iter().fold(0, |key, byte| key << 8 | i64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_another_lock_for_each_tenant() {
        let (a, b) = (TenantId::new(), TenantId::new());
        assert_eq!(key(a, "import"), key(a, "import"));
        assert_ne!(key(a, "import"), key(b, "import"));
        assert_ne!(key(a, "import"), key(a, "export"));
    }
}
