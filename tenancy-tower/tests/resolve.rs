//! `TenantLayer`: which tenant a request is for, and what of it reaches a handler.

#![cfg(feature = "aws-lc-rs")]

mod kit;

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use http::{Request, Response, StatusCode};
use kit::{World, ask, get, send};
use tenancy_core::testing::{context, tenant};
use tenancy_tower::Site;
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;
use tower_layer::Layer;
use tower_service::Service;

#[tokio::test]
async fn each_address_reaches_its_own_tenant() {
    let stack = World::new().stack();
    for (host, reached) in [
        ("acme.example.com", "Some(Tenant) Some(Slug(\"acme\")) Some(Anonymous)"),
        ("GLOBEX.example.com:8080", "Some(Tenant) Some(Slug(\"globex\")) Some(Anonymous)"),
        ("example.com", "Some(Apex) None None"),
        ("www.example.com", "Some(Reserved(\"www\")) None None"),
    ] {
        let seen = send(&stack, get(host, &[])).await;
        assert_eq!(seen.body, format!("{reached} by nothing, 0 claimed"), "host {host}");
    }
}

#[tokio::test]
async fn a_tenant_that_is_not_there_looks_like_one_that_never_was() {
    let stack = World::new().stack();
    let unknown = send(&stack, get("nobody.example.com", &[])).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    assert!(unknown.body.contains(r#""error":"Not found""#), "{}", unknown.body);
    for host in ["coming", "going", "gone", "a.b", "_dmarc"] {
        let seen = send(&stack, get(&format!("{host}.example.com"), &[])).await;
        assert_eq!(seen, unknown, "host {host}");
    }
    assert_eq!(send(&stack, get("acme.example.com.evil.com", &[])).await, unknown);
}

#[tokio::test]
async fn a_suspended_tenant_is_refused_by_name_and_an_unreadable_address_without() {
    let stack = World::new().stack();
    let suspended = send(&stack, get("paused.example.com", &[])).await;
    assert_eq!(suspended.status, StatusCode::FORBIDDEN);
    assert!(suspended.body.contains(r#""code":"tenant_suspended","error":"Invalid tenant""#));
    let mut two = get("acme.example.com", &[]);
    two.headers_mut().append("host", "globex.example.com".parse().unwrap());
    assert_eq!(send(&stack, two).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_claimed_tenant_reaches_nobody() {
    let world = World::new();
    let globex = world.records[1].id.to_string();
    for names in [&["x-tenant-id"][..], &["X-Tenant-ID"], &["x-tenant-id", "X-TENANT-ID"]] {
        let claims: Vec<(&str, &str)> = names.iter().map(|name| (*name, globex.as_str())).collect();
        let seen = send(&world.stack(), get("acme.example.com", &claims)).await;
        assert!(seen.body.contains("Slug(\"acme\")") && seen.body.ends_with("0 claimed"), "{}", seen.body);
    }
}

#[tokio::test]
async fn what_an_outer_layer_left_is_forgotten() {
    let stack = World::new().stack();
    for (host, reached) in [("example.com", "Some(Apex) None"), ("acme.example.com", "Slug(\"acme\")")] {
        let mut request = get(host, &[]);
        request.extensions_mut().insert(context("globex"));
        request.extensions_mut().insert(Site::Tenant);
        let seen = send(&stack, request).await;
        assert!(seen.body.contains(reached) && seen.body.contains("by nothing"), "{}", seen.body);
        assert!(!seen.body.contains("globex") && !seen.body.contains("Owner"), "{}", seen.body);
    }
}

#[tokio::test]
async fn a_nested_stack_starts_from_nobody() {
    let world = World::new();
    let bearer = world.bearer(0, &world.ann);
    let inner = BoxCloneSyncService::new(world.tenants().layer(world.stack()));
    let outer = world.authenticate().layer(inner);
    let nested = BoxCloneSyncService::new(world.tenants().layer(outer));
    let seen = send(&nested, get("acme.example.com", &[("authorization", &bearer)])).await;
    assert!(seen.body.contains("Analyst"), "the innermost layer authenticates again: {}", seen.body);

    let alone = world.tenants().layer(tower::service_fn(kit::echo));
    let nested = BoxCloneSyncService::new(world.tenants().layer(world.authenticate().layer(alone)));
    let seen = send(&nested, get("acme.example.com", &[("authorization", &bearer)])).await;
    assert!(seen.body.contains("Some(Anonymous) by nothing"), "{}", seen.body);
}

#[tokio::test]
async fn a_tenant_is_looked_up_once_and_not_at_all_when_it_is_known() {
    let world = World::new();
    send(&world.stack(), get("acme.example.com", &[])).await;
    assert_eq!(world.directory.finds.load(Ordering::Relaxed), 1);
    send(&world.stack(), get("example.com", &[])).await;
    send(&world.stack(), get("evil.com", &[])).await;
    assert_eq!(world.directory.finds.load(Ordering::Relaxed), 1, "only tenants are looked up");

    let world = World::with(|directory| directory.known = Some(tenant("cached")));
    let seen = send(&world.stack(), get("cached.example.com", &[])).await;
    assert_eq!((seen.status, world.directory.finds.load(Ordering::Relaxed)), (StatusCode::OK, 0));
}

#[tokio::test]
async fn a_directory_out_of_reach_is_503_without_detail() {
    let world = World::with(|directory| directory.down = true);
    let seen = send(&world.stack(), get("acme.example.com", &[])).await;
    assert_eq!(seen.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(!seen.body.contains("10.0.0.1") && !seen.body.contains("secret"), "{}", seen.body);
}

#[tokio::test]
async fn a_body_reaches_the_handler_whole() {
    let world = World::new();
    let service = tower::service_fn(|request: Request<kit::Body>| async move {
        Ok::<_, Infallible>(Response::new(request.into_body()))
    });
    let stack = BoxCloneSyncService::new(world.tenants().layer(service));
    let mut request = ask("POST", "acme.example.com", "/", &[]);
    *request.body_mut() = "week,kpi\n".into();
    assert_eq!(send(&stack, request).await.body, "week,kpi\n");
}

#[tokio::test]
async fn requests_side_by_side_keep_their_tenants() {
    let stack = World::new().stack();
    let calls = (0..200).map(|i| {
        let slug = if i % 2 == 0 { "acme" } else { "globex" };
        let stack = stack.clone();
        tokio::spawn(async move { (slug, send(&stack, get(&format!("{slug}.example.com"), &[])).await) })
    });
    for call in calls.collect::<Vec<_>>() {
        let (slug, seen) = call.await.unwrap();
        assert!(seen.body.contains(&format!("Slug({slug:?})")), "{slug}: {}", seen.body);
    }
}

/// Fails when it is called without having been asked whether it is ready; a clone starts unasked.
struct Strict(bool);

impl Clone for Strict {
    fn clone(&self) -> Self {
        Self(false)
    }
}

impl Service<Request<kit::Body>> for Strict {
    type Response = Response<kit::Body>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0 = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<kit::Body>) -> Self::Future {
        assert!(std::mem::take(&mut self.0), "called without being ready");
        ready(Ok(Response::default()))
    }
}

#[tokio::test]
async fn the_service_that_was_ready_is_the_one_that_is_called() {
    let world = World::with(|directory| directory.known = Some(tenant("cached")));
    let cookie = world.session(&world.ann).await;
    let mut stack = world.tenants().layer(world.authenticate().layer(Strict(false)));
    for host in ["acme.example.com", "cached.example.com", "example.com", "nobody.example.com"] {
        // Twice, through the same service: the clone that stays behind is asked again.
        for _ in 0..2 {
            let request = get(host, &[("cookie", &cookie)]);
            assert!(stack.ready().await.unwrap().call(request).await.is_ok());
        }
    }
}
