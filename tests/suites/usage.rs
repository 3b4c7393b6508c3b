//! Plans, limits and the ledger over HTTP: two tenants, racing requests, two servers on one database.

use std::collections::BTreeMap;

use platform::platform::{Config, Platform};
use platform::server::{self, Stop};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tenancy_core::Role;
use tenancy_tower::jwt::TokenKey;
use tests::world::{BASE, PASSWORD, email, seal_key};
use tests::{Answer, Caller, World};
use tokio::net::TcpListener;

/// A second server on the same database, with keys of its own.
async fn second_server(world: &World) -> Caller {
    let platform = Platform::connect(Config {
        database: world.options_for("app_rw"),
        gate: world.options_for("app_gate"),
        seal_key: Some(seal_key()),
        token_key: TokenKey::generate().expect("a key"),
        base_domain: BASE.to_owned(),
        site: BASE.to_owned(),
        mail: None,
        redis: None,
    })
    .await
    .expect("a second platform");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let addr = listener.local_addr().expect("an address");
    tokio::spawn(server::serve(listener, platform.public(), Stop::default()));
    let host = format!("acme.{BASE}");
    Caller::new(addr, &host).sign_in(&email("acme", Role::Owner), PASSWORD).await
}

async fn delete(caller: &Caller, path: &str) -> Answer {
    caller.send(caller.request(Method::DELETE, path)).await
}

async fn meter(caller: &Caller, name: &str) -> Value {
    let usage = caller.get("/tenant/usage").await.json();
    let meters = usage["meters"].as_array().expect("meters").clone();
    meters.into_iter().find(|meter| meter["resource"] == name).expect("the meter")
}

/// V1, M3: another tenant's campaign is not there, in the same words as one that never was.
#[tokio::test]
async fn a_campaign_of_another_tenant_is_not_found() {
    let world = World::start().await;
    let (acme, globex) =
        (world.signed_in("acme", Role::Owner).await, world.signed_in("globex", Role::Owner).await);
    let id = acme.made("/api/campaigns", &json!({ "name": "Tenant A Campaign" })).await;
    let path = format!("/api/campaigns/{id}");
    let never = format!("/api/campaigns/{}", uuid::Uuid::now_v7());
    for method in [Method::GET, Method::DELETE, Method::PATCH] {
        let ask =
            |path: &str| globex.send(globex.request(method.clone(), path).json(&json!({ "name": "x" })));
        let (foreign, unknown) = (ask(&path).await, ask(&never).await);
        assert_eq!(foreign.status, StatusCode::NOT_FOUND, "{method}: {}", foreign.body);
        assert_eq!(foreign.json()["error"], "Campaign not found");
        assert_eq!(foreign.body, unknown.body);
    }
    assert_eq!(globex.get("/api/campaigns").await.json()["campaigns"], json!([]));
    assert_eq!(acme.get(&path).await.json()["name"], "Tenant A Campaign");
}

/// V2, M5, T2: `max_campaigns` 2, the third is refused with the figures; what is deleted makes room.
#[tokio::test]
async fn the_third_campaign_of_two_is_refused() {
    let world = World::start().await;
    world.override_settings("acme", &json!({ "max_campaigns": 2 })).await;
    let acme = world.signed_in("acme", Role::Analyst).await;
    let first = acme.made("/api/campaigns", &json!({ "name": "one", "budget": 10 })).await;
    acme.made("/api/campaigns", &json!({ "name": "two", "status": "active" })).await;
    let refused = acme.post_json("/api/campaigns", &json!({ "name": "Third Campaign" })).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let body = refused.json();
    assert!(body["error"].as_str().unwrap().contains("limit exceeded"), "{body}");
    assert!(body["error"].as_str().unwrap().contains("Upgrade"), "{body}");
    for (field, value) in [
        ("code", json!("limit_exceeded")),
        ("resource", json!("campaigns")),
        ("limit", json!(2)),
        ("used", json!(2)),
        ("allowed", json!(false)),
    ] {
        assert_eq!(body[field], value, "{field}");
    }
    let form = acme.post_form("/campaigns", &[("name", "Typed before")]).await;
    assert_eq!(form.status, StatusCode::FORBIDDEN);
    assert!(form.body.contains("limit exceeded") && form.body.contains("Upgrade Now"));
    assert!(form.body.contains("Typed before"), "what was typed is kept");

    let path = format!("/api/campaigns/{first}");
    let changed =
        acme.send(acme.request(Method::PATCH, &path).json(&json!({ "status": "paused" }))).await.json();
    assert_eq!(
        (&changed["status"], &changed["name"], &changed["budget"]),
        (&json!("paused"), &json!("one"), &json!(10.0))
    );
    for _ in 0..2 {
        assert_eq!(delete(&acme, &path).await.status, StatusCode::NO_CONTENT);
    }
    assert_eq!(acme.get(&path).await.status, StatusCode::NOT_FOUND);
    acme.made("/api/campaigns", &json!({ "name": "instead" })).await;
    let again = acme.post_json("/api/campaigns", &json!({ "name": "too many" })).await;
    assert_eq!(again.status, StatusCode::FORBIDDEN, "deleting twice frees one place");
}

