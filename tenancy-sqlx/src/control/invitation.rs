//! Taking up an invitation: the one way in for a person who is no member yet.
//!
//! An invitation is good once, for a while, at the address of the tenant it was made for; all three
//! are decided by the statement that uses it up. A person who is known already keeps their password.

use std::fmt;

use sqlx::Row;
use tenancy_core::store::TokenHash;
use tenancy_core::{Decision, Identity, Role, StoreError, TenantId, UserId};

use super::{Gate, parse, unavailable};
use crate::usage::seat_refused;

/// What is behind the link of an invitation.
#[derive(Clone)]
#[non_exhaustive]
pub struct Invited {
    /// The address it was made for.
    pub email: String,
    /// The role it gives.
    pub role: Role,
    /// Name and password hash of the person, if they are known already.
    pub known: Option<(String, String)>,
}

impl fmt::Debug for Invited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invited").field("role", &self.role).finish_non_exhaustive()
    }
}

/// Name and password hash of a person who was not known before.
#[derive(Clone)]
pub struct NewPerson {
    /// Their id.
    pub id: UserId,
    /// Their name.
    pub display_name: String,
    /// Their password's hash in PHC format.
    pub password_hash: String,
}

impl fmt::Debug for NewPerson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewPerson").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What became of an invitation that somebody took up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// They are a member now.
    Joined(Identity),
    /// The plan has no seat left; the invitation stays open.
    Full(Decision),
    /// It is not open any more, or the person has become known or a member meanwhile.
    Gone,
}

impl Gate {
    /// The open invitation with this token at this tenant, or `None` for every reason there is.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when the server cannot be asked.
    pub async fn invitation(
        &self,
        tenant: TenantId,
        token: &TokenHash,
    ) -> Result<Option<Invited>, StoreError> {
        let row = sqlx::query("SELECT * FROM control.find_invitation($1, $2)")
            .bind(tenant.as_uuid())
            .bind(token.0.as_slice())
            .fetch_optional(&self.pool)
            .await
            .map_err(unavailable)?;
        let Some(row) = row else { return Ok(None) };
        let name: Option<String> = row.try_get("display_name").map_err(unavailable)?;
        let hash: Option<String> = row.try_get("password_hash").map_err(unavailable)?;
        let role: String = row.try_get("role").map_err(unavailable)?;
        Ok(Some(Invited {
            email: row.try_get("email").map_err(unavailable)?,
            role: parse(&role)?,
            known: name.zip(hash),
        }))
    }

    /// Uses an invitation up and makes the person a member; `new` for one who was not known.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when the server cannot be asked.
    pub async fn accept_invitation(
        &self,
        tenant: TenantId,
        token: &TokenHash,
        new: Option<&NewPerson>,
    ) -> Result<Accepted, StoreError> {
        let row = sqlx::query("SELECT * FROM control.accept_invitation($1, $2, $3, $4, $5)")
            .bind(tenant.as_uuid())
            .bind(token.0.as_slice())
            .bind(new.map(|person| person.id.as_uuid()))
            .bind(new.map(|person| person.display_name.as_str()))
            .bind(new.map(|person| person.password_hash.as_str()))
            .fetch_optional(&self.pool)
            .await;
        let row = match row {
            Ok(row) => row,
            Err(sqlx::Error::Database(error))
                if matches!(error.code().as_deref(), Some("23505" | "P0002")) =>
            {
                None
            }
            Err(error) => match seat_refused(&error) {
                Some(decision) => return Ok(Accepted::Full(decision)),
                None => return Err(unavailable(error)),
            },
        };
        let Some(row) = row else { return Ok(Accepted::Gone) };
        let role: String = row.try_get("role").map_err(unavailable)?;
        Ok(Accepted::Joined(Identity {
            tenant_id: tenant,
            user_id: UserId::from_uuid(row.try_get("user_id").map_err(unavailable)?),
            role: parse(&role)?,
        }))
    }
}
