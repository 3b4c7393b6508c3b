//! The operator's console and where an operator's credential ends.

use reqwest::header::ACCEPT;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::Row as _;
use std::time::Duration;
use tenancy_core::Role;
use tests::program::until;
use tests::world::{ACCENTS, BASE, OPERATOR, PASSWORD};
use tests::{Caller, World};

use super::{accept, operator, path};

fn new_tenant(subdomain: &str) -> Value {
    json!({ "subdomain": subdomain, "name": "Initech Tools", "plan": "starter",
            "admin_email": "Ida@initech.example", "reason": "contract 17" })
}

/// E1, A14, O1, O3, AC18: a tenant comes into being with an invitation that works once, at its own host.
#[tokio::test]
async fn an_operator_makes_a_tenant_and_its_first_owner_comes_in() {
    let world = World::start().await;
    let operator = operator(&world).await;
    let globex = world.signed_in("globex", Role::Owner).await;
    let before = globex.get("/auth/me").await;
    let made = operator.post_json("/admin/tenants", &new_tenant("initech")).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    assert_eq!(globex.get("/auth/me").await.comparable(), before.comparable(), "nobody else notices");
    let link = made.json()["admin_invite"].as_str().expect("a link").to_owned();
    assert!(link.starts_with(&format!("http://initech.{BASE}/accept?token=")), "{link}");

    let foreign = world.at("acme").get_page(path(&link)).await;
    assert_eq!(foreign.status, StatusCode::GONE, "an invitation opens nothing at another tenant");
    let there = world.at("initech");
    let page = there.get_page(path(&link)).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        page.body.contains("Initech Tools") && page.body.contains("ida@initech.example"),
        "{}",
        page.body
    );

    let short = accept(&there, &link, "Ida", "short").await;
    assert_eq!(short.status, StatusCode::UNPROCESSABLE_ENTITY);
    let joined = accept(&there, &link, "Ida", "a long enough password").await;
    assert_eq!(joined.status, StatusCode::SEE_OTHER, "{}", joined.body);
    assert!(joined.header("set-cookie").starts_with("__Host-session="));
    let again = accept(&there, &link, "Eve", "another long password").await;
    assert_eq!(again.status, StatusCode::GONE, "a link works once");

    let owner = there.sign_in("ida@initech.example", "a long enough password").await;
    assert_eq!(owner.get("/auth/me").await.json()["role"], "owner");
    let at_acme = json!({ "email": "ida@initech.example", "password": "a long enough password" });
    let elsewhere = world.at("acme").post_json("/auth/login", &at_acme).await;
    assert_eq!(elsewhere.status, StatusCode::UNAUTHORIZED);

    let mut admin = world.admin().await;
    let log = sqlx::query(
        "SELECT actor, reason, action FROM control.operator_log WHERE tenant_id = $1::uuid ORDER BY id",
    )
    .bind(made.json()["id"].as_str())
    .fetch_all(&mut admin)
    .await
    .expect("the log");
    let log: Vec<(String, String, String)> =
        log.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
    let entry = |action: &str| (OPERATOR.to_owned(), "contract 17".to_owned(), action.to_owned());
    assert_eq!(log, [entry("create_tenant"), entry("invite")]);
}

