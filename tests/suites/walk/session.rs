//! Signing in with a browser: the cookie, where it leads, and where it is nothing.

use reqwest::header::{ACCEPT, COOKIE, ORIGIN};
use reqwest::{Method, StatusCode};
use serde_json::json;
use tenancy_core::Role;
use tests::world::{PASSWORD, email};
use tests::{Answer, Caller, World};

/// Signs in through the form and answers the cookie as a browser sends it back.
async fn cookie(caller: &Caller, address: &str) -> String {
    let answer = caller.post_form("/login", &[("email", address), ("password", PASSWORD)]).await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (StatusCode::SEE_OTHER, "/".to_owned()),
        "{}",
        answer.body
    );
    let set = answer.header("set-cookie");
    let mut parts: Vec<String> = set.split(';').map(|part| part.trim().to_owned()).collect();
    let pair = parts.remove(0);
    parts.sort();
    assert_eq!(parts, ["HttpOnly", "Path=/", "SameSite=Lax", "Secure"], "{set}");
    assert!(pair.starts_with("__Host-session=") && pair.len() > 40, "{set}");
    pair
}

async fn page(caller: &Caller, path: &str, cookie: &str) -> Answer {
    caller.send(caller.request(Method::GET, path).header(ACCEPT, "text/html").header(COOKIE, cookie)).await
}

/// A1, AC49, AC50: the cookie opens its person's pages, until it is signed out.
#[tokio::test]
async fn a_browser_signs_in_reads_and_signs_out() {
    let world = World::start().await;
    let acme = world.at("acme");
    let first = cookie(&acme, &email("acme", Role::Viewer)).await;
    let second = cookie(&acme, &email("acme", Role::Viewer)).await;
    assert_ne!(first, second, "each sign-in has a session of its own");
    for path in ["/", "/data", "/runs"] {
        let shown = page(&acme, path, &first).await;
        assert_eq!(shown.status, StatusCode::OK, "{path}");
        assert!(shown.body.contains("acme ltd") && shown.body.contains("viewer of acme"), "{path}");
    }
    let there = page(&acme, "/login", &first).await;
    assert_eq!((there.status, there.header("location")), (StatusCode::SEE_OTHER, "/".to_owned()));

    let foreign = acme.request(Method::POST, "/logout").header(COOKIE, &first);
    let foreign = acme.send(foreign.header(ORIGIN, "http://globex.mmm.localhost")).await;
    assert_eq!(foreign.status, StatusCode::FORBIDDEN, "AC51: a sibling signs a person out");
    let bare = acme.send(acme.request(Method::POST, "/logout").header(COOKIE, &first)).await;
    assert_eq!(bare.status, StatusCode::FORBIDDEN, "a cookie without an origin");
    assert_eq!(page(&acme, "/", &first).await.status, StatusCode::OK, "still signed in");

    let out = acme
        .request(Method::POST, "/logout")
        .header(COOKIE, &first)
        .header(ORIGIN, "http://acme.mmm.localhost");
    let out = acme.send(out.header(ACCEPT, "text/html")).await;
    assert_eq!(out.status, StatusCode::SEE_OTHER);
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    let dead = page(&acme, "/data", &first).await;
    assert_eq!(
        (dead.status, dead.header("location")),
        (StatusCode::SEE_OTHER, "/login?next=/data".to_owned())
    );
    assert_eq!(page(&acme, "/", &second).await.status, StatusCode::OK, "the other session goes on");
}

/// R3, T4, AC19: a session of one tenant is nothing at another's address: what an unknown address says.
#[tokio::test]
async fn a_session_of_another_tenant_is_answered_as_an_unknown_address() {
    let world = World::start().await;
    let cookie = cookie(&world.at("acme"), &email("acme", Role::Owner)).await;
    for host in ["globex.mmm.localhost", "mmm.localhost", "www.mmm.localhost"] {
        for (method, path) in
            [("GET", "/"), ("GET", "/login"), ("GET", "/data"), ("POST", "/logout"), ("POST", "/login")]
        {
            for accept in ["text/html", "application/json"] {
                let ask = async |host: &str| {
                    let caller = world.at_host(host);
                    let request = caller.request(method.parse().unwrap(), path).header(ACCEPT, accept);
                    caller.send(request.header(COOKIE, &cookie)).await
                };
                let (foreign, unknown) = (ask(host).await, ask("nobody.mmm.localhost").await);
                assert_eq!(foreign.status, StatusCode::NOT_FOUND, "{host} {method} {path}");
                assert_eq!(foreign.comparable(), unknown.comparable(), "{host} {method} {path}");
            }
        }
    }
    let home = page(&world.at("acme"), "/", &cookie).await;
    assert_eq!(home.status, StatusCode::OK, "at home the session still holds");
}

