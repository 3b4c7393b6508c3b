//! The people of a tenant change each other's roles, and nobody else's.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tenancy_core::Role;
use tests::{Answer, Caller, World};

use super::{accept, path};

async fn id_of(owner: &Caller, email: &str) -> String {
    let list = owner.get("/tenant/users").await.json();
    let users = list["users"].as_array().expect("users").iter();
    let user = users.clone().find(|user| user["email"] == email);
    user.unwrap_or_else(|| panic!("{email} in {list}"))["id"].as_str().expect("an id").to_owned()
}

async fn give(by: &Caller, id: &str, role: &str) -> Answer {
    by.patch_json(&format!("/tenant/users/{id}"), &json!({ "role": role })).await
}

async fn delete(by: &Caller, path: &str) -> Answer {
    by.send(by.request(Method::DELETE, path)).await
}

fn invitation(email: &str, role: &str) -> Value {
    json!({ "email": email, "role": role })
}

/// A14, AC18, E24: an invited person can sign in at this tenant only; the newest link counts, once.
#[tokio::test]
async fn an_invited_person_comes_in_once_and_only_here() {
    let world = World::start().await;
    let admin = world.signed_in("acme", Role::Admin).await;
    let invite = async || {
        let answer =
            admin.post_json("/tenant/users/invite", &invitation("New@acme.example", "analyst")).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
        answer.json()["invite"].as_str().expect("a link").to_owned()
    };
    let (replaced, link) = (invite().await, invite().await);
    assert!(link.starts_with("http://acme.mmm.localhost/accept?token="), "{link}");
    let waiting = admin.get("/tenant/users").await.json()["invited"].clone();
    assert_eq!(waiting.as_array().map(Vec::len), Some(1), "{waiting}");
    let acme = world.at("acme");
    assert_eq!(acme.get_page(path(&replaced)).await.status, StatusCode::GONE);
    assert_eq!(accept(&world.at("globex"), &link, "New", "a long password").await.status, StatusCode::GONE);
    assert_eq!(accept(&acme, &link, "New", "a long password").await.status, StatusCode::SEE_OTHER);
    assert_eq!(accept(&acme, &link, "New", "a long password").await.status, StatusCode::GONE);

    let person = acme.clone().sign_in("new@acme.example", "a long password").await;
    assert_eq!(person.get("/auth/me").await.json()["role"], "analyst");
    let there = json!({ "email": "new@acme.example", "password": "a long password" });
    let refused = world.at("globex").post_json("/auth/login", &there).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    let again = admin.post_json("/tenant/users/invite", &invitation("new@acme.example", "viewer")).await;
    assert_eq!((again.status, &again.json()["code"]), (StatusCode::CONFLICT, &json!("member_already")));

    let mut database = world.admin().await;
    let old =
        "UPDATE control.invitations SET expires_at = now() - interval '1 second' WHERE accepted_at IS NULL";
    let answer = admin.post_json("/tenant/users/invite", &invitation("late@acme.example", "viewer")).await;
    sqlx::query(old).execute(&mut database).await.expect("time passes");
    let late = answer.json()["invite"].as_str().expect("a link").to_owned();
    assert_eq!(acme.get_page(path(&late)).await.status, StatusCode::GONE);
}

/// A14: an invitation that was withdrawn opens nothing; an admin takes no owner's back, and nobody
/// another tenant's.
#[tokio::test]
async fn an_invitation_can_be_withdrawn() {
    let world = World::start().await;
    let owner = world.signed_in("acme", Role::Owner).await;
    let admin = world.signed_in("acme", Role::Admin).await;
    let mut links = Vec::new();
    for (email, role) in [("a@acme.example", "owner"), ("b@acme.example", "viewer")] {
        let made = owner.post_json("/tenant/users/invite", &invitation(email, role)).await;
        links.push(made.json()["invite"].as_str().expect("a link").to_owned());
    }
    let waiting = owner.get("/tenant/users").await.json()["invited"].clone();
    let at = |n: usize| format!("/tenant/invitations/{}", waiting[n]["id"].as_str().expect("an id"));

    let stranger = world.signed_in("globex", Role::Owner).await;
    let foreign = delete(&stranger, &at(1)).await;
    let nobody = delete(&stranger, "/tenant/invitations/018f2f4e-0000-7000-8000-000000000002").await;
    assert_eq!(foreign.status, StatusCode::NOT_FOUND);
    assert_eq!(foreign.comparable(), nobody.comparable());
    assert_eq!(delete(&admin, &at(0)).await.status, StatusCode::FORBIDDEN, "an owner's invitation");
    assert_eq!(delete(&admin, &at(1)).await.status, StatusCode::NO_CONTENT);
    assert_eq!(delete(&admin, &at(1)).await.status, StatusCode::NOT_FOUND, "it is gone");

    let acme = world.at("acme");
    assert_eq!(acme.get_page(path(&links[1])).await.status, StatusCode::GONE);
    assert_eq!(acme.get_page(path(&links[0])).await.status, StatusCode::OK, "the other one stays");
    let page = format!("/team/invitations/{}/withdraw", waiting[0]["id"].as_str().expect("an id"));
    let form = owner.send(owner.request(reqwest::Method::POST, &page)).await;
    assert!(form.body.contains("The invitation is withdrawn."), "{}", form.body);
    assert_eq!(acme.get_page(path(&links[0])).await.status, StatusCode::GONE);
    let mut database = world.admin().await;
    let sql =
        "SELECT old_values ->> 'email' FROM audit_logs WHERE action = 'withdraw_invitation' ORDER BY id";
    let log: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut database).await.expect("the log");
    assert_eq!(log, ["b@acme.example", "a@acme.example"]);
}