/// R5, AC15, E1: what cannot be a tenant is refused, and nothing of it stays.
#[tokio::test]
async fn a_tenant_that_cannot_be_leaves_nothing_behind() {
    let world = World::start().await;
    let operator = operator(&world).await;
    let with = |field: &str, value: &str| {
        let mut body = new_tenant("initech");
        body[field] = json!(value);
        body
    };
    for (body, status, code) in [
        (with("subdomain", "acme"), StatusCode::CONFLICT, "subdomain_taken"),
        (with("subdomain", "admin"), StatusCode::UNPROCESSABLE_ENTITY, "subdomain_reserved"),
        (with("subdomain", "xn--acme"), StatusCode::UNPROCESSABLE_ENTITY, "subdomain_invalid"),
        (with("reason", "  "), StatusCode::UNPROCESSABLE_ENTITY, "reason_missing"),
        (with("plan", "gold"), StatusCode::UNPROCESSABLE_ENTITY, "plan_unknown"),
        (with("accent", "red;background:url()"), StatusCode::UNPROCESSABLE_ENTITY, "accent_invalid"),
        (with("admin_email", "ida"), StatusCode::UNPROCESSABLE_ENTITY, "email_invalid"),
        (with("name", "\u{7}"), StatusCode::UNPROCESSABLE_ENTITY, "name_invalid"),
        (with("colour", "x"), StatusCode::UNPROCESSABLE_ENTITY, "bad_body"),
    ] {
        let answer = operator.post_json("/admin/tenants", &body).await;
        assert_eq!((answer.status, &answer.json()["code"]), (status, &json!(code)), "{body}");
    }
    let list = operator.get("/admin/tenants").await.json();
    assert_eq!(list["total"], 2, "{list}");
    assert_eq!(operator.get("/admin/tenants?q=GLOB").await.json()["total"], 1);
    let mut admin = world.admin().await;
    let open: i64 = sqlx::query_scalar("SELECT count(*) FROM control.invitations")
        .fetch_one(&mut admin)
        .await
        .expect("a count");
    assert_eq!(open, 0);
}

/// E2: tenants come in pages, each once, and say whether their work gets done.
#[tokio::test]
async fn many_tenants_come_in_pages_with_their_health() {
    let world = World::start().await;
    let operator = operator(&world).await;
    let mut admin = world.admin().await;
    let more = "INSERT INTO control.tenants (id, subdomain, name, status, plan, settings)
                SELECT gen_random_uuid(), 'more-' || n, 'more ' || n, 'active', 'starter', '{}'
                FROM generate_series(1, 60) n";
    sqlx::raw_sql(more).execute(&mut admin).await.expect("tenants");
    let failed = "INSERT INTO public.jobs (tenant_id, id, kind, state, reason, finished_at)
                  SELECT t.id, gen_random_uuid(), 'analysis', 'failed', 'lost', now()
                  FROM control.tenants t WHERE t.subdomain = 'globex'";
    sqlx::raw_sql(failed).execute(&mut admin).await.expect("a failed run");
    let mut seen = std::collections::BTreeMap::new();
    for page in 1..=3 {
        let list = operator.get(&format!("/admin/tenants?page={page}")).await.json();
        assert_eq!((&list["total"], &list["per_page"]), (&json!(62), &json!(50)));
        let tenants = list["tenants"].as_array().expect("tenants");
        assert_eq!(tenants.len(), [50, 12, 0][page - 1], "page {page}");
        for tenant in tenants {
            let (name, health) = (tenant["subdomain"].as_str().expect("a name"), tenant["health"].clone());
            assert_eq!(seen.insert(name.to_owned(), health), None, "{name} comes twice");
        }
    }
    assert_eq!((&seen["acme"], &seen["globex"]), (&json!("good"), &json!("runs_failed")));
}

async fn id_of(operator: &Caller, tenant: &str) -> String {
    let list = operator.get(&format!("/admin/tenants?q={tenant}")).await.json();
    list["tenants"][0]["id"].as_str().expect("an id").to_owned()
}

