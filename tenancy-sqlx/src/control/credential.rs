//! What sign-ins are checked against.

use std::fmt;

use sqlx::Row;
use tenancy_core::store::{Answer, Credential, CredentialStore};
use tenancy_core::{Identity, StoreError, TenantId, UserId};

use super::{Gate, parse, unavailable};

impl CredentialStore for Gate {
    fn find<'a>(&'a self, tenant: TenantId, email: &'a str) -> Answer<'a, Option<Credential>> {
        Box::pin(async move {
            let row = sqlx::query("SELECT * FROM control.credential($1, $2)")
                .bind(tenant.as_uuid())
                .bind(email)
                .fetch_optional(&self.pool)
                .await
                .map_err(unavailable)?;
            let Some(row) = row else { return Ok(None) };
            let role: String = row.try_get("role").map_err(unavailable)?;
            let user_id = UserId::from_uuid(row.try_get("user_id").map_err(unavailable)?);
            Ok(Some(Credential {
                identity: Identity { tenant_id: tenant, user_id, role: parse(&role)? },
                display_name: row.try_get("display_name").map_err(unavailable)?,
                password_hash: row.try_get("password_hash").map_err(unavailable)?,
            }))
        })
    }
}

/// What is stored about an operator's password.
#[derive(Clone)]
#[non_exhaustive]
pub struct OperatorCredential {
    /// The operator.
    pub id: UserId,
    /// Their name.
    pub display_name: String,
    /// The password's hash in PHC format.
    pub password_hash: String,
}

impl fmt::Debug for OperatorCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OperatorCredential").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Gate {
    /// The credential of the operator with this address, or `None`.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when the server cannot be asked.
    pub async fn operator(&self, email: &str) -> Result<Option<OperatorCredential>, StoreError> {
        let row = sqlx::query("SELECT * FROM control.operator_credential($1)")
            .bind(email)
            .fetch_optional(&self.pool)
            .await
            .map_err(unavailable)?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(OperatorCredential {
            id: UserId::from_uuid(row.try_get("operator_id").map_err(unavailable)?),
            display_name: row.try_get("display_name").map_err(unavailable)?,
            password_hash: row.try_get("password_hash").map_err(unavailable)?,
        }))
    }
}