/// A person of another tenant joins with the password they have, and with no other.
#[tokio::test]
async fn a_known_person_joins_with_their_own_password() {
    let world = World::start().await;
    let owner = world.signed_in("acme", Role::Owner).await;
    let body = invitation("viewer@globex.example", "viewer");
    let answer = owner.post_json("/tenant/users/invite", &body).await.json();
    let link = answer["invite"].as_str().expect("a link");
    let acme = world.at("acme");
    let wrong = accept(&acme, link, "Eve", "a new long password").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let right = accept(&acme, link, "", tests::world::PASSWORD).await;
    assert_eq!(right.status, StatusCode::SEE_OTHER, "{}", right.body);
    acme.sign_in("viewer@globex.example", tests::world::PASSWORD).await;
}

/// A10, A15, AC44, T15: roles change on live tokens, leave a line, and stop at what is not theirs.
#[tokio::test]
async fn roles_change_within_their_bounds() {
    let world = World::start().await;
    let owner = world.signed_in("acme", Role::Owner).await;
    let admin = world.signed_in("acme", Role::Admin).await;
    let analyst = world.signed_in("acme", Role::Analyst).await;
    let ids = async |role: &str| id_of(&owner, &format!("{role}@acme.example")).await;
    let (owner_id, admin_id, analyst_id) = (ids("owner").await, ids("admin").await, ids("analyst").await);

    assert_eq!(analyst.upload(World::example()).await.status, StatusCode::CREATED);
    let changed = give(&admin, &analyst_id, "viewer").await;
    assert_eq!(changed.json()["role"], "viewer", "{}", changed.body);
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    assert_eq!(analyst.upload(World::example()).await.status, StatusCode::FORBIDDEN);

    let last = give(&owner, &owner_id, "admin").await;
    assert_eq!((last.status, &last.json()["code"]), (StatusCode::CONFLICT, &json!("last_owner")));
    for (id, role) in [(&owner_id, "viewer"), (&admin_id, "owner"), (&owner_id, "owner")] {
        assert_eq!(give(&admin, id, role).await.status, StatusCode::FORBIDDEN, "an admin makes no owner");
    }
    let made = admin.post_json("/tenant/users/invite", &invitation("x@acme.example", "owner")).await;
    assert_eq!(made.status, StatusCode::FORBIDDEN);

    let stranger = world.signed_in("globex", Role::Owner).await;
    let foreign = give(&stranger, &analyst_id, "admin").await;
    let nobody = give(&stranger, "018f2f4e-0000-7000-8000-000000000002", "admin").await;
    assert_eq!(foreign.status, StatusCode::NOT_FOUND);
    assert_eq!(foreign.comparable(), nobody.comparable());
    for (id, role) in [("x", "admin"), ("", "admin")] {
        assert_eq!(give(&owner, id, role).await.status, StatusCode::NOT_FOUND, "{id:?}");
    }
    assert_eq!(give(&owner, &admin_id, "boss").await.json()["code"], "role_unknown");

    let mut database = world.admin().await;
    let sql = "SELECT old_values ->> 'role', new_values ->> 'role' FROM audit_logs WHERE action = 'set_role'";
    let log: Vec<(String, String)> = sqlx::query_as(sql).fetch_all(&mut database).await.expect("the log");
    assert_eq!(log, [("analyst".to_owned(), "viewer".to_owned())]);
}