/// E17, AC34: 50 posts at once at limit 10, over two servers: exactly 10 rows, and 10 in the ledger.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_social_accounts_at_once_exactly_ten_are_made_by_two_servers() {
    let world = World::start().await;
    let one = world.signed_in("acme", Role::Owner).await;
    let two = second_server(&world).await;
    let globex = world.signed_in("globex", Role::Owner).await;
    let posts: Vec<_> = (0..50)
        .map(|n| {
            let caller = if n % 2 == 0 { one.clone() } else { two.clone() };
            tokio::spawn(async move {
                let body = json!({ "network": "instagram", "handle": format!("@acme{n}") });
                caller.post_json("/api/social-accounts", &body).await.status
            })
        })
        .collect();
    globex.made("/api/social-accounts", &json!({ "network": "instagram", "handle": "@acme1" })).await;
    let mut statuses: BTreeMap<u16, usize> = BTreeMap::new();
    for post in posts {
        *statuses.entry(post.await.expect("no panic").as_u16()).or_default() += 1;
    }
    assert_eq!(statuses, BTreeMap::from([(201, 10), (403, 40)]));
    let mut admin = world.admin().await;
    for table in ["social_accounts", "usage_events"] {
        let sql = format!(
            "SELECT count(*) FROM public.{table} t JOIN control.tenants c ON c.id = t.tenant_id
             WHERE c.subdomain = 'acme'"
        );
        let rows: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(&mut admin).await.unwrap();
        assert_eq!(rows, 10, "{table}");
    }
    for caller in [&one, &two] {
        let usage = meter(caller, "social_accounts").await;
        assert_eq!(
            (&usage["used"], &usage["limit"], &usage["allowed"]),
            (&json!(10), &json!(10), &json!(false))
        );
    }
}

/// U1, U2: calls of programs are counted over both servers; another tenant has its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_servers_share_the_calls_of_an_hour() {
    let world = World::start().await;
    world.override_settings("acme", &json!({ "limits": { "api_calls_hour": 40 } })).await;
    let one = world.signed_in("acme", Role::Owner).await;
    let two = second_server(&world).await;
    let (mut passed, mut refused) = (0, None);
    for n in 0..120 {
        let answer = if n % 2 == 0 { &one } else { &two }.get("/auth/me").await;
        if answer.status == StatusCode::OK {
            passed += 1;
        } else {
            refused = Some(answer);
        }
    }
    assert!(passed <= 40, "{passed} calls passed");
    assert!(passed >= 30, "only {passed} calls passed");
    let refused = refused.expect("a refusal");
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS, "{}", refused.body);
    assert_eq!(refused.json()["code"], "rate_limited");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() >= 1);
    assert_eq!(refused.header("ratelimit-remaining"), "0");
    let globex = world.signed_in("globex", Role::Owner).await;
    assert_eq!(globex.get("/auth/me").await.status, StatusCode::OK);
}

/// M8: one tenant at its rate does not slow another in the same second.
#[tokio::test]
async fn a_tenant_that_is_too_fast_is_told_when_to_come_back() {
    let world = World::start().await;
    world.override_settings("acme", &json!({ "rate": { "per_second": 1, "burst": 3 } })).await;
    let (acme, globex) =
        (world.signed_in("acme", Role::Owner).await, world.signed_in("globex", Role::Owner).await);
    let mut last = acme.get("/auth/me").await;
    assert_eq!((last.status, last.header("ratelimit-limit")), (StatusCode::OK, "3".to_owned()));
    for _ in 0..4 {
        last = acme.get("/auth/me").await;
    }
    assert_eq!(last.status, StatusCode::TOO_MANY_REQUESTS, "{}", last.body);
    assert_eq!(last.header("retry-after"), "1");
    assert_eq!(globex.get("/auth/me").await.status, StatusCode::OK);
    let stranger = world.at("acme").get("/auth/me").await;
    assert_eq!(stranger.status, StatusCode::UNAUTHORIZED, "nobody is not counted");
}

