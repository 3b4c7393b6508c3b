//! One tenant's people at their own address, asking for what is another's.

use reqwest::Method;
use reqwest::StatusCode;
use reqwest::header::{ACCEPT, ORIGIN};
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use tenancy_core::Role;
use tests::world::{Belongings, LOGO};
use tests::{Answer, Caller, World};
use uuid::Uuid;

use super::TABLES;

const ACME: &str = "zebracanary";
const GLOBEX: &str = "okapicanary";

/// Every question that carries an id of a source, an upload or a run.
async fn questions(
    caller: &Caller,
    source: &str,
    upload: &str,
    run: &str,
    html: bool,
) -> Vec<(String, Answer)> {
    let mut asked = Vec::new();
    let mut reads = Vec::new();
    for id in [source, upload] {
        reads.extend([format!("/data/{id}"), format!("/tenant/data/sources/{id}")]);
    }
    reads.extend([
        format!("/runs/{run}"),
        format!("/runs/{run}/progress"),
        format!("/tenant/analysis/{run}"),
        format!("/tenant/recommendations?analysis={run}"),
        format!("/recommendations?analysis={run}"),
        format!("/recommendations/plan.csv?analysis={run}"),
    ]);
    for chart in ["fit", "decomposition", "roi", "shares", "curves"] {
        reads.extend(["json", "csv", "xml"].map(|kind| format!("/runs/{run}/charts/{chart}.{kind}")));
    }
    let accept = if html { "text/html" } else { "application/json" };
    for path in reads {
        let request = caller.request(Method::GET, &path).header(ACCEPT, accept);
        asked.push((blank(&path, [source, upload, run]), caller.send(request).await));
    }
    for id in [source, upload] {
        let roles = json!({ "roles": { "week": "date", "revenue": "kpi" } });
        let origin = format!("http://{}", caller.host());
        for (method, path, body) in [
            ("PUT", format!("/tenant/data/sources/{id}/roles"), Some(roles)),
            ("POST", "/tenant/analysis/run".to_owned(), Some(json!({ "source_id": id }))),
            ("POST", "/runs".to_owned(), None),
            ("POST", format!("/data/{id}/roles"), None),
        ] {
            let request =
                caller.request(method.parse().unwrap(), &path).header(ACCEPT, accept).header(ORIGIN, &origin);
            let request = match body {
                Some(body) => request.json(&body),
                None => request.form(&[("source_id", id), ("role-0", "date")]),
            };
            asked.push((format!("{method} {}", path.replace(id, "{id}")), caller.send(request).await));
        }
    }
    asked
}

/// A question without the ids in it, so that two of them can be told to be the same.
fn blank(path: &str, ids: [&str; 3]) -> String {
    ids.into_iter().fold(path.to_owned(), |text, id| text.replace(id, "{id}"))
}

/// V1, M3, AC02, AC06, AC07: another tenant's id is as good as one that was never given out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_tenants_ids_are_unknown_and_its_data_is_never_shown() {
    let world = World::start_with_worker().await;
    let acme = world.furnish("acme", ACME).await;
    let globex = world.furnish("globex", GLOBEX).await;
    for tenant in ["acme", "globex"] {
        world.override_settings(tenant, &json!({ "features": { "advanced_analytics": true } })).await;
    }
    for role in Role::ALL {
        let caller = world.signed_in("globex", role).await;
        for html in [false, true] {
            let id = || Uuid::now_v7().to_string();
            let foreign = questions(&caller, &acme.source, &acme.upload, &acme.run, html).await;
            let unknown = questions(&caller, &id(), &id(), &id(), html).await;
            for ((question, foreign), (_, unknown)) in foreign.iter().zip(&unknown) {
                let read = question.starts_with('/');
                let expected =
                    if read || role != Role::Viewer { StatusCode::NOT_FOUND } else { StatusCode::FORBIDDEN };
                assert_eq!(foreign.status, expected, "{role:?} {question}: {}", foreign.body);
                assert_eq!(foreign.comparable(), unknown.comparable(), "{role:?} {question}");
            }
        }
    }
    own_things_are_there(&world, &globex).await;
    canaries_stay_at_home(&world, &acme, &globex).await;
}

/// The questions above are the right ones: of its own ids a tenant learns everything.
async fn own_things_are_there(world: &World, globex: &Belongings) {
    let owner = world.signed_in("globex", Role::Owner).await;
    for (question, answer) in questions(&owner, &globex.source, &globex.upload, &globex.run, false).await {
        let about_nothing =
            question.contains(".xml") || (question.starts_with("POST") && !question.contains("{id}"));
        assert!(about_nothing || answer.status != StatusCode::NOT_FOUND, "{question}: {}", answer.body);
    }
}