/// A15: two owners who demote each other at the same moment leave one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_is_always_left() {
    let world = World::start().await;
    let owner = world.signed_in("acme", Role::Owner).await;
    let other = world.signed_in("acme", Role::Admin).await;
    let (a, b) = (id_of(&owner, "owner@acme.example").await, id_of(&owner, "admin@acme.example").await);
    for _ in 0..5 {
        assert_eq!(give(&owner, &b, "owner").await.status, StatusCode::OK);
        tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
        let (one, two) = tokio::join!(give(&owner, &b, "admin"), give(&other, &a, "admin"));
        let mut database = world.admin().await;
        let sql = "SELECT u.email FROM control.tenant_users m JOIN control.users u ON u.id = m.user_id
                   JOIN control.tenants t ON t.id = m.tenant_id WHERE t.subdomain = 'acme' AND m.role = 'owner'";
        let left: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut database).await.expect("the owners");
        assert_eq!(left.len(), 1, "{} {} {left:?}", one.status, two.status);
        if left[0] != "owner@acme.example" {
            sqlx::query("UPDATE control.tenant_users SET role = 'owner' WHERE user_id = $1::uuid")
                .bind(&a)
                .execute(&mut database)
                .await
                .expect("the first owner again");
            sqlx::query("UPDATE control.tenant_users SET role = 'admin' WHERE user_id = $1::uuid")
                .bind(&b)
                .execute(&mut database)
                .await
                .expect("the second an admin again");
            tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
        }
    }
}

/// B7: the page does the same as the API, and shows the link once.
#[tokio::test]
async fn the_team_page_invites_and_changes() {
    let world = World::start().await;
    let admin = world.signed_in("acme", Role::Admin).await;
    let page = admin.get_page("/team").await;
    assert!(page.body.contains("4 people work here; nobody is invited."), "{}", page.body);
    assert!(!page.body.contains("value=\"owner\""), "an admin is not offered what they may not give");
    let post = async |path: &str, fields: &[(&str, &str)]| {
        admin.send(admin.request(Method::POST, path).header("accept", "text/html").form(fields)).await
    };
    let invited = post("/team/invite", &[("email", "<b>@acme.example"), ("role", "viewer")]).await;
    assert_eq!(invited.status, StatusCode::CREATED, "{}", invited.body);
    assert!(invited.body.contains("/accept?token=") && !invited.body.contains("<b>@"), "{}", invited.body);
    assert!(!admin.get_page("/team").await.body.contains("token="));
    let wrong = post("/team/invite", &[("email", "nobody"), ("role", "viewer")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body.contains("value=\"nobody\""), "what was typed stays");
    let id = id_of(&admin, "analyst@acme.example").await;
    let changed = post(&format!("/team/{id}/role"), &[("role", "viewer")]).await;
    assert_eq!(changed.status, StatusCode::OK);
    let viewer = world.signed_in("acme", Role::Viewer).await.get_page("/").await;
    assert!(!viewer.body.contains("href=\"/team\""), "who does not manage people is not led there");
}

/// E24: who is removed is out within a second, wherever they are signed in; the last owner stays, and an
/// admin removes no owner.
#[tokio::test]
async fn a_removed_member_is_out_and_the_last_owner_stays() {
    let world = World::start().await;
    let owner = world.signed_in("acme", Role::Owner).await;
    let (admin, viewer) =
        (world.signed_in("acme", Role::Admin).await, world.signed_in("acme", Role::Viewer).await);
    let remove = async |by: &Caller, id: &str| delete(by, &format!("/tenant/users/{id}")).await;
    let ids = async |role: &str| id_of(&owner, &format!("{role}@acme.example")).await;
    let (owner_id, viewer_id, analyst_id) = (ids("owner").await, ids("viewer").await, ids("analyst").await);
    let last = remove(&owner, &owner_id).await;
    assert_eq!((last.status, &last.json()["code"]), (StatusCode::CONFLICT, &json!("last_owner")));
    assert_eq!(remove(&admin, &owner_id).await.status, StatusCode::FORBIDDEN);
    let stranger = world.signed_in("globex", Role::Owner).await;
    let (foreign, nobody) = (
        remove(&stranger, &viewer_id).await,
        remove(&stranger, "018f2f4e-0000-7000-8000-000000000002").await,
    );
    assert_eq!(foreign.status, StatusCode::NOT_FOUND);
    assert_eq!(foreign.comparable(), nobody.comparable());

    assert_eq!(viewer.get("/auth/me").await.status, StatusCode::OK);
    assert_eq!(remove(&admin, &viewer_id).await.status, StatusCode::NO_CONTENT);
    assert_eq!(remove(&admin, &viewer_id).await.status, StatusCode::NOT_FOUND);
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    assert_eq!(viewer.get("/auth/me").await.status, StatusCode::UNAUTHORIZED);
    let again = json!({ "email": "viewer@acme.example", "password": tests::world::PASSWORD });
    assert_eq!(world.at("acme").post_json("/auth/login", &again).await.status, StatusCode::UNAUTHORIZED);

    let page = admin.post_form(&format!("/team/{analyst_id}/remove"), &[]).await;
    assert!(page.status == StatusCode::OK && page.body.contains("2 people work here"), "{}", page.body);
    let mut database = world.admin().await;
    let sql = "SELECT old_values ->> 'role' FROM audit_logs WHERE action = 'remove_member' ORDER BY id";
    let log: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut database).await.expect("the log");
    assert_eq!(log, ["viewer", "analyst"]);
}

