//! Passwords that were forgotten, and passwords that are changed.
//!
//! A password belongs to a person, not to one of the tenants they work for. So no transaction that is
//! bound to a tenant changes one: only the gate does, for somebody who knows the old password or holds
//! the link of a reset. Either way every other session and sign-in of the person ends, at every tenant;
//! access tokens that are out end within a second.

use std::time::Duration;

use sqlx::Row;
use tenancy_core::store::TokenHash;
use tenancy_core::{SessionId, StoreError, TenantId, UserId};
use uuid::Uuid;

use super::session::interval;
use super::{Gate, unavailable};

/// Whom the link of a reset is for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Addressee {
    /// Their address.
    pub email: String,
    /// Their name.
    pub display_name: String,
}

impl Gate {
    /// Lets a member of the tenant set a new password with this token. `None` for an address that is no
    /// member's, and for one that was asked about less than a minute ago.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when the server cannot be asked.
    pub async fn open_reset(
        &self,
        tenant: TenantId,
        address: &str,
        token: &TokenHash,
        lifetime: Duration,
    ) -> Result<Option<Addressee>, StoreError> {
        let row = sqlx::query("SELECT * FROM control.open_reset($1, $2, $3, $4)")
            .bind(tenant.as_uuid())
            .bind(address)
            .bind(token.0.as_slice())
            .bind(interval(lifetime))
            .fetch_optional(&self.pool)
            .await
            .map_err(unavailable)?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Addressee {
            email: row.try_get("email").map_err(unavailable)?,
            display_name: row.try_get("display_name").map_err(unavailable)?,
        }))
    }

    /// The address of the person behind an open reset, or `None` for every reason there is.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when the server cannot be asked.
    pub async fn find_reset(
        &self,
        tenant: TenantId,
        token: &TokenHash,
    ) -> Result<Option<String>, StoreError> {
        sqlx::query_scalar("SELECT control.find_reset($1, $2)")
            .bind(tenant.as_uuid())
            .bind(token.0.as_slice())
            .fetch_one(&self.pool)
            .await
            .map_err(unavailable)
    }

    /// Uses a reset up and sets the password with this hash; whose it was, if it was open.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when the server cannot be asked.
    pub async fn use_reset(
        &self,
        tenant: TenantId,
        token: &TokenHash,
        password_hash: &str,
    ) -> Result<Option<UserId>, StoreError> {
        let person: Option<Uuid> = sqlx::query_scalar("SELECT control.use_reset($1, $2, $3)")
            .bind(tenant.as_uuid())
            .bind(token.0.as_slice())
            .bind(password_hash)
            .fetch_one(&self.pool)
            .await
            .map_err(unavailable)?;
        Ok(person.map(UserId::from_uuid))
    }

    /// The hash of a member's password.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when the server cannot be asked.
    pub async fn own_password(&self, tenant: TenantId, member: UserId) -> Result<Option<String>, StoreError> {
        sqlx::query_scalar("SELECT control.own_password($1, $2)")
            .bind(tenant.as_uuid())
            .bind(member.as_uuid())
            .fetch_one(&self.pool)
            .await
            .map_err(unavailable)
    }

    /// Changes a member's password from one hash to another; `session` and `sign_in` go on, everything
    /// else of theirs ends. Whether `old` still was their password.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when the server cannot be asked.
    pub async fn change_password(
        &self,
        (tenant, member): (TenantId, UserId),
        (old, new): (&str, &str),
        session: Option<&TokenHash>,
        sign_in: Option<SessionId>,
    ) -> Result<bool, StoreError> {
        sqlx::query_scalar("SELECT control.change_password($1, $2, $3, $4, $5, $6)")
            .bind(tenant.as_uuid())
            .bind(member.as_uuid())
            .bind(old)
            .bind(new)
            .bind(session.map(|token| token.0.as_slice()))
            .bind(sign_in.map(SessionId::as_uuid))
            .fetch_one(&self.pool)
            .await
            .map_err(unavailable)
    }
}
