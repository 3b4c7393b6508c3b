//! Refresh tokens: a chain of single-use secrets per sign-in of a program.
//!
//! | a token is sent                                     | answer                              |
//! |-----------------------------------------------------|-------------------------------------|
//! | for the first time, at its tenant's address         | the next one of its family          |
//! | again, while the first call was under way           | nothing; the family lives           |
//! | again, later                                        | nothing; the family is revoked      |
//! | at another tenant's address, unknown, or too old    | nothing                             |
//!
//! So whoever steals one either loses the race to its owner, or ends the sign-in for both.

use std::time::Duration;

use sqlx::Row;
use tenancy_core::store::TokenHash;
use tenancy_core::{Identity, SessionId, StoreError, TenantId, UserId};

use super::session::interval;
use super::{Gate, parse, unavailable};

/// What became of a refresh token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// The next one took its place.
    Rotated {
        /// The sign-in it belongs to.
        family: SessionId,
        /// Who signed in, with their present role.
        identity: Identity,
        /// The version of their rights.
        ver: u64,
    },
    /// It was used before: the family is revoked.
    Reused {
        /// Whose it was.
        user: UserId,
    },
    /// Unknown here, ended, expired, or just used by a call at the same moment.
    Refused,
}

impl Gate {
    /// Begins a family with its first token; answers the version of the member's rights.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when the server cannot be asked.
    pub async fn open_refresh(
        &self,
        family: SessionId,
        token: &TokenHash,
        member: &Identity,
        lifetime: Duration,
    ) -> Result<u64, StoreError> {
        let ver: i64 = sqlx::query_scalar("SELECT control.open_refresh($1, $2, $3, $4, $5)")
            .bind(family.as_uuid())
            .bind(token.0.as_slice())
            .bind(member.tenant_id.as_uuid())
            .bind(member.user_id.as_uuid())
            .bind(interval(lifetime))
            .fetch_one(&self.pool)
            .await
            .map_err(unavailable)?;
        Ok(ver.unsigned_abs())
    }

    /// Uses `old` up, so that `new` takes its place.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when the server cannot be asked.
    pub async fn rotate_refresh(
        &self,
        tenant: TenantId,
        old: &TokenHash,
        new: &TokenHash,
    ) -> Result<Rotation, StoreError> {
        let row = sqlx::query("SELECT * FROM control.rotate_refresh($1, $2, $3)")
            .bind(tenant.as_uuid())
            .bind(old.0.as_slice())
            .bind(new.0.as_slice())
            .fetch_optional(&self.pool)
            .await
            .map_err(unavailable)?;
        let Some(row) = row else { return Ok(Rotation::Refused) };
        let outcome: String = row.try_get("outcome").map_err(unavailable)?;
        match outcome.as_str() {
            "rotated" => {
                let role: String = row.try_get("role").map_err(unavailable)?;
                let ver: i64 = row.try_get("ver").map_err(unavailable)?;
                let user_id = UserId::from_uuid(row.try_get("user_id").map_err(unavailable)?);
                let family = SessionId::from_uuid(row.try_get("family_id").map_err(unavailable)?);
                self.standings.forget(family);
                let identity = Identity { tenant_id: tenant, user_id, role: parse(&role)? };
                Ok(Rotation::Rotated { family, identity, ver: ver.unsigned_abs() })
            }
            "reused" => {
                let family = SessionId::from_uuid(row.try_get("family_id").map_err(unavailable)?);
                self.standings.forget(family);
                Ok(Rotation::Reused { user: UserId::from_uuid(row.try_get("user_id").map_err(unavailable)?) })
            }
            _ => Ok(Rotation::Refused),
        }
    }

    /// Ends a sign-in, known by one of its refresh tokens, by itself, or by both. On this node its
    /// access tokens end at once, on others within a second.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when the server cannot be asked.
    pub async fn end_refresh(
        &self,
        tenant: TenantId,
        token: Option<&TokenHash>,
        family: Option<SessionId>,
    ) -> Result<(), StoreError> {
        sqlx::query("SELECT control.end_refresh($1, $2, $3)")
            .bind(tenant.as_uuid())
            .bind(token.map(|token| token.0.as_slice()))
            .bind(family.map(SessionId::as_uuid))
            .execute(&self.pool)
            .await
            .map_err(unavailable)?;
        if let Some(family) = family {
            self.standings.forget(family);
        }
        Ok(())
    }
}