/// L1, T15: where the log takes no line, nobody is invited, changed or removed.
#[tokio::test]
async fn no_change_of_people_goes_without_its_line() {
    let world = World::start().await;
    let owner = world.signed_in("acme", Role::Owner).await;
    let viewer = id_of(&owner, "viewer@acme.example").await;
    let mut admin = world.admin().await;
    let full = "ALTER TABLE audit_logs ADD CONSTRAINT no_room CHECK (false) NOT VALID";
    sqlx::query(full).execute(&mut admin).await.expect("a log that takes nothing");
    let before = owner.get("/tenant/users").await.json();
    let path = format!("/tenant/users/{viewer}");
    for failed in [
        owner.post_json("/tenant/users/invite", &invitation("x@acme.example", "viewer")).await,
        give(&owner, &viewer, "admin").await,
        delete(&owner, &path).await,
    ] {
        assert_eq!(failed.status, StatusCode::INTERNAL_SERVER_ERROR, "{}", failed.body);
        assert!(!failed.body.contains("audit_logs"), "{}", failed.body);
    }
    assert_eq!(owner.get("/tenant/users").await.json(), before, "nothing changed");
}

/// T19: a tenant says how it invites, for itself alone; what makes no sense is refused.
#[tokio::test]
async fn a_tenant_says_how_it_invites() {
    let world = World::start().await;
    let (admin, globex) =
        (world.signed_in("acme", Role::Admin).await, world.signed_in("globex", Role::Owner).await);
    let path = "/tenant/settings";
    assert_eq!(admin.get(path).await.json(), json!({ "invitation_hours": 72, "invited_role": "viewer" }));
    let changed = admin.patch_json(path, &json!({ "invitation_hours": 24 })).await;
    assert_eq!(
        changed.json(),
        json!({ "invitation_hours": 24, "invited_role": "viewer" }),
        "{}",
        changed.body
    );
    let form = [("invitation_hours", "24"), ("invited_role", "analyst")];
    assert_eq!(admin.post_form("/team/settings", &form).await.status, StatusCode::SEE_OTHER);
    let page = admin.get_page("/team").await;
    assert!(
        page.body.contains("for 24 hours") && page.body.contains("value=\"analyst\" selected"),
        "{}",
        page.body
    );
    for bad in [
        json!({ "invitation_hours": 0 }),
        json!({ "invitation_hours": 169 }),
        json!({ "invitation_hours": -1 }),
        json!({ "invitation_hours": "24" }),
        json!({ "invited_role": "owner" }),
        json!({ "invited_role": "boss" }),
        json!({ "limits": { "users": 1000 } }),
        json!({ "plan": "enterprise" }),
    ] {
        let refused = admin.patch_json(path, &bad).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{bad}: {}", refused.body);
    }
    let invited = admin.post_json("/tenant/users/invite", &json!({ "email": "new@acme.example" })).await;
    assert_eq!(invited.json()["invite_expires_in"], 24 * 3_600, "{}", invited.body);
    let link = invited.json()["invite"].as_str().expect("a link").to_owned();
    assert_eq!(
        accept(&world.at("acme"), &link, "New", "a long password").await.status,
        StatusCode::SEE_OTHER
    );
    let new = world.at("acme").sign_in("new@acme.example", "a long password").await;
    assert_eq!(new.get("/auth/me").await.json()["role"], "analyst");
    assert_eq!(globex.get(path).await.json()["invitation_hours"], 72, "another tenant's are its own");
    let mut database = world.admin().await;
    let sql =
        "SELECT new_values ->> 'invitation_hours' FROM audit_logs WHERE action = 'set_settings' ORDER BY id";
    let log: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut database).await.expect("the log");
    assert_eq!(log, ["24", "24"]);
}
