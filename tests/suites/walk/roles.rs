//! Files with every kind of column, from the upload to what the media brought.

use reqwest::StatusCode;
use serde_json::{Value, json};
use tenancy_core::Role;
use tests::shared::{self, file};
use tests::{Caller, World};

/// A public data set; `None`, said aloud, where this machine has none.
fn data(test: &str, path: &str) -> Option<String> {
    let Some(path) = file(&format!("mmm/data/{path}")) else {
        shared::skip(test, "the public data set is not there");
        return None;
    };
    Some(std::fs::read_to_string(path).expect("a data set"))
}

/// Role and channel of every column that is not ignored, in the order of the file.
fn used(columns: &Value) -> Vec<(String, String, Option<String>)> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let columns = columns.as_array().expect("columns").iter();
    let used = columns.map(|column| {
        assert!(column["reason"].as_str().is_some_and(|why| why.ends_with('.')), "no reason: {column}");
        (text(&column["name"]).unwrap(), text(&column["role"]).unwrap(), text(&column["channel"]))
    });
    used.filter(|(_, role, _)| role != "ignore").collect()
}

fn expected(columns: &[(&str, &str, &str)]) -> Vec<(String, String, Option<String>)> {
    let channel = |channel: &str| (!channel.is_empty()).then(|| channel.to_owned());
    columns.iter().map(|(name, role, of)| ((*name).to_owned(), (*role).to_owned(), channel(of))).collect()
}

/// Gives a tenant what the advice among the results needs.
async fn may_plan(world: &World, tenant: &str) {
    world.override_settings(tenant, &json!({ "features": { "advanced_analytics": true } })).await;
}

/// Sends a file, checks what is suggested, takes it as it is and answers the source.
async fn accepted(caller: &Caller, csv: &str, roles: &[(&str, &str, &str)]) -> Value {
    let proposed = caller.upload(csv.to_owned()).await;
    assert_eq!(proposed.status, StatusCode::CREATED, "{}", proposed.body);
    let proposed = proposed.json();
    assert_eq!(used(&proposed["columns"]), expected(roles));
    let path = format!("/tenant/data/sources/{}", proposed["source_id"].as_str().expect("an id"));
    let body = json!({ "columns": proposed["columns"] });
    let ready = caller.put_json(&format!("{path}/roles"), &body).await;
    assert_eq!(ready.status, StatusCode::OK, "{}", ready.body);
    let source = caller.get(&path).await.json();
    assert_eq!(source["status"], "ready");
    source
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().expect("a list").iter().map(|entry| entry["name"].as_str().expect("a name")).collect()
}

/// What a column of a file adds up to.
fn total(csv: &str, column: &str) -> f64 {
    let mut lines = csv.lines();
    let place = lines.next().expect("a heading").split(',').position(|name| name == column).expect(column);
    lines.map(|line| line.split(',').nth(place).expect("a cell").parse::<f64>().expect("a number")).sum()
}

/// A converged run on a source; its results have these channels, and money is that of the file.
async fn results(
    caller: &Caller,
    source: &Value,
    csv: &str,
    spends: &[(&str, &str)],
    organic: &[&str],
) -> Value {
    let run = caller.start_run(source["source_id"].as_str().expect("an id")).await;
    let done = caller.finished_run(&run).await;
    assert_eq!((&done["state"], &done["converged"]), (&json!("done"), &json!(true)), "{}", brief(&done));
    let results = done["results"].clone();
    let channels: Vec<&str> = spends.iter().map(|(channel, _)| *channel).collect();
    assert_eq!(names(&results["channels"]), channels);
    assert_eq!(names(&results["organic"]), organic);
    let media: Vec<&str> = channels.iter().chain(organic).copied().collect();
    assert_eq!(names(&results["over_time"]["channels"]), media);
    assert_eq!(
        names(&results["recommendation"]["channels"]),
        channels,
        "what is not paid for gets no budget"
    );
    let worth = source["kpi_value"].as_f64();
    for (channel, (name, column)) in results["channels"].as_array().unwrap().iter().zip(spends) {
        let spend = total(csv, column);
        let near = |found: &Value, expected: f64| {
            let found = found.as_f64().expect("a number");
            assert!((found - expected).abs() <= 1e-9 * expected, "{name}: {found} is not {expected}");
        };
        near(&channel["spend"], spend);
        let brought = channel["contribution"]["mean"].as_f64().unwrap();
        near(&channel["roi"]["mean"], brought * worth.unwrap_or(1.0) / spend);
        let break_even = channel["p_above_break_even"].is_number();
        assert_eq!(break_even, worth.is_some(), "break-even is known where a unit has a worth: {channel}");
    }
    for chart in ["decomposition", "roi", "shares"] {
        let chart = caller.get(&format!("/runs/{run}/charts/{chart}.json")).await;
        assert_eq!(chart.status, StatusCode::OK, "{}", chart.body);
    }
    let shown = caller.get(&format!("/runs/{run}/charts/roi.json")).await.json();
    let shown: Vec<&str> =
        shown["rows"].as_array().unwrap().iter().map(|row| row["channel"].as_str().unwrap()).collect();
    assert!(organic.iter().all(|name| !shown.contains(name)), "a return without spend: {shown:?}");
    assert_eq!(shown.len(), channels.len());
    for path in ["/".to_owned(), format!("/runs/{run}")] {
        assert_eq!(caller.get_page(&path).await.status, StatusCode::OK, "{path}");
    }
    results
}

