//! Sign-ins of programs: pairs of tokens, their use, their end.

use reqwest::StatusCode;
use serde_json::{Value, json};
use tenancy_core::Role;
use tests::{Answer, Caller, World};

use super::person;

async fn pair(at: &Caller) -> Value {
    let answer = at.post_json("/auth/login", &person(Role::Owner)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    answer.json()
}

async fn refresh(at: &Caller, pair: &Value) -> Answer {
    at.post_json("/auth/refresh", &json!({ "refresh_token": pair["refresh_token"] })).await
}

async fn me(at: &Caller, pair: &Value) -> StatusCode {
    let token = pair["access_token"].as_str().expect("a token");
    at.clone().with_token(token).get("/auth/me").await.status
}

/// A1, A2, AC45: each refresh token is good once; one that comes twice ends the sign-in.
#[tokio::test]
async fn a_refresh_token_that_comes_twice_ends_its_sign_in() {
    let world = World::start().await;
    let acme = world.at("acme");
    let (first, other) = (pair(&acme).await, pair(&acme).await);
    let second = refresh(&acme, &first).await;
    assert_eq!(second.status, StatusCode::OK, "{}", second.body);
    let second = second.json();
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    assert_eq!(second["expires_in"], 3600);
    assert_eq!(me(&acme, &second).await, StatusCode::OK);

    let reused = refresh(&acme, &first).await;
    assert_eq!(reused.status, StatusCode::UNAUTHORIZED);
    assert_eq!(refresh(&acme, &second).await.status, StatusCode::UNAUTHORIZED, "the family is dead");
    for pair in [&first, &second] {
        assert_eq!(me(&acme, pair).await, StatusCode::UNAUTHORIZED, "and so are its access tokens");
    }
    assert_eq!(me(&acme, &other).await, StatusCode::OK, "another sign-in goes on");
    assert_eq!(refresh(&acme, &other).await.status, StatusCode::OK);
}

/// AC45: of many calls at the same moment one wins, and the sign-in lives on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_parallel_refreshes_at_most_one_wins() {
    let world = World::start().await;
    let acme = world.at("acme");
    let first = pair(&acme).await;
    let calls = (0..6).map(|_| {
        let (acme, first) = (acme.clone(), first.clone());
        tokio::spawn(async move { refresh(&acme, &first).await })
    });
    let mut won = 0;
    for call in calls.collect::<Vec<_>>() {
        let answer = call.await.expect("an answer");
        assert!([StatusCode::OK, StatusCode::UNAUTHORIZED].contains(&answer.status), "{}", answer.body);
        won += usize::from(answer.status == StatusCode::OK);
    }
    assert_eq!(won, 1);
}

/// AC45, AC19: a refresh token belongs to its tenant's address; shown elsewhere it is worth nothing
/// there, and made-up ones are worth nothing anywhere.
#[tokio::test]
async fn a_refresh_token_is_bound_to_its_address() {
    let world = World::start().await;
    let (acme, globex) = (world.at("acme"), world.at("globex"));
    let first = pair(&acme).await;
    let foreign = refresh(&globex, &first).await;
    assert_eq!(foreign.status, StatusCode::UNAUTHORIZED);
    for token in ["", "x", &"A".repeat(43), first["access_token"].as_str().expect("a token")] {
        let made_up = globex.post_json("/auth/refresh", &json!({ "refresh_token": token })).await;
        assert_eq!(made_up.comparable(), foreign.comparable(), "{token:?}");
    }
    let shapeless = acme.post_json("/auth/refresh", &json!({ "token": 1 })).await;
    assert_eq!(shapeless.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refresh(&acme, &first).await.status, StatusCode::OK, "its own address still takes it");
}

/// A4: signing out ends the access token and the refresh token, whichever of them is shown.
#[tokio::test]
async fn signing_out_ends_the_whole_sign_in() {
    let world = World::start().await;
    let acme = world.at("acme");
    for by_refresh in [false, true] {
        let pair = pair(&acme).await;
        assert_eq!(me(&acme, &pair).await, StatusCode::OK);
        let out = if by_refresh {
            acme.post_json("/auth/logout", &json!({ "refresh_token": pair["refresh_token"] })).await
        } else {
            let token = pair["access_token"].as_str().expect("a token");
            acme.clone().with_token(token).post_json("/auth/logout", &json!({})).await
        };
        assert_eq!(out.status, StatusCode::NO_CONTENT, "{}", out.body);
        assert_eq!(refresh(&acme, &pair).await.status, StatusCode::UNAUTHORIZED);
        // A node that was not told asks again after a second.
        if by_refresh {
            tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
        }
        assert_eq!(me(&acme, &pair).await, StatusCode::UNAUTHORIZED);
    }
}

/// AC44: a role that is taken away, and a membership that ends, reach live tokens within a second.
#[tokio::test]
async fn what_a_member_loses_its_live_tokens_lose_within_a_second() {
    let world = World::start().await;
    let acme = world.at("acme");
    let pair = pair(&acme).await;
    let owner = acme.clone().with_token(pair["access_token"].as_str().expect("a token"));
    let upload = async || owner.upload(World::example()).await.status;
    assert_eq!(upload().await, StatusCode::CREATED);
    let mut admin = world.admin().await;
    let who = "tenant_id = (SELECT id FROM control.tenants WHERE subdomain = 'acme')
               AND user_id = (SELECT id FROM control.users WHERE email = 'owner@acme.example')";
    let lower = format!("UPDATE control.tenant_users SET role = 'viewer', ver = ver + 1 WHERE {who}");
    sqlx::query(sqlx::AssertSqlSafe(lower)).execute(&mut admin).await.expect("a lower role");
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    assert_eq!(upload().await, StatusCode::FORBIDDEN);
    assert_eq!(owner.get("/auth/me").await.json()["role"], "viewer");
    let gone = format!("DELETE FROM control.tenant_users WHERE {who}");
    sqlx::query(sqlx::AssertSqlSafe(gone)).execute(&mut admin).await.expect("an end");
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    assert_eq!(owner.get("/auth/me").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(refresh(&acme, &pair).await.status, StatusCode::UNAUTHORIZED);
}

/// A17: each sign-in is a line among what the tenant's people did.
#[tokio::test]
async fn a_sign_in_is_noted() {
    let world = World::start().await;
    let mut admin = world.admin().await;
    let mut count = async || {
        let sql = "SELECT count(*) FROM tenant_activity WHERE activity_type = 'login'";
        sqlx::query_scalar::<_, i64>(sql).fetch_one(&mut admin).await.expect("a count")
    };
    assert_eq!(count().await, 0);
    pair(&world.at("acme")).await;
    assert_eq!(count().await, 1);
    let wrong = json!({ "email": "owner@acme.example", "password": "wrong" });
    world.at("acme").post_json("/auth/login", &wrong).await;
    assert_eq!(count().await, 1);
}