/// E3, E4, R10, M2, AC44: a plan and a suspension count from the next request on.
#[tokio::test]
async fn plan_and_suspension_reach_live_tokens_at_once() {
    let world = World::start().await;
    let (operator, owner) = (operator(&world).await, world.signed_in("acme", Role::Owner).await);
    let id = id_of(&operator, "acme").await;
    let tenant = format!("/admin/tenants/{id}");
    assert_eq!(owner.get("/auth/me").await.json()["plan"], "starter");

    let unsaid = operator.patch_json(&tenant, &json!({ "plan": "enterprise" })).await;
    assert_eq!(unsaid.json()["code"], "reason_missing");
    let changed = operator.patch_json(&tenant, &json!({ "plan": "enterprise", "reason": "upgrade" })).await;
    assert_eq!(changed.json()["plan"], "enterprise", "{}", changed.body);
    assert_eq!(owner.get("/auth/me").await.json()["plan"], "enterprise");

    let suspend = format!("{tenant}/suspend");
    assert_eq!(operator.post_json(&suspend, &json!({})).await.json()["code"], "reason_missing");
    assert_eq!(owner.get("/auth/me").await.status, StatusCode::OK);
    let suspended = operator.post_json(&suspend, &json!({ "reason": "unpaid" })).await;
    assert_eq!(suspended.json()["status"], "suspended", "{}", suspended.body);
    let refused = owner.get("/auth/me").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(refused.body.contains("Invalid tenant"), "{}", refused.body);
    let page = world.at("acme").get_page("/").await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.body.contains("acme ltd") && page.body.contains("suspended"), "{}", page.body);
    let colours = format!("/assets/accent-{}.css", ACCENTS[0].trim_start_matches('#'));
    assert!(page.body.contains(&format!("href=\"{colours}?v=")), "{}", page.body);
    let css = world.at("acme").get(&colours).await;
    assert!(css.status == StatusCode::OK && css.body.contains(ACCENTS[0]), "{}", css.body);
    let twice = operator.post_json(&suspend, &json!({ "reason": "unpaid" })).await;
    assert_eq!(twice.status, StatusCode::CONFLICT);

    let resumed = operator.post_json(&format!("{tenant}/resume"), &json!({ "reason": "paid" })).await;
    assert_eq!(resumed.json()["status"], "active");
    assert_eq!(owner.get("/auth/me").await.status, StatusCode::OK);

    for nobody in ["018f2f4e-0000-7000-8000-000000000002", "x"] {
        assert_eq!(operator.get(&format!("/admin/tenants/{nobody}")).await.status, StatusCode::NOT_FOUND);
    }
}

/// E5, E7: an operator's numbers are those of the tables, and the platform's are their sums.
#[tokio::test]
async fn statistics_are_counts_and_totals_are_their_sums() {
    let world = World::start().await;
    let operator = operator(&world).await;
    let owner = world.signed_in("acme", Role::Owner).await;
    owner.ready_source(&World::example(), None).await;
    for _ in 0..5 {
        owner.get("/auth/me").await;
    }
    let path = format!("/admin/tenants/{}/statistics", id_of(&operator, "acme").await);
    // Calls that were paid ahead are given back within seconds: two of the upload, five to /auth/me.
    until("exactly the calls that were made", Duration::from_secs(20), async || {
        operator.get(&path).await.json()["api_calls_today"] == 7
    })
    .await;
    let acme = format!("/admin/tenants/{}/statistics", id_of(&operator, "acme").await);
    let globex = format!("/admin/tenants/{}/statistics", id_of(&operator, "globex").await);
    let (acme, globex) = (operator.get(&acme).await.json(), operator.get(&globex).await.json());
    let rows = World::example().lines().count() - 1;
    assert_eq!((&acme["users"], &acme["sources"], &acme["rows"]), (&json!(4), &json!(1), &json!(rows)));
    assert_eq!((&globex["users"], &globex["sources"], &globex["rows"]), (&json!(4), &json!(0), &json!(0)));
    let bytes = "SELECT sum(amount)::bigint FROM usage_events WHERE meter = 'storage_gb'";
    let bytes: i64 = sqlx::query_scalar(bytes).fetch_one(&mut world.admin().await).await.expect("bytes");
    assert!(bytes > 1_000, "{bytes}");
    assert_eq!((&acme["storage_bytes"], &globex["storage_bytes"]), (&json!(bytes), &json!(0)));
    assert_eq!(globex["api_calls_today"], 0);
    let totals = operator.get("/admin/statistics").await.json();
    assert_eq!(totals["tenants"], 2);
    for (name, value) in acme.as_object().expect("an object") {
        let sum = value.as_i64().expect("a number") + globex[name].as_i64().expect("a number");
        assert_eq!(totals[name], sum, "{name}");
    }
}

