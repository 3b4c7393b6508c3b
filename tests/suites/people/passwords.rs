//! Forgotten passwords and changed ones.

use std::time::Duration;

use reqwest::header::COOKIE;
use reqwest::{Method, StatusCode};
use serde_json::json;
use tenancy_core::Role;
use tests::program::until;
use tests::world::{PASSWORD, email};
use tests::{Answer, Caller, World};

use super::{path, person};

const NEW: &str = "a new and longer password";

async fn forget(at: &Caller, address: &str) -> Answer {
    at.post_json("/auth/password/reset", &json!({ "email": address })).await
}

/// The link in the newest letter, once there are so many.
async fn link(world: &World, letters: usize) -> String {
    until("a letter", Duration::from_secs(10), async || world.letters().len() >= letters).await;
    let letter = world.letters().pop().expect("a letter");
    let link = letter.lines().find(|line| line.starts_with("http")).expect("a link").to_owned();
    assert!(letter.contains("To: owner@acme.example\r\n") && letter.contains("acme ltd"), "{letter}");
    link
}

async fn choose(at: &Caller, link: &str, password: &str) -> Answer {
    let token = link.split_once("token=").expect("a token").1;
    at.post_form("/reset", &[("token", token), ("password", password)]).await
}

/// The cookie of a new session.
async fn browser(at: &Caller, password: &str) -> String {
    let answer =
        at.post_form("/login", &[("email", &email("acme", Role::Owner)), ("password", password)]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    answer.header("set-cookie").split(';').next().expect("a pair").to_owned()
}

async fn is_open(at: &Caller, cookie: &str) -> bool {
    at.send(at.request(Method::GET, "/auth/me").header(COOKIE, cookie)).await.status == StatusCode::OK
}

/// E24: the link of a letter sets a password once, at its own tenant, within the hour, and ends every
/// session and sign-in; whether an address is somebody's shows nowhere.
#[tokio::test]
async fn a_forgotten_password_is_set_anew_by_a_link() {
    let world = World::start().await;
    let acme = world.at("acme");
    let owner = world.signed_in("acme", Role::Owner).await;
    let cookie = browser(&acme, PASSWORD).await;
    let asked = forget(&acme, "Owner@acme.example").await;
    assert_eq!(asked.status, StatusCode::ACCEPTED, "{}", asked.body);
    for nobody in ["nobody@acme.example", "owner@globex.example", "x", "a\u{0}b", &"x".repeat(400)] {
        assert_eq!(forget(&acme, nobody).await.comparable(), asked.comparable(), "{nobody:?}");
    }
    let first = link(&world, 1).await;
    assert!(first.starts_with("http://acme.mmm.localhost/reset?token="), "{first}");
    // Within a minute nobody is written to again.
    forget(&acme, "owner@acme.example").await;
    let page = acme.post_form("/forgot", &[("email", "nobody@acme.example")]).await;
    assert!(page.status == StatusCode::ACCEPTED && page.body.contains("If this address"), "{}", page.body);
    let mut database = world.admin().await;
    let later = "UPDATE control.password_resets SET created_at = now() - interval '2 minutes'";
    sqlx::query(later).execute(&mut database).await.expect("time passes");
    forget(&acme, "owner@acme.example").await;
    let second = link(&world, 2).await;
    assert_eq!(world.letters().len(), 2, "nobody else got a letter");

    assert_eq!(acme.get_page(path(&first)).await.status, StatusCode::GONE, "the newest link counts");
    assert_eq!(world.at("globex").get_page(path(&second)).await.status, StatusCode::GONE);
    assert_eq!(choose(&world.at("globex"), &second, NEW).await.status, StatusCode::GONE);
    let page = acme.get_page(path(&second)).await;
    assert!(page.status == StatusCode::OK && page.body.contains("owner@acme.example"), "{}", page.body);
    for unsuitable in ["short", &"x".repeat(1_001)] {
        let refused = choose(&acme, &second, unsuitable).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    assert!(is_open(&acme, &cookie).await && owner.get("/auth/me").await.status == StatusCode::OK);
    assert_eq!(choose(&acme, &second, NEW).await.status, StatusCode::SEE_OTHER);
    assert_eq!(choose(&acme, &second, NEW).await.status, StatusCode::GONE, "a link works once");

    assert!(!is_open(&acme, &cookie).await, "sessions end");
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(owner.get("/auth/me").await.status, StatusCode::UNAUTHORIZED, "and so do tokens");
    assert_eq!(acme.post_json("/auth/login", &person(Role::Owner)).await.status, StatusCode::UNAUTHORIZED);
    browser(&acme, NEW).await;

    let analyst = world.signed_in("acme", Role::Analyst).await;
    assert_eq!(analyst.get("/auth/me").await.status, StatusCode::OK, "nobody else is signed out");
    forget(&acme, "owner@acme.example").await;
    let late = link(&world, 3).await;
    let old = "UPDATE control.password_resets SET expires_at = now() - interval '1 second'";
    sqlx::query(old).execute(&mut database).await.expect("time passes");
    assert_eq!(choose(&acme, &late, PASSWORD).await.status, StatusCode::GONE);
}

/// E24: who knows the present password sets another one; what they use goes on, everything else ends.
#[tokio::test]
async fn a_changed_password_ends_every_other_session() {
    let world = World::start().await;
    let acme = world.at("acme");
    let (here, there) = (browser(&acme, PASSWORD).await, browser(&acme, PASSWORD).await);
    let program = world.signed_in("acme", Role::Owner).await;
    let post = async |current: &str, new: &str| {
        let form = [("current_password", current), ("new_password", new)];
        let request = acme.request(Method::POST, "/account/password").header(COOKIE, &here);
        let origin = request.header("origin", "http://acme.mmm.localhost").header("accept", "text/html");
        acme.send(origin.form(&form)).await
    };
    for (current, new, said) in
        [("wrong", NEW, "not your present password"), (PASSWORD, "short", "at least 12 characters")]
    {
        let refused = post(current, new).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains(said), "{}", refused.body);
    }
    assert!(is_open(&acme, &there).await);
    let changed = post(PASSWORD, NEW).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.body);
    assert!(is_open(&acme, &here).await, "this session goes on");
    assert!(!is_open(&acme, &there).await, "the other one is over");
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(program.get("/auth/me").await.status, StatusCode::UNAUTHORIZED);

    let program = acme.clone().sign_in(&email("acme", Role::Owner), NEW).await;
    let body = json!({ "current_password": NEW, "new_password": PASSWORD });
    let changed = program.post_json("/auth/password", &body).await;
    assert_eq!(changed.status, StatusCode::NO_CONTENT, "{}", changed.body);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(program.get("/auth/me").await.status, StatusCode::OK, "its own sign-in goes on");
    assert!(!is_open(&acme, &here).await);
    let wrong = program.post_json("/auth/password", &body).await;
    assert_eq!(
        (wrong.status, &wrong.json()["code"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("password_wrong"))
    );
    let more = json!({ "current_password": PASSWORD, "new_password": NEW, "user_id": "x" });
    let more = program.post_json("/auth/password", &more).await;
    assert!(
        more.status == StatusCode::UNPROCESSABLE_ENTITY && more.body.contains("user_id"),
        "{}",
        more.body
    );
}
