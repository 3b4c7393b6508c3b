//! The order in which a request passes the layers: this screen is all of it.
//!
//! ```text
//! every listener  request id, log span, metrics, panics caught, security headers
//!                 /healthz /readyz /assets            no tenant is asked for
//! public          TenantLayer                         address -> tenant, or 404
//!                 operator::keep_out                  an operator's credential is foreign here
//!                 AuthenticateLayer                   credential -> member; must agree with the address
//!                 SameOriginLayer                     no other site's form
//!                 AdmissionLayer                      members' calls: not too fast, and within the plan
//!                 site                                tenant | apex | api | nothing
//!                 etag::tag                           what the caller may keep of a tenant's answers
//!                 unversioned                         /api/v1/… is another name of what is for programs
//!                 route                               RequirePermissionLayer, FeatureGateLayer,
//!                                                     failure::render, handler
//! operator        admin.{base} only                   everything else is 404, and so is a tenant's credential
//!                 operator::identify                  an operator's credential -> operator; `require` on each route
//! internal        /metrics
//! ```
//!
//! A tenant's address, the apex and `api.{base}` are served on the public listener; at the last, what is
//! for programs, for the tenant that the token names. All other reserved names (`admin`, …) are nobody's
//! there, and look like an unknown address.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Uri, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use tenancy_core::store::{Directory, SessionStore, StandingStore};
use tenancy_sqlx::Gate;
use tenancy_tower::jwt::TokenVerifier;
use tenancy_tower::locate::{BaseDomain, SubdomainLocator};
use tenancy_tower::refusal::{Asked, Refusal, Refuser, Render as _};
use tenancy_tower::{AdmissionLayer, AuthenticateLayer, Calls, SameOriginLayer, Site, TenantLayer};
use tower::{ServiceBuilder, ServiceExt as _};
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::trace::TraceLayer;

use crate::app::App;
use crate::health::{self, Ready};
use crate::operator::{self, Console};
use crate::view::Pages;
use crate::{etag, failure, routes};

/// A request that takes longer is given up; uploads of the largest file fit in.
const REQUEST_TIME: Duration = Duration::from_mins(2);

/// What the public listener resolves and authenticates with.
#[derive(Clone)]
pub struct Doors {
    /// The domain below which the tenants are.
    pub base: BaseDomain,
    /// Who the tenants are.
    pub directory: Arc<dyn Directory>,
    /// Open sessions.
    pub sessions: Arc<dyn SessionStore>,
    /// Checks access tokens.
    pub tokens: TokenVerifier,
    /// Where members stand now, whatever their token says.
    pub standings: Arc<dyn StandingStore>,
    /// Knows operators' credentials.
    pub gate: Gate,
}

impl std::fmt::Debug for Doors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Doors").field("base", &self.base).finish_non_exhaustive()
    }
}

/// Everything that tenants reach.
pub fn public(app: App, doors: Doors, calls: Calls, ready: Ready) -> Router {
    let tenant = routes::router(routes::tenant())
        .fallback(nothing)
        .layer(from_fn(failure::render))
        .layer(from_fn(etag::tag))
        .with_state(app.clone());
    let api = routes::router(routes::api())
        .fallback(nothing)
        .layer(from_fn(failure::render))
        .layer(from_fn(etag::tag))
        .with_state(app.clone());
    let apex =
        routes::router(routes::apex()).fallback(nothing).layer(from_fn(failure::render)).with_state(app);
    let sites = Router::new()
        .fallback(move |request: Request| {
            let (tenant, apex, api) = (tenant.clone(), apex.clone(), api.clone());
            async move {
                match request.extensions().get::<Site>() {
                    Some(Site::Tenant) => tenant.oneshot(unversioned(request)).await,
                    Some(Site::Reserved(API)) => api.oneshot(unversioned(request)).await,
                    Some(Site::Apex | Site::Reserved("www")) => apex.oneshot(request).await,
                    _ => return nothing(request).await,
                }
                .unwrap_or_else(|never| match never {})
            }
        })
        .layer(AdmissionLayer::new(calls))
        .layer(SameOriginLayer::new())
        .layer(
            AuthenticateLayer::new()
                .tokens(doors.tokens)
                .sessions(doors.sessions)
                .standings(doors.standings)
                .tenant_of_token(API, Arc::clone(&doors.directory)),
        )
        .layer(from_fn_with_state(doors.gate, operator::keep_out))
        .layer(from_fn(for_programs))
        .layer(TenantLayer::new(SubdomainLocator::new(doors.base), doors.directory).render_with(Pages));
    framed(sites, ready)
}

/// The reserved name at which the tenant is the token's.
const API: &str = "api";

