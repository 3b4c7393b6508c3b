//! People for programs.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use tenancy_tower::extract::Member;

use super::{change_role, invite_person, people, remove_person, waiting, withdraw_invitation};
use crate::app::App;
use crate::failure::{Body, Failure};

/// Who is invited.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invite {
    email: String,
    role: Option<String>,
}

/// What changes about a member.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    role: String,
}

/// `GET /tenant/users`
pub async fn list(State(app): State<App>, Member { context, .. }: Member) -> Result<Json<Value>, Failure> {
    let mut tx = app.database.begin_read(&context).await?;
    let (users, invited) = (people(&mut tx).await?, waiting(&mut tx).await?);
    Ok(Json(json!({ "users": users, "invited": invited })))
}

/// `POST /tenant/users/invite`
pub async fn invite(
    State(app): State<App>,
    Member { context, user }: Member,
    Body(body): Body<Invite>,
) -> Result<(StatusCode, Json<Value>), Failure> {
    let mut tx = app.database.begin(&context).await?;
    let who = (body.email.as_str(), body.role.as_deref());
    let (link, settings) = invite_person(&mut tx, &context, user, &app.site, who).await?;
    tx.commit().await?;
    let lifetime = settings.lifetime().as_secs();
    let answer = json!({ "invite": link.as_str(), "invite_expires_in": lifetime });
    Ok((StatusCode::CREATED, Json(answer)))
}

/// `PATCH /tenant/users/{id}`
pub async fn set_role(
    State(app): State<App>,
    Member { context, user }: Member,
    Path(id): Path<String>,
    Body(change): Body<Change>,
) -> Result<Json<Value>, Failure> {
    let mut tx = app.database.begin(&context).await?;
    change_role(&mut tx, user, &id, &change.role).await?;
    let person = people(&mut tx).await?.into_iter().find(|person| person.id.to_string() == id.to_lowercase());
    tx.commit().await?;
    Ok(Json(json!(person)))
}

/// `DELETE /tenant/users/{id}`
pub async fn remove(
    State(app): State<App>,
    Member { context, user }: Member,
    Path(id): Path<String>,
) -> Result<StatusCode, Failure> {
    let mut tx = app.database.begin(&context).await?;
    remove_person(&mut tx, user, &id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /tenant/invitations/{id}`
pub async fn withdraw(
    State(app): State<App>,
    Member { context, user }: Member,
    Path(id): Path<String>,
) -> Result<StatusCode, Failure> {
    let mut tx = app.database.begin(&context).await?;
    withdraw_invitation(&mut tx, user, &id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