/// V3, AC03: whatever a tenant may ask, nothing of the other's is in any answer.
async fn canaries_stay_at_home(world: &World, acme: &Belongings, globex: &Belongings) {
    for (tenant, mine, canary, strange) in [("acme", acme, ACME, GLOBEX), ("globex", globex, GLOBEX, ACME)] {
        let (owner, mut seen) = (world.signed_in(tenant, Role::Owner).await, 0);
        let stranger = if tenant == "acme" { globex } else { acme };
        let lists = [
            "/",
            "/data",
            "/runs",
            "/tenant/data/sources",
            "/tenant/dashboard/metrics",
            "/tenant/recommendations",
            "/recommendations",
            "/auth/me",
            "/tenant/branding",
        ];
        let mut answers = Vec::new();
        for path in lists {
            answers.push((path.to_owned(), owner.get(path).await));
            answers.push((path.to_owned(), owner.get_page(path).await));
        }
        for html in [false, true] {
            answers.extend(questions(&owner, &mine.source, &mine.upload, &mine.run, html).await);
        }
        let other = if tenant == "acme" { "globex" } else { "acme" };
        for (path, answer) in answers {
            let text = format!("{:?} {}", answer.headers, answer.body);
            for secret in [strange, other, &stranger.source, &stranger.upload, &stranger.run] {
                assert!(!text.contains(secret), "{tenant} {path} shows {secret}");
            }
            seen += usize::from(text.contains(canary));
        }
        assert!(seen > 10, "{tenant} sees its own data in {seen} answers only: the canary is no canary");
    }
    let listed =
        |caller: Caller| async move { caller.get("/tenant/data/sources").await.json()["sources"].clone() };
    let ids = |sources: Value| -> Vec<String> {
        sources.as_array().unwrap().iter().map(|source| source["source_id"].to_string()).collect()
    };
    let first = ids(listed(world.signed_in("acme", Role::Viewer).await).await);
    let second = ids(listed(world.signed_in("globex", Role::Viewer).await).await);
    assert!(!first.is_empty() && !second.is_empty());
    assert!(first.iter().all(|id| !second.contains(id)), "{first:?} {second:?}");
}

/// AC05, AC14: whose row it is comes from the address and nothing else.
#[tokio::test]
async fn a_tenant_that_a_request_names_is_ignored_or_refused() {
    let world = World::start().await;
    let acme = world.context("acme").await.tenant_id().to_string();
    let globex = world.context("globex").await.tenant_id();
    let owner = world.signed_in("globex", Role::Owner).await;
    let named = |method: &str, path: &str| {
        let request = owner.request(method.parse().unwrap(), path);
        request.header("x-tenant-id", &acme).header("X-Forwarded-Host", "acme.mmm.localhost")
    };

    let upload =
        named("POST", &format!("/tenant/data/upload?tenant_id={acme}")).header("content-type", "text/csv");
    let proposed = owner.send(upload.body(World::example())).await;
    assert_eq!(proposed.status, StatusCode::CREATED, "{}", proposed.body);
    let proposed = proposed.json();
    let id = proposed["source_id"].as_str().unwrap();
    // In a body it is refused by name, and nothing is done.
    let (roles, run) = (format!("/tenant/data/sources/{id}/roles"), "/tenant/analysis/run");
    for (method, path, honest, status) in [
        ("PUT", roles.as_str(), json!({ "columns": proposed["columns"] }), StatusCode::OK),
        ("POST", run, json!({ "source_id": id }), StatusCode::ACCEPTED),
    ] {
        for (key, value) in [("tenant_id", json!(acme)), ("organization_id", json!([acme]))] {
            let mut body = honest.clone();
            body[key] = value;
            let refused = owner.send(named(method, path).json(&body)).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{path} {}", refused.body);
            assert!(refused.body.contains(key), "{path}: {}", refused.body);
        }
        let done = owner.send(named(method, path).json(&honest)).await;
        assert_eq!(done.status, status, "{path} {}", done.body);
    }
    owner.propose(&World::example(), "waiting.csv").await;
    owner.made(&format!("/api/campaigns?tenant_id={acme}"), &json!({ "name": "spring" })).await;
    let account = json!({ "network": "x", "handle": "@globex" });
    owner.made(&format!("/api/social-accounts?tenant_id={acme}"), &account).await;
    let path = format!("/tenant/settings?tenant_id={acme}");
    assert_eq!(owner.patch_json(&path, &json!({ "invitation_hours": 24 })).await.status, StatusCode::OK);
    owner.put_logo(LOGO).await;

    for table in TABLES {
        let sql = AssertSqlSafe(format!("SELECT DISTINCT tenant_id FROM {table}"));
        let owners: Vec<Uuid> = sqlx::query_scalar(sql).fetch_all(&mut world.admin().await).await.unwrap();
        assert_eq!(owners, [globex.as_uuid()], "{table}");
    }
    let me = owner.send(named("GET", "/auth/me")).await.json();
    assert_eq!(me["tenant_id"], globex.to_string());
}
