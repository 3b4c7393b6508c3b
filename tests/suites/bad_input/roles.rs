//! Roles that do not fit each other or their columns, and bodies that say what nobody understands.

use reqwest::StatusCode;
use serde_json::{Value, json};
use tenancy_core::Role;
use tests::World;
use tests::regions::{HEADING, csv};

use super::{assert_alive, assert_clear, stored};

/// The good file with line `row`, counted as a spreadsheet does, changed.
fn with(row: usize, change: impl Fn(Vec<String>) -> Vec<String>) -> String {
    let good = csv();
    let lines = good.lines().enumerate().map(|(at, line)| {
        let cells = line.split(',').map(str::to_owned).collect();
        let cells: Vec<String> = if at + 1 == row { change(cells) } else { cells };
        cells.join(",") + "\n"
    });
    lines.collect()
}

/// Line `row` with another value in the column.
fn cell(row: usize, column: &str, value: &str) -> String {
    let place = HEADING.split(',').position(|name| name == column).expect(column);
    with(row, |mut cells| {
        value.clone_into(&mut cells[place]);
        cells
    })
}

/// Every line but the heading with another value in the column.
fn column(column: &str, value: impl Fn(usize) -> String) -> String {
    let place = HEADING.split(',').position(|name| name == column).expect(column);
    let good = csv();
    let changed = good.lines().enumerate().map(|(at, line)| {
        let mut cells: Vec<String> = line.split(',').map(str::to_owned).collect();
        if at > 0 {
            cells[place] = value(at);
        }
        cells.join(",") + "\n"
    });
    changed.collect()
}

fn media(role: &str, channel: &str) -> Value {
    json!({ "role": role, "channel": channel })
}

fn roles() -> Value {
    json!({
        "region": "geo", "day": "date", "orders": "kpi", "population": "population", "event": "categorical_control",
        "tv_spend": media("media_spend", "tv"), "tv_impressions": media("media_exposure", "tv"),
        "web_spend": media("media_spend", "online"), "web_clicks": media("media_exposure", "online"),
        "newsletter": "organic_media",
    })
}

/// The roles with another one for a column.
fn but(column: &str, role: Value) -> Value {
    let mut roles = roles();
    roles[column] = role;
    roles
}

/// A name, the file, the roles, and code, row and column of one problem that is to be named.
type Case = (&'static str, String, Value, &'static str, Option<u64>, Option<&'static str>);

#[allow(clippy::too_many_lines, reason = "a list")]
fn cases() -> Vec<Case> {
    let good = csv;
    let words = |at: usize| format!("word{}", at % 13);
    vec![
        (
            "negative exposure",
            cell(9, "tv_impressions", "-3"),
            roles(),
            "negative_exposure",
            Some(9),
            Some("tv_impressions"),
        ),
        (
            "negative organic",
            cell(9, "newsletter", "-3"),
            roles(),
            "negative_exposure",
            Some(9),
            Some("newsletter"),
        ),
        (
            "an exposure that is a word",
            cell(9, "tv_impressions", "much"),
            roles(),
            "not_a_number",
            Some(9),
            Some("tv_impressions"),
        ),
        (
            "never seen",
            column("newsletter", |_| "0".to_owned()),
            roles(),
            "all_zero",
            None,
            Some("newsletter"),
        ),
        (
            "always the same",
            column("tv_impressions", |_| "7".to_owned()),
            roles(),
            "constant",
            None,
            Some("tv_impressions"),
        ),
        (
            "exposure without spend",
            good(),
            but("web_spend", json!("ignore")),
            "exposure_without_spend",
            None,
            Some("web_clicks"),
        ),
        (
            "two exposures",
            good(),
            but("newsletter", media("media_exposure", "tv")),
            "two_exposures",
            None,
            Some("newsletter"),
        ),
        (
            "two spends",
            good(),
            but("newsletter", media("media_spend", "tv")),
            "two_spends",
            None,
            Some("newsletter"),
        ),
        (
            "one name twice",
            good(),
            but("newsletter", media("organic_media", "tv")),
            "same_name",
            None,
            Some("newsletter"),
        ),
        ("too many words", column("event", words), roles(), "too_many_levels", None, Some("event")),
        ("an empty word", cell(12, "event", ""), roles(), "empty_cell", Some(12), Some("event")),
        ("one word only", column("event", |_| "none".to_owned()), roles(), "constant", None, Some("event")),
        ("two geos", good(), but("event", json!("geo")), "two_geos", None, Some("event")),
        ("a region without a day", with(20, |_| Vec::new()), roles(), "geo_gap", Some(22), Some("region")),
        (
            "a region's day twice",
            cell(21, "region", "north"),
            roles(),
            "duplicate_date",
            Some(21),
            Some("region"),
        ),
        ("a row without region", cell(21, "region", ""), roles(), "empty_cell", Some(21), Some("region")),
        (
            "regions without a role",
            good(),
            but("region", json!("ignore")),
            "several_rows_per_date",
            None,
            Some("day"),
        ),
        ("no population", cell(30, "population", ""), roles(), "empty_cell", Some(30), Some("population")),
        (
            "nobody lives there",
            cell(30, "population", "0"),
            roles(),
            "bad_population",
            Some(30),
            Some("population"),
        ),
        (
            "less than nobody",
            cell(30, "population", "-1"),
            roles(),
            "bad_population",
            Some(30),
            Some("population"),
        ),
        (
            "a population that moves",
            cell(30, "population", "999"),
            roles(),
            "population_changes",
            Some(30),
            Some("population"),
        ),
        (
            "two populations",
            good(),
            but("newsletter", json!("population")),
            "two_populations",
            None,
            Some("population"),
        ),
        (
            "a channel for a control",
            good(),
            but("newsletter", media("control", "tv")),
            "bad_channel",
            None,
            Some("newsletter"),
        ),
        (
            "a channel that is no name",
            good(),
            but("newsletter", json!({"role": "organic_media", "channel": 7})),
            "bad_channel",
            None,
            Some("newsletter"),
        ),
        (
            "a key of no meaning",
            good(),
            but("newsletter", json!({"role": "organic_media", "chanel": "x"})),
            "unknown_key",
            None,
            Some("newsletter"),
        ),
    ]
}

/// E8: every new role is refused with row and column, and what is refused leaves nothing.
#[tokio::test]
async fn roles_that_do_not_fit_are_named_and_nothing_is_stored() {
    let world = World::start().await;
    let caller = world.signed_in("acme", Role::Analyst).await;
    let before = stored(&world).await;
    for (name, file, roles, code, row, column) in cases() {
        let upload =
            caller.request(reqwest::Method::POST, "/tenant/data/upload").header("content-type", "text/csv");
        let answer = caller.send(upload.query(&[("roles", roles.to_string())]).body(file)).await;
        assert_clear(name, &answer);
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}: {}", answer.body);
        let body = answer.json();
        let problems = body["problems"].as_array().unwrap();
        let named = problems.iter().any(|problem| {
            let place = (problem["row"].as_u64(), problem["column"].as_str());
            problem["code"] == code && place == (row, column)
        });
        assert!(named, "{name}: expected {code} at {row:?} {column:?} in {body}");
        assert!(
            problems.iter().all(|problem| problem["message"].as_str().is_some_and(|said| said.len() > 10))
        );
        assert_eq!(stored(&world).await, before, "{name} left something");
    }
    let good =
        caller.request(reqwest::Method::POST, "/tenant/data/upload").header("content-type", "text/csv");
    let good = caller.send(good.query(&[("roles", roles().to_string())]).body(csv())).await;
    assert_eq!(
        (good.status, &good.json()["status"]),
        (StatusCode::CREATED, &json!("ready")),
        "{}",
        good.body
    );
    assert_alive("roles that do not fit", &caller).await;
}

