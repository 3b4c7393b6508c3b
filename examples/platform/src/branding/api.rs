//! The brand for programs.

use axum::Json;
use axum::extract::{Request, State};
use serde_json::{Map, Value, json};
use tenancy_core::Tenant;
use tenancy_tower::extract::{Member, Tenancy};

use super::{Logo, LogoError, Look, set, set_logo};
use crate::app::App;
use crate::data;
use crate::failure::{Body, Failure};
use crate::pages::Preview;

/// The brand, and what is drawn with its accent.
fn told(tenant: &Tenant, look: Look) -> Json<Value> {
    let accent = look.accent();
    let preview = Preview::of(accent);
    let brand = look.brand(tenant);
    Json(json!({
        "name": brand.name,
        "accent": accent.to_string(),
        "logo": brand.logo,
        "shades": preview.schemes,
        "contrast": preview.sentences(),
    }))
}

/// `GET /tenant/branding`
pub async fn read(Tenancy(context): Tenancy) -> Json<Value> {
    told(context.tenant(), Look::of(context.tenant()))
}

/// `PATCH /tenant/branding`
pub async fn change(
    State(app): State<App>,
    Member { context, user }: Member,
    Body(change): Body<Map<String, Value>>,
) -> Result<Json<Value>, Failure> {
    let look = set(&app, &context, user, change).await?;
    Ok(told(context.tenant(), look))
}

/// `PUT /tenant/branding/logo`: the file as it is.
pub async fn put_logo(
    State(app): State<App>,
    Member { context, user }: Member,
    request: Request,
) -> Result<Json<Value>, Failure> {
    let bytes = data::read_body(request.into_body(), Logo::MAX_BYTES).await?;
    let logo = Logo::check(bytes)?;
    let look = set_logo(&app, &context, user, Some(&logo)).await?;
    Ok(told(context.tenant(), look))
}

/// `DELETE /tenant/branding/logo`
pub async fn remove_logo(
    State(app): State<App>,
    Member { context, user }: Member,
) -> Result<Json<Value>, Failure> {
    let look = set_logo(&app, &context, user, None).await?;
    Ok(told(context.tenant(), look))
}

impl From<LogoError> for Failure {
    fn from(error: LogoError) -> Self {
        Self::invalid("logo_invalid", error.to_string())
    }
}
