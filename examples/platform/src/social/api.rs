//! Social accounts for programs.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use tenancy_sqlx::TenantTx;
use tenancy_tower::extract::Member;

use super::{Account, MISSING, store};
use crate::app::App;
use crate::failure::{Body, Failure};

/// What to connect.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    #[serde(alias = "platform")]
    network: String,
    #[serde(alias = "name")]
    handle: String,
}

/// What to change; what is not named stays.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    #[serde(alias = "platform")]
    network: Option<String>,
    #[serde(alias = "name")]
    handle: Option<String>,
}

async fn one(tx: &mut TenantTx, id: &str) -> Result<Account, Failure> {
    store::find(tx, id.parse().map_err(|_| MISSING)?).await?.ok_or(MISSING)
}

/// `GET /api/social-accounts`
pub async fn list(State(app): State<App>, Member { context, .. }: Member) -> Result<Json<Value>, Failure> {
    let mut tx = app.database.begin_read(&context).await?;
    Ok(Json(json!({ "social_accounts": store::list(&mut tx).await? })))
}

/// `POST /api/social-accounts`
pub async fn create(
    State(app): State<App>,
    Member { context, .. }: Member,
    Body(wanted): Body<Wanted>,
) -> Result<(StatusCode, Json<Account>), Failure> {
    let mut tx = app.database.begin(&context).await?;
    let account = super::connect(&mut tx, &context, &wanted.network, &wanted.handle).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(account)))
}

/// `GET /api/social-accounts/{id}`
pub async fn read(
    State(app): State<App>,
    Member { context, .. }: Member,
    Path(id): Path<String>,
) -> Result<Json<Account>, Failure> {
    let mut tx = app.database.begin(&context).await?;
    one(&mut tx, &id).await.map(Json)
}

/// `PATCH /api/social-accounts/{id}`
pub async fn change(
    State(app): State<App>,
    Member { context, .. }: Member,
    Path(id): Path<String>,
    Body(change): Body<Change>,
) -> Result<Json<Account>, Failure> {
    let mut tx = app.database.begin(&context).await?;
    let mut account = one(&mut tx, &id).await?;
    if let Some(network) = change.network {
        account.network = super::network(&network)?;
    }
    if let Some(handle) = change.handle {
        account.handle = super::handle(&handle)?;
    }
    store::update(&mut tx, &account).await?;
    tx.commit().await?;
    Ok(Json(account))
}

/// `DELETE /api/social-accounts/{id}`: doing it again changes nothing.
pub async fn remove(
    State(app): State<App>,
    Member { context, .. }: Member,
    Path(id): Path<String>,
) -> Result<StatusCode, Failure> {
    let mut tx = app.database.begin(&context).await?;
    super::disconnect(&mut tx, &id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