/// What nobody understands is not dropped: a name with a typing mistake would change the result.
#[tokio::test]
async fn a_key_that_means_nothing_is_named() {
    let world = World::start().await;
    let caller = world.signed_in("acme", Role::Analyst).await;
    let proposed = caller.upload(csv()).await.json();
    let path = format!("/tenant/data/sources/{}/roles", proposed["source_id"].as_str().unwrap());
    for (body, code) in [
        (json!({ "roles": roles(), "kpi_valeu": 2 }), "unknown_key"),
        (json!({ "columns": proposed["columns"], "roles": roles() }), "bad_roles"),
        (json!({ "columns": proposed["columns"], "status": "ready" }), "unknown_key"),
    ] {
        let answer = caller.put_json(&path, &body).await;
        assert_clear(&body.to_string(), &answer);
        assert_eq!(
            (answer.status, &answer.json()["code"], &answer.json()["problems"][0]["code"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!("data_invalid"), &json!(code)),
            "{}",
            answer.body
        );
    }
    let ready = caller.put_json(&path, &json!({ "roles": roles(), "kpi_value": 2 })).await;
    assert_eq!(ready.status, StatusCode::OK, "{}", ready.body);
}

/// The form of the page says the same as a program does, and shows what is wrong where it is.
#[tokio::test]
async fn the_form_pairs_media_and_shows_what_does_not_fit() {
    let world = World::start().await;
    let caller = world.signed_in("acme", Role::Analyst).await;
    let send = async |path: &str, exposure_of: &str| {
        let roles = roles();
        let mut fields = Vec::new();
        for (at, name) in HEADING.split(',').enumerate() {
            let said = &roles[name];
            let role = said["role"].as_str().or(said.as_str()).unwrap_or("ignore");
            fields.push((format!("role-{at}"), role.to_owned()));
            let channel =
                if name == "web_clicks" { exposure_of } else { said["channel"].as_str().unwrap_or_default() };
            fields.push((format!("channel-{at}"), channel.to_owned()));
        }
        caller
            .send(caller.request(reqwest::Method::POST, path).header("accept", "text/html").form(&fields))
            .await
    };
    let id = caller.upload(csv()).await.json()["source_id"].as_str().unwrap().to_owned();
    let path = format!("/data/{id}/roles");
    let refused = send(&path, "radio").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.body);
    assert!(refused.body.contains("no column has the spend of its channel “radio”"), "{}", refused.body);
    assert!(refused.body.contains("value=\"radio\""), "what was typed is kept: {}", refused.body);
    let taken = send(&path, "online").await;
    assert_eq!(taken.status, StatusCode::SEE_OTHER, "{}", taken.body);
    let source = caller.get(&format!("/tenant/data/sources/{id}")).await.json();
    assert_eq!(
        source["summary"],
        "40 days, 2 channels, 1 organic medium, 1 control, no gaps, 2 geos summed to one series"
    );
}