/// A12, R7, AC19: an operator's credential is foreign wherever tenants are, as token and as cookie.
#[tokio::test]
async fn an_operators_credential_is_foreign_at_every_address_of_the_tenants() {
    let world = World::start().await;
    let operator = operator(&world).await;
    let token = operator.token().expect("a token").to_owned();
    for host in ["acme.mmm.localhost", BASE, "admin.mmm.localhost"] {
        for path in ["/", "/login", "/auth/me", "/brand/logo"] {
            let unknown = Caller::new(world.addr, "nobody.mmm.localhost");
            let unknown = unknown.send(unknown.request(Method::GET, path).header(ACCEPT, "text/html")).await;
            let there = Caller::new(world.addr, host);
            let ask = || there.request(Method::GET, path).header(ACCEPT, "text/html");
            let bearer = there.send(ask().bearer_auth(&token)).await;
            let cookie = there.send(ask().header("cookie", format!("__Host-operator={token}"))).await;
            assert_eq!(bearer.comparable(), unknown.comparable(), "{host}{path}");
            assert_eq!(cookie.comparable(), unknown.comparable(), "{host}{path}");
        }
    }
    let owner = world.signed_in("acme", Role::Owner).await;
    let at_admin = owner.at(world.operator_addr, "admin.mmm.localhost");
    assert_eq!(at_admin.get("/admin/tenants").await.status, StatusCode::NOT_FOUND);

    assert_eq!(operator.post_json("/auth/logout", &json!({})).await.status, StatusCode::NO_CONTENT);
    assert_eq!(operator.get("/admin/tenants").await.status, StatusCode::UNAUTHORIZED);
}

/// The console's pages: sign in, list, make, suspend; what was typed stays when it cannot be used.
#[tokio::test]
async fn an_operator_does_everything_in_a_browser() {
    let world = World::start().await;
    let browser = Caller::new(world.operator_addr, "admin.mmm.localhost");
    let post = |path: &str, cookie: &str, fields: &[(&str, &str)]| {
        let origin = "http://admin.mmm.localhost";
        let request =
            browser.request(Method::POST, path).header("origin", origin).header(ACCEPT, "text/html");
        request.header("cookie", cookie).form(fields)
    };
    let wrong = browser.send(post("/login", "", &[("email", OPERATOR), ("password", "wrong")])).await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    let tenants_owner = [("email", "owner@acme.example"), ("password", PASSWORD)];
    assert_eq!(browser.send(post("/login", "", &tenants_owner)).await.status, StatusCode::UNAUTHORIZED);
    let signed_in = browser.send(post("/login", "", &[("email", OPERATOR), ("password", PASSWORD)])).await;
    assert_eq!(signed_in.status, StatusCode::SEE_OTHER);
    let set = signed_in.header("set-cookie");
    assert!(set.starts_with("__Host-operator=") && set.contains("HttpOnly"), "{set}");
    let cookie = set.split(';').next().expect("a pair").to_owned();
    let page = async |path: &str| {
        let request = browser.request(Method::GET, path).header(ACCEPT, "text/html");
        browser.send(request.header("cookie", &cookie)).await
    };
    let list = page("/").await;
    assert!(list.body.contains("2 tenants, none of them suspended.") && list.body.contains("globex ltd"));
    let searched = page("/?q=acme&sort=users").await;
    assert!(searched.body.contains("acme ltd") && !searched.body.contains("globex ltd"));

    let typed = |subdomain: &'static str| {
        [
            ("subdomain", subdomain),
            ("name", "<b>Initech</b>"),
            ("plan", "starter"),
            ("admin_email", "ida@initech.example"),
            ("reason", "contract 17"),
        ]
    };
    for (address, said) in
        [("acme", "is taken"), ("admin", "cannot be"), ("initech", "This address is free.")]
    {
        let checked = browser.send(post("/tenants/check", &cookie, &typed(address))).await;
        assert_eq!(checked.status, StatusCode::OK);
        assert!(checked.body.contains(said) && checked.body.contains("contract 17"), "{}", checked.body);
        let asked = page(&format!("/admin/addresses?subdomain={address}")).await.json();
        assert_eq!(asked["free"], address == "initech");
        assert!(asked["message"].as_str().is_some_and(|text| text.contains(said)), "{asked}");
    }
    let taken = browser.send(post("/tenants", &cookie, &typed("acme"))).await;
    assert_eq!(taken.status, StatusCode::CONFLICT);
    assert!(taken.body.contains("contract 17") && !taken.body.contains("<b>Initech"), "{}", taken.body);
    let made = browser.send(post("/tenants", &cookie, &typed("initech"))).await;
    assert_eq!(made.status, StatusCode::CREATED);
    assert!(made.body.contains("http://initech.mmm.localhost/accept?token="), "{}", made.body);

    let at = made.body.find("action=\"/tenants/").expect("a form") + "action=\"/tenants/".len();
    let id = &made.body[at..at + 36];
    let tenant = page(&format!("/tenants/{id}")).await;
    assert!(!tenant.body.contains("token="), "the link is shown once");
    let unsaid = browser.send(post(&format!("/tenants/{id}/suspend"), &cookie, &[("reason", " ")])).await;
    assert_eq!(unsaid.status, StatusCode::UNPROCESSABLE_ENTITY);
    let done = browser.send(post(&format!("/tenants/{id}/suspend"), &cookie, &[("reason", "unpaid")])).await;
    assert!(done.status == StatusCode::OK && done.body.contains("unpaid"), "{}", done.body);
    assert_eq!(world.at("initech").get_page("/").await.status, StatusCode::FORBIDDEN);
    let elsewhere = browser.request(Method::POST, &format!("/tenants/{id}/resume"));
    let elsewhere = elsewhere.header("origin", "http://acme.mmm.localhost").header("cookie", &cookie);
    let forged = browser.send(elsewhere.form(&[("reason", "x")])).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN, "another site's form changes nothing");

    let left = browser.send(post("/logout", &cookie, &[])).await;
    assert_eq!(left.status, StatusCode::SEE_OTHER);
    assert_eq!(page("/").await.status, StatusCode::SEE_OTHER, "the session is over");
}

