//! One's own account: a new password for whoever knows the old one. What is used to change it goes on;
//! every other session and sign-in of the person ends, at every tenant.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::{Extension, Form};
use serde::Deserialize;
use tenancy_core::{TenantContext, UserId};
use tenancy_tower::Proof;
use tenancy_tower::extract::Member;
use tenancy_tower::refusal::{AuthFailure, Refusal};

use super::handlers::{SecretText, note};
use crate::app::App;
use crate::failure::{Body, Failure};
use crate::pages::{AccountView, Notice, NoticeKind, Section};
use crate::view;

/// The old password and the new one.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    current_password: SecretText,
    new_password: SecretText,
}

async fn change(
    app: &App,
    Member { context, user }: &Member,
    proof: &Proof,
    asked: NewPassword,
) -> Result<(), Failure> {
    asked.new_password.check_new().map_err(|why| Failure::invalid("password_unsuitable", why))?;
    let (gate, member) = (&app.sign_in.gate, (context.tenant_id(), *user));
    let wrong = || Failure::invalid("password_wrong", "This is not your present password.");
    let old = gate.own_password(member.0, member.1).await.map_err(Failure::internal)?;
    let old = old.ok_or(Refusal::Unauthenticated(AuthFailure::Invalid))?;
    if !app.sign_in.passwords.verify(asked.current_password.into(), Some(old.clone())).await {
        return Err(wrong());
    }
    let new = app.sign_in.passwords.hash(asked.new_password.into()).await.map_err(Failure::internal)?;
    let (session, sign_in) = match proof {
        Proof::Session { token, .. } => (Some(token), None),
        Proof::Token(claims) => (None, claims.sid),
        _ => (None, None),
    };
    let changed = gate.change_password(member, (&old, &new), session, sign_in).await;
    if !changed.map_err(Failure::internal)? {
        return Err(wrong());
    }
    tracing::info!(target: "security", event = "password_changed", tenant = %member.0, user = %member.1);
    note(app, context, *user, "password_changed").await
}

/// `POST /auth/password`
pub async fn api_change_password(
    State(app): State<App>,
    member: Member,
    Extension(proof): Extension<Proof>,
    Body(asked): Body<NewPassword>,
) -> Result<StatusCode, Failure> {
    change(&app, &member, &proof, asked).await.map(|()| StatusCode::NO_CONTENT)
}

async fn shown(
    app: &App,
    context: &TenantContext,
    status: StatusCode,
    notice: Option<Notice>,
) -> Result<Response, Failure> {
    let mut tx = app.database.begin_read(context).await?;
    let mut frame = view::frame(&mut tx, context, Section::Account).await?;
    frame.notice = notice;
    let sql = "SELECT email FROM control.members() WHERE user_id = $1";
    let email = sqlx::query_scalar(sql)
        .bind(context.actor().user().map(UserId::as_uuid))
        .fetch_optional(&mut *tx)
        .await
        .map_err(Failure::internal)?;
    let view = AccountView { email: email.unwrap_or_default() };
    Ok(view::html(status, view.render(&frame)?))
}

/// `GET /account`
pub async fn account_page(
    State(app): State<App>,
    Member { context, .. }: Member,
) -> Result<Response, Failure> {
    shown(&app, &context, StatusCode::OK, None).await
}

/// `POST /account/password`
pub async fn change_password(
    State(app): State<App>,
    member: Member,
    Extension(proof): Extension<Proof>,
    Form(asked): Form<NewPassword>,
) -> Result<Response, Failure> {
    let (status, notice) = match change(&app, &member, &proof, asked).await {
        Ok(()) => {
            let text = "Your password is changed. You are signed out everywhere else.".to_owned();
            (StatusCode::OK, Notice { kind: NoticeKind::Done, text })
        }
        Err(failure) => failure.notice()?,
    };
    shown(&app, &member.context, status, Some(notice)).await
}
