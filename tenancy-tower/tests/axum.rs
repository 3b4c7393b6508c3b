//! The stack in an axum router, mounted as an application mounts it.

#![cfg(all(feature = "axum", feature = "aws-lc-rs"))]

mod kit;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::{get, post};
use http::StatusCode;
use http_body_util::BodyExt;
use kit::World;
use tenancy_core::{Identity, Permission, Role};
use tenancy_tower::extract::{ManageUsers, Member, Permitted, Tenancy};
use tenancy_tower::{Refusal, Refuser, RequirePermissionLayer, SameOriginLayer, Site};
use tower::ServiceExt;

fn tenant() -> Router {
    Router::new()
        .route("/", get(async |Tenancy(context): Tenancy| context.tenant().name().to_owned()))
        .route("/me", get(async |member: Member| member.user.to_string()))
        .route("/users", post(async |p: Permitted<ManageUsers>| p.context.tenant().name().to_owned()))
        .route(
            "/data/{id}",
            get(async |refuser: Refuser| -> Response { refuser.respond(&Refusal::NotFound) })
                .layer(RequirePermissionLayer::new(Permission::ManageData)),
        )
}

fn app(world: &World) -> Router {
    let (tenant, apex) = (tenant(), Router::new().route("/", get("the landing page")));
    Router::new()
        .fallback(async move |request: Request| {
            let router = match request.extensions().get::<Site>() {
                Some(Site::Tenant) => tenant,
                _ => apex,
            };
            router.oneshot(request).await
        })
        .layer(SameOriginLayer::new())
        .layer(world.authenticate())
        .layer(world.tenants())
}

async fn send(app: &Router, method: &str, host: &str, path: &str, bearer: &str) -> (StatusCode, String) {
    let mut request = Request::builder().method(method).uri(path).header("host", host);
    if !bearer.is_empty() {
        request = request.header("authorization", bearer);
    }
    let response = app.clone().oneshot(request.body(axum::body::Body::empty()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    (parts.status, String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap())
}

#[tokio::test]
async fn routes_say_who_may_come_in() {
    let world = World::new();
    let app = app(&world);
    let analyst = world.bearer(0, &world.ann);
    let owner = world.bearer(0, &Identity { role: Role::Owner, ..world.ann.clone() });
    let viewer = world.bearer(0, &Identity { role: Role::Viewer, ..world.ann.clone() });
    let ann = world.ann.user_id.to_string();
    for (method, path, bearer, status, says) in [
        ("GET", "/", "", 200, "acme"),
        ("GET", "/me", "", 401, "Authentication failed"),
        ("GET", "/me", &*analyst, 200, &*ann),
        ("POST", "/users", "", 401, "Authentication failed"),
        ("POST", "/users", &*analyst, 403, "Insufficient permissions"),
        ("POST", "/users", &*owner, 200, "acme"),
        ("GET", "/data/1", &*viewer, 403, "Insufficient permissions"),
        ("GET", "/data/1", &*analyst, 404, "Not found"),
    ] {
        let (got, body) = send(&app, method, "acme.example.com", path, bearer).await;
        assert_eq!(got.as_u16(), status, "{method} {path}: {body}");
        assert!(body.contains(says), "{method} {path}: {body}");
    }
}

#[tokio::test]
async fn each_site_has_its_own_router() {
    let app = app(&World::new());
    assert_eq!(send(&app, "GET", "example.com", "/", "").await.1, "the landing page");
    assert_eq!(send(&app, "GET", "www.example.com", "/", "").await.1, "the landing page");
    assert_eq!(send(&app, "GET", "globex.example.com", "/", "").await.1, "globex");
    assert_eq!(send(&app, "GET", "example.com", "/me", "").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_handler_outside_the_layer_names_it() {
    for (method, path) in [("GET", "/"), ("GET", "/me"), ("POST", "/users"), ("GET", "/data/1")] {
        let (status, body) = send(&tenant(), method, "acme.example.com", path, "").await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(body.contains("TenantLayer is missing"), "{path}: {body}");
    }
}
