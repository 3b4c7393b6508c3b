//! Where programs call, and what they are told when they call wrongly.

use reqwest::header::{ACCEPT, ALLOW, COOKIE};
use reqwest::{Method, StatusCode};
use serde_json::json;
use tenancy_core::Role;
use tests::world::{BASE, PASSWORD};
use tests::{Answer, World};

use super::{operator, person};

/// R6: at `api.{base}` the tenant is the token's, and only what is for programs is there.
#[tokio::test]
async fn at_the_api_host_the_token_names_the_tenant() {
    let world = World::start().await;
    let api = format!("api.{BASE}");
    let (acme, globex) =
        (world.signed_in("acme", Role::Owner).await, world.signed_in("globex", Role::Owner).await);
    let campaign = acme.made("/api/campaigns", &json!({ "name": "of acme" })).await;
    let (there, other) = (acme.at_host(&api), globex.at_host(&api));
    assert_eq!(there.get("/auth/me").await.json()["tenant_slug"], "acme");
    assert_eq!(other.get("/auth/me").await.json()["tenant_slug"], "globex");
    let path = format!("/api/campaigns/{campaign}");
    assert_eq!(there.get(&path).await.json()["name"], "of acme");
    assert_eq!(other.get(&path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(there.get("/tenant/config").await.json()["tenant_name"], "acme ltd");
    for page in ["/", "/data", "/team", "/login", "/brand/logo", "/auth/login"] {
        assert_eq!(there.get_page(page).await.status, StatusCode::NOT_FOUND, "{page}");
    }
    let viewer = world.signed_in("acme", Role::Viewer).await.at_host(&api);
    let forbidden = viewer.post_json("/api/campaigns", &json!({ "name": "x" })).await;
    assert_eq!(forbidden.status, StatusCode::FORBIDDEN);

    let form = [("email", "owner@acme.example"), ("password", PASSWORD)];
    let session = world.at("acme").post_form("/login", &form).await;
    let cookie = session.header("set-cookie").split(';').next().expect("a pair").to_owned();
    let nobody = there.anonymous();
    for request in [
        nobody.request(Method::GET, "/tenant/config"),
        nobody.request(Method::GET, "/tenant/config").header(ACCEPT, "text/html"),
        nobody.request(Method::GET, "/tenant/config").header(COOKIE, cookie),
        nobody.request(Method::POST, "/auth/login").json(&person(Role::Owner)),
        nobody.request(Method::GET, "/no-such-path"),
    ] {
        let refused = nobody.send(request).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{}", refused.body);
        assert!(!refused.header("www-authenticate").is_empty());
    }
    let operators = operator(&world).await.at(world.addr, &api);
    assert_eq!(operators.get("/tenant/config").await.status, StatusCode::NOT_FOUND);

    let out = there.post_json("/auth/logout", &json!({})).await;
    assert!(out.status.is_client_error(), "whoever signs in and out does it at the tenant's address");
    let id = operator(&world).await.get("/admin/tenants?q=acme").await.json()["tenants"][0]["id"].clone();
    let suspend = format!("/admin/tenants/{}/suspend", id.as_str().expect("an id"));
    operator(&world).await.post_json(&suspend, &json!({ "reason": "unpaid" })).await;
    let suspended = there.get("/tenant/config").await;
    assert_eq!(
        (suspended.status, &suspended.json()["code"]),
        (StatusCode::FORBIDDEN, &json!("tenant_suspended"))
    );
}

/// M11: `/api/v1` is another name of every path for programs; there is no other version.
#[tokio::test]
async fn the_first_version_is_the_one_without_a_number() {
    let world = World::start().await;
    let acme = world.signed_in("acme", Role::Owner).await;
    acme.made("/api/v1/campaigns", &json!({ "name": "spring" })).await;
    for (plain, versioned) in [
        ("/api/campaigns", "/api/v1/campaigns"),
        ("/api/campaigns/x?y=%2F", "/api/v1/campaigns/x?y=%2F"),
        ("/tenant/config", "/api/v1/tenant/config"),
        ("/auth/me", "/api/v1/auth/me"),
        ("/api/usage/check?meter_id=campaigns", "/api/v1/usage/check?meter_id=campaigns"),
    ] {
        let (one, other) = (acme.get(plain).await, acme.get(versioned).await);
        assert_eq!(one.comparable(), other.comparable(), "{plain}");
        let stranger = world.signed_in("globex", Role::Owner).await.at_host(acme.host());
        assert_eq!(stranger.get(versioned).await.status, StatusCode::NOT_FOUND, "{versioned}");
        assert_eq!(acme.anonymous().get(versioned).await.status, acme.anonymous().get(plain).await.status);
    }
    assert_eq!(acme.get("/api/campaigns").await.json()["campaigns"][0]["name"], "spring");
    for path in [
        "/api/v9/campaigns",
        "/api/v1",
        "/api/v1/",
        "/api/v1/login",
        "/api/v1//auth/me",
        "/api/v1/v1/campaigns",
    ] {
        assert_eq!(acme.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

fn is_problem(answer: &Answer, code: &str) {
    assert_eq!(answer.header("content-type"), "application/problem+json", "{}", answer.body);
    let body = answer.json();
    assert_eq!((&body["code"], &body["status"]), (&json!(code), &json!(answer.status.as_u16())));
    assert!(body["error"].as_str().is_some_and(|error| !error.is_empty()), "{body}");
}

/// A method that an address has not, and a file that is not there, are answered as everything is.
#[tokio::test]
async fn wrong_methods_and_unknown_files_get_a_document_or_a_page() {
    let world = World::start().await;
    let acme = world.signed_in("acme", Role::Owner).await;
    let operator = operator(&world).await;
    for (caller, path, allowed) in [
        (&acme, "/api/campaigns", "POST"),
        (&acme, "/auth/login", "POST"),
        (&acme, "/healthz", "GET"),
        (&acme, "/assets/app.css", "GET"),
        (&operator, "/admin/statistics", "GET"),
    ] {
        let wrong = caller.send(caller.request(Method::PUT, path)).await;
        assert_eq!(wrong.status, StatusCode::METHOD_NOT_ALLOWED, "{path}: {}", wrong.body);
        is_problem(&wrong, "method_not_allowed");
        assert!(wrong.header(ALLOW.as_str()).contains(allowed), "{path}: {:?}", wrong.headers);
        let page = caller.send(caller.request(Method::PUT, path).header(ACCEPT, "text/html")).await;
        assert_eq!(page.status, StatusCode::METHOD_NOT_ALLOWED);
        assert!(page.header("content-type").starts_with("text/html") && page.body.contains("<h1"), "{path}");
    }
    for path in
        ["/assets/none.css", "/assets/accent-.css", "/assets/accent-12345g.css", "/assets/accent-0b7a4b.js"]
    {
        let none = acme.get(path).await;
        assert_eq!(none.status, StatusCode::NOT_FOUND, "{path}");
        is_problem(&none, "not_found");
        let page = acme.get_page(path).await;
        assert!(page.status == StatusCode::NOT_FOUND && page.body.contains("<h1"), "{path}");
    }
}

/// What a body may not say is named, instead of being passed over.
#[tokio::test]
async fn a_field_that_nobody_knows_is_refused_by_name() {
    let world = World::start().await;
    let acme = world.signed_in("acme", Role::Owner).await;
    let operator = operator(&world).await;
    let account = acme.made("/api/social-accounts", &json!({ "network": "x", "handle": "@a" })).await;
    let campaign = acme.made("/api/campaigns", &json!({ "name": "a" })).await;
    let user = acme.get("/auth/me").await.json()["sub"].as_str().expect("an id").to_owned();
    let tenant = operator.get("/admin/tenants?q=acme").await.json()["tenants"][0]["id"].clone();
    let tenant = format!("/admin/tenants/{}", tenant.as_str().expect("an id"));
    let brief = json!({ "product": "a", "audience": "b", "benefit": "c" });
    world.override_settings("acme", &json!({ "features": { "ai_content": true } })).await;
    for (caller, method, path, body) in [
        (&acme, Method::POST, "/auth/login".to_owned(), person(Role::Owner)),
        (&acme, Method::POST, "/auth/refresh".to_owned(), json!({ "refresh_token": "x" })),
        (&acme, Method::POST, "/auth/logout".to_owned(), json!({})),
        (
            &acme,
            Method::POST,
            "/auth/password".to_owned(),
            json!({ "current_password": "x", "new_password": "y" }),
        ),
        (&acme, Method::POST, "/auth/password/reset".to_owned(), json!({ "email": "x" })),
        (
            &acme,
            Method::POST,
            "/tenant/users/invite".to_owned(),
            json!({ "email": "a@b.example", "role": "viewer" }),
        ),
        (&acme, Method::PATCH, format!("/tenant/users/{user}"), json!({ "role": "owner" })),
        (&acme, Method::POST, "/api/campaigns".to_owned(), json!({ "name": "b" })),
        (&acme, Method::PATCH, format!("/api/campaigns/{campaign}"), json!({ "name": "b" })),
        (&acme, Method::POST, "/api/social-accounts".to_owned(), json!({ "network": "x", "handle": "@b" })),
        (&acme, Method::PATCH, format!("/api/social-accounts/{account}"), json!({ "handle": "@b" })),
        (&acme, Method::POST, "/api/content/drafts".to_owned(), brief),
        (
            &acme,
            Method::POST,
            "/api/usage/track".to_owned(),
            json!({ "meter_id": "exports", "event_value": 1 }),
        ),
        (&operator, Method::POST, "/auth/login".to_owned(), json!({ "email": "x", "password": "y" })),
        (&operator, Method::PATCH, tenant.clone(), json!({ "plan": "starter", "reason": "x" })),
        (&operator, Method::POST, format!("{tenant}/suspend"), json!({ "reason": "x" })),
        (
            &operator,
            Method::POST,
            format!("{tenant}/users"),
            json!({ "email": "a@b", "role": "viewer", "reason": "x" }),
        ),
    ] {
        let mut more = body;
        more["tenant_id"] = json!("another");
        let refused = caller.send(caller.request(method.clone(), &path).json(&more)).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{method} {path}: {}", refused.body);
        assert!(
            refused.json()["error"].as_str().is_some_and(|error| error.contains("tenant_id")),
            "{}",
            refused.body
        );
    }
    let list = acme.get("/api/campaigns").await.json();
    assert_eq!(list["campaigns"].as_array().map(Vec::len), Some(1), "nothing was done");
    assert_eq!(acme.get("/auth/me").await.status, StatusCode::OK);
}
