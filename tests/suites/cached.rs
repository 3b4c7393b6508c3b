//! What callers may keep of a tenant's answers, and what those who ask again are told.

use reqwest::header::IF_NONE_MATCH;
use reqwest::{Method, StatusCode};
use serde_json::json;
use tenancy_core::Role;
use tests::{Answer, Caller, World};

async fn unless(caller: &Caller, path: &str, tag: &str) -> Answer {
    caller.send(caller.request(Method::GET, path).header(IF_NONE_MATCH, tag)).await
}

/// K7: who has an answer is told that it still holds; the tag of one tenant says nothing to another,
/// and nothing to who is not signed in.
#[tokio::test]
async fn an_answer_that_did_not_change_is_not_sent_again() {
    let world = World::start().await;
    let (acme, globex) =
        (world.signed_in("acme", Role::Owner).await, world.signed_in("globex", Role::Owner).await);
    let path = "/api/campaigns";
    let first = acme.get(path).await;
    let tag = first.header("etag");
    assert_eq!(first.header("cache-control"), "private, no-cache");
    assert!(first.header("vary").contains("authorization"), "{}", first.header("vary"));
    let tenant = world.context("acme").await.tenant_id().to_string();
    assert!(tag.contains(&tenant), "the tag {tag} names the tenant {tenant}");
    for known in [tag.clone(), format!("\"x\", W/{tag}")] {
        let again = unless(&acme, path, &known).await;
        assert_eq!((again.status, again.body.as_str()), (StatusCode::NOT_MODIFIED, ""));
        assert_eq!((again.header("etag"), again.header("content-type")), (tag.clone(), String::new()));
        assert_eq!(again.header("cache-control"), "private, no-cache");
    }
    let theirs = unless(&globex, path, &tag).await;
    assert_eq!((theirs.status, &theirs.body), (StatusCode::OK, &first.body), "the bodies are equal");
    assert_ne!(theirs.header("etag"), tag);
    assert_eq!(unless(&acme.anonymous(), path, &tag).await.status, StatusCode::UNAUTHORIZED);

    acme.made(path, &json!({ "name": "spring" })).await;
    let changed = unless(&acme, path, &tag).await;
    assert_eq!(changed.status, StatusCode::OK);
    assert!(changed.body.contains("spring") && changed.header("etag") != tag, "{}", changed.body);
}
