//! Who is an operator, and where an operator's credential is a foreign one.
//!
//! A credential is one opaque secret: in the cookie `__Host-operator` for browsers, as bearer token for
//! programs. A bearer token decides alone where both are sent.
//!
//! | shown at                         | answer                                       |
//! |----------------------------------|----------------------------------------------|
//! | the operator's address, open     | passes as that operator                      |
//! | the operator's address, dead     | counts as none: the route asks to sign in    |
//! | an address of the tenants, open  | 404, the bytes of an unknown address         |
//! | an address of the tenants, dead  | whatever that address says                   |

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::middleware::Next;
use axum::response::Response;
use tenancy_core::StoreError;
use tenancy_core::store::TokenHash;
use tenancy_sqlx::Gate;
use tenancy_sqlx::control::OperatorIdentity;
use tenancy_tower::refusal::{AuthFailure, Refusal, Refuser};
use tenancy_tower::{SessionCookie, SessionToken};

use super::Console;

/// Name of the cookie.
const COOKIE: &str = "__Host-operator";

/// The operator's cookie.
pub(super) fn cookie() -> SessionCookie {
    // The name is a constant with the prefix that the check asks for.
    SessionCookie::named(COOKIE).unwrap_or_default()
}

/// Hash of the credential that these headers carry, if one could be an operator's.
pub(super) fn credential(headers: &HeaderMap) -> Option<TokenHash> {
    let Some(header) = headers.get(AUTHORIZATION) else {
        return cookie().find(headers).map(|token| token.hash());
    };
    let (scheme, token) = header.to_str().ok()?.split_once(' ')?;
    let token = SessionToken::parse(token.trim_matches(' '))?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.hash())
}

async fn operator(gate: &Gate, headers: &HeaderMap) -> Result<Option<OperatorIdentity>, StoreError> {
    match credential(headers) {
        Some(hash) => gate.operator_session(&hash).await,
        None => Ok(None),
    }
}

fn refuse(request: Request, refusal: &Refusal) -> Response {
    let (parts, _) = request.into_parts();
    Refuser::of(&parts).respond(refusal)
}

fn unavailable(request: Request, error: &StoreError) -> Response {
    tracing::error!(error = error as &dyn std::error::Error, "the operators' sessions cannot be read");
    refuse(request, &Refusal::Unavailable)
}

/// At the operator's address: says who acts.
pub async fn identify(State(console): State<Console>, mut request: Request, next: Next) -> Response {
    match operator(&console.gate, request.headers()).await {
        Ok(Some(found)) => {
            request.extensions_mut().insert(found);
        }
        Ok(None) => {}
        Err(error) => return unavailable(request, &error),
    }
    next.run(request).await
}

/// On each route that only operators take.
pub async fn require(request: Request, next: Next) -> Response {
    if request.extensions().get::<OperatorIdentity>().is_none() {
        return refuse(request, &Refusal::Unauthenticated(AuthFailure::Missing));
    }
    next.run(request).await
}

/// At the tenants' addresses: an operator's open credential does not belong there.
pub async fn keep_out(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    match operator(&gate, request.headers()).await {
        Ok(None) => next.run(request).await,
        Ok(Some(found)) => {
            tracing::warn!(
                target: "security",
                event = "foreign_credential",
                operator = %found.id,
                "an operator's credential was shown at an address of the tenants"
            );
            refuse(request, &Refusal::NotFound)
        }
        Err(error) => unavailable(request, &error),
    }
}