/// A run without its results.
fn brief(run: &Value) -> String {
    format!("state {}, reason {}, {}", run["state"], run["reason"], run["results"]["convergence"])
}

const ROBYN: [(&str, &str, &str); 12] = [
    ("DATE", "date", ""),
    ("revenue", "kpi", ""),
    ("tv_S", "media_spend", "tv"),
    ("ooh_S", "media_spend", "ooh"),
    ("print_S", "media_spend", "print"),
    ("facebook_I", "media_exposure", "facebook"),
    ("search_clicks_P", "media_exposure", "search"),
    ("search_S", "media_spend", "search"),
    ("competitor_sales_B", "control", ""),
    ("facebook_S", "media_spend", "facebook"),
    ("events", "categorical_control", ""),
    ("newsletter", "organic_media", ""),
];

/// E8: the simulated data of Robyn, with exposure, events in words and a newsletter.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn robyns_weeks_have_exposure_organic_media_and_events() {
    let Some(csv) = data("robyns_weeks", "robyn/dt_simulated_weekly.csv") else { return };
    let world = World::start_with_worker().await;
    may_plan(&world, "acme").await;
    let caller = world.signed_in("acme", Role::Analyst).await;
    let source = accepted(&caller, &csv, &ROBYN).await;
    assert_eq!(source["summary"], "208 weeks, 5 channels, 1 organic medium, 3 controls, no gaps");
    let events =
        source["columns"].as_array().unwrap().iter().find(|column| column["name"] == "events").unwrap();
    assert_eq!(events["levels"], json!(["na", "event1", "event2"]));
    let spends = [
        ("tv", "tv_S"),
        ("ooh", "ooh_S"),
        ("print", "print_S"),
        ("search", "search_S"),
        ("facebook", "facebook_S"),
    ];
    let results = results(&caller, &source, &csv, &spends, &["newsletter"]).await;
    let controls = ["competitor_sales_B", "events: event1", "events: event2"];
    assert_eq!(results["model"]["controls"], json!(controls));
    // Spend on what is exposed is the dashboard's; what is organic has none.
    let metrics = caller.get("/tenant/dashboard/metrics").await.json();
    let by_channel = metrics["data"]["spend_by_channel"].as_object().expect("spends");
    assert!(by_channel.keys().eq(["facebook", "ooh", "print", "search", "tv"]), "{by_channel:?}");
    let page = caller.get_page(&format!("/data/{}", source["source_id"].as_str().unwrap())).await;
    for shown in ["Media exposure", "Organic media", "newsletter", "events: event1", "1 organic medium"] {
        assert!(page.body.contains(shown), "the page of the data does not show {shown}");
    }
}

const MERIDIAN: [(&str, &str, &str); 13] = [
    ("time", "date", ""),
    ("conversions", "kpi", ""),
    ("revenue_per_conversion", "revenue_per_kpi", ""),
    ("Channel0_impression", "media_exposure", "Channel0"),
    ("Channel1_impression", "media_exposure", "Channel1"),
    ("Channel2_impression", "media_exposure", "Channel2"),
    ("Channel3_impression", "media_exposure", "Channel3"),
    ("Channel0_spend", "media_spend", "Channel0"),
    ("Channel1_spend", "media_spend", "Channel1"),
    ("Channel2_spend", "media_spend", "Channel2"),
    ("Channel3_spend", "media_spend", "Channel3"),
    ("competitor_activity_score_control", "control", ""),
    ("sentiment_score_control", "control", ""),
];

