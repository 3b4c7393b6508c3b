//! The console for people.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::{Extension, Form};
use serde::Deserialize;
use tenancy_core::Lifecycle;
use tenancy_sqlx::control::OperatorIdentity;

use super::Console;
use super::api::matching;
use super::tenants::{Onboarding, Statistics, TenantLine, moment, plans};
use crate::failure::Failure;
use crate::pages::{
    EventRow, NewTenantView, Notice, NoticeKind, OperatorFrame, TenantRow, TenantView, TenantsView,
};
use crate::view;

/// What may follow `/` in the address.
#[derive(Debug, Default, Deserialize)]
pub struct ListQuery {
    #[serde(default)]
    q: String,
    #[serde(default)]
    sort: String,
}

/// The forms of a tenant's page.
#[derive(Debug, Default, Deserialize)]
pub struct ChangeForm {
    #[serde(default)]
    plan: String,
    #[serde(default)]
    reason: String,
}

fn row(line: TenantLine) -> TenantRow {
    let Statistics {
        users,
        sources,
        rows,
        runs,
        failed_runs,
        open_invitations,
        api_calls_today,
        storage_bytes,
    } = line.statistics;
    TenantRow {
        id: line.id.to_string(),
        name: line.name,
        subdomain: line.subdomain,
        url: line.url,
        plan: line.plan,
        status: line.status,
        created: line.created_at,
        users,
        open_invitations,
        sources,
        rows,
        runs,
        failed_runs,
        api_calls_today,
        storage_bytes,
    }
}

fn frame(by: &OperatorIdentity, notice: Option<Notice>) -> OperatorFrame {
    OperatorFrame { person: by.display_name.clone(), notice }
}

/// `GET /`
pub async fn list_page(
    State(console): State<Console>,
    Extension(by): Extension<OperatorIdentity>,
    Query(query): Query<ListQuery>,
) -> Result<Response, Failure> {
    let all = console.lines(None).await?;
    let total = all.len();
    let mut rows: Vec<TenantRow> = matching(all, &query.q).into_iter().map(row).collect();
    match query.sort.as_str() {
        "name" => rows.sort_by_key(|row| row.name.to_lowercase()),
        "plan" => rows.sort_by(|a, b| a.plan.cmp(&b.plan)),
        "status" => rows.sort_by_key(|row| std::cmp::Reverse(row.status.as_str())),
        "users" => rows.sort_by_key(|row| std::cmp::Reverse(row.users)),
        "sources" => rows.sort_by_key(|row| std::cmp::Reverse(row.sources)),
        "runs" => rows.sort_by_key(|row| std::cmp::Reverse(row.runs)),
        _ => {}
    }
    let view = TenantsView { rows, total, search: query.q };
    Ok(view::html(StatusCode::OK, view.render(&frame(&by, None))?))
}

/// `GET /tenants/new`
pub async fn new_page(
    State(console): State<Console>,
    Extension(by): Extension<OperatorIdentity>,
) -> Result<Response, Failure> {
    form(&console, &by, StatusCode::OK, Onboarding::default(), Default::default())
}

fn form(
    console: &Console,
    by: &OperatorIdentity,
    status: StatusCode,
    typed: Onboarding,
    (address_said, error): (String, Option<String>),
) -> Result<Response, Failure> {
    let view = NewTenantView {
        address_said,
        subdomain: typed.subdomain,
        name: typed.name,
        plan: typed.plan,
        plans: plans(),
        accent: typed.accent,
        admin_email: typed.admin_email,
        reason: typed.reason,
        site: console.site.to_string(),
        error,
    };
    Ok(view::html(status, view.render(&frame(by, None))?))
}

