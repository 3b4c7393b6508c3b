//! A password that was forgotten: a link by mail, good once, for an hour, at the tenant it was asked at.
//!
//! The answer is given before anybody is looked up, so that neither its words nor its time tell whether
//! an address is somebody's here. A new password ends every session and sign-in of the person.

use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Form, Json};
use serde::Deserialize;
use serde_json::{Value, json};
use tenancy_core::TenantContext;
use tenancy_tower::SessionToken;
use tenancy_tower::extract::Tenancy;
use tenancy_tower::refusal::Refusal;

use super::handlers::{SecretText, note};
use super::{SignIn, address};
use crate::app::App;
use crate::failure::{Body, Failure};
use crate::mail::{Letter, Outbox};
use crate::pages::{ForgottenState, ForgottenView};
use crate::{invite, view};

/// How long a link is good for.
const LIFETIME: Duration = Duration::from_hours(1);

/// Whose password was forgotten.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forgotten {
    email: String,
}

/// What may follow `/reset` in the address. No `Debug`: it is a secret.
#[derive(Default, Deserialize)]
pub struct ResetQuery {
    #[serde(default)]
    token: String,
}

/// The form that sets a new password. No `Debug`: it is all secrets.
#[derive(Default, Deserialize)]
pub struct ResetForm {
    #[serde(default)]
    token: String,
    #[serde(default)]
    password: SecretText,
}

impl App {
    /// Sends a link to whoever has this address at the tenant; says nothing about whether anybody has.
    /// `false` where there is nothing to send with.
    fn send_reset(&self, context: &TenantContext, email: &str) -> bool {
        let Some(outbox) = self.sign_in.outbox.clone() else {
            tracing::error!("a password cannot be reset: there is no folder for letters; see --mail-dir");
            return false;
        };
        let Some(email) = address(email).map(str::to_owned) else { return true };
        let Ok(turn) = self.sign_in.letters.clone().try_acquire_owned() else {
            tracing::warn!("a password's reset was not sent: too many are asked for at once");
            return true;
        };
        let (sign_in, context, site) = (self.sign_in.clone(), context.clone(), self.site.clone());
        tokio::spawn(async move {
            let _turn = turn;
            if let Err(failure) = sign_in.write_to(&outbox, &context, &site, &email).await {
                tracing::error!(error = &failure as &dyn std::error::Error, "a reset was not sent");
            }
        });
        true
    }
}

impl SignIn {
    async fn write_to(
        &self,
        outbox: &Outbox,
        context: &TenantContext,
        site: &str,
        email: &str,
    ) -> Result<(), Failure> {
        let token = SessionToken::generate().map_err(Failure::internal)?;
        let opened = self.gate.open_reset(context.tenant_id(), email, &token.hash(), LIFETIME).await;
        let Some(person) = opened.map_err(Failure::internal)? else { return Ok(()) };
        let (tenant, name) = (context.tenant(), person.display_name);
        let link = invite::address(site, tenant.slug().as_str(), &format!("/reset?token={}", *token.text()));
        let text = format!(
            "Hello {name},\n\nsomebody asked for a new password for you at {}. If it was you, choose one \
             here:\n\n{link}\n\nThe link works once, for one hour. If it was not you, nothing has changed \
             and you need do nothing.",
            tenant.name()
        );
        let letter = Letter { to: &person.email, subject: "Your new password", text: &text };
        outbox.put(letter).await.map_err(Failure::internal)
    }
}

fn page(context: &TenantContext, status: StatusCode, state: ForgottenState) -> Result<Response, Failure> {
    let view = ForgottenView { brand: view::brand(context.tenant()), state };
    Ok(view::html(status, view.render()?))
}

/// `GET /forgot`
pub async fn forgot_page(Tenancy(context): Tenancy) -> Result<Response, Failure> {
    page(&context, StatusCode::OK, ForgottenState::Ask)
}

/// `POST /forgot`
pub async fn forgot(
    State(app): State<App>,
    Tenancy(context): Tenancy,
    Form(form): Form<Forgotten>,
) -> Result<Response, Failure> {
    if app.send_reset(&context, &form.email) {
        page(&context, StatusCode::ACCEPTED, ForgottenState::Sent)
    } else {
        page(&context, StatusCode::SERVICE_UNAVAILABLE, ForgottenState::NoMail)
    }
}

/// `POST /auth/password/reset`: 202 whether or not the address is somebody's.
pub async fn api_forgot(
    State(app): State<App>,
    Tenancy(context): Tenancy,
    Body(body): Body<Forgotten>,
) -> Result<(StatusCode, Json<Value>), Failure> {
    if app.send_reset(&context, &body.email) {
        Ok((StatusCode::ACCEPTED, Json(json!({ "link_expires_in": LIFETIME.as_secs() }))))
    } else {
        Err(Refusal::Unavailable.into())
    }
}

async fn open(
    app: &App,
    context: &TenantContext,
    token: &str,
) -> Result<Option<(SessionToken, String)>, Failure> {
    let Some(token) = SessionToken::parse(token) else { return Ok(None) };
    let found = app.sign_in.gate.find_reset(context.tenant_id(), &token.hash()).await;
    Ok(found.map_err(Failure::internal)?.map(|email| (token, email)))
}

fn choose(token: &SessionToken, email: String, error: Option<&str>) -> ForgottenState {
    ForgottenState::Choose { token: token.text().to_string(), email, error: error.map(str::to_owned) }
}

/// `GET /reset`
pub async fn reset_page(
    State(app): State<App>,
    Tenancy(context): Tenancy,
    Query(query): Query<ResetQuery>,
) -> Result<Response, Failure> {
    match open(&app, &context, &query.token).await? {
        Some((token, email)) => page(&context, StatusCode::OK, choose(&token, email, None)),
        None => page(&context, StatusCode::GONE, ForgottenState::Gone),
    }
}

/// `POST /reset`
pub async fn reset(
    State(app): State<App>,
    Tenancy(context): Tenancy,
    Form(form): Form<ResetForm>,
) -> Result<Response, Failure> {
    let Some((token, email)) = open(&app, &context, &form.token).await? else {
        return page(&context, StatusCode::GONE, ForgottenState::Gone);
    };
    if let Err(error) = form.password.check_new() {
        return page(&context, StatusCode::UNPROCESSABLE_ENTITY, choose(&token, email, Some(error)));
    }
    let hash = app.sign_in.passwords.hash(form.password.into()).await.map_err(Failure::internal)?;
    let used = app.sign_in.gate.use_reset(context.tenant_id(), &token.hash(), &hash).await;
    let Some(user) = used.map_err(Failure::internal)? else {
        return page(&context, StatusCode::GONE, ForgottenState::Gone);
    };
    tracing::info!(target: "security", event = "password_reset", tenant = %context.tenant_id(), %user);
    note(&app, &context, user, "password_reset").await?;
    Ok(Redirect::to("/login?changed=true").into_response())
}
