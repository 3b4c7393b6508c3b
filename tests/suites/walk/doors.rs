//! The doors of the house: which address shows what, to whom, and with which headers.

use reqwest::StatusCode;
use reqwest::header::ORIGIN;
use tenancy_core::Role;
use tests::world::{ACCENTS, BASE, OPERATOR, PASSWORD, TENANTS, email};
use tests::{Answer, Caller, World};

const UNKNOWN: &str = "nobody.mmm.localhost";

/// R1, A8: each tenant's sign-in page has its name and its colours.
#[tokio::test]
async fn a_sign_in_page_is_its_tenants() {
    let world = World::start().await;
    for (tenant, accent) in TENANTS.into_iter().zip(ACCENTS) {
        let caller = world.at(tenant);
        let page = caller.get_page("/login").await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.body.contains(&format!("{tenant} ltd")), "{}", page.body);
        let css = caller.get(page.stylesheet()).await;
        assert_eq!(
            (css.status, css.header("content-type")),
            (StatusCode::OK, "text/css; charset=utf-8".to_owned())
        );
        for (other, theirs) in TENANTS.into_iter().zip(ACCENTS).filter(|(other, _)| *other != tenant) {
            assert!(css.body.contains(accent) && !css.body.contains(theirs), "{tenant}: {}", css.body);
            assert!(!page.body.contains(other), "{tenant}'s page names {other}");
        }
    }
}

/// R4, R5, AC09: the apex and www show the landing page, whoever asks; what is nobody's is a neutral 404.
#[tokio::test]
async fn the_apex_and_www_are_the_landing_page_and_other_names_are_nothing() {
    let world = World::start().await;
    let apex = world.at_host(BASE).get_page("/").await;
    let www = world.at_host(&format!("www.{BASE}")).get_page("/").await;
    assert_eq!((apex.status, www.status), (StatusCode::OK, StatusCode::OK));
    assert_eq!(apex.body, www.body);
    let unknown = world.at_host(UNKNOWN).get_page("/login").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    for text in [&apex.body, &unknown.body] {
        assert!(TENANTS.iter().all(|tenant| !text.contains(tenant)), "a tenant is named: {text}");
    }
    for name in ["admin", "app", "static", "mail", "nobody", "a.b", "acme.globex", "xn--acme-x"] {
        let answer = world.at_host(&format!("{name}.{BASE}")).get_page("/login").await;
        assert_eq!(answer.comparable(), unknown.comparable(), "{name}");
    }
}

/// AC11, AC12: other spellings of a tenant's address are that tenant or nobody, never another.
#[tokio::test]
async fn a_host_is_normalised_or_refused() {
    let world = World::start().await;
    for host in
        ["ACME.mmm.localhost", "acme.mmm.localhost.", "Acme.MMM.localhost:8080", "acme.mmm.localhost:80"]
    {
        let page = world.at_host(host).get_page("/login").await;
        assert!(page.status == StatusCode::OK && page.body.contains("acme ltd"), "{host}: {}", page.status);
    }
    let long = format!("{}.mmm.localhost", "a".repeat(64));
    let strange = [
        "acme.mmm.localhost.evil.com",
        "xacme.mmm.localhost",
        "acme.mmm.localhost:x",
        "acme@mmm.localhost",
        "globex.acme.mmm.localhost",
        "_dmarc.mmm.localhost",
        "-acme.mmm.localhost",
        "[::1]",
        "127.0.0.1",
        "localhost",
        "acme_.mmm.localhost",
        "acme..mmm.localhost",
        "*.mmm.localhost",
        long.as_str(),
    ];
    for host in strange {
        let page = world.at_host(host).get_page("/login").await;
        assert!(
            [StatusCode::NOT_FOUND, StatusCode::BAD_REQUEST].contains(&page.status),
            "{host}: {}",
            page.status
        );
        assert!(!page.body.contains("ltd"), "{host} shows a tenant");
    }
    // AC13, AC14: what a client says about the host or the tenant elsewhere is not believed.
    for header in ["x-forwarded-host", "x-original-host", "x-host", "x-tenant-id", "x-tenant"] {
        let caller = world.at("globex");
        let request = caller.request(reqwest::Method::GET, "/login").header(header, "acme.mmm.localhost");
        let page = caller.send(request.header("forwarded", "host=acme.mmm.localhost")).await;
        assert!(page.body.contains("globex ltd") && !page.body.contains("acme"), "{header}");
    }
}

