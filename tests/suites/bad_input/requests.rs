//! Requests that make no sense, to every route that reads a body or an id.

use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Method, StatusCode};
use serde_json::json;
use tenancy_core::Role;
use tests::world::{OPERATOR, PASSWORD, email};
use tests::{Caller, World};

use super::{assert_alive, assert_clear, stored};

async fn send(caller: &Caller, method: &Method, path: &str, kind: &str, body: &[u8]) -> tests::Answer {
    let mut request = caller.request(method.clone(), path).header(ACCEPT, "application/json");
    if !kind.is_empty() {
        request = request.header(CONTENT_TYPE, kind);
    }
    caller.send(request.body(body.to_vec())).await
}

/// Every body on every route that takes one: an answer of the four hundreds, and nothing stored.
#[tokio::test]
async fn a_body_that_makes_no_sense_is_refused() {
    let world = World::start().await;
    let caller = world.signed_in("acme", Role::Owner).await;
    let id = uuid::Uuid::now_v7();
    let before = stored(&world).await;
    let deep = "[".repeat(100_000);
    let wide = format!("[{}0]", "0,".repeat(1_000_000));
    let form = "multipart/form-data; boundary=x";
    let bodies: Vec<(&str, Vec<u8>)> = vec![
        ("", b"".to_vec()),
        ("", b"{}".to_vec()),
        ("application/json", b"".to_vec()),
        ("application/json", b"{".to_vec()),
        ("application/json", b"null".to_vec()),
        ("application/json", b"[]".to_vec()),
        ("application/json", b"\"x\"".to_vec()),
        ("application/json", b"\xFF\xFE".to_vec()),
        ("application/json", b"{\"a\":\"\\u0000\"}".to_vec()),
        ("application/json", deep.into_bytes()),
        ("application/json", wide.into_bytes()),
        ("application/xml", b"<a/>".to_vec()),
        ("text/html", b"{}".to_vec()),
        ("garbage", b"{}".to_vec()),
        ("application/x-www-form-urlencoded", b"%FF%00=%zz&&&=".to_vec()),
        ("application/x-www-form-urlencoded", vec![b'a'; 2_000_000]),
        ("multipart/form-data", b"x".to_vec()),
        (form, b"".to_vec()),
        (form, b"--x".to_vec()),
        (form, b"--x--\r\n".to_vec()),
        (form, b"--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nhalf".to_vec()),
        (form, b"--x\r\nContent-Disposition: form-data; name=\"roles\"\r\n\r\n{\r\n--x--\r\n".to_vec()),
        (form, b"--x\r\nContent-Disposition: nonsense\r\n\r\nx\r\n--x--\r\n".to_vec()),
        (form, b"--x\r\n\xFF\xFE: \0\r\n\r\nx\r\n--x--\r\n".to_vec()),
    ];
    let routes = [
        (Method::POST, "/auth/login".to_owned()),
        (Method::POST, "/tenant/data/upload".to_owned()),
        (Method::PUT, format!("/tenant/data/sources/{id}/roles")),
        (Method::POST, "/tenant/analysis/run".to_owned()),
        (Method::POST, "/data".to_owned()),
        (Method::POST, format!("/data/{id}/roles")),
        (Method::POST, "/runs".to_owned()),
        (Method::POST, "/login".to_owned()),
    ];
    for (method, path) in &routes {
        for (kind, body) in &bodies {
            let start = String::from_utf8_lossy(&body[..body.len().min(30)]).into_owned();
            let what = format!("{method} {path} as {kind:?} with {start:?} of {} bytes", body.len());
            assert_clear(&what, &send(&caller, method, path, kind, body).await);
        }
    }
    assert_eq!(stored(&world).await, before);
    assert_alive("bodies without sense", &caller).await;
}

/// A body without a file in it ends far below a file's size.
#[tokio::test]
async fn a_body_that_should_be_small_is_bounded() {
    let world = World::start().await;
    let anonymous = world.at("acme");
    let large =
        json!({ "email": email("acme", Role::Owner), "password": PASSWORD, "more": "x".repeat(2_000_000) });
    let answer = anonymous.post_json("/auth/login", &large).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE, "{}", answer.body);
    assert_clear("a large sign-in", &answer);
}

/// An address with characters that no address has is an unknown person's, at every door.
#[tokio::test]
async fn an_address_with_control_characters_is_nobodys() {
    let world = World::start().await;
    let owner = email("acme", Role::Owner);
    let doors = [
        (world.at("acme"), owner.as_str()),
        (Caller::new(world.operator_addr, "admin.mmm.localhost"), OPERATOR),
    ];
    for (door, known) in &doors {
        let wrong =
            door.post_json("/auth/login", &json!({ "email": known, "password": "a wrong password" })).await;
        assert_eq!(wrong.status, StatusCode::UNAUTHORIZED, "{}", wrong.body);
        for odd in ["\0".to_owned(), format!("{known}\0"), format!("\0{known}"), known.replace('@', "\u{7}@")]
        {
            let body = json!({ "email": odd, "password": PASSWORD });
            let answer = door.post_json("/auth/login", &body).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{odd:?}: {}", answer.body);
            assert_eq!(answer.json()["code"], wrong.json()["code"], "{odd:?}");
            let form = [("email", odd.as_str()), ("password", PASSWORD)];
            let page = door.send(door.request(Method::POST, "/login").form(&form)).await;
            assert_eq!(page.status, StatusCode::UNAUTHORIZED, "{odd:?}: {}", page.body);
        }
    }
}

