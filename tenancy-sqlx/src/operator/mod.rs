//! The operator's door: changes across tenants, by another role, each with a reason that is written
//! down in the same transaction.
//!
//! It is a type of its own on a pool of its own, so that nothing that serves a tenant can turn into
//! it. The role may read every tenant; only a process that serves operators holds its password.

mod onboard;
mod read;

use std::fmt;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool};
use sqlx::{Connection as _, PgConnection};
use tenancy_core::{Lifecycle, PlanCode, Role, Slug, TenantId, UserId};

use crate::database::pool;
use crate::error::ConnectError;

pub use onboard::{ChangeError, NewInvitation};
pub use read::{OperatorEvent, TenantOverview};

/// Who does something across tenants, and why. Neither may be blank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    actor: String,
    why: String,
}

impl Reason {
    /// `None` when actor or reason is blank.
    pub fn new(actor: &str, why: &str) -> Option<Self> {
        let (actor, why) = (actor.trim().to_owned(), why.trim().to_owned());
        (!actor.is_empty() && !why.is_empty()).then_some(Self { actor, why })
    }

    /// Who.
    pub fn actor(&self) -> &str {
        &self.actor
    }

    /// Why.
    pub fn why(&self) -> &str {
        &self.why
    }
}

/// A tenant to be made.
#[derive(Clone, Debug)]
pub struct NewTenant {
    /// Its id.
    pub id: TenantId,
    /// The name in its address.
    pub slug: Slug,
    /// The name people read.
    pub name: String,
    /// Its plan.
    pub plan: PlanCode,
    /// What the application keeps about it.
    pub settings: serde_json::Value,
}

/// A person to be made a member of a tenant.
#[derive(Clone, Debug)]
pub struct NewMember {
    /// The id, if the person is not known yet.
    pub id: UserId,
    /// The address they sign in with.
    pub email: String,
    /// Their name.
    pub display_name: String,
    /// Their password's hash in PHC format; ignored for a person who is known already.
    pub password_hash: String,
    /// Their role in the tenant.
    pub role: Role,
}

/// A person to be made an operator.
#[derive(Clone, Debug)]
pub struct NewOperator {
    /// The id.
    pub id: UserId,
    /// The address they sign in with.
    pub email: String,
    /// Their name.
    pub display_name: String,
    /// Their password's hash in PHC format.
    pub password_hash: String,
}

/// Makes the operator that is there before any other, as whoever migrates; `false` where there is one
/// already. `admin` is a superuser's connection.
///
/// # Errors
///
/// The server's.
pub async fn first_operator(
    admin: &mut PgConnection,
    reason: &Reason,
    operator: &NewOperator,
) -> Result<bool, sqlx::Error> {
    let mut tx = admin.begin().await?;
    sqlx::query("LOCK TABLE control.operators IN EXCLUSIVE MODE").execute(&mut *tx).await?;
    let made = sqlx::query(
        "SELECT control.admin_add_operator($1, $2, $3, $4, $5, $6)
         WHERE NOT EXISTS (SELECT FROM control.operators)",
    )
    .bind(&reason.actor)
    .bind(&reason.why)
    .bind(operator.id.as_uuid())
    .bind(&operator.email)
    .bind(&operator.display_name)
    .bind(&operator.password_hash)
    .fetch_optional(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(made.is_some())
}

/// The door: changes across tenants, each with a reason. Cheap to clone.
#[derive(Clone)]
pub struct OperatorDoor {
    pool: PgPool,
}

impl OperatorDoor {
    /// Connects as the operator's role.
    ///
    /// # Errors
    ///
    /// [`ConnectError::Database`] when the server cannot be used.
    pub async fn connect_with(options: PgConnectOptions) -> Result<Self, ConnectError> {
        Ok(Self { pool: pool(options, 4, Duration::from_secs(5)).await? })
    }

    /// Closes all connections.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Makes an active tenant.
    ///
    /// # Errors
    ///
    /// The server's; a taken address name is a unique violation.
    pub async fn create_tenant(&self, reason: &Reason, tenant: &NewTenant) -> Result<(), sqlx::Error> {
        sqlx::query("SELECT control.admin_create_tenant($1, $2, $3, $4, $5, $6, $7)")
            .bind(&reason.actor)
            .bind(&reason.why)
            .bind(tenant.id.as_uuid())
            .bind(tenant.slug.as_str())
            .bind(&tenant.name)
            .bind(tenant.plan.as_str())
            .bind(&tenant.settings)
            .execute(&self.pool)
            .await
            .map(drop)
    }

    /// Moves a tenant to another stage of its life, where that step exists.
    ///
    /// # Errors
    ///
    /// The server's; a step that does not exist is refused with SQLSTATE 22023.
    pub async fn set_status(
        &self,
        reason: &Reason,
        tenant: TenantId,
        status: Lifecycle,
    ) -> Result<(), sqlx::Error> {
        sqlx::query("SELECT control.admin_set_status($1, $2, $3, $4)")
            .bind(&reason.actor)
            .bind(&reason.why)
            .bind(tenant.as_uuid())
            .bind(status.as_str())
            .execute(&self.pool)
            .await
            .map(drop)
    }

    /// Makes a person a member of a tenant. A person who is known already keeps their password.
    ///
    /// # Errors
    ///
    /// The server's; a member already is a unique violation.
    pub async fn add_member(
        &self,
        reason: &Reason,
        tenant: TenantId,
        member: &NewMember,
    ) -> Result<(), sqlx::Error> {
        sqlx::query("SELECT control.admin_add_member($1, $2, $3, $4, $5, $6, $7, $8)")
            .bind(&reason.actor)
            .bind(&reason.why)
            .bind(tenant.as_uuid())
            .bind(member.id.as_uuid())
            .bind(&member.email)
            .bind(&member.display_name)
            .bind(&member.password_hash)
            .bind(member.role.as_str())
            .execute(&self.pool)
            .await
            .map(drop)
    }

    /// Makes a person an operator.
    ///
    /// # Errors
    ///
    /// The server's; an operator with that address already is a unique violation.
    pub async fn add_operator(&self, reason: &Reason, operator: &NewOperator) -> Result<(), sqlx::Error> {
        sqlx::query("SELECT control.admin_add_operator($1, $2, $3, $4, $5, $6)")
            .bind(&reason.actor)
            .bind(&reason.why)
            .bind(operator.id.as_uuid())
            .bind(&operator.email)
            .bind(&operator.display_name)
            .bind(&operator.password_hash)
            .execute(&self.pool)
            .await
            .map(drop)
    }
}

impl fmt::Debug for OperatorDoor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OperatorDoor(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_never_blank() {
        assert!(Reason::new("ann", "  ").is_none());
        assert!(Reason::new("", "ticket 12").is_none());
        assert!(Reason::new("ann", "ticket 12").is_some());
    }
}
