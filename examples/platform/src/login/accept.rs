//! Taking up an invitation: `/accept?token=…` at the tenant's own address.
//!
//! Whoever has the link chooses a name and a password, or, where the address belongs to a person of
//! the platform already, shows the password they have. Either way they are a member from then on and
//! signed in. A link that was used, is too old, was replaced or is of another tenant gets one page.

use axum::Form;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use tenancy_core::plan::Meter;
use tenancy_core::{TenantContext, UserId};
use tenancy_sqlx::control::{Accepted, Invited, NewPerson};
use tenancy_tower::extract::Tenancy;
use tenancy_tower::{SessionCookie, SessionToken};

use super::handlers::{SecretText, note};
use crate::app::App;
use crate::failure::Failure;
use crate::pages::{AcceptState, AcceptView};
use crate::view;

/// What may follow `/accept` in the address. No `Debug`: it is a secret.
#[derive(Default, Deserialize)]
pub struct AcceptQuery {
    #[serde(default)]
    token: String,
}

/// The form.
#[derive(Default, Deserialize)]
pub struct AcceptForm {
    #[serde(default)]
    token: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: SecretText,
}

/// What the page shows, and with which status.
struct Shown {
    status: StatusCode,
    state: AcceptState,
}

async fn invitation(
    app: &App,
    context: &TenantContext,
    token: &str,
) -> Result<Option<(SessionToken, Invited)>, Failure> {
    let Some(token) = SessionToken::parse(token) else { return Ok(None) };
    let found = app.sign_in.gate.invitation(context.tenant_id(), &token.hash()).await;
    Ok(found.map_err(Failure::internal)?.map(|invited| (token, invited)))
}

fn page(context: &TenantContext, shown: Shown) -> Result<Response, Failure> {
    let view = AcceptView { brand: view::brand(context.tenant()), state: shown.state };
    Ok(view::html(shown.status, view.render()?))
}

const GONE: Shown = Shown { status: StatusCode::GONE, state: AcceptState::Gone };

fn open(
    status: StatusCode,
    token: &SessionToken,
    invited: &Invited,
    name: &str,
    error: Option<&str>,
) -> Shown {
    let state = AcceptState::Open {
        token: token.text().to_string(),
        email: invited.email.clone(),
        known: invited.known.is_some(),
        name: name.to_owned(),
        error: error.map(str::to_owned),
    };
    Shown { status, state }
}

/// `GET /accept`
pub async fn accept_page(
    State(app): State<App>,
    Tenancy(context): Tenancy,
    Query(query): Query<AcceptQuery>,
) -> Result<Response, Failure> {
    match invitation(&app, &context, &query.token).await? {
        Some((token, invited)) => page(&context, open(StatusCode::OK, &token, &invited, "", None)),
        None => page(&context, GONE),
    }
}

/// `POST /accept`
pub async fn accept(
    State(app): State<App>,
    Tenancy(context): Tenancy,
    Form(form): Form<AcceptForm>,
) -> Result<Response, Failure> {
    let Some((token, invited)) = invitation(&app, &context, &form.token).await? else {
        return page(&context, GONE);
    };
    let again = |error| {
        page(&context, open(StatusCode::UNPROCESSABLE_ENTITY, &token, &invited, &form.name, Some(error)))
    };
    let new = if let Some((_, hash)) = &invited.known {
        if !app.sign_in.passwords.verify(form.password.into(), Some(hash.clone())).await {
            return again("This is not the password that belongs to this address.");
        }
        None
    } else {
        let name = form.name.trim();
        if name.is_empty() || name.chars().count() > 200 || name.chars().any(char::is_control) {
            return again("Say your name, in 1 to 200 characters.");
        }
        if let Err(error) = form.password.check_new() {
            return again(error);
        }
        let password_hash =
            app.sign_in.passwords.hash(form.password.into()).await.map_err(Failure::internal)?;
        Some(NewPerson { id: UserId::new(), display_name: name.to_owned(), password_hash })
    };
    let accepted = app.sign_in.gate.accept_invitation(context.tenant_id(), &token.hash(), new.as_ref()).await;
    let identity = match accepted.map_err(Failure::internal)? {
        Accepted::Joined(identity) => identity,
        Accepted::Full(decision) => return Err(Failure::LimitExceeded { meter: Meter::USERS, decision }),
        Accepted::Gone => return page(&context, GONE),
    };
    note(&app, &context, identity.user_id, "login").await?;
    let session = app.sign_in.open(identity).await?;
    let mut response = Redirect::to("/").into_response();
    response.headers_mut().append(SET_COOKIE, SessionCookie::default().set(&session));
    Ok(response)
}