/// The operator's door is on the operator's listener and at the operator's address only.
#[tokio::test]
async fn the_operator_signs_in_at_a_listener_of_its_own() {
    let world = World::start().await;
    let host = format!("admin.{BASE}");
    let public = world.at_host(&host).get_page("/login").await;
    assert_eq!(public.comparable(), world.at_host(UNKNOWN).get_page("/login").await.comparable());

    let operator = Caller::new(world.operator_addr, &host);
    let first = operator.get_page("/").await;
    assert_eq!((first.status, first.header("location").as_str()), (StatusCode::SEE_OTHER, "/login"));
    let page = operator.get_page("/login").await;
    assert!(page.status == StatusCode::OK && page.body.contains("Operator sign-in"), "{}", page.body);
    assert!(!page.body.contains(OPERATOR), "the page names its operator");
    for other in ["acme.mmm.localhost", BASE, "www.mmm.localhost", UNKNOWN] {
        let answer = Caller::new(world.operator_addr, other).get_page("/login").await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{other} on the operator's listener");
        assert!(!answer.body.contains("acme ltd"));
    }
    let right = operator.post_form("/login", &[("email", OPERATOR), ("password", PASSWORD)]).await;
    assert_eq!(right.status, StatusCode::SEE_OTHER, "{}", right.body);
    assert!(right.header("set-cookie").starts_with("__Host-operator="), "{:?}", right.headers);
    let owner = email("acme", Role::Owner);
    for (who, password) in
        [(OPERATOR, "wrong"), ("nobody@mmm.example", PASSWORD), (owner.as_str(), PASSWORD), (OPERATOR, "")]
    {
        let refused = operator.post_form("/login", &[("email", who), ("password", password)]).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{who}");
        assert_eq!(refused.header("set-cookie"), "", "{who}");
    }
    let foreign =
        operator.request(reqwest::Method::POST, "/login").header(ORIGIN, "http://acme.mmm.localhost");
    let foreign = operator.send(foreign.form(&[("email", OPERATOR), ("password", PASSWORD)])).await;
    assert_eq!(foreign.status, StatusCode::FORBIDDEN, "a tenant's page signs an operator in");
    // An operator is nobody at a tenant's address.
    let tenant = world.at("acme").post_form("/login", &[("email", OPERATOR), ("password", PASSWORD)]).await;
    assert_eq!(tenant.status, StatusCode::UNAUTHORIZED);
}

/// AC70: whether the process lives and can serve is said at every address, and nothing else with it.
#[tokio::test]
async fn health_is_answered_at_every_address() {
    let world = World::start().await;
    for addr in [world.addr, world.operator_addr] {
        for host in
            ["acme.mmm.localhost", BASE, "www.mmm.localhost", "admin.mmm.localhost", UNKNOWN, "127.0.0.1"]
        {
            let caller = Caller::new(addr, host);
            let (alive, ready) = (caller.get("/healthz").await, caller.get("/readyz").await);
            assert_eq!((alive.status, alive.body.as_str()), (StatusCode::OK, "ok\n"), "{host}");
            assert_eq!((ready.status, ready.body.as_str()), (StatusCode::OK, "ready\n"), "{host}");
        }
        let metrics = Caller::new(addr, "acme.mmm.localhost").get("/metrics").await;
        assert_eq!(metrics.status, StatusCode::NOT_FOUND, "metrics are shown outside");
    }
}

fn assert_framed(what: &str, answer: &Answer) {
    let policy = answer.header("content-security-policy");
    for part in [
        "default-src 'none'",
        "script-src 'self'",
        "frame-ancestors 'self'",
        "base-uri 'none'",
        "form-action 'self'",
    ] {
        assert!(policy.contains(part), "{what}: {policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains('*'), "{what}: {policy}");
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "SAMEORIGIN"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
    ] {
        assert_eq!(answer.header(name), value, "{what}: {name}");
    }
    assert!(answer.header("strict-transport-security").contains("includeSubDomains"), "{what}");
    assert_eq!(answer.header("access-control-allow-origin"), "", "{what}");
    assert!(!answer.header("x-request-id").is_empty(), "{what}");
    for leak in ["server", "x-powered-by"] {
        assert_eq!(answer.header(leak), "", "{what}: {leak}");
    }
}

/// AC33, AC54, AC55: every answer carries the same guard, and no page may be kept.
#[tokio::test]
async fn every_answer_is_framed_and_no_page_may_be_kept() {
    let world = World::start().await;
    let owner = world.signed_in("acme", Role::Owner).await;
    for path in [
        "/",
        "/login",
        "/data",
        "/runs",
        "/data/x",
        "/nothing",
        "/tenant/data/sources",
        "/auth/me",
        "/brand/logo",
    ] {
        for (name, caller) in
            [("owner", &owner), ("anonymous", &world.at("acme")), ("unknown", &world.at_host(UNKNOWN))]
        {
            let request = caller.request(reqwest::Method::GET, path).header("accept", "text/html");
            let answer = caller.send(request.header(ORIGIN, "https://globex.mmm.localhost")).await;
            assert_framed(&format!("{name} {path}"), &answer);
            if answer.header("content-type").starts_with("text/html") {
                assert!(
                    answer.header("cache-control").contains("no-store"),
                    "{name} {path}: {:?}",
                    answer.headers
                );
                assert!(
                    !answer.body.contains("<script>") && !answer.body.contains(" style="),
                    "{name} {path}"
                );
                assert!(
                    !answer.body.contains("onclick") && !answer.body.contains("https://"),
                    "{name} {path}"
                );
            }
        }
    }
}
