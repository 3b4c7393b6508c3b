//! `AuthenticateLayer`: who acts, and what a foreign credential learns.

#![cfg(feature = "aws-lc-rs")]

mod kit;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};
use kit::{NoSessions, Seen, World, ask, get, send};
use tenancy_core::store::SessionStore;
use tenancy_core::{Identity, Permission, Role, Tenant, UserId};
use tenancy_tower::{Asked, Refusal, Render, RequirePermissionLayer, SessionToken};
use tower::util::BoxCloneSyncService;
use tower_layer::Layer;

const ACME: &str = "acme.example.com";

#[tokio::test]
async fn a_credential_of_this_tenant_names_its_member() {
    let world = World::new();
    let bearer = world.bearer(0, &world.ann);
    let cookie = world.session(&world.ann).await;
    let member = format!("Member {{ user: {:?}, role: Analyst }}", world.ann.user_id);
    for (headers, proof) in [
        (&[("authorization", &*bearer)][..], "token"),
        (&[("cookie", &*cookie)], "session"),
        (&[("cookie", &*cookie), ("authorization", &*bearer)], "session"),
    ] {
        let seen = send(&world.stack(), get(ACME, headers)).await;
        assert!(seen.body.contains(&member) && seen.body.contains(&format!("by {proof}")), "{}", seen.body);
    }
}

/// Answers browsers with a page, as an application does.
struct Pages;

impl Render for Pages {
    fn render(&self, refusal: &Refusal, asked: &Asked, tenant: Option<&Tenant>) -> Response<Bytes> {
        let brand = tenant.map_or("", Tenant::name);
        let html = asked.wants_html();
        let page = format!("{brand} {html} {} {} {}", asked.method(), asked.target(), refusal.message());
        Response::new(page.into())
    }
}

#[tokio::test]
async fn a_foreign_credential_sees_what_an_unknown_address_shows() {
    let world = World::new();
    let bearer = world.bearer(1, &world.bob);
    let cookie = world.session(&world.bob).await;
    let both = [("authorization", &*bearer), ("cookie", &*cookie)];
    let plain = world.stack();
    let pages = World::stack_of(world.tenants().render_with(Pages), world.authenticate());
    for stack in [&plain, &pages] {
        for (method, path, accept) in [
            ("GET", "/", "application/json"),
            ("GET", "/data/1?x=y", "text/html"),
            ("HEAD", "/login", "*/*"),
            ("POST", "/tenant/data/upload", "application/json"),
            ("DELETE", "/nowhere", ""),
        ] {
            let asked = |host, credential: &[(&str, &str)]| {
                let own = [("accept", accept)];
                ask(method, host, path, &[&own[..], credential].concat())
            };
            let unknown = send(stack, asked("nobody.example.com", &[])).await;
            assert_eq!(unknown.status, StatusCode::NOT_FOUND);
            for credential in [&both[..1], &both[1..], &both] {
                for host in [ACME, "admin.example.com", "example.com"] {
                    let foreign = send(stack, asked(host, credential)).await;
                    assert_eq!(foreign, unknown, "{method} {path} {accept} at {host}");
                }
                // The unknown address itself answers no differently to somebody with a credential.
                assert_eq!(send(stack, asked("nobody.example.com", credential)).await, unknown);
            }
        }
    }
}

#[tokio::test]
async fn a_bad_token_is_401_everywhere_and_says_how_to_authenticate() {
    let world = World::new();
    let good = world.bearer(0, &world.ann);
    let (message, signature) = good.rsplit_once('.').unwrap();
    let other = if signature.starts_with('A') { "B" } else { "A" };
    let tampered = format!("{message}.{other}{}", &signature[1..]);
    for value in ["Bearer x", "Bearer ", "Basic dTpw", "Bearer a.b.c", &tampered] {
        let seen = send(&world.stack(), get(ACME, &[("authorization", value)])).await;
        unauthenticated(&seen, value);
    }
    let twice = [("authorization", &*good), ("authorization", &*good)];
    unauthenticated(&send(&world.stack(), get(ACME, &twice)).await, "two headers");

    world.clock.advance(Duration::from_secs(3599));
    assert_eq!(send(&world.stack(), get(ACME, &twice[..1])).await.status, StatusCode::OK);
    world.clock.advance(Duration::from_secs(1));
    unauthenticated(&send(&world.stack(), get(ACME, &twice[..1])).await, "expired");
}

