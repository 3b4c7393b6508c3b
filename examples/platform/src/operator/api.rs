//! The console for programs: `/admin/…`.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};
use tenancy_core::Lifecycle;
use tenancy_sqlx::control::OperatorIdentity;

use super::Console;
use super::tenants::{AddressSaid, Onboarding, Statistics, TenantLine};
use crate::failure::{Body, Failure};
use crate::invite::LIFETIME;

/// How many tenants one page of the list holds.
const PAGE: usize = 50;

/// Which tenants are asked for.
#[derive(Debug, Default, Deserialize)]
pub struct ListQuery {
    #[serde(default)]
    q: String,
    #[serde(default)]
    page: usize,
}

/// What a change of a tenant says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    plan: String,
    #[serde(default)]
    reason: String,
}

/// Why something is done.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Why {
    #[serde(default)]
    reason: String,
}

/// Who is invited.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invite {
    email: String,
    role: String,
    #[serde(default)]
    reason: String,
}

/// The tenants whose name or address holds `q`, without case.
pub(super) fn matching(lines: Vec<TenantLine>, q: &str) -> Vec<TenantLine> {
    let q = q.trim().to_lowercase();
    let holds = |line: &TenantLine| line.name.to_lowercase().contains(&q) || line.subdomain.contains(&q);
    lines.into_iter().filter(holds).collect()
}

/// `GET /admin/tenants`
pub async fn list(
    State(console): State<Console>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Value>, Failure> {
    let lines = matching(console.lines(None).await?, &query.q);
    let page = query.page.max(1);
    let shown: Vec<&TenantLine> = lines.iter().skip((page - 1).saturating_mul(PAGE)).take(PAGE).collect();
    Ok(Json(json!({ "tenants": shown, "total": lines.len(), "page": page, "per_page": PAGE })))
}

/// `POST /admin/tenants`
pub async fn create(
    State(console): State<Console>,
    Extension(by): Extension<OperatorIdentity>,
    Body(new): Body<Onboarding>,
) -> Result<(StatusCode, Json<Value>), Failure> {
    let made = console.onboard(&by, &new).await?;
    let answer = json!({
        "id": made.id, "subdomain": made.slug, "admin_invite": made.link.as_str(),
        "invite_expires_in": LIFETIME.as_secs(),
    });
    Ok((StatusCode::CREATED, Json(answer)))
}

/// `GET /admin/tenants/{id}`
pub async fn one(
    State(console): State<Console>,
    Path(id): Path<String>,
) -> Result<Json<TenantLine>, Failure> {
    console.line(&id).await.map(Json)
}

/// `PATCH /admin/tenants/{id}`
pub async fn change(
    State(console): State<Console>,
    Extension(by): Extension<OperatorIdentity>,
    Path(id): Path<String>,
    Body(change): Body<Change>,
) -> Result<Json<TenantLine>, Failure> {
    let tenant = console.line(&id).await?;
    console.set_plan(&by, tenant.id, &change.plan, &change.reason).await?;
    console.line(&id).await.map(Json)
}

/// `POST /admin/tenants/{id}/suspend`
pub async fn suspend(
    console: State<Console>,
    by: Extension<OperatorIdentity>,
    id: Path<String>,
    why: Body<Why>,
) -> Result<Json<TenantLine>, Failure> {
    move_to(Lifecycle::Suspended, console, by, id, why).await
}

/// `POST /admin/tenants/{id}/resume`
pub async fn resume(
    console: State<Console>,
    by: Extension<OperatorIdentity>,
    id: Path<String>,
    why: Body<Why>,
) -> Result<Json<TenantLine>, Failure> {
    move_to(Lifecycle::Active, console, by, id, why).await
}

async fn move_to(
    status: Lifecycle,
    State(console): State<Console>,
    Extension(by): Extension<OperatorIdentity>,
    Path(id): Path<String>,
    Body(why): Body<Why>,
) -> Result<Json<TenantLine>, Failure> {
    let tenant = console.line(&id).await?;
    console.set_status(&by, tenant.id, status, &why.reason).await?;
    console.line(&id).await.map(Json)
}

/// Which address is asked about.
#[derive(Debug, Default, Deserialize)]
pub struct AddressQuery {
    #[serde(default)]
    subdomain: String,
}

/// `GET /admin/addresses`: whether a new tenant could have this address.
pub async fn check_address(
    State(console): State<Console>,
    Query(query): Query<AddressQuery>,
) -> Result<Json<AddressSaid>, Failure> {
    console.address_said(&query.subdomain).await.map(Json)
}

/// `POST /admin/tenants/{id}/users`: an invitation, since nobody sets another's password.
pub async fn invite(
    State(console): State<Console>,
    Extension(by): Extension<OperatorIdentity>,
    Path(id): Path<String>,
    Body(invite): Body<Invite>,
) -> Result<(StatusCode, Json<Value>), Failure> {
    let tenant = console.line(&id).await?;
    let link = console.invite(&by, &tenant, (&invite.email, &invite.role, &invite.reason)).await?;
    let answer = json!({ "invite": link.as_str(), "invite_expires_in": LIFETIME.as_secs() });
    Ok((StatusCode::CREATED, Json(answer)))
}

/// `GET /admin/tenants/{id}/statistics`
pub async fn statistics(
    State(console): State<Console>,
    Path(id): Path<String>,
) -> Result<Json<Statistics>, Failure> {
    Ok(Json(console.line(&id).await?.statistics))
}

/// `GET /admin/statistics`: the sums of what each tenant's statistics say.
pub async fn totals(State(console): State<Console>) -> Result<Json<Value>, Failure> {
    let lines = console.lines(None).await?;
    let sums = lines.iter().fold(Statistics::default(), |sums, line| sums.and(line.statistics));
    let suspended = lines.iter().filter(|line| line.status == Lifecycle::Suspended).count();
    let mut answer = json!(sums);
    if let Some(object) = answer.as_object_mut() {
        object.insert("tenants".to_owned(), json!(lines.len()));
        object.insert("suspended_tenants".to_owned(), json!(suspended));
    }
    Ok(Json(answer))
}
