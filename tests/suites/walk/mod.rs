//! The way of a customer through the platform, step by step over HTTP, and the doors beside it.

mod analysis;
mod doors;
mod numbers;
mod roles;
mod session;

use std::collections::BTreeMap;

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use tests::shared::{self, file};
use tests::{Answer, Caller, World};

/// The reference example where it is there, else the simulated one; with the roles of its columns.
fn example(test: &str) -> (String, Value) {
    let Some(path) = file("mmm/data/pymc-marketing/mmm_example.csv") else {
        shared::skip(test, "the reference example is not there; the simulated one is used");
        return (World::example(), simulated_roles());
    };
    let roles = json!({
        "date_week": "date", "y": "kpi", "x1": "media_spend", "x2": "media_spend",
        "event_1": "control", "event_2": "control", "t": "control", "dayofyear": "ignore",
    });
    (std::fs::read_to_string(path).expect("the example"), roles)
}

/// The roles of the simulated example.
fn simulated_roles() -> Value {
    let csv = World::example();
    let heading = csv.lines().next().expect("a heading");
    let role = |name: &str| match name {
        "week" => "date",
        "revenue" => "kpi",
        name if name.ends_with(" spend") => "media_spend",
        _ => "control",
    };
    json!(heading.split(',').map(|name| (name, role(name))).collect::<BTreeMap<_, _>>())
}

/// Uploads a file with its roles in one call.
async fn upload_with_roles(caller: &Caller, csv: &str, roles: &Value, kpi_value: Option<&str>) -> Answer {
    let part = Part::text(csv.to_owned()).file_name("example.csv");
    let mut form = Form::new().part("file", part).text("roles", roles.to_string());
    if let Some(worth) = kpi_value {
        form = form.text("kpi_value", worth.to_owned());
    }
    caller.send(caller.request(Method::POST, "/tenant/data/upload").multipart(form)).await
}
