//! The way from a file to results: data, runs, and what comes of them.

use std::time::Duration;

use platform::server::Stop;
use platform::worker;
use serde_json::json;
use sqlx::{AssertSqlSafe, PgConnection};
use tenancy_core::Role;
use tests::program::until;
use tests::world::{BASE, PASSWORD, email};
use tests::{Caller, World, regions};

use super::super::checks::Eye;
use super::super::chromium::{Browser, Scripts, browse};
use super::super::{file, origin, typed};

#[tokio::test]
async fn every_page_fits_every_screen_and_can_be_used_by_everybody() {
    let test = "every_page_fits_every_screen_and_can_be_used_by_everybody";
    let world = World::start().await;
    let home = origin(&world, "acme");
    browse(test, home, Scripts::On, async move |browser| {
        let eye = Eye::new(test, browser.clone());
        doors(&world, &browser, &eye).await;
        browser.sign_in(&email("acme", Role::Owner), PASSWORD).await;
        for (path, name) in [("/", "overview-empty"), ("/data", "data-empty"), ("/runs", "runs-empty")] {
            browser.open(path).await;
            eye.look(name).await;
        }
        files(&browser, &eye).await;
        let owner = world.signed_in("acme", Role::Owner).await;
        let run = states(&world, &browser, &eye).await;
        results(&world, &owner, &browser, &eye).await;
        refusals(&browser, &eye, &run).await;
    })
    .await;
}

async fn doors(world: &World, browser: &Browser, eye: &Eye) {
    browser.open("/login").await;
    eye.look("login").await;
    browser.fill("#email", "nobody@acme.example").await;
    browser.fill("#password", "wrong").await;
    browser.click("button[type=submit]").await;
    browser.find("#login-error").await;
    eye.look("login-wrong").await;

    browser.at(format!("http://{BASE}:{}", world.addr.port())).open("/").await;
    eye.look("landing").await;
}

/// Sends a file with the form of the page `/data`, and waits for what the answer shows.
async fn send(browser: &Browser, name: &str, bytes: &[u8], shows: &str) {
    let (_folder, path) = file(name, bytes);
    browser.open("/data").await;
    browser.find("input[type=file]").await.send_keys(typed(&path)).await.expect("a chosen file");
    browser.click(".upload button[type=submit]").await;
    browser.find(shows).await;
}

async fn files(browser: &Browser, eye: &Eye) {
    send(browser, "picture.csv", &[0x89, b'P', b'N', b'G', 0, 1, 2, 3, 255, 254], "[role=alert]").await;
    eye.look("data-refused").await;

    // A date twice, a spend below zero, a cell that is no number: all at once.
    let broken = World::example();
    let mut lines: Vec<String> = broken.lines().map(str::to_owned).collect();
    let twice = lines[11].clone();
    lines[12] = twice;
    lines[30] = lines[30].rsplitn(2, ',').last().expect("cells").to_owned() + ",n/a?";
    let mut cells: Vec<_> = lines[5].split(',').map(str::to_owned).collect();
    cells[3] = String::from("-12.50");
    lines[5] = cells.join(",");
    send(
        browser,
        "weekly-with-a-rather-long-name-2024-final-v2.csv",
        lines.join("\n").as_bytes(),
        "#kpi_value",
    )
    .await;
    browser.click(".confirm button").await;
    browser.find(".problem-list").await;
    eye.look("mapping-problems").await;

    send(browser, "weekly.csv", World::example().as_bytes(), "#kpi_value").await;
    eye.look("mapping").await;
    browser.fill("#kpi_value", "1").await;
    browser.click(".confirm button").await;
    browser.find("form[action='/runs'] button").await;
    eye.look("data-ready").await;
    send(browser, "regions.csv", regions::csv().as_bytes(), "#kpi_value").await;
    let channels = "return [...document.querySelectorAll('.channel')].filter(c => c.offsetParent).length";
    assert_eq!(browser.run(channels).await, 5, "media have a channel, and nothing else has");
    eye.look("mapping-roles").await;
    browser.click(".confirm button").await;
    browser.find("form[action='/runs'] button").await;
    assert!(browser.text().await.contains("2 geos summed to one series"), "{}", browser.text().await);
    eye.look("data-ready-roles").await;
    browser.open("/data").await;
    eye.look("data").await;
}

/// The states of a run, as a worker would write them; answers the run's path.
async fn states(world: &World, browser: &Browser, eye: &Eye) -> String {
    let mut admin = world.admin().await;
    browser.open("/").await;
    eye.look("overview-data-ready").await;
    browser.click("form[action='/runs'] button").await;
    browser.find("[data-progress]").await;
    let run = browser.path().await;
    eye.look("run-queued").await;
    set(
        &mut admin,
        "state = 'running', percent = 42, stage = 'sampling', started_at = now() - interval '9 s'",
    )
    .await;
    for (path, name) in [(run.as_str(), "run-running"), ("/", "overview-running")] {
        browser.open(path).await;
        eye.look(name).await;
    }
    let reason = "This data cannot be fitted: column \"TV spend\": every value is 0.";
    set(&mut admin, &format!("state = 'failed', reason = '{reason}', finished_at = now()")).await;
    for (path, name) in [(run.as_str(), "run-failed"), ("/", "overview-failed")] {
        browser.open(path).await;
        eye.look(name).await;
    }
    sqlx::query("DELETE FROM control.job_queue").execute(&mut admin).await.expect("an empty queue");
    run
}