/// `POST /tenants`: what was typed stays when it cannot be used.
pub async fn create_form(
    State(console): State<Console>,
    Extension(by): Extension<OperatorIdentity>,
    Form(typed): Form<Onboarding>,
) -> Result<Response, Failure> {
    match console.onboard(&by, &typed).await {
        Ok(made) => {
            let line = console.line(&made.id.to_string()).await?;
            let said = format!("{} is there at its own address, {}.", line.name, made.slug);
            let notice = Notice { kind: NoticeKind::Done, text: said };
            tenant(&console, &by, StatusCode::CREATED, line, Some(notice), Some(made.link.as_str())).await
        }
        Err(failure) => {
            let (status, message) = failure.said()?;
            form(&console, &by, status, typed, (String::new(), Some(message)))
        }
    }
}

/// `POST /tenants/check`: what was typed stays, with a word about the address.
pub async fn check_form(
    State(console): State<Console>,
    Extension(by): Extension<OperatorIdentity>,
    Form(typed): Form<Onboarding>,
) -> Result<Response, Failure> {
    let said = console.address_said(&typed.subdomain).await?;
    form(&console, &by, StatusCode::OK, typed, (said.message, None))
}

async fn tenant(
    console: &Console,
    by: &OperatorIdentity,
    status: StatusCode,
    line: TenantLine,
    notice: Option<Notice>,
    link: Option<&str>,
) -> Result<Response, Failure> {
    let events = console.events(line.id).await?.into_iter().map(|event| EventRow {
        at: moment(event.at),
        actor: event.actor,
        action: event.action.replace('_', " "),
        reason: event.reason,
    });
    let events = events.collect();
    let view = TenantView { row: row(line), plans: plans(), events, link: link.map(str::to_owned) };
    Ok(view::html(status, view.render(&frame(by, notice))?))
}

/// `GET /tenants/{id}`
pub async fn tenant_page(
    State(console): State<Console>,
    Extension(by): Extension<OperatorIdentity>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let line = console.line(&id).await?;
    tenant(&console, &by, StatusCode::OK, line, None, None).await
}

/// The tenant's page after a change, or with why there was none.
async fn after(
    console: &Console,
    by: &OperatorIdentity,
    id: &str,
    changed: Result<(), Failure>,
    done: &str,
) -> Result<Response, Failure> {
    let (status, notice) = match changed {
        Ok(()) => (StatusCode::OK, Notice { kind: NoticeKind::Done, text: done.to_owned() }),
        Err(failure) => failure.notice()?,
    };
    let line = console.line(id).await?;
    tenant(console, by, status, line, Some(notice), None).await
}

/// `POST /tenants/{id}/plan`
pub async fn change_plan(
    State(console): State<Console>,
    Extension(by): Extension<OperatorIdentity>,
    Path(id): Path<String>,
    Form(form): Form<ChangeForm>,
) -> Result<Response, Failure> {
    let line = console.line(&id).await?;
    let changed = console.set_plan(&by, line.id, &form.plan, &form.reason).await;
    after(&console, &by, &id, changed, "The plan counts from the next request on.").await
}

/// `POST /tenants/{id}/suspend`
pub async fn suspend_form(
    console: State<Console>,
    by: Extension<OperatorIdentity>,
    id: Path<String>,
    form: Form<ChangeForm>,
) -> Result<Response, Failure> {
    let done = "The tenant is suspended; its people see that it is.";
    move_to((Lifecycle::Suspended, done), console, by, id, form).await
}

/// `POST /tenants/{id}/resume`
pub async fn resume_form(
    console: State<Console>,
    by: Extension<OperatorIdentity>,
    id: Path<String>,
    form: Form<ChangeForm>,
) -> Result<Response, Failure> {
    move_to((Lifecycle::Active, "The tenant is served again."), console, by, id, form).await
}

async fn move_to(
    (status, done): (Lifecycle, &str),
    State(console): State<Console>,
    Extension(by): Extension<OperatorIdentity>,
    Path(id): Path<String>,
    Form(form): Form<ChangeForm>,
) -> Result<Response, Failure> {
    let line = console.line(&id).await?;
    let changed = console.set_status(&by, line.id, status, &form.reason).await;
    after(&console, &by, &id, changed, done).await
}
