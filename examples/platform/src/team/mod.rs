//! The people of a tenant: who they are, who is invited, and what role each has.
//!
//! The database decides what the roles of two people decide together: only an owner makes or changes
//! an owner, the last owner stays, and nobody comes in without a seat of the plan. Each change leaves a line in the tenant's audit log, in the same
//! transaction.

mod api;
mod handlers;
mod settings;

use serde::Serialize;
use serde_json::json;
use sqlx::Row as _;
use tenancy_core::plan::Meter;
use tenancy_core::{Permission, Role, TenantContext, UserId};
use tenancy_sqlx::TenantTx;
use tenancy_sqlx::usage::seat_refused;
use tenancy_tower::refusal::Refusal;
use uuid::Uuid;

pub use api::{invite, list, remove, set_role, withdraw};
pub use handlers::{invite_form, page, remove_form, role_form, withdraw_form};
pub use settings::{TenantSettings, change_settings, settings, settings_form};

use crate::failure::Failure;
use crate::invite::{self as invitation, Link};
use crate::trail;

/// A member of the tenant.
#[derive(Clone, Debug, Serialize)]
pub struct Person {
    pub(crate) id: UserId,
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) role: Role,
}

/// Somebody who was invited and has not come yet.
#[derive(Clone, Debug, Serialize)]
pub struct Waiting {
    pub(crate) id: Uuid,
    pub(crate) email: String,
    pub(crate) role: Role,
    pub(crate) invited_by: String,
}

fn role(row: &sqlx::postgres::PgRow) -> Result<Role, Failure> {
    role_in(row, "role")
}

fn role_in(row: &sqlx::postgres::PgRow, column: &str) -> Result<Role, Failure> {
    let text: String = row.try_get(column).map_err(Failure::internal)?;
    text.parse().map_err(Failure::internal)
}

async fn people(tx: &mut TenantTx) -> Result<Vec<Person>, Failure> {
    let sql = "SELECT user_id, email, display_name, role FROM control.members() ORDER BY email";
    let rows = sqlx::query(sql).fetch_all(&mut **tx).await.map_err(Failure::internal)?;
    let person = |row: &sqlx::postgres::PgRow| {
        Ok(Person {
            id: UserId::from_uuid(row.try_get("user_id").map_err(Failure::internal)?),
            email: row.try_get("email").map_err(Failure::internal)?,
            name: row.try_get("display_name").map_err(Failure::internal)?,
            role: role(row)?,
        })
    };
    rows.iter().map(person).collect()
}

async fn waiting(tx: &mut TenantTx) -> Result<Vec<Waiting>, Failure> {
    let sql = "SELECT id, email, role, invited_by FROM control.invitations()";
    let rows = sqlx::query(sql).fetch_all(&mut **tx).await.map_err(Failure::internal)?;
    let waiting = |row: &sqlx::postgres::PgRow| {
        Ok(Waiting {
            id: row.try_get("id").map_err(Failure::internal)?,
            email: row.try_get("email").map_err(Failure::internal)?,
            role: role(row)?,
            invited_by: row.try_get("invited_by").map_err(Failure::internal)?,
        })
    };
    rows.iter().map(waiting).collect()
}

/// Invites a person, without a role as what the tenant has chosen; an open invitation to the same address is replaced.
async fn invite_person(
    tx: &mut TenantTx,
    context: &TenantContext,
    by: UserId,
    site: &str,
    (email, role): (&str, Option<&str>),
) -> Result<(Link, TenantSettings), Failure> {
    let settings = TenantSettings::of(tx).await?;
    let email = invitation::email(email)?;
    let role = role.map_or(Ok(settings.invited_role), invitation::role)?;
    let address = (site, context.tenant().slug().as_str());
    let (new, link) = invitation::new(address, email, role, settings.lifetime())?;
    sqlx::query("SELECT control.invite($1, $2, $3, $4, $5, make_interval(secs => $6))")
        .bind(by.as_uuid())
        .bind(new.id)
        .bind(new.token.0.as_slice())
        .bind(&new.email)
        .bind(role.as_str())
        .bind(new.lifetime.as_secs_f64())
        .execute(&mut **tx)
        .await
        .map_err(failure)?;
    let told = json!({ "invitation": new.id, "email": new.email, "role": role });
    trail::change(tx, by, "invite", (json!({}), told)).await?;
    Ok((link, settings))
}

/// Takes an open invitation back: its link opens nothing any more.
async fn withdraw_invitation(tx: &mut TenantTx, by: UserId, invitation: &str) -> Result<(), Failure> {
    let invitation: Uuid = invitation.parse().map_err(|_| Failure::NOT_FOUND)?;
    let email: String = sqlx::query_scalar("SELECT control.withdraw_invitation($1, $2)")
        .bind(by.as_uuid())
        .bind(invitation)
        .fetch_one(&mut **tx)
        .await
        .map_err(failure)?;
    let was = json!({ "invitation": invitation, "email": email });
    trail::change(tx, by, "withdraw_invitation", (was, json!({}))).await
}

/// Gives a member another role.
async fn change_role(tx: &mut TenantTx, by: UserId, member: &str, to: &str) -> Result<(), Failure> {
    let member: Uuid = member.parse().map_err(|_| Failure::NOT_FOUND)?;
    let to = invitation::role(to)?;
    let was: String = sqlx::query_scalar("SELECT control.set_role($1, $2, $3)")
        .bind(by.as_uuid())
        .bind(member)
        .bind(to.as_str())
        .fetch_one(&mut **tx)
        .await
        .map_err(failure)?;
    if was != to.as_str() {
        let values = (json!({ "user": member, "role": was }), json!({ "user": member, "role": to }));
        trail::change(tx, by, "set_role", values).await?;
    }
    Ok(())
}

/// Ends a membership, with the person's sessions and sign-ins at this tenant.
async fn remove_person(tx: &mut TenantTx, by: UserId, member: &str) -> Result<(), Failure> {
    let member: Uuid = member.parse().map_err(|_| Failure::NOT_FOUND)?;
    let was: String = sqlx::query_scalar("SELECT control.remove_member($1, $2)")
        .bind(by.as_uuid())
        .bind(member)
        .fetch_one(&mut **tx)
        .await
        .map_err(failure)?;
    trail::change(tx, by, "remove_member", (json!({ "user": member, "role": was }), json!({}))).await
}

/// What the database's refusals mean.
fn failure(error: sqlx::Error) -> Failure {
    if let Some(decision) = seat_refused(&error) {
        return Failure::LimitExceeded { meter: Meter::USERS, decision };
    }
    let code = error.as_database_error().and_then(|error| error.code().map(std::borrow::Cow::into_owned));
    match code.as_deref() {
        Some("42501") => Refusal::Forbidden(Permission::ManageUsers).into(),
        Some("P0002") => Failure::NOT_FOUND,
        Some("23505") => invitation::member_already(),
        Some("55000") => Failure::Conflict {
            code: "last_owner",
            message: "This is the last owner. Make somebody else an owner first.".to_owned(),
        },
        _ => Failure::internal(error),
    }
}