/// At that name nobody signs in at a page, so nobody is shown one.
async fn for_programs(mut request: Request, next: Next) -> Response {
    if request.extensions().get() == Some(&Site::Reserved(API)) {
        request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    }
    next.run(request).await
}

/// `/api/v1/…` is `/api/…`, and `/api/v1/tenant/…` and `/api/v1/auth/…` are the same without `/api/v1`.
fn unversioned(mut request: Request) -> Request {
    let Some(target) = request.uri().path_and_query().and_then(|t| t.as_str().strip_prefix("/api/v1/"))
    else {
        return request;
    };
    let own = target.starts_with("tenant/") || target.starts_with("auth/");
    let target = if own { format!("/{target}") } else { format!("/api/{target}") };
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query = target.parse().ok();
    if let Ok(uri) = Uri::from_parts(parts) {
        *request.uri_mut() = uri;
    }
    request
}

/// Everything that operators reach.
pub fn operator(console: Console, doors: Doors, ready: Ready) -> Router {
    let admin = routes::router(routes::operator())
        .fallback(nothing)
        .layer(from_fn(failure::render))
        .layer(from_fn_with_state(console.clone(), operator::identify))
        .with_state(console);
    let sites = Router::new()
        .fallback(move |request: Request| {
            let admin = admin.clone();
            async move {
                match request.extensions().get::<Site>() {
                    Some(Site::Reserved("admin")) => {
                        admin.oneshot(request).await.unwrap_or_else(|never| match never {})
                    }
                    _ => nothing(request).await,
                }
            }
        })
        .layer(SameOriginLayer::new())
        .layer(AuthenticateLayer::new().tokens(doors.tokens).sessions(doors.sessions))
        .layer(TenantLayer::new(SubdomainLocator::new(doors.base), doors.directory).render_with(Pages));
    framed(sites, ready)
}

/// What only the machine itself and its monitoring reach.
pub fn internal(ready: Ready) -> Router {
    let metrics = routes::router(routes::internal()).with_state(ready.clone());
    framed(metrics, ready)
}

/// What holds for every listener.
fn framed(sites: Router, ready: Ready) -> Router {
    let layers = ServiceBuilder::new()
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
        .layer(TraceLayer::new_for_http().make_span_with(span))
        .layer(PropagateRequestIdLayer::x_request_id())
        .layer(from_fn(health::count))
        .layer(always("x-content-type-options", "nosniff"))
        .layer(always("x-frame-options", "SAMEORIGIN"))
        .layer(always("referrer-policy", "same-origin"))
        .layer(always("cross-origin-opener-policy", "same-origin"))
        .layer(always("strict-transport-security", "max-age=31536000; includeSubDomains"))
        .layer(always("content-security-policy", CONTENT_POLICY))
        .layer(from_fn(failure::catch_panics))
        .layer(from_fn_with_state(REQUEST_TIME, in_time));
    let everywhere = routes::router(routes::everywhere()).layer(from_fn(failure::render)).with_state(ready);
    everywhere.fallback_service(sites).layer(layers)
}

const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'";

fn always(name: &'static str, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(HeaderName::from_static(name), HeaderValue::from_static(value))
}

/// One span a request; the tenant's id joins it in the log of whoever knows it.
fn span(request: &axum::http::Request<Body>) -> tracing::Span {
    let id = request.headers().get("x-request-id").and_then(|value| value.to_str().ok()).unwrap_or_default();
    tracing::info_span!("request", method = %request.method(), path = request.uri().path(), request_id = id)
}

/// Gives a request up after a while.
async fn in_time(State(most): State<Duration>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let asked = Asked::of(&parts);
    let answer = tokio::time::timeout(most, next.run(Request::from_parts(parts, body))).await;
    answer.unwrap_or_else(|_| {
        tracing::error!(path = asked.path(), ?most, "a request took too long and was given up");
        Pages.render(&Refusal::Unavailable, &asked, None).map(Body::from)
    })
}

async fn nothing(request: Request) -> Response {
    let (parts, _) = request.into_parts();
    Refuser::of(&parts).respond(&Refusal::NotFound)
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use axum::http::header::{ACCEPT, CONTENT_TYPE};
    use axum::routing::get;

    use super::*;

    #[tokio::test]
    async fn a_request_that_takes_too_long_gets_an_answer_in_the_form_it_asked_for() {
        let slow = Router::new()
            .route("/", get(std::future::pending::<()>))
            .layer(from_fn_with_state(Duration::from_millis(10), in_time));
        for (accept, kind) in [("text/html", "text/html; charset=utf-8"), ("*/*", "application/problem+json")]
        {
            let request = Request::builder().header(ACCEPT, accept).body(Body::empty()).unwrap();
            let answer = slow.clone().oneshot(request).await.unwrap();
            assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(answer.headers()[CONTENT_TYPE], kind);
        }
    }
}
