//! How a tenant invites people: for how long, and as what where nothing else is said. Its admins change
//! it; plan, features and limits are the operator's.

use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Form, Json};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::Row as _;
use tenancy_core::{Role, UserId};
use tenancy_sqlx::TenantTx;
use tenancy_tower::extract::Member;

use crate::app::App;
use crate::failure::{Body, Failure};
use crate::{invite, trail};

/// What a tenant has chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct TenantSettings {
    /// For how many hours an invitation is good.
    pub invitation_hours: u16,
    /// What an invited person becomes where nothing else is said. Never an owner.
    pub invited_role: Role,
}

impl Default for TenantSettings {
    fn default() -> Self {
        Self { invitation_hours: 72, invited_role: Role::Viewer }
    }
}

/// What changes; what is not named stays. As JSON, and as the fields of the form.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    invitation_hours: Option<u16>,
    invited_role: Option<String>,
}

impl TenantSettings {
    /// For how long an invitation is good.
    pub fn lifetime(&self) -> Duration {
        Duration::from_hours(self.invitation_hours.into())
    }

    /// The tenant's, or the defaults.
    pub(super) async fn of(tx: &mut TenantTx) -> Result<Self, Failure> {
        let row = sqlx::query("SELECT invitation_hours, invited_role FROM tenant_settings")
            .fetch_optional(&mut **tx)
            .await
            .map_err(Failure::internal)?;
        let Some(row) = row else { return Ok(Self::default()) };
        let hours: i16 = row.try_get("invitation_hours").map_err(Failure::internal)?;
        let invitation_hours = u16::try_from(hours).map_err(Failure::internal)?;
        Ok(Self { invitation_hours, invited_role: super::role_in(&row, "invited_role")? })
    }

    fn changed(self, change: &Change) -> Result<Self, Failure> {
        let hours = change.invitation_hours.unwrap_or(self.invitation_hours);
        if !(1..=168).contains(&hours) {
            let what = "invitation_hours: an invitation is good for 1 to 168 hours.";
            return Err(Failure::invalid("invitation_hours_invalid", what));
        }
        let invited_role = match &change.invited_role {
            Some(text) => invite::role(text)?,
            None => self.invited_role,
        };
        if invited_role == Role::Owner {
            let what = "invited_role: an owner is made by saying so each time.";
            return Err(Failure::invalid("invited_role_invalid", what));
        }
        Ok(Self { invitation_hours: hours, invited_role })
    }

    async fn save(&self, tx: &mut TenantTx) -> Result<(), Failure> {
        sqlx::query(
            "INSERT INTO tenant_settings (invitation_hours, invited_role) VALUES ($1, $2)
             ON CONFLICT (tenant_id) DO UPDATE
             SET invitation_hours = EXCLUDED.invitation_hours, invited_role = EXCLUDED.invited_role",
        )
        .bind(i16::try_from(self.invitation_hours).map_err(Failure::internal)?)
        .bind(self.invited_role.as_str())
        .execute(&mut **tx)
        .await
        .map(drop)
        .map_err(Failure::internal)
    }
}

async fn apply(tx: &mut TenantTx, by: UserId, change: &Change) -> Result<TenantSettings, Failure> {
    let old = TenantSettings::of(tx).await?;
    let new = old.changed(change)?;
    if new != old {
        new.save(tx).await?;
        trail::change(tx, by, "set_settings", (json!(old), json!(new))).await?;
    }
    Ok(new)
}

/// `GET /tenant/settings`
pub async fn settings(
    State(app): State<App>,
    Member { context, .. }: Member,
) -> Result<Json<TenantSettings>, Failure> {
    let mut tx = app.database.begin_read(&context).await?;
    TenantSettings::of(&mut tx).await.map(Json)
}

/// `PATCH /tenant/settings`
pub async fn change_settings(
    State(app): State<App>,
    Member { context, user }: Member,
    Body(change): Body<Change>,
) -> Result<Json<TenantSettings>, Failure> {
    let mut tx = app.database.begin(&context).await?;
    let new = apply(&mut tx, user, &change).await?;
    tx.commit().await?;
    Ok(Json(new))
}

/// `POST /team/settings`
pub async fn settings_form(
    State(app): State<App>,
    Member { context, user }: Member,
    Form(change): Form<Change>,
) -> Result<Response, Failure> {
    let mut tx = app.database.begin(&context).await?;
    apply(&mut tx, user, &change).await?;
    tx.commit().await?;
    Ok(Redirect::to("/team").into_response())
}
