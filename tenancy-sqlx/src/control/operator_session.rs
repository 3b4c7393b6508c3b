//! Operators' sessions: a realm of their own, in a table of their own.

use std::time::Duration;

use sqlx::Row;
use tenancy_core::store::TokenHash;
use tenancy_core::{StoreError, UserId};

use super::session::interval;
use super::{Gate, unavailable};

/// An operator whose session is open.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OperatorIdentity {
    /// The operator.
    pub id: UserId,
    /// The address they sign in with, which the log of changes names.
    pub email: String,
    /// Their name.
    pub display_name: String,
}

impl Gate {
    /// Opens an operator's session.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when the server cannot be asked.
    pub async fn open_operator_session(
        &self,
        token: &TokenHash,
        operator: UserId,
        lifetime: Duration,
        idle: Duration,
    ) -> Result<(), StoreError> {
        sqlx::query("SELECT control.open_operator_session($1, $2, $3, $4)")
            .bind(token.0.as_slice())
            .bind(operator.as_uuid())
            .bind(interval(lifetime))
            .bind(interval(idle))
            .execute(&self.pool)
            .await
            .map(drop)
            .map_err(unavailable)
    }

    /// The operator whose open session has this token, or `None`.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when the server cannot be asked.
    pub async fn operator_session(&self, token: &TokenHash) -> Result<Option<OperatorIdentity>, StoreError> {
        let row = sqlx::query("SELECT * FROM control.find_operator_session($1)")
            .bind(token.0.as_slice())
            .fetch_optional(&self.pool)
            .await
            .map_err(unavailable)?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(OperatorIdentity {
            id: UserId::from_uuid(row.try_get("operator_id").map_err(unavailable)?),
            email: row.try_get("email").map_err(unavailable)?,
            display_name: row.try_get("display_name").map_err(unavailable)?,
        }))
    }

    /// Ends an operator's session. Ending one that is not there is fine.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when the server cannot be asked.
    pub async fn end_operator_session(&self, token: &TokenHash) -> Result<(), StoreError> {
        sqlx::query("SELECT control.end_operator_session($1)")
            .bind(token.0.as_slice())
            .execute(&self.pool)
            .await
            .map(drop)
            .map_err(unavailable)
    }
}