fn unauthenticated(seen: &Seen, why: &str) {
    assert_eq!(seen.status, StatusCode::UNAUTHORIZED, "{why}");
    assert!(seen.body.contains(r#""error":"Authentication failed""#), "{why}: {}", seen.body);
    assert_eq!(seen.headers["www-authenticate"], r#"Bearer error="invalid_token""#, "{why}");
}

#[tokio::test]
async fn a_dead_cookie_is_nobody_so_that_the_sign_in_page_opens() {
    let world = World::new();
    let cookie = world.session(&world.ann).await;
    let token = SessionToken::parse(cookie.split_once('=').unwrap().1).unwrap();
    world.sessions.end(&token.hash()).await.unwrap();
    let never = "__Host-session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    for cookie in [&*cookie, never, "__Host-session=x", "session=x"] {
        let seen = send(&world.stack(), get(ACME, &[("cookie", cookie)])).await;
        assert!(seen.body.contains("Some(Anonymous) by nothing"), "{cookie}: {}", seen.body);
    }
    let bearer = world.bearer(0, &world.ann);
    let seen = send(&world.stack(), get(ACME, &[("cookie", &cookie), ("authorization", &bearer)])).await;
    assert!(seen.body.contains("by token"), "{}", seen.body);
}

#[tokio::test]
async fn credentials_that_contradict_each_other_are_refused() {
    let world = World::new();
    let other = Identity { user_id: UserId::new(), role: Role::Owner, ..world.ann.clone() };
    let (ann, owner) = (world.session(&world.ann).await, world.session(&other).await);
    let bearer = world.bearer(0, &world.ann);
    let seen = send(&world.stack(), get(ACME, &[("cookie", &owner), ("authorization", &bearer)])).await;
    unauthenticated(&seen, "two people");
    let two = format!("{ann}; {owner}");
    unauthenticated(&send(&world.stack(), get(ACME, &[("cookie", &two)])).await, "two cookies");
    let good = [("cookie", &*ann), ("authorization", "Bearer x")];
    unauthenticated(&send(&world.stack(), get(ACME, &good)).await, "a bad token beside a good cookie");
}

#[tokio::test]
async fn the_sessions_present_role_decides() {
    let world = World::new();
    let bearer = world.bearer(0, &Identity { role: Role::Owner, ..world.ann.clone() });
    let cookie = world.session(&Identity { role: Role::Viewer, ..world.ann.clone() }).await;
    let seen = send(&world.stack(), get(ACME, &[("cookie", &cookie), ("authorization", &bearer)])).await;
    assert!(seen.body.contains("role: Viewer"), "{}", seen.body);
}

#[tokio::test]
async fn where_no_tenant_is_other_credentials_pass_unread() {
    let world = World::new();
    for headers in
        [&[("authorization", "Bearer operator.token.x")][..], &[("authorization", "Basic dTpw")], &[]]
    {
        let seen = send(&world.stack(), get("admin.example.com", headers)).await;
        assert_eq!(seen.body, "Some(Reserved(\"admin\")) None None by nothing, 0 claimed");
    }
}

#[tokio::test]
async fn a_session_store_out_of_reach_is_503_not_nobody() {
    let world = World::new();
    let cookie = world.session(&world.ann).await;
    let down = world.authenticate().sessions(Arc::new(NoSessions));
    let stack = World::stack_of(world.tenants(), down);
    let seen = send(&stack, get(ACME, &[("cookie", &cookie)])).await;
    assert_eq!(seen.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_route_is_behind_its_permission() {
    let world = World::new();
    let route = RequirePermissionLayer::new(Permission::ManageData).layer(tower::service_fn(kit::echo));
    let stack = BoxCloneSyncService::new(world.tenants().layer(world.authenticate().layer(route)));
    let viewer = world.bearer(0, &Identity { role: Role::Viewer, ..world.ann.clone() });
    let analyst = world.bearer(0, &world.ann);
    for (headers, status, error) in [
        (&[][..], StatusCode::UNAUTHORIZED, "Authentication failed"),
        (&[("authorization", &*viewer)], StatusCode::FORBIDDEN, "Insufficient permissions"),
        (&[("authorization", &*analyst)], StatusCode::OK, "Analyst"),
    ] {
        let seen = send(&stack, get(ACME, headers)).await;
        assert_eq!(seen.status, status, "{}", seen.body);
        assert!(seen.body.contains(error), "{}", seen.body);
    }
}

#[tokio::test]
async fn a_missing_layer_is_named() {
    let world = World::new();
    let stack = BoxCloneSyncService::new(world.authenticate().layer(tower::service_fn(kit::echo)));
    let seen = send(&stack, get(ACME, &[])).await;
    assert_eq!(seen.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(seen.body.contains("TenantLayer is missing"), "{}", seen.body);
}

#[tokio::test]
async fn another_sites_page_changes_nothing() {
    let world = World::new();
    let cookie = world.session(&world.ann).await;
    let from = |site| ask("POST", ACME, "/data", &[("cookie", &*cookie), ("sec-fetch-site", site)]);
    let seen = send(&world.stack(), from("same-site")).await;
    assert_eq!(seen.status, StatusCode::FORBIDDEN);
    assert!(seen.body.contains("cross_site"), "{}", seen.body);
    assert_eq!(send(&world.stack(), from("same-origin")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn at_the_reserved_name_of_programs_the_token_names_the_tenant() {
    let world = World::new();
    let authenticate = || world.authenticate().tenant_of_token("api", world.directory.clone());
    let stack = World::stack_of(world.tenants(), authenticate());
    let (api, admin) = ("api.example.com", "admin.example.com");
    for (at, person, slug) in [(0, &world.ann, "acme"), (1, &world.bob, "globex")] {
        let bearer = world.bearer(at, person);
        let seen = send(&stack, get(api, &[("authorization", &*bearer)])).await;
        assert!(seen.status == StatusCode::OK && seen.body.contains(slug), "{}", seen.body);
        assert!(seen.body.contains("by token"), "{}", seen.body);
        let elsewhere = send(&stack, get(admin, &[("authorization", &*bearer)])).await;
        assert_eq!(elsewhere.status, StatusCode::NOT_FOUND, "the other reserved names are nobody's");
    }
    let cookie = world.session(&world.ann).await;
    for headers in [&[][..], &[("cookie", &*cookie)], &[("authorization", "Bearer x.y.z")]] {
        assert_eq!(send(&stack, get(api, headers)).await.status, StatusCode::UNAUTHORIZED, "{headers:?}");
    }
    for (at, status) in [
        (2, StatusCode::FORBIDDEN),
        (3, StatusCode::UNAUTHORIZED),
        (4, StatusCode::UNAUTHORIZED),
        (5, StatusCode::UNAUTHORIZED),
    ] {
        let person = Identity { tenant_id: world.records[at].id, ..world.ann.clone() };
        let bearer = world.bearer(at, &person);
        let seen = send(&stack, get(api, &[("authorization", &*bearer)])).await;
        assert_eq!(seen.status, status, "{:?}: {}", world.records[at].status, seen.body);
    }
    let down = World::with(|directory| directory.down = true);
    let stack =
        World::stack_of(down.tenants(), down.authenticate().tenant_of_token("api", down.directory.clone()));
    let bearer = down.bearer(0, &down.ann);
    let seen = send(&stack, get(api, &[("authorization", &*bearer)])).await;
    assert_eq!(seen.status, StatusCode::SERVICE_UNAVAILABLE);
}
