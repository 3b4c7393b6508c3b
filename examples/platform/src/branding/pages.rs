//! The brand for people.

use axum::Form;
use axum::extract::{Query, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use serde_json::{Map, Value};
use tenancy_core::{TenantContext, UserId};
use tenancy_tower::extract::Member;
use tenancy_tower::refusal::Refusal;

use super::{Logo, LogoError, Look, accent, set, set_logo};
use crate::app::App;
use crate::data;
use crate::failure::Failure;
use crate::invite;
use crate::pages::{Accent, BrandForm, BrandingView, Notice, NoticeKind, Preview, Section};
use crate::view;

/// Where a change leads: the page says that it was made.
const SAVED: &str = "/branding?saved=true";

/// What may follow `/branding` in the address.
#[derive(Debug, Default, Deserialize)]
pub struct PageQuery {
    #[serde(default)]
    saved: bool,
}

/// What the form sends.
#[derive(Debug, Default, Deserialize)]
pub struct SaveForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    accent: String,
    /// Set by the button that only shows.
    #[serde(default)]
    preview: Option<String>,
}

/// `GET /branding`
pub async fn page(
    State(app): State<App>,
    Member { context, .. }: Member,
    Query(query): Query<PageQuery>,
) -> Result<Response, Failure> {
    let text = "Saved. Every page shows it from its next load on.".to_owned();
    let notice = query.saved.then_some(Notice { kind: NoticeKind::Done, text });
    shown(&app, &context, StatusCode::OK, (None, None), notice).await
}

/// The page with what was typed or refused, else with what is stored.
async fn shown(
    app: &App,
    context: &TenantContext,
    status: StatusCode,
    (typed, logo_error): (Option<BrandForm>, Option<String>),
    notice: Option<Notice>,
) -> Result<Response, Failure> {
    let look = Look::of(context.tenant());
    let accent = match &typed {
        Some(form) if form.accent_error.is_none() => form.accent.parse().unwrap_or(Accent::PLATFORM),
        _ => look.accent(),
    };
    let form = typed.unwrap_or_else(|| BrandForm {
        name: look.name.unwrap_or_default(),
        accent: look.accent.map(|accent| accent.to_string()).unwrap_or_default(),
        ..BrandForm::default()
    });
    let view = BrandingView {
        registered_name: context.tenant().name().to_owned(),
        form,
        logo_error,
        logo_limit: format!("{}\u{a0}KB", Logo::MAX_BYTES / 1024),
        preview: Preview::of(accent),
    };
    let mut tx = app.database.begin_read(context).await?;
    let mut frame = view::frame(&mut tx, context, Section::Branding).await?;
    frame.notice = notice;
    Ok(view::html(status, view.render(&frame)?))
}

/// A field that was left empty goes back to the default.
fn change(form: &SaveForm) -> Map<String, Value> {
    let fields = [("name", &form.name), ("accent", &form.accent)];
    let value = |text: &str| if text.is_empty() { Value::Null } else { Value::from(text) };
    fields.into_iter().map(|(key, text)| (key.to_owned(), value(text.trim()))).collect()
}

/// `POST /branding`: keeps it, or only shows what would become of it.
pub async fn save_form(
    State(app): State<App>,
    Member { context, user }: Member,
    Form(form): Form<SaveForm>,
) -> Result<Response, Failure> {
    let wrong = |text: &str, check: fn(&str) -> Result<(), Failure>| {
        if text.trim().is_empty() {
            None
        } else {
            check(text).err().and_then(|failure| failure.said().ok()).map(|(_, words)| words)
        }
    };
    let typed = BrandForm {
        name_error: wrong(&form.name, |name| invite::tenant_name(name).map(drop)),
        accent_error: wrong(&form.accent, |text| accent(text).map(drop)),
        name: form.name.clone(),
        accent: form.accent.trim().to_owned(),
        unsaved: true,
    };
    let refused = typed.name_error.is_some() || typed.accent_error.is_some();
    if refused || form.preview.is_some() {
        let status = if refused { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        return shown(&app, &context, status, (Some(typed), None), None).await;
    }
    set(&app, &context, user, change(&form)).await?;
    Ok(Redirect::to(SAVED).into_response())
}

/// `POST /branding/logo`
pub async fn logo_form(
    State(app): State<App>,
    Member { context, user }: Member,
    request: Request,
) -> Result<Response, Failure> {
    match stored(&app, &context, user, request).await {
        Ok(()) => Ok(Redirect::to(SAVED).into_response()),
        Err(failure) => {
            let (status, text) = match failure {
                Failure::Refused(Refusal::TooLarge) => {
                    (StatusCode::PAYLOAD_TOO_LARGE, LogoError::TooLarge.to_string())
                }
                other => other.said()?,
            };
            shown(&app, &context, status, (None, Some(text)), None).await
        }
    }
}

async fn stored(app: &App, context: &TenantContext, by: UserId, request: Request) -> Result<(), Failure> {
    let bytes = data::read_file(app, request, Logo::MAX_BYTES).await?;
    let logo = Logo::check(bytes)?;
    set_logo(app, context, by, Some(&logo)).await.map(drop)
}

/// `POST /branding/logo/remove`
pub async fn remove_logo_form(
    State(app): State<App>,
    Member { context, user }: Member,
) -> Result<Response, Failure> {
    set_logo(&app, &context, user, None).await?;
    Ok(Redirect::to(SAVED).into_response())
}
