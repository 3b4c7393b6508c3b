//! Changes an operator makes to a tenant after, or together with, its making. Each is one statement,
//! so that the change and its line in the log are there together or not at all.

use std::time::Duration;

use sqlx::postgres::PgQueryResult;
use tenancy_core::store::TokenHash;
use tenancy_core::{Decision, PlanCode, Role, TenantId};
use uuid::Uuid;

use super::{NewTenant, OperatorDoor, Reason};
use crate::control::interval;
use crate::usage::seat_refused;

/// An invitation to be made. Its secret is in the link only; here is its hash.
#[derive(Clone, Debug)]
pub struct NewInvitation {
    /// Its id.
    pub id: Uuid,
    /// The hash of its token.
    pub token: TokenHash,
    /// Whom it is for.
    pub email: String,
    /// The role it gives.
    pub role: Role,
    /// How long it is good for.
    pub lifetime: Duration,
}

/// Why an operator's change was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// It is there already: the address name of a tenant, or the member.
    #[error("it is there already")]
    Taken,
    /// The tenant's plan has no seat left.
    #[error("the plan has no seat left: {} of {} are taken", .0.used, .0.limit.unwrap_or_default())]
    Full(Decision),
    /// There is no such tenant, or it cannot become that from where it is.
    #[error("no such tenant, or it cannot change like that")]
    Impossible,
    /// The server refused for another reason.
    #[error("the change could not be made")]
    Database(#[source] sqlx::Error),
}

impl From<sqlx::Error> for ChangeError {
    fn from(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(|error| error.code().map(std::borrow::Cow::into_owned));
        match code.as_deref() {
            Some("23505") => Self::Taken,
            Some("22023") => Self::Impossible,
            _ => seat_refused(&error).map_or_else(|| Self::Database(error), Self::Full),
        }
    }
}

impl OperatorDoor {
    /// Makes an active tenant and the invitation of its first owner.
    ///
    /// # Errors
    ///
    /// [`ChangeError::Taken`] when another tenant has the address name.
    pub async fn onboard(
        &self,
        reason: &Reason,
        tenant: &NewTenant,
        first: &NewInvitation,
    ) -> Result<(), ChangeError> {
        sqlx::query("SELECT control.admin_onboard($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)")
            .bind(&reason.actor)
            .bind(&reason.why)
            .bind(tenant.id.as_uuid())
            .bind(tenant.slug.as_str())
            .bind(&tenant.name)
            .bind(tenant.plan.as_str())
            .bind(&tenant.settings)
            .bind(first.id)
            .bind(first.token.0.as_slice())
            .bind(&first.email)
            .bind(interval(first.lifetime))
            .execute(&self.pool)
            .await
            .map(done)
            .map_err(ChangeError::from)
    }

    /// Invites a person to a tenant; an open invitation to the same address is replaced.
    ///
    /// # Errors
    ///
    /// [`ChangeError::Taken`] for a member, [`ChangeError::Full`] without a free seat,
    /// [`ChangeError::Impossible`] without such a tenant.
    pub async fn invite(
        &self,
        reason: &Reason,
        tenant: TenantId,
        invitation: &NewInvitation,
    ) -> Result<(), ChangeError> {
        sqlx::query("SELECT control.admin_invite($1, $2, $3, $4, $5, $6, $7, $8)")
            .bind(&reason.actor)
            .bind(&reason.why)
            .bind(tenant.as_uuid())
            .bind(invitation.id)
            .bind(invitation.token.0.as_slice())
            .bind(&invitation.email)
            .bind(invitation.role.as_str())
            .bind(interval(invitation.lifetime))
            .execute(&self.pool)
            .await
            .map(done)
            .map_err(ChangeError::from)
    }

    /// Puts a tenant on another plan.
    ///
    /// # Errors
    ///
    /// [`ChangeError::Impossible`] without such a tenant.
    pub async fn set_plan(
        &self,
        reason: &Reason,
        tenant: TenantId,
        plan: &PlanCode,
    ) -> Result<(), ChangeError> {
        sqlx::query("SELECT control.admin_set_plan($1, $2, $3, $4)")
            .bind(&reason.actor)
            .bind(&reason.why)
            .bind(tenant.as_uuid())
            .bind(plan.as_str())
            .execute(&self.pool)
            .await
            .map(done)
            .map_err(ChangeError::from)
    }
}

/// A function's call answers no rows that anybody counts.
fn done(_: PgQueryResult) {}