/// E18, AC35, T14: an event counts once per key and tenant; what cannot be an amount is 422.
#[tokio::test]
async fn tracked_usage_rises_once_per_key() {
    let world = World::start().await;
    let (acme, globex) =
        (world.signed_in("acme", Role::Owner).await, world.signed_in("globex", Role::Owner).await);
    let event = |key: &str, value: Value| {
        json!({ "meter_id": "exports", "user_id": "u-1", "event_value": value,
                "properties": { "kind": "pdf" }, "idempotency_key": key })
    };
    let path = "/api/v1/usage/track";
    for (caller, counted) in [(&acme, true), (&acme, false), (&globex, true)] {
        let answer = caller.post_json(path, &event("k", json!(5))).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
        assert_eq!(answer.json()["counted"], counted);
        assert_eq!(answer.json()["total_this_month"], 5);
    }
    let reused = acme.post_json(path, &event("k", json!(6))).await;
    assert_eq!(
        (reused.status, &reused.json()["code"]),
        (StatusCode::CONFLICT, &json!("idempotency_key_reused"))
    );
    for value in [json!(0), json!(-1), json!(1.5), json!("7"), json!(null), json!(u64::MAX), json!(1e300)] {
        let answer = acme.post_json(path, &event("bad", value.clone())).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{value}: {}", answer.body);
    }
    for text in
        [r#"{"meter_id":"exports","event_value":NaN}"#, r#"{"meter_id":"exports","event_value":1e400}"#]
    {
        let request = acme.request(Method::POST, path).header(CONTENT_TYPE, "application/json");
        let status = acme.send(request.body(text)).await.status;
        assert!(status.is_client_error(), "{text}: {status}");
    }
    for meter in ["campaigns", "Exports", "", "a b"] {
        let answer = acme.post_json(path, &json!({ "meter_id": meter, "event_value": 1 })).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{meter:?}");
    }
    assert_eq!(acme.get("/tenant/usage").await.json()["tracked_this_month"], json!({ "exports": 5 }));
}

/// V4, U5: a check says `allowed` and counts nothing.
#[tokio::test]
async fn a_check_answers_allowed_per_tenant() {
    let world = World::start().await;
    world.override_settings("acme", &json!({ "limits": { "campaigns": 2 } })).await;
    let (acme, globex) =
        (world.signed_in("acme", Role::Viewer).await, world.signed_in("globex", Role::Viewer).await);
    let check = |amount: u32| format!("/api/v1/usage/check?meter_id=campaigns&amount={amount}");
    assert_eq!(acme.get(&check(2)).await.json()["allowed"], true);
    assert_eq!(acme.get(&check(3)).await.json()["allowed"], false);
    assert_eq!(globex.get(&check(3)).await.json()["allowed"], true);
    assert_eq!(acme.get(&check(2)).await.json()["used"], 0);
    assert_eq!(acme.get(&check(0)).await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

/// E11, U1, U2: runs asked for at once at two servers never exceed the month's quota.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_runs_at_once_two_servers_take_exactly_the_months() {
    let world = World::start().await;
    world.override_settings("acme", &json!({ "limits": { "analysis_runs_month": 5 } })).await;
    let one = world.signed_in("acme", Role::Owner).await;
    let two = second_server(&world).await;
    let source = one.ready_source(&World::example(), Some(40.0)).await;
    let posts: Vec<_> = (0..20)
        .map(|n| {
            let (caller, source) = (if n % 2 == 0 { one.clone() } else { two.clone() }, source.clone());
            tokio::spawn(async move {
                let body = json!({ "source_id": source, "seed": n });
                caller.post_json("/tenant/analysis/run", &body).await.status.as_u16()
            })
        })
        .collect();
    let mut statuses: BTreeMap<u16, usize> = BTreeMap::new();
    for post in posts {
        *statuses.entry(post.await.expect("no panic")).or_default() += 1;
    }
    assert_eq!(statuses, BTreeMap::from([(202, 5), (403, 15)]));
    let sql = "SELECT count(*) FROM public.jobs j JOIN control.tenants t ON t.id = j.tenant_id
               WHERE t.subdomain = 'acme' AND j.kind = 'analysis'";
    let jobs: i64 = sqlx::query_scalar(sql).fetch_one(&mut world.admin().await).await.expect("a count");
    assert_eq!(jobs, 5);
    assert_eq!(meter(&two, "analysis_runs_month").await["used"], 5);
}

/// E11, U1: a run over the month's quota and a file over the storage are refused, and nothing is kept.
#[tokio::test]
async fn runs_and_storage_are_limited() {
    let world = World::start().await;
    let acme = world.signed_in("acme", Role::Owner).await;
    let source = acme.ready_source(&World::example(), Some(40.0)).await;
    assert!(meter(&acme, "storage_gb").await["used"].as_u64().unwrap() > 1_000);
    world
        .override_settings("acme", &json!({ "limits": { "analysis_runs_month": 1, "storage_gb": 0 } }))
        .await;
    acme.start_run(&source).await;
    let refused = acme.post_json("/tenant/analysis/run", &json!({ "source_id": source })).await;
    assert_eq!(
        (refused.status, &refused.json()["resource"]),
        (StatusCode::FORBIDDEN, &json!("analysis_runs_month"))
    );
    let page = acme.post_form("/runs", &[("source_id", source.as_str())]).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    let upload = acme.upload(World::example()).await;
    assert_eq!((upload.status, &upload.json()["code"]), (StatusCode::FORBIDDEN, &json!("limit_exceeded")));
    assert_eq!(acme.get("/tenant/data/sources").await.json()["sources"].as_array().unwrap().len(), 1);
}

/// P1, P3, N10: the plan in words, and a feature that is not in it.
#[tokio::test]
async fn a_feature_that_the_plan_lacks_asks_for_an_upgrade() {
    let world = World::start().await;
    world
        .override_settings("acme", &json!({ "features": { "ai_content": true }, "limits": { "users": 99 } }))
        .await;
    let (acme, globex) =
        (world.signed_in("acme", Role::Owner).await, world.signed_in("globex", Role::Owner).await);
    let config = acme.get("/tenant/config").await.json();
    assert_eq!((&config["plan"], &config["limits"]["users"]), (&json!("starter"), &json!(99)));
    assert_eq!(
        (&config["features"]["ai_content"], &config["limits"]["campaigns"]),
        (&json!(true), &json!(25))
    );
    assert_eq!(globex.get("/tenant/config").await.json()["features"]["ai_content"], false);

    let brief = json!({ "product": "Beans", "audience": "early birds", "benefit": "awake in minutes" });
    let drafts = acme.post_json("/api/content/drafts", &brief).await;
    assert!(drafts.status == StatusCode::OK && drafts.body.contains("early birds"), "{}", drafts.body);
    let refused = globex.post_json("/api/content/drafts", &brief).await;
    assert_eq!((refused.status, &refused.json()["code"]), (StatusCode::FORBIDDEN, &json!("plan_required")));
    assert!(refused.body.contains("This feature requires Professional plan"), "{}", refused.body);
    let viewer = world.signed_in("globex", Role::Viewer).await.post_json("/api/content/drafts", &brief).await;
    assert!(
        viewer.body.contains("Insufficient permissions"),
        "a permission is asked for first: {}",
        viewer.body
    );

    let page = globex.get_page("/content").await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(
        page.body.contains("This feature requires Professional plan") && page.body.contains("Upgrade Now")
    );
    let usage = globex.get_page("/usage").await;
    assert!(
        usage.body.contains("of 25 campaigns used") && usage.body.contains("Professional"),
        "{}",
        usage.body
    );
    assert!(!usage.body.contains("href=\"/content\""), "what the plan lacks is not in the navigation");
    assert!(acme.get_page("/campaigns").await.body.contains("href=\"/content\""));
}

/// E17, U1, U2: fifty at once at limit 10 make exactly 10, whatever is counted: also campaigns, and files
/// against the bytes that may be kept.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_at_once_exactly_as_many_are_made_as_the_plan_allows() {
    let world = World::start().await;
    world.override_settings("acme", &json!({ "limits": { "campaigns": 10 } })).await;
    let acme = world.signed_in("acme", Role::Owner).await;
    let posts = (0..50).map(|n| {
        let caller = acme.clone();
        tokio::spawn(async move {
            caller.post_json("/api/campaigns", &json!({ "name": format!("campaign {n}") })).await.status
        })
    });
    let mut made = 0;
    for post in posts.collect::<Vec<_>>() {
        let status = post.await.expect("no panic");
        assert!([StatusCode::CREATED, StatusCode::FORBIDDEN].contains(&status), "{status}");
        made += usize::from(status == StatusCode::CREATED);
    }
    assert_eq!(made, 10);
    let list = acme.get("/api/campaigns").await.json();
    assert_eq!(list["campaigns"].as_array().map(Vec::len), Some(10));
    assert_eq!(meter(&acme, "campaigns").await["used"], 10);

    // Room for ten files and a half, in bytes of which the plan knows only gigabytes.
    let globex = world.signed_in("globex", Role::Owner).await;
    globex.ready_source(&World::example(), None).await;
    let one = meter(&globex, "storage_gb").await["used"].as_u64().expect("bytes");
    let room = 1_000_000_000 - 10 * one - one / 2;
    let sql = "UPDATE control.usage_totals SET used = used + $1
               WHERE meter = 'storage_gb' AND tenant_id = (SELECT id FROM control.tenants WHERE subdomain = 'globex')";
    world.override_settings("globex", &json!({ "limits": { "storage_gb": 1 } })).await;
    sqlx::query(sql)
        .bind(i64::try_from(room).expect("few") - i64::try_from(one).expect("few"))
        .execute(&mut world.admin().await)
        .await
        .expect("what others keep");
    let uploads = (0..20).map(|_| {
        let caller = globex.clone();
        tokio::spawn(async move {
            let proposed = caller.propose(&World::example(), "example.csv").await;
            let proposed = (proposed.status == StatusCode::CREATED).then(|| proposed.json())?;
            let id = proposed["source_id"].as_str()?;
            let body = json!({ "columns": proposed["columns"], "kpi_value": null });
            Some(caller.put_json(&format!("/tenant/data/sources/{id}/roles"), &body).await.status)
        })
    });
    for upload in uploads.collect::<Vec<_>>() {
        let status = upload.await.expect("no panic");
        assert!(status.is_none_or(|status| !status.is_server_error()), "{status:?}");
    }
    let kept = globex.get("/tenant/data/sources").await.json();
    let kept =
        kept["sources"].as_array().expect("sources").iter().filter(|source| source["status"] == "ready");
    let used = meter(&globex, "storage_gb").await["used"].as_u64().expect("bytes");
    assert!(used <= 1_000_000_000, "{used}");
    assert!(kept.count() <= 11);
}

/// U6: a meter that passes 80 % and its limit says so once, and what grows is told when it gets there.
#[tokio::test]
async fn a_meter_says_what_it_passed_and_when_it_will_be_full() {
    let world = World::start().await;
    world.override_settings("acme", &json!({ "limits": { "campaigns": 10 } })).await;
    let acme = world.signed_in("acme", Role::Owner).await;
    let marks = async || {
        let usage = acme.get("/tenant/usage").await.json();
        let alerts = usage["alerts"].as_array().expect("alerts").clone();
        assert!(
            alerts.iter().all(|alert| alert["resource"] == "campaigns" && alert["at"].is_u64()),
            "{usage}"
        );
        alerts.iter().map(|alert| alert["percent"].as_u64().expect("a mark")).collect::<Vec<_>>()
    };
    for n in 0..7 {
        acme.made("/api/campaigns", &json!({ "name": format!("campaign {n}") })).await;
    }
    assert_eq!(marks().await, [0_u64; 0]);
    acme.made("/api/campaigns", &json!({ "name": "the eighth" })).await;
    assert_eq!(marks().await, [80]);
    assert_eq!(
        meter(&acme, "campaigns").await["reaches_limit_at"],
        Value::Null,
        "nothing is known of its pace"
    );

    // Twenty days ago there were none: 8 in 20 days, so the last two take five more.
    let sql = "INSERT INTO control.usage_days
               SELECT t.id, 'campaigns', (now() AT TIME ZONE 'UTC')::date - 20, 0 FROM control.tenants t
               WHERE t.subdomain = 'acme'";
    sqlx::query(sql).execute(&mut world.admin().await).await.expect("a day long ago");
    let at = meter(&acme, "campaigns").await["reaches_limit_at"].as_u64().expect("a moment");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a clock").as_secs();
    let expected = now + 5 * 86_400;
    assert!(at.abs_diff(expected) < 60, "{at} is not five days from {now}");
    let page = acme.get_page("/usage").await;
    assert!(
        page.body.contains("80\u{a0}% was passed on") && page.body.contains("it reaches the limit on"),
        "{}",
        page.body
    );

    for n in 8..10 {
        acme.made("/api/campaigns", &json!({ "name": format!("campaign {n}") })).await;
    }
    assert_eq!(marks().await, [100, 80]);
    assert_eq!(meter(&acme, "campaigns").await["reaches_limit_at"], Value::Null, "it is reached");
    let globex = world.signed_in("globex", Role::Owner).await;
    assert_eq!(globex.get("/tenant/usage").await.json()["alerts"], json!([]), "another tenant's are its own");
}

/// E23, T5, M3: social accounts are read and changed by their tenant alone, and the page does the same.
#[tokio::test]
async fn social_accounts_are_connected_changed_and_let_go() {
    let world = World::start().await;
    world.override_settings("acme", &json!({ "limits": { "social_accounts": 2 } })).await;
    let (acme, globex) =
        (world.signed_in("acme", Role::Analyst).await, world.signed_in("globex", Role::Owner).await);
    let made = acme.made("/api/social-accounts", &json!({ "platform": "Instagram", "name": "@acme" })).await;
    let path = format!("/api/social-accounts/{made}");
    let read = acme.get(&path).await.json();
    assert_eq!(read, json!({ "id": made, "network": "instagram", "handle": "@acme" }));
    let changed = acme.patch_json(&path, &json!({ "handle": " @acme_coffee " })).await.json();
    assert_eq!(changed, json!({ "id": made, "network": "instagram", "handle": "@acme_coffee" }));
    for bad in [json!({ "network": "7" }), json!({ "handle": "" }), json!({ "handle": 7 })] {
        assert_eq!(acme.patch_json(&path, &bad).await.status, StatusCode::UNPROCESSABLE_ENTITY, "{bad}");
    }
    let never = format!("/api/social-accounts/{}", uuid::Uuid::now_v7());
    for method in [Method::GET, Method::PATCH, Method::DELETE] {
        let ask =
            |path: &str| globex.send(globex.request(method.clone(), path).json(&json!({ "handle": "@x" })));
        let (foreign, unknown) = (ask(&path).await, ask(&never).await);
        assert_eq!(foreign.status, StatusCode::NOT_FOUND, "{method}: {}", foreign.body);
        assert_eq!(foreign.json()["error"], "Social account not found");
        assert_eq!(foreign.comparable(), unknown.comparable(), "{method}");
    }
    assert_eq!(acme.get(&path).await.json()["handle"], "@acme_coffee");

    let form = [("network", "x"), ("handle", "<b>@acme</b>")];
    assert_eq!(acme.post_form("/social-accounts", &form).await.status, StatusCode::SEE_OTHER);
    let page = acme.get_page("/social-accounts").await;
    assert!(page.body.contains("@acme_coffee") && !page.body.contains("<b>@"), "{}", page.body);
    let twice = acme.patch_json(&path, &json!({ "network": "x", "handle": "<B>@acme</B>" })).await;
    assert_eq!((twice.status, &twice.json()["code"]), (StatusCode::CONFLICT, &json!("account_exists")));
    let full = acme.post_form("/social-accounts", &[("network", "y"), ("handle", "@third")]).await;
    assert_eq!(full.status, StatusCode::FORBIDDEN);
    assert!(full.body.contains("limit exceeded") && full.body.contains("@third"), "{}", full.body);
    for _ in 0..2 {
        let gone = acme.post_form(&format!("/social-accounts/{made}/delete"), &[]).await;
        assert_eq!(gone.status, StatusCode::SEE_OTHER);
    }
    assert_eq!(acme.get(&path).await.status, StatusCode::NOT_FOUND);
    acme.made("/api/social-accounts", &json!({ "network": "y", "handle": "@third" })).await;
    let viewer = world.signed_in("acme", Role::Viewer).await.get_page("/social-accounts").await;
    assert!(viewer.body.contains("@third") && !viewer.body.contains("Connect an account"), "{}", viewer.body);
}

/// P2, P3: a plan without dashboards shows the way to one that has them.
#[tokio::test]
async fn dashboards_belong_to_a_feature() {
    let world = World::start().await;
    world.override_settings("acme", &json!({ "features": { "basic_analytics": false } })).await;
    let acme = world.signed_in("acme", Role::Owner).await;
    let metrics = acme.get("/tenant/dashboard/metrics").await;
    assert_eq!((metrics.status, &metrics.json()["code"]), (StatusCode::FORBIDDEN, &json!("plan_required")));
    let page = acme.get_page("/").await;
    assert!(page.status == StatusCode::FORBIDDEN && page.body.contains("Upgrade Now"), "{}", page.body);
    let globex = world.signed_in("globex", Role::Owner).await;
    assert_eq!(globex.get("/tenant/dashboard/metrics").await.status, StatusCode::OK);
}
