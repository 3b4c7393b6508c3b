//! Tokens for programs: an access token that lives for an hour, and a refresh token, good for one use,
//! that gets the next pair.
//!
//! Every pair belongs to one sign-in. A refresh token that comes a second time is in two hands, so the
//! sign-in ends: its refresh tokens at once, its access tokens within a second (at once on this node).
//! The same holds after `POST /auth/logout`. A token of another address, of another kind, too old or
//! made up gets the same 401.

use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::{Value, json};
use tenancy_core::{Identity, SessionId, TenantContext};
use tenancy_sqlx::control::Rotation;
use tenancy_tower::extract::Tenancy;
use tenancy_tower::refusal::{AuthFailure, Refusal};
use tenancy_tower::{Proof, SessionCookie, SessionToken};

use super::SignIn;
use crate::app::App;
use crate::failure::{Body, Failure};

/// How long a program stays signed in at most, however often it refreshes.
const LIFETIME: Duration = Duration::from_hours(30 * 24);

impl SignIn {
    /// Begins a sign-in of a program: the first pair of tokens.
    pub(super) async fn begin(&self, context: &TenantContext, member: &Identity) -> Result<Value, Failure> {
        let (sign_in, token) = (SessionId::new(), SessionToken::generate().map_err(Failure::internal)?);
        let ver = self.gate.open_refresh(sign_in, &token.hash(), member, LIFETIME).await;
        self.pair(context, member, sign_in, ver.map_err(Failure::internal)?, &token)
    }

    /// The next pair; `None` for every reason there is.
    async fn refresh(&self, context: &TenantContext, old: &str) -> Result<Option<Value>, Failure> {
        let Some(old) = SessionToken::parse(old) else { return Ok(None) };
        let new = SessionToken::generate().map_err(Failure::internal)?;
        let tenant = context.tenant_id();
        match self.gate.rotate_refresh(tenant, &old.hash(), &new.hash()).await.map_err(Failure::internal)? {
            Rotation::Rotated { family, identity, ver } => {
                self.pair(context, &identity, family, ver, &new).map(Some)
            }
            Rotation::Reused { user } => {
                tracing::warn!(
                    target: "security",
                    event = "refresh_token_reused",
                    %tenant, %user,
                    "a refresh token came twice; its sign-in was ended"
                );
                Ok(None)
            }
            Rotation::Refused => Ok(None),
        }
    }

    fn pair(
        &self,
        context: &TenantContext,
        member: &Identity,
        sign_in: SessionId,
        ver: u64,
        refresh: &SessionToken,
    ) -> Result<Value, Failure> {
        let issued =
            self.issuer.issue_for(context.tenant(), member, sign_in, ver).map_err(Failure::internal)?;
        Ok(json!({
            "access_token": issued.token.expose_secret(),
            "refresh_token": refresh.text().as_str(),
            "token_type": "Bearer",
            "expires_in": issued.expires_in,
        }))
    }

    /// Ends a program's sign-in, known by a refresh token, by itself, or by both.
    async fn end(
        &self,
        context: &TenantContext,
        token: Option<&SessionToken>,
        sign_in: Option<SessionId>,
    ) -> Result<(), Failure> {
        let hash = token.map(SessionToken::hash);
        self.gate.end_refresh(context.tenant_id(), hash.as_ref(), sign_in).await.map_err(Failure::internal)
    }
}

/// What a program sends to get the next pair. No `Debug`: it is a secret.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefreshRequest {
    refresh_token: String,
}

/// What a program may send to end a sign-in that it does not show. No `Debug`: it is a secret.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct LogoutRequest {
    #[serde(default)]
    refresh_token: String,
}

/// `POST /auth/refresh`
pub async fn refresh(
    State(app): State<App>,
    Tenancy(context): Tenancy,
    Body(body): Body<RefreshRequest>,
) -> Result<Json<Value>, Failure> {
    let pair = app.sign_in.refresh(&context, &body.refresh_token).await?;
    pair.map(Json).ok_or(Refusal::Unauthenticated(AuthFailure::Invalid).into())
}

/// `POST /auth/logout`: ends whatever the request shows, a session, a token, a refresh token in the
/// body. Ending nothing is fine.
pub async fn api_logout(
    State(app): State<App>,
    Tenancy(context): Tenancy,
    proof: Option<axum::Extension<Proof>>,
    body: Bytes,
) -> Result<(StatusCode, HeaderMap), Failure> {
    let asked = if body.is_empty() {
        LogoutRequest::default()
    } else {
        serde_json::from_slice(&body)
            .map_err(|error| Failure::invalid("bad_body", format!("The body cannot be used: {error}.")))?
    };
    let refresh = SessionToken::parse(&asked.refresh_token);
    let mut headers = HeaderMap::new();
    let mut sign_in = None;
    match proof {
        Some(axum::Extension(Proof::Session { token, .. })) => {
            app.sign_in.close(&token).await?;
            headers.append(SET_COOKIE, SessionCookie::default().clear());
        }
        Some(axum::Extension(Proof::Token(claims))) => sign_in = claims.sid,
        _ => {}
    }
    if refresh.is_some() || sign_in.is_some() {
        app.sign_in.end(&context, refresh.as_ref(), sign_in).await?;
    }
    Ok((StatusCode::NO_CONTENT, headers))
}
