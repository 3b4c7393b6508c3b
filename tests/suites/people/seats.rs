//! Seats of the plan: nobody is invited or comes in without one.

use reqwest::StatusCode;
use serde_json::{Value, json};
use tenancy_core::Role;
use tests::{Answer, Caller, World};

use super::{accept, operator};

fn refused(answer: &Answer, used: u64, limit: u64) {
    let body = answer.json();
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{body}");
    assert!(body["error"].as_str().expect("words").contains("limit exceeded"), "{body}");
    assert!(body["error"].as_str().expect("words").contains("Upgrade"), "{body}");
    for (field, value) in [
        ("code", json!("limit_exceeded")),
        ("resource", json!("users")),
        ("limit", json!(limit)),
        ("used", json!(used)),
        ("allowed", json!(false)),
    ] {
        assert_eq!(body[field], value, "{field} in {body}");
    }
}

async fn invite(by: &Caller, name: &str) -> Answer {
    let body = json!({ "email": format!("{name}@acme.example"), "role": "viewer" });
    by.post_json("/tenant/users/invite", &body).await
}

fn link(answer: &Answer) -> String {
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
    answer.json()["invite"].as_str().expect("a link").to_owned()
}

/// U1, M5, E6: four people at `max_users` 5. Of two invitations the first to be taken up has the last
/// seat; after that nobody is invited, by the tenant or by an operator, until somebody leaves.
#[tokio::test]
async fn the_last_seat_is_the_first_comers() {
    let world = World::start().await;
    world.override_settings("acme", &json!({ "max_users": 5 })).await;
    let (acme, owner) = (world.at("acme"), world.signed_in("acme", Role::Owner).await);
    let (one, two) = (link(&invite(&owner, "one").await), link(&invite(&owner, "two").await));
    assert_eq!(accept(&acme, &one, "One", "a long password").await.status, StatusCode::SEE_OTHER);
    refused(&accept(&acme, &two, "Two", "a long password").await, 5, 5);
    refused(&invite(&owner, "three").await, 5, 5);
    let form = owner.post_form("/team/invite", &[("email", "three@acme.example"), ("role", "viewer")]).await;
    assert_eq!(form.status, StatusCode::FORBIDDEN);
    assert!(
        form.body.contains("limit exceeded") && form.body.contains("three@acme.example"),
        "{}",
        form.body
    );
    let operator = operator(&world).await;
    let id = operator.get("/admin/tenants?q=acme").await.json()["tenants"][0]["id"].clone();
    let users = format!("/admin/tenants/{}/users", id.as_str().expect("an id"));
    let body = json!({ "email": "three@acme.example", "role": "viewer", "reason": "asked for" });
    refused(&operator.post_json(&users, &body).await, 5, 5);

    let people = owner.get("/tenant/users").await.json();
    let leaver = people["users"].as_array().expect("users").iter();
    let leaver = leaver.clone().find(|user| user["email"] == "one@acme.example").expect("one")["id"].clone();
    let path = format!("/tenant/users/{}", leaver.as_str().expect("an id"));
    assert_eq!(
        owner.send(owner.request(reqwest::Method::DELETE, &path)).await.status,
        StatusCode::NO_CONTENT
    );
    let second = accept(&acme, &two, "Two", "a long password").await;
    assert_eq!(second.status, StatusCode::SEE_OTHER, "the invitation stayed open: {}", second.body);
}

/// U2: fifty people take up their invitations at once at limit 10: exactly 10 are members.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_who_come_at_once_ten_find_a_seat() {
    let world = World::start().await;
    let owner = world.signed_in("acme", Role::Owner).await;
    let mut links = Vec::new();
    for n in 0..50 {
        links.push(link(&invite(&owner, &format!("guest{n}")).await));
    }
    let come = links.into_iter().map(|link| {
        let acme = world.at("acme");
        tokio::spawn(async move { accept(&acme, &link, "Guest", "a long password").await.status.as_u16() })
    });
    let mut came = Vec::new();
    for guest in come.collect::<Vec<_>>() {
        came.push(guest.await.expect("no panic"));
    }
    assert_eq!(came.iter().filter(|status| **status == 303).count(), 6, "{came:?}");
    assert_eq!(came.iter().filter(|status| **status == 403).count(), 44, "{came:?}");
    let people: Value = owner.get("/tenant/users").await.json();
    assert_eq!(people["users"].as_array().map(Vec::len), Some(10));
}