/// Seeds: what is no whole number from 0 to 2^64 - 1 is refused; what is one comes back as it was sent.
#[tokio::test]
async fn a_seed_is_a_number_that_comes_back_or_is_refused() {
    let world = World::start().await;
    let caller = world.signed_in("acme", Role::Owner).await;
    let source = caller.ready_source(&World::example(), None).await;
    let before = stored(&world).await;
    for seed in ["-1", "1.5", "1e3", "\"7\"", "18446744073709551616", "1e400", "true", "[]", "{}", "NaN"] {
        let body = format!("{{\"source_id\":\"{source}\",\"seed\":{seed}}}");
        let answer =
            send(&caller, &Method::POST, "/tenant/analysis/run", "application/json", body.as_bytes()).await;
        assert_clear(seed, &answer);
        assert_eq!(stored(&world).await, before, "{seed}");
    }
    for seed in [0, 1, i64::MAX.cast_unsigned(), 1 << 63, u64::MAX] {
        let started =
            caller.post_json("/tenant/analysis/run", &json!({ "source_id": source, "seed": seed })).await;
        assert_eq!(started.status, StatusCode::ACCEPTED, "{}", started.body);
        let id = started.json()["analysis_id"].as_str().unwrap().to_owned();
        assert_eq!(caller.get(&format!("/tenant/analysis/{id}")).await.json()["seed"], seed);
    }
}

/// AC06, AC26: what is no id is an unknown one, whatever it says.
#[tokio::test]
async fn what_is_no_id_is_unknown() {
    let world = World::start().await;
    let caller = world.signed_in("acme", Role::Owner).await;
    let long = "a".repeat(5_000);
    let ids = [
        "x",
        "0",
        "-1",
        "null",
        "%27%20OR%201=1--",
        "%00",
        "%FF",
        "..%2F..%2Fetc%2Fpasswd",
        "%3Cscript%3E",
        long.as_str(),
        "01234567-89ab-cdef-0123-456789abcdeg",
        "%7B01234567-89ab-cdef-0123-456789abcdef%7D",
        "1;DROP TABLE jobs",
        "…",
    ];
    for id in ids {
        for path in [
            format!("/data/{id}"),
            format!("/tenant/data/sources/{id}"),
            format!("/runs/{id}"),
            format!("/runs/{id}/progress"),
            format!("/runs/{id}/charts/roi.json"),
            format!("/tenant/analysis/{id}"),
            format!("/assets/{id}"),
        ] {
            let answer = caller.get(&path).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}: {}", answer.body);
            assert_clear(&path, &answer);
            let page = caller.get_page(&path).await;
            assert!(
                page.status.is_client_error() && !page.body.contains("<script>"),
                "{path}: {}",
                page.status
            );
        }
        for (method, path, body) in [
            (Method::PUT, format!("/tenant/data/sources/{id}/roles"), json!({ "roles": {} })),
            (Method::POST, "/tenant/analysis/run".to_owned(), json!({ "source_id": id })),
        ] {
            let answer = caller.send(caller.request(method, &path).json(&body)).await;
            assert_clear(&path, &answer);
        }
    }
    for query in ["?bye=maybe", "?next=%FF", "?bye=true&bye=true", "?%00=%00"] {
        let answer = world.at("acme").get(&format!("/login{query}")).await;
        assert!(!answer.status.is_server_error(), "{query}: {}", answer.status);
    }
    let odd = caller.get("/tenant/data/upload?roles=%FF").await;
    assert!(odd.status.is_client_error());
    assert_alive("ids that are none", &caller).await;
}

/// AC36, AC38: a token that is none is refused as one, however long it is.
#[tokio::test]
async fn a_token_that_is_none_is_refused() {
    let world = World::start().await;
    let owner = world.signed_in("acme", Role::Owner).await;
    let token = owner.token().unwrap().to_owned();
    let mut parts: Vec<&str> = token.split('.').collect();
    let unsigned = format!("{}.{}.", parts[0], parts[1]);
    parts.swap(0, 1);
    let (swapped, long) = (parts.join("."), "a".repeat(100_000));
    let cut = token[..token.len() - 1].to_owned();
    for bad in ["a", "a.b.c", "..", "null", unsigned.as_str(), swapped.as_str(), cut.as_str(), long.as_str()]
    {
        let answer = world.at("acme").with_token(bad).get("/auth/me").await;
        assert_clear(&bad[..bad.len().min(40)], &answer);
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{}", &bad[..bad.len().min(40)]);
    }
    assert_alive("tokens that are none", &owner).await;
}