async fn set(admin: &mut PgConnection, what: &str) {
    // The texts are this file's own.
    sqlx::query(AssertSqlSafe(format!("UPDATE public.jobs SET {what}")))
        .execute(admin)
        .await
        .expect("a state");
}

async fn results(world: &World, owner: &Caller, browser: &Browser, eye: &Eye) {
    let stop = Stop::default();
    tokio::spawn(worker::run(world.platform.clone(), worker::Settings::default(), stop.clone()));
    let csv = platform::demo::TENANTS[0].csv().expect("the demo's file");
    let source = owner.ready_source_named(&csv, "acme-weekly.csv", Some(1.0)).await;
    let run = owner.start_run(&source).await;
    assert_eq!(owner.finished_run(&run).await["state"], "done");
    browser.open("/").await;
    eye.look("overview-starter").await;
    browser.open("/recommendations").await;
    eye.look("recommendations-starter").await;
    world.override_settings("acme", &json!({ "features": { "advanced_analytics": true } })).await;
    recommendations(browser, eye).await;
    for (path, name) in [("/", "overview"), ("/runs", "runs"), (&format!("/runs/{run}"), "run-done")] {
        browser.open(path).await;
        eye.look(name).await;
    }
    // One that nobody has looked at yet, not even to see its end: what was read once is remembered.
    let run = owner.start_run(&source).await;
    until("the run is done", Duration::from_mins(2), async || {
        let sql = "SELECT state FROM public.jobs WHERE id = $1::uuid";
        let mut admin = world.admin().await;
        let state: String = sqlx::query_scalar(sql).bind(&run).fetch_one(&mut admin).await.expect("the run");
        state == "done"
    })
    .await;
    stop.now();
    let unsettled = "UPDATE public.mmm_models SET converged = false, planner = NULL, diagnostics = $1::jsonb, \
        results = results || jsonb_build_object('convergence', $1::jsonb, 'channels', '[]'::jsonb, \
        'contributions', '[]'::jsonb, 'over_time', (results->'over_time') || '{\"channels\": [], \"baseline\": []}') \
        WHERE results IS NOT NULL";
    sqlx::query(unsettled).bind(UNSETTLED).execute(&mut world.admin().await).await.expect("a verdict");
    for (path, name) in [("/", "overview-not-converged"), (&format!("/runs/{run}"), "run-not-converged")] {
        browser.open(path).await;
        assert!(browser.text().await.contains("Not passed"), "{}", browser.text().await);
        eye.look(name).await;
    }
    browser.open("/recommendations").await;
    assert!(browser.text().await.contains("gives no advice"), "{}", browser.text().await);
    eye.look("recommendations-not-converged").await;
}

/// The usual plan, one within other bounds, and one that cannot be met.
async fn recommendations(browser: &Browser, eye: &Eye) {
    browser.open("/recommendations").await;
    browser.find(".budget").await;
    eye.look("recommendations").await;
    browser.fill("#horizon", "26").await;
    browser.fill("#max-1", "999,000").await;
    browser.click("#lock-2").await;
    browser.click(".plan-form button").await;
    browser.find(".lock").await;
    eye.look("recommendations-adjusted").await;
    browser.open("/recommendations?total=1").await;
    browser.find("[role=alert]").await;
    eye.look("recommendations-refused").await;
}

/// The verdict on a run that is not to be acted upon.
const UNSETTLED: &str = r#"{
    "converged": false, "worst_r_hat": 1.31, "min_ess_bulk": 31.0, "min_ess_tail": 555.0,
    "divergences": 40, "kept": 4000,
    "checks": [
        {"name": "r_hat", "passed": false, "message": "largest R-hat 1.31, wanted at most 1.01"},
        {"name": "ess_bulk", "passed": false, "message": "smallest effective sample size 31, wanted at least 400"},
        {"name": "ess_tail", "passed": true, "message": "smallest effective sample size 555, wanted at least 400"},
        {"name": "divergences", "passed": false, "message": "40 of 4000 draws diverged, wanted fewer than 4"}
    ]
}"#;

async fn refusals(browser: &Browser, eye: &Eye, run: &str) {
    browser.open("/runs/00000000-0000-4000-8000-000000000000").await;
    eye.look("not-found").await;
    send(browser, "huge.csv", &vec![b'1'; 60 * 1024 * 1024], ".bare-main").await;
    assert!(browser.text().await.contains("413"), "{}", browser.text().await);
    eye.look("too-large").await;
    browser.open("/").await;
    browser.click("form[action='/logout'] button").await;
    browser.sign_in(&email("acme", Role::Viewer), PASSWORD).await;
    browser.open(run).await;
    browser.open("/data").await;
    browser.click("form[action='/data/example'] button").await;
    browser.find(".eyebrow").await;
    assert!(browser.text().await.contains("403"), "{}", browser.text().await);
    eye.look("forbidden").await;
}
