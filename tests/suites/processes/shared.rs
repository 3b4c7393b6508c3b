//! What several servers have in common without a redis server: everything that lies in the database.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use reqwest::header::{ACCEPT, COOKIE, ORIGIN};
use reqwest::{Method, StatusCode};
use serde_json::json;
use tenancy_core::Role;
use tests::world::{PASSWORD, email};
use tests::{Caller, World};

use super::{plan, seen, set_plan, two, world};

/// Signs in through the form; the cookie as a browser sends it back.
async fn cookie(caller: &Caller, role: Role) -> String {
    let form = [("email", email("acme", role)), ("password", PASSWORD.to_owned())];
    let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
    let answer = caller.post_form("/login", &form).await;
    let set = answer.header("set-cookie");
    set.split(';').next().filter(|cookie| cookie.contains('=')).expect("a cookie").to_owned()
}

async fn opens(caller: &Caller, cookie: &str) -> bool {
    let request = caller.request(Method::GET, "/").header(ACCEPT, "text/html").header(COOKIE, cookie);
    caller.send(request).await.status == StatusCode::OK
}

/// Y1, A4: a session and a token made at one server are good at the other, until they end at either.
#[tokio::test(flavor = "multi_thread")]
async fn who_signs_in_at_one_server_is_known_at_the_other_and_so_is_who_leaves() {
    let (_world, fleet) = world().await;
    let (one, two) = two(&fleet).await;
    let session = cookie(&one.at("acme"), Role::Viewer).await;
    assert!(opens(&two.at("acme"), &session).await, "a session of the other server");
    assert!(!opens(&two.at("globex"), &session).await, "at another tenant's address");
    let owner = one.at("acme").sign_in(&email("acme", Role::Owner), PASSWORD).await;
    let there = two.moved(&owner);
    assert_eq!(there.get("/auth/me").await.status, StatusCode::OK);

    let here = one.at("acme");
    let out = here.request(Method::POST, "/logout").header(COOKIE, &session);
    let out = here.send(out.header(ORIGIN, format!("http://{}", here.host()))).await;
    assert_eq!(out.status, StatusCode::SEE_OTHER, "{}", out.body);
    assert!(!opens(&two.at("acme"), &session).await, "the session has ended");
    assert_eq!(owner.post_json("/auth/logout", &json!({})).await.status, StatusCode::NO_CONTENT);
    seen("the token has ended at the other server", async || {
        there.get("/auth/me").await.status == StatusCode::UNAUTHORIZED
    })
    .await;
}

/// R9, A15, E4, R10: what is changed at one server is seen at the other within a second or so.
#[tokio::test(flavor = "multi_thread")]
async fn names_plans_roles_and_suspensions_are_seen_at_every_server() {
    let (world, fleet) = world().await;
    let (one, two) = two(&fleet).await;
    let owner = one.at("acme").sign_in(&email("acme", Role::Owner), PASSWORD).await;
    let viewer = two.at("acme").sign_in(&email("acme", Role::Viewer), PASSWORD).await;
    let operator = one.operator().await;
    assert_eq!(viewer.get("/auth/me").await.json()["role"], "viewer");
    assert!(two.at("acme").get_page("/login").await.body.contains("acme ltd"));

    let renamed = "UPDATE control.tenants SET name = 'Acme renamed' WHERE subdomain = 'acme'";
    sqlx::query(renamed).execute(&mut world.admin().await).await.expect("another name");
    for server in [&one, &two] {
        seen("the name is seen", async || {
            server.at("acme").get_page("/login").await.body.contains("Acme renamed")
        })
        .await;
    }

    assert_eq!(plan(&viewer).await, "starter");
    set_plan(&operator, "acme", "enterprise").await;
    assert_eq!(plan(&one.moved(&viewer)).await, "enterprise", "at once where it was changed");
    seen("the plan is seen", async || plan(&viewer).await == "enterprise").await;
    seen("the plan counts", async || viewer.get("/auth/me").await.json()["plan"] == "enterprise").await;

    let users = owner.get("/tenant/users").await.json();
    let users = users["users"].as_array().expect("users");
    let person = users.iter().find(|user| user["email"] == email("acme", Role::Viewer)).expect("the viewer");
    let path = format!("/tenant/users/{}", person["id"].as_str().expect("an id"));
    let given = owner.patch_json(&path, &json!({ "role": "analyst" })).await;
    assert_eq!(given.status, StatusCode::OK, "{}", given.body);
    seen("the role is seen", async || viewer.get("/auth/me").await.json()["role"] == "analyst").await;

    let list = operator.get("/admin/tenants?q=acme").await.json();
    let tenant = format!("/admin/tenants/{}", list["tenants"][0]["id"].as_str().expect("an id"));
    for (change, status) in [("suspend", StatusCode::FORBIDDEN), ("resume", StatusCode::OK)] {
        let changed = operator.post_json(&format!("{tenant}/{change}"), &json!({ "reason": "a test" })).await;
        assert_eq!(changed.status, StatusCode::OK, "{}", changed.body);
        seen(change, async || viewer.get("/auth/me").await.status == status).await;
    }
}

/// AC34, Y1: posts at a limit, at both servers at once; then one server is killed and the other goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn limits_hold_across_servers_and_one_goes_on_when_the_other_is_killed() {
    let (world, fleet) = world().await;
    world.override_settings("acme", &json!({ "max_campaigns": 7 })).await;
    let (one, two) = two(&fleet).await;
    let owner = one.at("acme").sign_in(&email("acme", Role::Owner), PASSWORD).await;
    let posts: Vec<_> = (0..16)
        .map(|n| {
            let caller = if n % 2 == 0 { owner.clone() } else { two.moved(&owner) };
            tokio::spawn(async move {
                caller.post_json("/api/campaigns", &json!({ "name": format!("number {n}") })).await.status
            })
        })
        .collect();
    let mut statuses: BTreeMap<u16, usize> = BTreeMap::new();
    for post in posts {
        *statuses.entry(post.await.expect("no panic").as_u16()).or_default() += 1;
    }
    assert_eq!(statuses, BTreeMap::from([(201, 7), (403, 9)]));

    let there = two.moved(&owner);
    one.kill();
    let list = there.get("/api/campaigns").await.json();
    let campaigns = list["campaigns"].as_array().expect("campaigns");
    assert_eq!(campaigns.len(), 7);
    let path = format!("/api/campaigns/{}", campaigns[0]["id"].as_str().expect("an id"));
    let removed = there.send(there.request(Method::DELETE, &path)).await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT);
    there.made("/api/campaigns", &json!({ "name": "instead" })).await;
}

/// E12, Y1: what is asked at one server is done by the worker and seen at the other.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_asked_for_at_one_server_is_seen_at_the_other() {
    let (_world, fleet) = world().await;
    let (one, two) = two(&fleet).await;
    let analyst = one.at("acme").sign_in(&email("acme", Role::Analyst), PASSWORD).await;
    let run = analyst.start_run(&analyst.ready_source(&World::example(), Some(40.0)).await).await;
    let there = two.moved(&analyst);
    let waiting = there.get(&format!("/tenant/analysis/{run}")).await.json();
    assert_eq!(waiting["state"], "queued", "nobody works yet");
    let started = Instant::now();
    let worker = fleet.worker();
    assert_eq!(there.finished_run(&run).await["state"], "done");
    assert!(started.elapsed() < Duration::from_mins(1), "{:?}", started.elapsed());
    assert!(worker.stop().await < Duration::from_secs(8), "a worker stops when it is asked to");
}
