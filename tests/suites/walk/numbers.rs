//! The figures of the dashboard are the figures of the file.

use serde_json::json;
use sqlx::Row as _;
use tenancy_core::Role;
use tests::{Caller, World};
use uuid::Uuid;

use super::{simulated_roles, upload_with_roles};

async fn uploaded(caller: &Caller, csv: &str) -> Uuid {
    let ready = upload_with_roles(caller, csv, &simulated_roles(), None).await.json();
    ready["source_id"].as_str().unwrap_or_else(|| panic!("{ready}")).parse().unwrap()
}

/// E10: the numbers are those of an independent sum over the table, which a superuser makes.
#[tokio::test]
async fn the_dashboard_says_what_plain_sql_says() {
    let world = World::start().await;
    let caller = world.signed_in("acme", Role::Analyst).await;
    let stranger = world.signed_in("globex", Role::Analyst).await;
    uploaded(&stranger, &World::example()).await;
    let id = uploaded(&caller, &World::example()).await;
    let sql = "SELECT sum(kpi) AS kpi, sum(spend) AS spend, count(DISTINCT date) AS periods, min(date)::text AS first,
               max(date)::text AS last, sum(spend) FILTER (WHERE channel = 'TV spend') AS tv
               FROM marketing_data WHERE source_id = $1";
    let row = sqlx::query(sql).bind(id).fetch_one(&mut world.admin().await).await.unwrap();
    let data = caller.get("/tenant/dashboard/metrics").await.json()["data"].clone();
    assert_eq!(data["source_id"], json!(id));
    let near = |name: &str, expected: f64| {
        let shown = data[name].as_f64().unwrap_or_else(|| panic!("{name}: {data}"));
        assert!((shown - expected).abs() <= 1e-9 * expected, "{name}: {shown} is not {expected}");
    };
    near("kpi_total", row.get("kpi"));
    near("spend_total", row.get("spend"));
    assert_eq!(
        (&data["periods"], &data["first"], &data["last"]),
        (
            &json!(row.get::<i64, _>("periods")),
            &json!(row.get::<String, _>("first")),
            &json!(row.get::<String, _>("last")),
        )
    );
    let tv = data["spend_by_channel"]["TV spend"].as_f64().unwrap();
    assert!((tv - row.get::<f64, _>("tv")).abs() <= 1e-9 * tv);

    // The file itself is the third witness.
    let csv = World::example();
    let cells = csv.lines().skip(1).map(|line| line.split(',').nth(1).unwrap().parse::<f64>().unwrap());
    near("kpi_total", cells.sum());
}

/// E10: a cell that is higher by a known amount raises the numbers it is part of by that amount, and
/// no others.
#[tokio::test]
async fn a_changed_cell_moves_its_number_by_exactly_the_change() {
    let world = World::start().await;
    let caller = world.signed_in("acme", Role::Analyst).await;
    let csv = World::example();
    let heading: Vec<&str> = csv.lines().next().unwrap().split(',').collect();
    let tv = heading.iter().position(|name| *name == "TV spend").unwrap();
    let before = {
        uploaded(&caller, &csv).await;
        caller.get("/tenant/dashboard/metrics").await.json()["data"].clone()
    };
    for (column, added) in [(1, 1024.5), (tv, 256.25)] {
        let changed: Vec<String> = csv
            .lines()
            .enumerate()
            .map(|(at, line)| {
                let mut cells: Vec<String> = line.split(',').map(str::to_owned).collect();
                if at == 40 {
                    cells[column] = format!("{:.2}", cells[column].parse::<f64>().unwrap() + added);
                }
                cells.join(",")
            })
            .collect();
        uploaded(&caller, &changed.join("\n")).await;
        let after = caller.get("/tenant/dashboard/metrics").await.json()["data"].clone();
        assert_ne!(after["source_id"], before["source_id"]);
        let moved = |now: &serde_json::Value, then: &serde_json::Value| {
            now.as_f64().unwrap() - then.as_f64().unwrap()
        };
        let spends =
            |channel: &str| moved(&after["spend_by_channel"][channel], &before["spend_by_channel"][channel]);
        let found = [
            moved(&after["kpi_total"], &before["kpi_total"]),
            moved(&after["spend_total"], &before["spend_total"]),
            spends("TV spend"),
            spends("Search spend"),
        ];
        let spent = if column == tv { added } else { 0.0 };
        for (found, expected) in found.into_iter().zip([added - spent, spent, spent, 0.0]) {
            // Sums of cents as binary fractions differ in their last digits only.
            assert!((found - expected).abs() < 1e-6, "column {column}: {found} is not {expected}");
        }
    }
}