/// AC53: after signing in, a browser goes to a path of this host or to the first page.
#[tokio::test]
async fn the_way_back_never_leads_to_another_host() {
    let world = World::start().await;
    let caller = world.at("acme");
    let address = email("acme", Role::Viewer);
    let long = format!("/{}", "a".repeat(600));
    for (next, expected) in [
        ("/runs?page=2", "/runs?page=2"),
        ("/data", "/data"),
        ("", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("\\\\evil.example", "/"),
        ("https:evil.example", "/"),
        ("https://evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/\t/evil.example", "/"),
        ("/\r\nlocation: //evil.example", "/"),
        ("http://globex.mmm.localhost/", "/"),
        (" //evil.example", "/"),
        ("data", "/"),
        ("/login", "/"),
        ("/logout", "/"),
        (long.as_str(), "/"),
    ] {
        let fields = [("email", address.as_str()), ("password", PASSWORD), ("next", next)];
        let answer = caller.post_form("/login", &fields).await;
        assert_eq!(
            (answer.status, answer.header("location")),
            (StatusCode::SEE_OTHER, expected.to_owned()),
            "{next:?}"
        );
        if expected == "/" {
            let request =
                caller.request(Method::GET, "/login").query(&[("next", next)]).header(ACCEPT, "text/html");
            let shown = caller.send(request).await;
            assert_eq!(shown.status, StatusCode::OK);
            assert!(!shown.body.contains("evil"), "the page repeats {next:?}");
        }
    }
}

/// A1, A9, AC46: a wrong password, an unknown person and a person of another tenant get one answer.
#[tokio::test]
async fn who_may_not_sign_in_does_not_learn_why() {
    let world = World::start().await;
    let caller = world.at("acme");
    let (own, other) = (email("acme", Role::Owner), email("globex", Role::Owner));
    let huge = "x".repeat(5_000);
    let long_address = format!("{}@acme.example", "x".repeat(400));
    let tries = [
        (own.as_str(), "wrong"),
        (other.as_str(), PASSWORD),
        (other.as_str(), "wrong"),
        ("nobody@acme.example", PASSWORD),
        ("", ""),
        (own.as_str(), ""),
        (own.as_str(), huge.as_str()),
        (long_address.as_str(), PASSWORD),
        ("' OR 1=1 --", "' OR 1=1 --"),
        (own.as_str(), "correct horse battery staple\0"),
    ];
    let mut first: Option<Answer> = None;
    for (address, password) in tries {
        let answer =
            caller.post_json("/auth/login", &json!({ "email": address, "password": password })).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{address:?}");
        assert!(
            answer.body.contains("Authentication failed") && !answer.header("www-authenticate").is_empty()
        );
        let expected = first.get_or_insert_with(|| answer.clone());
        assert_eq!(answer.comparable(), expected.comparable(), "{address:?}");
        assert_eq!(answer.header("set-cookie"), "");
    }
    // On the page, the typed address is the only difference.
    let mut first: Option<String> = None;
    for (address, password) in
        [(own.as_str(), "wrong"), (other.as_str(), PASSWORD), ("nobody@acme.example", PASSWORD)]
    {
        let answer = caller.post_form("/login", &[("email", address), ("password", password)]).await;
        assert_eq!(
            (answer.status, answer.header("set-cookie")),
            (StatusCode::UNAUTHORIZED, String::new()),
            "{address}"
        );
        let text = answer.body.replace(address, "ADDRESS");
        assert_eq!(&text, first.get_or_insert_with(|| text.clone()), "{address}");
    }
    let shouted =
        caller.post_json("/auth/login", &json!({ "email": own.to_uppercase(), "password": PASSWORD })).await;
    assert_eq!(shouted.status, StatusCode::OK, "an address is the same in capitals");
}