/// O3, L1: nothing is changed without a reason, which is named where it is missing, and nothing without
/// its line in the log: where that cannot be written, the change is not made.
#[tokio::test]
async fn no_change_goes_without_a_reason_and_its_line() {
    let world = World::start().await;
    let operator = operator(&world).await;
    let tenant = format!("/admin/tenants/{}", id_of(&operator, "acme").await);
    let changes = |reason: &str| {
        let mut new = new_tenant("initech");
        new["reason"] = json!(reason);
        [
            (Method::POST, "/admin/tenants".to_owned(), new),
            (Method::PATCH, tenant.clone(), json!({ "plan": "enterprise", "reason": reason })),
            (
                Method::POST,
                format!("{tenant}/users"),
                json!({ "email": "x@acme.example", "role": "viewer", "reason": reason }),
            ),
            (Method::POST, format!("{tenant}/suspend"), json!({ "reason": reason })),
            (Method::POST, format!("{tenant}/resume"), json!({ "reason": reason })),
        ]
    };
    let long = "x".repeat(501);
    for (reason, code) in
        [("", "reason_missing"), (" \t", "reason_missing"), (long.as_str(), "reason_too_long")]
    {
        for (method, path, body) in changes(reason) {
            let refused = operator.send(operator.request(method.clone(), &path).json(&body)).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{method} {path}: {}", refused.body);
            assert_eq!(refused.json()["code"], code, "{method} {path}");
            assert!(refused.json()["error"].as_str().is_some_and(|text| text.starts_with("reason:")));
        }
    }
    let seen = async || {
        let list = operator.get("/admin/tenants").await.json();
        (list["total"].clone(), operator.get(&tenant).await.json())
    };
    let before = seen().await;
    let mut admin = world.admin().await;
    let full = "ALTER TABLE control.operator_log ADD CONSTRAINT no_room CHECK (false) NOT VALID";
    sqlx::query(full).execute(&mut admin).await.expect("a log that takes nothing");
    for (method, path, body) in changes("a good reason") {
        if path.ends_with("/resume") {
            continue;
        }
        let failed = operator.send(operator.request(method.clone(), &path).json(&body)).await;
        assert_eq!(failed.status, StatusCode::INTERNAL_SERVER_ERROR, "{method} {path}: {}", failed.body);
    }
    assert_eq!(seen().await, before, "nothing changed");
    sqlx::query("ALTER TABLE control.operator_log DROP CONSTRAINT no_room")
        .execute(&mut admin)
        .await
        .expect("room");
    for (method, path, body) in changes("a good reason") {
        let done = operator.send(operator.request(method.clone(), &path).json(&body)).await;
        assert!(done.status.is_success(), "{method} {path}: {}", done.body);
    }
    let sql = "SELECT count(*) FROM control.operator_log WHERE reason = 'a good reason'";
    let lines: i64 = sqlx::query_scalar(sql).fetch_one(&mut admin).await.expect("the log");
    assert_eq!(lines, 6, "one a change, and two for a tenant with its first invitation");
}
