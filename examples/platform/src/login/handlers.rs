//! The routes of signing in and out, for browsers and for programs.

use axum::extract::{Query, Request, State};
use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Form, Json};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::Row;
use tenancy_core::{Actor, Role, TenantContext, UserId};
use tenancy_tower::extract::{Member, Tenancy};
use tenancy_tower::refusal::{AuthFailure, Refusal};
use tenancy_tower::{Proof, SessionCookie};

use super::password;
use crate::app::App;
use crate::failure::{Body, Failure};
use crate::pages::{LoginDoor, LoginView};
use crate::{trail, view};

/// What may follow `/login` in the address.
#[derive(Debug, Default, Deserialize)]
pub struct LoginQuery {
    #[serde(default)]
    pub(crate) next: String,
    #[serde(default)]
    pub(crate) bye: bool,
    #[serde(default)]
    pub(crate) changed: bool,
}

impl LoginQuery {
    /// What the page says before signing in.
    pub(crate) fn notice(&self) -> Option<String> {
        let said = match (self.bye, self.changed) {
            (true, _) => "You are signed out.",
            (_, true) => "Your password is changed. Sign in with the new one.",
            _ => return None,
        };
        Some(said.to_owned())
    }
}

/// The sign-in form. `Debug` hides the password.
#[derive(Debug, Deserialize)]
pub struct LoginForm {
    #[serde(default)]
    pub(crate) email: String,
    #[serde(default)]
    pub(crate) password: SecretText,
    #[serde(default)]
    pub(crate) next: String,
}

/// What a program sends to sign in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    pub(crate) email: String,
    pub(crate) password: SecretText,
}

/// A password on its way in; `Debug` hides it.
#[derive(Default, Deserialize)]
#[serde(transparent)]
pub struct SecretText(String);

impl std::fmt::Debug for SecretText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretText(..)")
    }
}

impl SecretText {
    /// Whether it may become somebody's password; else what to do.
    pub(super) fn check_new(&self) -> Result<(), &'static str> {
        if self.0.chars().count() < password::SHORTEST {
            Err("Choose a password of at least 12 characters.")
        } else if self.0.len() > password::MAX_LENGTH {
            Err("Choose a shorter password.")
        } else {
            Ok(())
        }
    }
}

impl From<SecretText> for SecretString {
    fn from(text: SecretText) -> Self {
        text.0.into()
    }
}

/// `GET /login`
pub async fn login_page(
    Tenancy(context): Tenancy,
    Query(query): Query<LoginQuery>,
) -> Result<Response, Failure> {
    if !matches!(context.actor(), Actor::Anonymous) {
        return Ok(Redirect::to("/").into_response());
    }
    page(&context, StatusCode::OK, String::new(), &query.next, None, query.notice())
}

/// `POST /login`
pub async fn login(
    State(app): State<App>,
    Tenancy(context): Tenancy,
    Form(form): Form<LoginForm>,
) -> Result<Response, Failure> {
    let checked = app.sign_in.check(&context, &form.email, form.password.into()).await;
    let Some(identity) = checked.map_err(Failure::internal)? else {
        let error = Some("E-mail and password do not match. Check both and try again.".to_owned());
        return page(&context, StatusCode::UNAUTHORIZED, form.email, &form.next, error, None);
    };
    note(&app, &context, identity.user_id, "login").await?;
    let token = app.sign_in.open(identity).await?;
    let next = view::local_path(&form.next).unwrap_or("/");
    let mut response = Redirect::to(next).into_response();
    response.headers_mut().append(SET_COOKIE, SessionCookie::default().set(&token));
    Ok(response)
}

/// Notes something among what the tenant's people did.
pub(super) async fn note(
    app: &App,
    context: &TenantContext,
    user: UserId,
    what: &'static str,
) -> Result<(), Failure> {
    let mut tx = app.database.begin(context).await?;
    trail::activity(&mut tx, Some(user), what).await?;
    Ok(tx.commit().await?)
}

fn page(
    context: &TenantContext,
    status: StatusCode,
    email: String,
    next: &str,
    error: Option<String>,
    notice: Option<String>,
) -> Result<Response, Failure> {
    let next = view::local_path(next).unwrap_or("").to_owned();
    let door = LoginDoor::Tenant(view::brand(context.tenant()));
    let view = LoginView { door, email, next, error, notice };
    Ok(view::html(status, view.render()?))
}

/// `POST /logout`
pub async fn logout(State(app): State<App>, request: Request) -> Result<Response, Failure> {
    if let Some(Proof::Session { token, .. }) = request.extensions().get::<Proof>() {
        app.sign_in.close(token).await?;
    }
    let mut response = Redirect::to("/login?bye=true").into_response();
    response.headers_mut().append(SET_COOKIE, SessionCookie::default().clear());
    Ok(response)
}

/// `POST /auth/login`
pub async fn api_login(
    State(app): State<App>,
    Tenancy(context): Tenancy,
    Body(body): Body<LoginRequest>,
) -> Result<Json<Value>, Failure> {
    let checked = app.sign_in.check(&context, &body.email, body.password.into()).await;
    let identity = checked.map_err(Failure::internal)?;
    let identity = identity.ok_or(Refusal::Unauthenticated(AuthFailure::Invalid))?;
    let tokens = app.sign_in.begin(&context, &identity).await?;
    note(&app, &context, identity.user_id, "login").await?;
    Ok(Json(tokens))
}

/// `GET /auth/me`
pub async fn me(
    State(app): State<App>,
    Member { context, user }: Member,
    proof: Option<axum::Extension<Proof>>,
) -> Result<Json<Value>, Failure> {
    let mut tx = app.database.begin_read(&context).await?;
    let row = sqlx::query("SELECT email, display_name, role FROM control.members() WHERE user_id = $1")
        .bind(user.as_uuid())
        .fetch_optional(&mut *tx)
        .await
        .map_err(Failure::internal)?;
    let row = row.ok_or(Refusal::Unauthenticated(AuthFailure::Invalid))?;
    let role: String = row.try_get("role").map_err(Failure::internal)?;
    let role: Role = role.parse().map_err(Failure::internal)?;
    let mut me = json!({
        "sub": user,
        "email": row.try_get::<String, _>("email").map_err(Failure::internal)?,
        "name": row.try_get::<String, _>("display_name").map_err(Failure::internal)?,
        "tenant_id": context.tenant_id(),
        "tenant_name": context.tenant().name(),
        "tenant_slug": context.tenant().slug(),
        "plan": context.tenant().plan(),
        "role": role,
        "permissions": role.permissions(),
    });
    if let (Some(axum::Extension(Proof::Token(claims))), Some(object)) = (&proof, me.as_object_mut()) {
        let claims = serde_json::to_value(claims.as_ref()).map_err(Failure::internal)?;
        for name in ["iat", "exp", "iss", "aud", "jti", "ver"] {
            object.insert(name.to_owned(), claims.get(name).cloned().unwrap_or_default());
        }
    }
    Ok(Json(me))
}
