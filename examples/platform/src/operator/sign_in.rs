//! Operators sign in and out: the same password check as everywhere, sessions of their own realm.

use axum::extract::{Query, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Form, Json};
use serde_json::{Value, json};
use tenancy_sqlx::control::OperatorIdentity;
use tenancy_tower::SessionToken;
use tenancy_tower::authenticate::{SESSION_IDLE, SESSION_LIFETIME};
use tenancy_tower::refusal::{AuthFailure, Refusal};

use super::{Console, realm};
use crate::failure::{Body, Failure};
use crate::login::{self, LoginForm, LoginQuery, LoginRequest, SecretText};
use crate::pages::{LoginDoor, LoginView};
use crate::view;

/// Opens a session for the operator with this address and password; `None` for every reason there is.
async fn open(console: &Console, email: &str, password: SecretText) -> Result<Option<SessionToken>, Failure> {
    let found = match login::address(email) {
        Some(email) => console.gate.operator(email).await.map_err(Failure::internal)?,
        None => None,
    };
    let hash = found.as_ref().map(|operator| operator.password_hash.clone());
    let right = console.passwords.verify(password.into(), hash).await;
    let Some(operator) = found.filter(|_| right) else {
        tracing::info!(target: "security", event = "operator_sign_in_failed");
        return Ok(None);
    };
    let token = SessionToken::generate().map_err(Failure::internal)?;
    let opened =
        console.gate.open_operator_session(&token.hash(), operator.id, SESSION_LIFETIME, SESSION_IDLE).await;
    opened.map_err(Failure::internal)?;
    tracing::info!(target: "security", event = "operator_signed_in", operator = %operator.id);
    Ok(Some(token))
}

async fn close(console: &Console, headers: &HeaderMap) -> Result<(), Failure> {
    match realm::credential(headers) {
        Some(hash) => console.gate.end_operator_session(&hash).await.map_err(Failure::internal),
        None => Ok(()),
    }
}

/// `GET /login`
pub async fn login_page(
    operator: Option<axum::Extension<OperatorIdentity>>,
    Query(query): Query<LoginQuery>,
) -> Result<Response, Failure> {
    if operator.is_some() {
        return Ok(Redirect::to("/").into_response());
    }
    page(StatusCode::OK, String::new(), &query.next, None, query.notice())
}

/// `POST /login`
pub async fn login(State(console): State<Console>, Form(form): Form<LoginForm>) -> Result<Response, Failure> {
    let Some(token) = open(&console, &form.email, form.password).await? else {
        let error = Some("E-mail and password do not match. Check both and try again.".to_owned());
        return page(StatusCode::UNAUTHORIZED, form.email, &form.next, error, None);
    };
    let mut response = Redirect::to(view::local_path(&form.next).unwrap_or("/")).into_response();
    response.headers_mut().append(SET_COOKIE, realm::cookie().set(&token));
    Ok(response)
}

/// `POST /logout`
pub async fn logout(State(console): State<Console>, headers: HeaderMap) -> Result<Response, Failure> {
    close(&console, &headers).await?;
    let mut response = Redirect::to("/login?bye=true").into_response();
    response.headers_mut().append(SET_COOKIE, realm::cookie().clear());
    Ok(response)
}

/// `POST /auth/login` at the operator's address.
pub async fn api_login(
    State(console): State<Console>,
    Body(body): Body<LoginRequest>,
) -> Result<Json<Value>, Failure> {
    let token = open(&console, &body.email, body.password).await?;
    let token = token.ok_or(Refusal::Unauthenticated(AuthFailure::Invalid))?;
    Ok(Json(json!({
        "access_token": token.text().as_str(),
        "token_type": "Bearer",
        "expires_in": SESSION_LIFETIME.as_secs(),
    })))
}

/// `POST /auth/logout` at the operator's address.
pub async fn api_logout(State(console): State<Console>, headers: HeaderMap) -> Result<StatusCode, Failure> {
    close(&console, &headers).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn page(
    status: StatusCode,
    email: String,
    next: &str,
    error: Option<String>,
    notice: Option<String>,
) -> Result<Response, Failure> {
    let next = view::local_path(next).unwrap_or("").to_owned();
    let view = LoginView { door: LoginDoor::Operator, email, next, error, notice };
    Ok(view::html(status, view.render()?))
}
