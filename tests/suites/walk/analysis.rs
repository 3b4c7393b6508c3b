//! From signing in to what the channels returned.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::{Value, json};
use tenancy_core::Role;
use tests::{Caller, World};

use super::{example, simulated_roles, upload_with_roles};

/// Every state and percentage that polling sees, to the end.
async fn watched(caller: &Caller, id: &str) -> (Vec<(String, u64)>, Value) {
    let (started, mut seen) = (Instant::now(), Vec::new());
    loop {
        let answer = caller.get(&format!("/tenant/analysis/{id}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        let now = answer.json();
        let state = now["state"].as_str().expect("a state").to_owned();
        let percent = now["percent"].as_u64().expect("a percentage");
        let ended = state == "done" || state == "failed";
        if !ended {
            assert_eq!((&now["results"], &now["converged"]), (&Value::Null, &Value::Null), "before the end");
        }
        seen.push((state, percent));
        if ended {
            return (seen, now);
        }
        assert!(started.elapsed() < Duration::from_mins(2), "still {now}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn numbers(list: &Value) -> Vec<f64> {
    list.as_array().expect("a list").iter().map(|n| n.as_f64().expect("a finite number")).collect()
}

/// What is drawn adds up: the baseline and what the channels brought are the fitted line.
fn assert_adds_up(results: &Value) {
    let over_time = &results["over_time"];
    let (fitted, baseline) = (numbers(&over_time["fitted"]), numbers(&over_time["baseline"]));
    let channels: Vec<Vec<f64>> =
        over_time["channels"].as_array().unwrap().iter().map(|channel| numbers(&channel["mean"])).collect();
    assert!(fitted.len() > 50 && !channels.is_empty());
    for at in 0..fitted.len() {
        let sum = baseline[at] + channels.iter().map(|channel| channel[at]).sum::<f64>();
        assert!(
            (sum - fitted[at]).abs() <= 1e-6 * fitted[at].abs().max(1.0),
            "period {at}: {sum} is not {}",
            fitted[at]
        );
    }
}

/// The cells of one line of CSV.
fn cells(line: &str) -> Vec<String> {
    let (mut cells, mut quoted) = (vec![String::new()], false);
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            c => cells.last_mut().expect("a cell").push(c),
        }
    }
    cells
}

/// Every number of a chart is the same in both of its twins, and there are some.
async fn assert_twins_agree(caller: &Caller, run: &str, chart: &str) {
    let json = caller.get(&format!("/runs/{run}/charts/{chart}.json")).await;
    let csv = caller.get(&format!("/runs/{run}/charts/{chart}.csv")).await;
    assert_eq!((json.status, csv.status), (StatusCode::OK, StatusCode::OK), "{chart}");
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    assert!(csv.header("content-disposition").starts_with("attachment"));
    assert_eq!(csv.header("cache-control"), "private, no-store");
    let json = json.json();
    let keys: Vec<&str> =
        json["columns"].as_array().unwrap().iter().map(|c| c["key"].as_str().unwrap()).collect();
    let mut lines = csv.body.split("\r\n");
    assert_eq!(lines.next().unwrap(), keys.join(","), "{chart}");
    let rows = json["rows"].as_array().unwrap();
    let mut compared = 0;
    for (row, line) in rows.iter().zip(lines.by_ref()) {
        for (key, cell) in keys.iter().zip(cells(line)) {
            match &row[*key] {
                Value::Number(number) => {
                    assert_eq!(cell.parse::<f64>().ok(), number.as_f64(), "{chart} {key}: {line}");
                    compared += 1;
                }
                Value::String(text) => assert_eq!(&cell, text, "{chart} {key}: {line}"),
                other => assert_eq!((cell.as_str(), other), ("", &Value::Null), "{chart} {key}: {line}"),
            }
        }
    }
    assert!(compared > 0, "{chart} holds no number");
    assert_eq!(lines.collect::<Vec<_>>(), [""], "{chart}: the CSV has further rows");
}

/// E8, E9, E12, A1, A3: sign in, upload, confirm, run, watch, read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_signs_in_uploads_data_and_reads_what_its_channels_returned() {
    let world = World::start_with_worker().await;
    world.override_settings("acme", &json!({ "features": { "advanced_analytics": true } })).await;
    let caller = world.signed_in("acme", Role::Analyst).await;
    let me = caller.get("/auth/me").await.json();
    assert_eq!((&me["tenant_slug"], &me["role"]), (&json!("acme"), &json!("analyst")));
    assert_eq!(
        me["permissions"],
        json!(["view_analytics", "view_campaigns", "manage_data", "run_analysis", "manage_campaigns"])
    );
    assert!(me["exp"].as_u64() > me["iat"].as_u64());

    let (csv, roles) = example("a_tenant_signs_in");
    let proposed = caller.upload(csv.clone()).await;
    assert_eq!(proposed.status, StatusCode::CREATED, "{}", proposed.body);
    let proposed = proposed.json();
    assert_eq!(proposed["status"], "proposed");
    assert_eq!(proposed["rows"], csv.lines().count() - 1);
    let names: Vec<&str> = csv.lines().next().unwrap().split(',').collect();
    let columns = proposed["columns"].as_array().unwrap();
    assert_eq!(columns.iter().map(|c| c["name"].as_str().unwrap()).collect::<Vec<_>>(), names);
    assert!(columns.iter().all(|c| c["type"].is_string() && c["role"].is_string()), "{columns:?}");

    let id = proposed["source_id"].as_str().unwrap();
    let early = caller.post_json("/tenant/analysis/run", &json!({ "source_id": id })).await;
    assert_eq!(early.status, StatusCode::NOT_FOUND, "what waits for its roles is no source");
    let path = format!("/tenant/data/sources/{id}/roles");
    let body = json!({ "roles": roles, "kpi_value": 1.0 });
    let ready = caller.put_json(&path, &body).await;
    assert_eq!((ready.status, &ready.json()["status"]), (StatusCode::OK, &json!("ready")), "{}", ready.body);
    assert_eq!(caller.put_json(&path, &body).await.status, StatusCode::CONFLICT, "roles are given once");
    let at_once = upload_with_roles(&caller, &csv, &roles, Some("1.0")).await;
    assert_eq!(
        (at_once.status, &at_once.json()["status"]),
        (StatusCode::CREATED, &json!("ready")),
        "{}",
        at_once.body
    );

    let run = caller.start_run(id).await;
    let (seen, done) = watched(&caller, &run).await;
    let order = ["queued", "running", "done"];
    let steps: Vec<usize> =
        seen.iter().map(|(state, _)| order.iter().position(|s| s == state).expect("a legal state")).collect();
    assert!(steps.is_sorted() && seen.is_sorted_by_key(|(_, percent)| *percent), "{seen:?}");
    assert_eq!(seen.last().unwrap(), &("done".to_owned(), 100));
    assert_eq!(
        (&done["converged"], &done["source_id"], &done["seed"]),
        (&json!(true), &json!(id), &json!(7))
    );
    assert!(done["dataset_hash"].as_str().is_some_and(|hash| hash.len() == 64));
    assert_adds_up(&done["results"]);
    // G3: what was done to the data is part of the record.
    let (spec, settings) = (&done["results"]["model"]["spec"], &done["results"]["model"]["settings"]);
    for said in ["adstock", "saturation", "max_lag"] {
        assert!(!spec["channel"][said].is_null() || !spec[said].is_null(), "{said}: {spec}");
    }
    for said in ["fourier_order", "standardize_controls"] {
        assert!(!spec[said].is_null(), "{said}: {spec}");
    }
    assert_eq!(settings["seed"], 7, "{settings}");
    for chart in ["fit", "decomposition", "roi", "shares", "curves"] {
        assert_twins_agree(&caller, &run, chart).await;
    }
    let roi = caller.get(&format!("/runs/{run}/charts/roi.json")).await.json();
    let means: Vec<f64> = numbers(&json!(
        done["results"]["channels"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| c["roi"]["mean"].clone())
            .collect::<Vec<_>>()
    ));
    for mean in means {
        let shown = roi["rows"]
            .as_array()
            .unwrap()
            .iter()
            .any(|row| row.as_object().unwrap().values().any(|cell| cell.as_f64() == Some(mean)));
        assert!(shown, "the chart does not show the return {mean}: {roi}");
    }
    let progress = caller.get(&format!("/runs/{run}/progress")).await;
    assert_eq!(
        (progress.status, &progress.json()["percent"]),
        (StatusCode::OK, &json!(100)),
        "{}",
        progress.body
    );
    for path in ["/", "/runs", &format!("/runs/{run}"), &format!("/data/{id}")] {
        let page = caller.get_page(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(page.body.contains("acme ltd"), "{path} is not branded");
    }
}

/// design §3: a run that has not converged says so, and gives no advice anywhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_has_not_converged_says_so_and_advises_nothing() {
    let world = World::start_with_worker().await;
    let caller = world.signed_in("acme", Role::Analyst).await;
    // The control explains the result to the last digit: the noise has no size, and its posterior no floor.
    let mut csv = "week,orders,one,two,exact\n".to_owned();
    for week in 0..32_i32 {
        let exact = f64::from((week * 37) % 101);
        writeln!(csv, "{},{},{},{},{exact}", monday(week), 500.0 + 3.0 * exact, week % 5, (week * 3) % 7)
            .unwrap();
    }
    let roles = json!({ "week": "date", "orders": "kpi", "one": "media_spend", "two": "media_spend", "exact": "control" });
    let ready = upload_with_roles(&caller, &csv, &roles, Some("1")).await;
    assert_eq!(ready.status, StatusCode::CREATED, "{}", ready.body);
    let run = caller.start_run(ready.json()["source_id"].as_str().unwrap()).await;
    let ended = caller.finished_run(&run).await;
    assert_eq!(
        (&ended["state"], &ended["converged"]),
        (&json!("done"), &json!(false)),
        "{}",
        ended["reason"]
    );
    let results = &ended["results"];
    assert_eq!(results["convergence"]["converged"], false);
    for (place, found) in [
        ("channels", &results["channels"]),
        ("contributions", &results["contributions"]),
        ("over_time.channels", &results["over_time"]["channels"]),
        ("over_time.baseline", &results["over_time"]["baseline"]),
    ] {
        assert_eq!(found, &json!([]), "{place}");
    }
    for chart in ["decomposition", "roi", "shares"] {
        let answer = caller.get(&format!("/runs/{run}/charts/{chart}.json")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{chart}");
    }
    assert_eq!(caller.get("/tenant/dashboard/metrics").await.json()["model"], Value::Null);
    world.override_settings("acme", &json!({ "features": { "advanced_analytics": true } })).await;
    for path in
        ["/tenant/recommendations".to_owned(), format!("/tenant/recommendations?analysis={run}&total=1")]
    {
        let refused = caller.get(&path).await;
        assert_eq!(
            (refused.status, &refused.json()["code"]),
            (StatusCode::CONFLICT, &json!("not_converged"))
        );
    }
    let left = "SELECT planner IS NULL AND results->>'recommendation' IS NULL FROM mmm_models";
    let nothing: bool = sqlx::query_scalar(left).fetch_one(&mut world.admin().await).await.unwrap();
    assert!(nothing, "there is nothing to plan with");
    for path in ["/".to_owned(), "/recommendations".to_owned(), format!("/runs/{run}")] {
        let page = caller.get_page(&path).await;
        assert_eq!(page.status, StatusCode::OK);
        let said = page.body.contains("Not converged") || page.body.contains("gives no advice");
        assert!(said, "{path} does not say it: {}", page.body);
        for advice in
            ["charts/roi", "charts/shares", "charts/decomposition", "charts/curves", "break-even", "Move "]
        {
            assert!(!page.body.contains(advice), "{path} shows {advice}");
        }
    }
}

/// The n-th Monday from the first of 2024.
fn monday(n: i32) -> String {
    let days = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut day = 1 + 7 * n;
    for (month, length) in (1..).zip(days) {
        if day <= length {
            return format!("2024-{month:02}-{day:02}");
        }
        day -= length;
    }
    panic!("week {n} is not in 2024")
}

/// M2, E8: the simulated example passes with roles said at once, without a worth and with one.
#[tokio::test]
async fn roles_may_come_with_the_file() {
    let world = World::start().await;
    let caller = world.signed_in("globex", Role::Admin).await;
    for worth in [None, Some("2.5")] {
        let ready = upload_with_roles(&caller, &World::example(), &simulated_roles(), worth).await;
        assert_eq!(ready.status, StatusCode::CREATED, "{}", ready.body);
        let id = ready.json()["source_id"].as_str().unwrap().to_owned();
        let source = caller.get(&format!("/tenant/data/sources/{id}")).await.json();
        assert_eq!(source["status"], "ready");
        assert_eq!(source["kpi_value"].as_f64(), worth.map(|text| text.parse().unwrap()));
    }
    let listed = caller.get("/tenant/data/sources").await.json();
    assert_eq!(listed["sources"].as_array().unwrap().len(), 2);
}
