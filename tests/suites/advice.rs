//! How a budget is best split: for programs and people alike, from converged runs only, and for those
//! whose plan has it.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Row as _};
use tenancy_core::Role;
use tests::program::until;
use tests::{Caller, World};

const PATH: &str = "/tenant/recommendations";

async fn may_plan(world: &World, tenant: &str) {
    world.override_settings(tenant, &json!({ "features": { "advanced_analytics": true } })).await;
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// The numbers of a sentence, as a person reads them.
fn said(sentence: &str) -> Vec<f64> {
    let plain = sentence.replace('\u{2212}', "-").replace(',', "");
    let words = plain.split(|c: char| !(c.is_ascii_digit() || c == '.' || c == '-'));
    words.filter_map(|word| word.trim_end_matches('.').parse().ok()).collect()
}

/// One unit of the second digit of an interval's width: how exactly a sentence says it.
fn exactness(interval: &Value) -> f64 {
    let width = number(&interval["q95"]) - number(&interval["q5"]);
    10_f64.powf(width.log10().floor() - 1.0)
}

/// E13, G7: an answer adds up, keeps its bounds, and its sentences say its own numbers.
fn assert_sound(answer: &Value, total: f64) {
    let (advice, plan) = (&answer["advice"], &answer["plan"]);
    let rows = advice["channels"].as_array().expect("channels");
    let sum: f64 = rows.iter().map(|row| number(&row["plan"])).sum();
    assert!((sum / total - 1.0).abs() < 1e-9, "{sum} is spent of {total}");
    assert!((number(&advice["total"]["plan"]) / total - 1.0).abs() < 1e-9);
    for (row, planned) in rows.iter().zip(plan["channels"].as_array().expect("channels")) {
        let [low, high, amount] = ["low", "high", "plan"].map(|key| number(&row[key]));
        assert!(low <= amount && amount <= high, "{row}");
        assert_eq!((&row["channel"], &row["plan"]), (&planned["name"], &planned["plan"]));
        let [least, most] = [0, 1].map(|end| number(&planned["observed"][end]));
        let beyond = amount < least || amount > most;
        assert_eq!(row["extrapolated"], beyond, "{row}");
        assert_eq!(row["note"].as_str().unwrap().contains("extrapolated"), beyond, "in words, too: {row}");
    }
    let moved = advice["moves"].as_array().expect("moves");
    let mut change: BTreeMap<&str, f64> = BTreeMap::new();
    for one in moved {
        let sentence = one["sentence"].as_str().unwrap();
        assert_eq!(said(sentence), [number(&one["said"])], "{sentence}");
        assert!((number(&one["said"]) / number(&one["amount"]) - 1.0).abs() <= 0.05, "{one}");
        for (end, sign) in [("from", -1.0), ("to", 1.0)] {
            if let Some(channel) = one[end].as_str() {
                assert!(sentence.contains(channel), "{sentence}");
                *change.entry(channel).or_default() += sign * number(&one["amount"]);
            }
        }
    }
    for row in rows {
        let moved = change.get(row["channel"].as_str().unwrap()).copied().unwrap_or(0.0);
        let planned = number(&row["plan"]) - number(&row["now"]);
        assert!((moved - planned).abs() <= 0.02 * total, "{row} moves by {moved}");
    }
    let (gain, told) = (&advice["gain"]["value"], said(advice["gain"]["sentence"].as_str().unwrap()));
    if !moved.is_empty() {
        for key in ["mean", "q5", "q95"] {
            let exact = number(&gain[key]);
            assert!(told.iter().any(|n| (n - exact).abs() <= exactness(gain)), "{exact} is not in {told:?}");
        }
    }
    assert_eq!(gain["mean"], plan["gain"]["mean"]);
    assert_eq!(advice["gain"]["probability"], plan["p_improvement"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_adds_up_keeps_its_bounds_and_says_its_own_numbers() {
    let world = World::start_with_worker().await;
    let owned = world.furnish("acme", "canary").await;
    let analyst = world.signed_in("acme", Role::Analyst).await;
    not_part_of_the_plan(&analyst, &owned.run).await;
    may_plan(&world, "acme").await;

    let usual = analyst.get(PATH).await;
    assert_eq!(usual.status, StatusCode::OK, "{}", usual.body);
    let usual = usual.json();
    assert_eq!(usual["analysis_id"], owned.run);
    let total = number(&usual["advice"]["total"]["now"]);
    assert_sound(&usual, total);
    assert_eq!(usual["advice"]["total"]["unchanged"], true);
    assert!(usual["advice"]["total"]["sentence"].as_str().unwrap().contains("stays as it is"));
    for row in usual["advice"]["channels"].as_array().unwrap() {
        let [now, low, high] = ["now", "low", "high"].map(|key| number(&row[key]));
        assert!((low / now - 0.5).abs() < 1e-9 && (high / now - 1.5).abs() < 1e-9, "{row}");
    }
    assert!(number(&usual["advice"]["gain"]["value"]["mean"]) >= 0.0);

    other_budgets(&analyst, &usual, total).await;
    what_cannot_be_met(&analyst, &usual, total).await;
    the_page_says_the_same(&analyst, &usual).await;
    older_runs(&world, &analyst, &owned.source, &owned.run).await;
}

/// P3: what the tenant's plan lacks is refused by name, shown as a prompt, and in no other answer.
async fn not_part_of_the_plan(analyst: &Caller, run: &str) {
    for path in [PATH, "/recommendations/plan.csv", "/recommendations"] {
        let refused = analyst.get(path).await;
        assert_eq!(
            (refused.status, &refused.json()["code"]),
            (StatusCode::FORBIDDEN, &json!("plan_required"))
        );
    }
    let page = analyst.get_page("/recommendations").await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(
        page.body.contains("This feature requires Professional plan") && page.body.contains("Upgrade Now")
    );
    let results = analyst.get(&format!("/tenant/analysis/{run}")).await.json()["results"].clone();
    assert!(results["channels"].is_array() && results.get("recommendation").is_none());
    let overview = analyst.get_page("/").await.body;
    assert!(
        overview.contains("This feature requires Professional plan") && overview.contains("href=\"/usage\"")
    );
    for advice in ["charts/curves", "Gain available", "href=\"/recommendations"] {
        assert!(!overview.contains(advice), "{advice} is shown");
    }
    let curves = analyst.get(&format!("/runs/{run}/charts/curves.json")).await;
    assert_eq!(curves.status, StatusCode::NOT_FOUND);
}

async fn other_budgets(analyst: &Caller, usual: &Value, total: f64) {
    let names: Vec<&str> = usual["advice"]["channels"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["channel"].as_str().unwrap())
        .collect();
    let ask = |query: Vec<(String, String)>| async move {
        let request = analyst.request(reqwest::Method::GET, PATH).query(&query);
        let answer = analyst.send(request).await;
        assert_eq!(answer.status, StatusCode::OK, "{query:?}: {}", answer.body);
        answer.json()
    };
    let pair = |name: String, value: f64| (name, format!("{value:.4}"));
    for share in [0.7, 1.3] {
        let wanted = (share * total * 1e4).round() / 1e4;
        let answer = ask(vec![pair("total".into(), wanted), ("horizon".into(), "4".into())]).await;
        assert_sound(&answer, wanted);
        assert_eq!(
            (&answer["advice"]["horizon"], &answer["advice"]["total"]["unchanged"]),
            (&json!(4), &json!(false))
        );
    }
    let now = number(&usual["advice"]["channels"][0]["now"]);
    let bounds = vec![
        (format!("lock.{}", names[0]), "now".to_owned()),
        pair(format!("min.{}", names[1]), 0.0),
        pair(format!("max.{}", names[1]), 3.0 * total),
        pair(format!("max.{}", names[2]), 3.0 * total),
    ];
    let answer = ask(bounds).await;
    assert_sound(&answer, total);
    let rows = &answer["advice"]["channels"];
    assert_eq!(
        (&rows[0]["plan"], &rows[0]["locked"], &rows[1]["low"]),
        (&json!(now), &json!(true), &json!(0.0))
    );
    let gain = |answer: &Value| number(&answer["advice"]["gain"]["value"]["mean"]);
    let free: Vec<_> = names
        .iter()
        .flat_map(|name| [pair(format!("min.{name}"), 0.0), pair(format!("max.{name}"), total)])
        .collect();
    let free = ask(free).await;
    assert_sound(&free, total);
    assert!(gain(&free) >= gain(usual) * (1.0 - 1e-6), "more room never brings less");
    // What goes where nothing was ever spent says so.
    let most = number(&usual["plan"]["channels"][0]["observed"][1]);
    let far = ask(vec![
        pair("total".into(), total + 2.0 * most),
        pair(format!("lock.{}", names[0]), 1.5 * most),
        pair(format!("max.{}", names[1]), 3.0 * total),
        pair(format!("max.{}", names[2]), 3.0 * total),
    ])
    .await;
    assert_eq!(far["advice"]["channels"][0]["extrapolated"], true);
    assert!(
        far["advice"]["channels"][0]["note"].as_str().unwrap().contains("more than in any observed week")
    );
}

async fn what_cannot_be_met(analyst: &Caller, usual: &Value, total: f64) {
    let name = usual["advice"]["channels"][0]["channel"].as_str().unwrap();
    let cases = [
        (
            vec![("total", format!("{:.0}", 3.0 * total))],
            "bounds_cannot_be_met",
            vec![name, "at most", "Raise a bound"],
        ),
        (
            vec![("total", format!("{:.0}", 0.2 * total))],
            "bounds_cannot_be_met",
            vec![name, "at least", "Lower a bound"],
        ),
        (
            vec![("min.N", "900".into()), ("max.N", "800".into())],
            "bounds_cannot_be_met",
            vec![name, "900", "800"],
        ),
        (vec![("total", "0".into())], "bounds_cannot_be_met", vec!["0 a week"]),
        (vec![("total", "12,5".into())], "bad_amount", vec!["12,5", "total"]),
        (vec![("max.N", "-1".into())], "bad_amount", vec!["-1", name]),
        (vec![("max.N", "1e400".into())], "bad_amount", vec!["1e400"]),
        (vec![("lock.N", "yes".into())], "bad_amount", vec!["yes"]),
        (vec![("horizon", "0".into())], "bad_horizon", vec!["0", "from 1"]),
        (vec![("horizon", "99999999999999999999".into())], "bad_horizon", vec!["from 1"]),
        (vec![("min.Radio\r\n", "1".into())], "unknown_channel", vec!["Radio", name]),
        (vec![("budget", "1".into())], "unknown_parameter", vec!["budget", "horizon"]),
        (vec![("total", "1".into()), ("total", "2".into())], "repeated_parameter", vec!["total"]),
    ];
    for (query, code, words) in cases {
        let query: Vec<_> =
            query.iter().map(|(key, value)| (key.replace(".N", &format!(".{name}")), value)).collect();
        let refused = analyst.send(analyst.request(reqwest::Method::GET, PATH).query(&query)).await;
        let answer = refused.json();
        assert_eq!(
            (refused.status, &answer["code"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!(code)),
            "{query:?}"
        );
        for word in words {
            assert!(
                answer["error"].as_str().unwrap().contains(word),
                "{word:?} is not in {}",
                answer["error"]
            );
        }
    }
    let page = analyst.get_page("/recommendations?total=12345678901&horizon=7").await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    let kept = page.body.contains("value=\"12345678901\"") && page.body.contains("value=\"7\"");
    assert!(kept && page.body.contains("Raise a bound") && page.body.contains(name), "{}", page.body);
}

async fn the_page_says_the_same(analyst: &Caller, usual: &Value) {
    let advice = &usual["advice"];
    let said = |place: &Value| place.as_str().expect("a sentence").replace('\'', "&#39;");
    let page = analyst.get_page("/recommendations").await.body;
    let sentences = advice["moves"].as_array().unwrap().iter().map(|one| &one["sentence"]);
    for sentence in sentences.chain([&usual["lead"], &advice["total"]["sentence"]]) {
        assert!(page.contains(&said(sentence)), "{sentence} is not on the page");
    }
    let overview = analyst.get_page("/").await.body;
    for part in ["Gain available at the same budget", "href=\"/recommendations\"", "charts/curves.csv"] {
        assert!(overview.contains(part), "{part} is not on the overview");
    }
    assert!(overview.contains(&said(&advice["gain"]["sentence"])));
    let csv = analyst.get("/recommendations/plan.csv").await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    let lines: Vec<Vec<&str>> = csv.body.lines().map(|line| line.split(',').collect()).collect();
    let rows = advice["channels"].as_array().unwrap();
    assert_eq!(lines.len(), rows.len() + 2, "{}", csv.body);
    for (row, line) in rows.iter().zip(&lines[1..]) {
        assert_eq!(line[0], row["channel"].as_str().unwrap());
        assert_eq!([1, 2].map(|at| line[at].parse().ok()), [row["now"].as_f64(), row["plan"].as_f64()]);
    }
    // The dots of the curves are the rows of the table.
    let curves = analyst.get("/recommendations/curves.json?horizon=1").await.json();
    for row in rows {
        for (point, amount) in [("now", &row["now"]), ("plan", &row["plan"])] {
            let on_curve = |dot: &&Value| dot["channel"] == row["channel"] && dot["point"] == point;
            let dot = curves["rows"].as_array().unwrap().iter().find(on_curve).expect("a dot");
            assert_eq!(&dot["spend"], amount);
        }
    }
    assert_eq!(analyst.get("/recommendations/secrets.csv").await.status, StatusCode::NOT_FOUND);
}

/// Runs from before, many newer ones without a result, and what a run leaves for planning.
async fn older_runs(world: &World, analyst: &Caller, source: &str, run: &str) {
    let mut admin = world.admin().await;
    let size = "SELECT length(planner::text) AS written, pg_column_size(planner) AS stored FROM mmm_models WHERE id = $1::uuid";
    let size = sqlx::query(size).bind(run).fetch_one(&mut admin).await.expect("a planner");
    let [written, stored]: [i32; 2] = ["written", "stored"].map(|column| size.get(column));
    eprintln!("a planner of three channels: {written} bytes of JSON, {stored} in the table");
    assert!(stored < 120_000, "{stored} bytes");

    let unsettled = "UPDATE mmm_models SET converged = false WHERE id = $1::uuid";
    let kept = sqlx::query(unsettled).bind(run).execute(&mut admin).await;
    assert!(kept.is_err(), "a run that has not converged must not keep what plans budgets");

    // Two hundred and five newer runs that failed hide neither the result nor the advice.
    let many = "WITH ids AS (SELECT gen_random_uuid() AS id FROM generate_series(1, 205)),
        failed AS (INSERT INTO jobs (tenant_id, id, kind, state, reason, finished_at)
            SELECT m.tenant_id, ids.id, 'analysis', 'failed', 'no', now() FROM ids, mmm_models m WHERE m.id = $1::uuid RETURNING id)
        SELECT count(*) FROM failed";
    sqlx::query(many).bind(run).execute(&mut admin).await.expect("jobs");
    let models = "INSERT INTO mmm_models (tenant_id, id, source_id, model_type, seed)
        SELECT j.tenant_id, j.id, m.source_id, m.model_type, 1 FROM jobs j, mmm_models m
        WHERE m.id = $1::uuid AND j.state = 'failed'";
    let added = sqlx::query(models).bind(run).execute(&mut admin).await.expect("models").rows_affected();
    assert_eq!(added, 205);
    assert_eq!(analyst.get(PATH).await.json()["analysis_id"], run);
    assert_eq!(analyst.get("/tenant/dashboard/metrics").await.json()["model"]["analysis_id"], run);

    let old = analyst.start_run(source).await;
    // Not looked at before it was made older: what was read once is remembered.
    let ended = "SELECT state = 'done' FROM jobs WHERE id = $1::uuid";
    until("a second run is done", Duration::from_mins(2), async || {
        sqlx::query_scalar(ended).bind(&old).fetch_one(&mut admin).await.expect("its state")
    })
    .await;
    let without = |what: &str| AssertSqlSafe(format!("UPDATE mmm_models SET {what} WHERE id = $1::uuid"));
    sqlx::query(without("planner = NULL")).bind(&old).execute(&mut admin).await.expect("an older run");
    let of_old = format!("{PATH}?analysis={old}");
    sqlx::query(without("results = results - 'recommendation'"))
        .bind(&old)
        .execute(&mut admin)
        .await
        .expect("an older run");
    let refused = analyst.get(&of_old).await;
    assert_eq!((refused.status, &refused.json()["code"]), (StatusCode::CONFLICT, &json!("run_too_old")));
    let page = analyst.get_page(&format!("/recommendations?analysis={old}")).await;
    assert!(page.status == StatusCode::OK && page.body.contains("Run the analysis again"));
    let shown = analyst.get_page(&format!("/runs/{old}")).await;
    assert_eq!(shown.status, StatusCode::OK, "older documents are shown without it");
    assert!(!shown.body.contains("charts/curves"));

    sqlx::query(without("planner = NULL")).bind(run).execute(&mut admin).await.expect("an older run");
    let of_run = format!("{PATH}?analysis={run}");
    assert_eq!(analyst.get(&of_run).await.status, StatusCode::OK, "the usual plan is in the results");
    let refused = analyst.get(&format!("{of_run}&horizon=5")).await;
    assert_eq!((refused.status, &refused.json()["code"]), (StatusCode::CONFLICT, &json!("run_too_old")));
}

#[tokio::test]
async fn without_a_result_to_act_upon_the_answer_says_what_to_do() {
    let world = World::start().await;
    may_plan(&world, "acme").await;
    let analyst = world.signed_in("acme", Role::Analyst).await;
    let refused = async |path: &str, code: &str, words: &str| {
        let answer = analyst.get(&format!("{PATH}{path}")).await;
        let body = answer.json();
        assert_eq!((answer.status, &body["code"]), (StatusCode::CONFLICT, &json!(code)), "{body}");
        assert!(body["error"].as_str().unwrap().contains(words), "{body}");
        assert!(body.get("advice").is_none() && body.get("plan").is_none());
        let page = analyst.get_page(&format!("/recommendations{path}")).await;
        assert!(page.status == StatusCode::OK && page.body.contains(words), "{}", page.body);
    };
    refused("", "no_finished_run", "Upload your data").await;
    let run = analyst.start_run(&analyst.ready_source(&World::example(), Some(40.0)).await).await;
    refused("", "run_not_finished", "watch its progress").await;
    let mut admin = world.admin().await;
    let failed = "UPDATE jobs SET state = 'failed', reason = 'no', finished_at = now()";
    sqlx::query(failed).execute(&mut admin).await.expect("a state");
    refused(&format!("?analysis={run}"), "run_without_result", "Run the analysis again").await;
    for unknown in ["nonsense", &uuid::Uuid::now_v7().to_string()] {
        let answer = analyst.get(&format!("{PATH}?analysis={unknown}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_fits_the_model_that_was_chosen() {
    let world = World::start_with_worker().await;
    let analyst = world.signed_in("acme", Role::Analyst).await;
    let source = analyst.ready_source(&World::example(), Some(40.0)).await;
    let ask = |model: Value| {
        let analyst = analyst.clone();
        let body = json!({ "source_id": source, "seed": 7, "model": model });
        async move { analyst.post_json("/tenant/analysis/run", &body).await }
    };
    for (model, named) in [
        (json!({ "saturation": "cubic" }), "cubic"),
        (json!({ "adstock": "geometric" }), "adstock"),
        (json!("hill"), "saturation"),
        (json!([{}]), "saturation"),
    ] {
        let refused = ask(model).await;
        let answer = refused.json();
        assert_eq!(
            (refused.status, &answer["code"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!("bad_model"))
        );
        assert!(answer["error"].as_str().unwrap().contains(named), "{answer}");
    }
    let started = ask(json!({ "saturation": "hill", "trend": "knots" })).await;
    assert_eq!(started.status, StatusCode::ACCEPTED, "{}", started.body);
    let run = started.json()["analysis_id"].as_str().unwrap().to_owned();
    let done = analyst.finished_run(&run).await;
    assert_eq!(done["state"], "done", "{}", done["reason"]);
    let spec = &done["results"]["model"]["spec"];
    assert_eq!((&spec["channel"]["saturation"]["family"], &spec["trend"]), (&json!("hill"), &json!(false)));
    assert_eq!(spec["knots"], json!({ "even": 6 }));
    eprintln!("hill with knots converged: {}", done["converged"]);
}