const MERIDIAN_GEO: [(&str, &str, &str); 15] = [
    ("geo", "geo", ""),
    ("time", "date", ""),
    ("Channel0_impression", "media_exposure", "Channel0"),
    ("Channel1_impression", "media_exposure", "Channel1"),
    ("Channel2_impression", "media_exposure", "Channel2"),
    ("Channel3_impression", "media_exposure", "Channel3"),
    ("competitor_activity_score_control", "control", ""),
    ("sentiment_score_control", "control", ""),
    ("Channel0_spend", "media_spend", "Channel0"),
    ("Channel1_spend", "media_spend", "Channel1"),
    ("Channel2_spend", "media_spend", "Channel2"),
    ("Channel3_spend", "media_spend", "Channel3"),
    ("conversions", "kpi", ""),
    ("revenue_per_conversion", "revenue_per_kpi", ""),
    ("population", "population", ""),
];

const MERIDIAN_SPENDS: [(&str, &str); 4] = [
    ("Channel0", "Channel0_spend"),
    ("Channel1", "Channel1_spend"),
    ("Channel2", "Channel2_spend"),
    ("Channel3", "Channel3_spend"),
];

/// E8: Meridian's national data, whose worth of a unit is a column.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn meridians_nation_has_impressions_and_a_worth_a_week() {
    let Some(csv) = data("meridians_nation", "meridian/national_media.csv") else { return };
    let world = World::start_with_worker().await;
    may_plan(&world, "acme").await;
    let caller = world.signed_in("acme", Role::Analyst).await;
    let source = accepted(&caller, &csv, &MERIDIAN).await;
    assert_eq!(source["summary"], "156 weeks, 4 channels, 2 controls, no gaps");
    // The worth of a unit is the data's own: all revenue by all conversions.
    let worth = source["kpi_value"].as_f64().expect("a worth");
    assert!((worth - 0.035).abs() < 0.001, "{worth}");
    results(&caller, &source, &csv, &MERIDIAN_SPENDS, &[]).await;
}

/// E8: Meridian's data by region becomes one series, and says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn meridians_regions_are_summed_to_one_series() {
    let Some(csv) = data("meridians_regions", "meridian/geo_media.csv") else { return };
    let world = World::start_with_worker().await;
    may_plan(&world, "globex").await;
    let caller = world.signed_in("globex", Role::Analyst).await;
    let source = accepted(&caller, &csv, &MERIDIAN_GEO).await;
    assert_eq!(source["summary"], "156 weeks, 4 channels, 2 controls, no gaps, 20 geos summed to one series");
    let listed = caller.get("/tenant/data/sources").await.json();
    assert_eq!(listed["sources"][0]["summary"], source["summary"], "the list says the same");
    results(&caller, &source, &csv, &MERIDIAN_SPENDS, &[]).await;
}

/// E8: what was confirmed is suggested for the next file with the same columns, channels included.
#[tokio::test]
async fn confirmed_roles_and_channels_are_kept_for_the_next_upload() {
    let Some(csv) = data("confirmed_roles", "robyn/dt_simulated_weekly.csv") else { return };
    let world = World::start().await;
    let caller = world.signed_in("acme", Role::Analyst).await;
    let mut columns = caller.upload(csv.clone()).await.json();
    for column in columns["columns"].as_array_mut().unwrap() {
        match column["name"].as_str().unwrap() {
            "facebook_S" | "facebook_I" => column["channel"] = json!("Meta"),
            "newsletter" => column["role"] = json!("control"),
            "search_clicks_P" => {
                column["role"] = json!("ignore");
                column["channel"] = Value::Null;
            }
            _ => {}
        }
    }
    let path = format!("/tenant/data/sources/{}/roles", columns["source_id"].as_str().unwrap());
    let ready = caller.put_json(&path, &json!({ "columns": columns["columns"] })).await;
    assert_eq!(ready.status, StatusCode::OK, "{}", ready.body);
    let again = caller.upload(csv.clone()).await.json();
    let mut kept = ROBYN.to_vec();
    kept.retain(|(name, ..)| *name != "search_clicks_P");
    for column in &mut kept {
        match column.0 {
            "facebook_S" | "facebook_I" => column.2 = "Meta",
            "newsletter" => column.1 = "control",
            _ => {}
        }
    }
    assert_eq!(used(&again["columns"]), expected(&kept));
    let stranger = world.signed_in("globex", Role::Analyst).await;
    let fresh = stranger.upload(csv).await.json();
    assert_eq!(used(&fresh["columns"]), expected(&ROBYN), "another tenant's choice is its own");
}
