//! How long a run takes as its user sees it, and what it costs the server.
//!
//! Starts the platform's demo as a process, waits until the demo's own fits are done, uploads each of
//! three files of the reference data (the simulated example where there are none) and prints, for each
//! of five runs on it, the seconds from the first byte of `POST /tenant/analysis/run` to `done` as a
//! poll every 50 ms sees it: 4 chains of 1000 + 1000 draws that have converged. After each file the
//! peak memory of the server's process until then, which `PostgreSQL` is not a part of.
//!
//! ```text
//! cargo build --release --workspace --bins && cargo bench -p tests --bench fit -- [runs]
//! ```

extern crate self as tests;

#[allow(dead_code, reason = "the suites use all of it")]
#[path = "../suites/kit/mod.rs"]
pub mod kit;
pub use kit::*;

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use tests::demos::{DataFolder, Demo};
use tests::program::until;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    // Cargo adds an argument of its own.
    let given = std::env::args().skip(1).find(|argument| argument != "--bench");
    let runs: u32 = given.map_or(Ok(5), |runs| runs.parse())?;
    ensure!(runs > 0, "at least one run");
    let folder = DataFolder::new();
    let demo = Demo::start(&folder, &[]).await;
    let info = demo.info();
    let mut caller = None;
    for tenant in &info.tenants {
        let login = &tenant.login;
        let signed_in =
            Caller::new(demo.listeners[0], &login.host).sign_in(&login.email, &login.password).await;
        until("the demo's own fit", Duration::from_mins(5), async || {
            !signed_in.get("/tenant/dashboard/metrics").await.json()["model"].is_null()
        })
        .await;
        caller = caller.or(Some(signed_in));
    }
    let caller = caller.context("the demo has tenants")?;
    println!("peak memory after the demo's own fits: {} MB", peak_megabytes(demo.child.id())?);

    let mut files = 0;
    for (path, roles) in FILES {
        let Some(file) = shared::file(&format!("mmm/data/{path}")) else { continue };
        let source = source(&caller, std::fs::read_to_string(file)?, roles).await?;
        measure(&caller, path, &source, runs).await?;
        println!("  peak memory of the server: {} MB", peak_megabytes(demo.child.id())?);
        files += 1;
    }
    if files == 0 {
        let source = caller.ready_source(&World::example(), Some(1.0)).await;
        measure(&caller, "the simulated example", &source, runs).await?;
        println!("  peak memory of the server: {} MB", peak_megabytes(demo.child.id())?);
    }
    demo.stop().await;
    Ok(())
}

/// Files of the reference data, with the roles of their authors where the suggested ones are others.
const FILES: [(&str, &[(&str, &str)]); 3] = [
    (
        "pymc-marketing/mmm_example.csv",
        &[
            ("date_week", "date"),
            ("y", "kpi"),
            ("x1", "media_spend"),
            ("x2", "media_spend"),
            ("event_1", "control"),
            ("event_2", "control"),
            ("t", "control"),
        ],
    ),
    ("robyn/dt_simulated_weekly.csv", &[]),
    ("meridian/national_media.csv", &[]),
];

/// Uploads a file; without roles of ours the suggested ones are taken.
async fn source(caller: &Caller, csv: String, roles: &[(&str, &str)]) -> anyhow::Result<String> {
    let proposed = caller.upload(csv).await.json();
    let id = proposed["source_id"].as_str().context("a source")?.to_owned();
    let body = if roles.is_empty() {
        json!({ "columns": proposed["columns"] })
    } else {
        let given = |name: &str| roles.iter().find(|(of, _)| *of == name).map_or("ignore", |(_, role)| role);
        let names = proposed["columns"].as_array().into_iter().flatten().filter_map(|c| c["name"].as_str());
        let roles: serde_json::Map<String, Value> =
            names.map(|name| (name.to_owned(), json!(given(name)))).collect();
        json!({ "roles": roles })
    };
    let ready = caller.put_json(&format!("/tenant/data/sources/{id}/roles"), &body).await;
    ensure!(ready.status.is_success(), "{}", ready.body);
    Ok(id)
}

/// Runs on one source, one after the other.
async fn measure(caller: &Caller, name: &str, source: &str, runs: u32) -> anyhow::Result<()> {
    println!("{name}");
    let mut seconds = Vec::new();
    for run in 1..=runs {
        let asked = Instant::now();
        let started =
            caller.post_json("/tenant/analysis/run", &json!({ "source_id": source, "seed": run })).await;
        let accepted = asked.elapsed();
        let id = started.json()["analysis_id"].as_str().context("an accepted run")?.to_owned();
        let ended = caller.finished_run(&id).await;
        let took = asked.elapsed().as_secs_f64();
        ensure!(ended["converged"] == true, "run {run} did not converge: {}", brief(&ended));
        println!("  run {run}: {took:.2} s (accepted after {:.0} ms)", accepted.as_secs_f64() * 1e3);
        seconds.push(took);
    }
    seconds.sort_by(f64::total_cmp);
    let median = f64::midpoint(seconds[(seconds.len() - 1) / 2], seconds[seconds.len() / 2]);
    println!("  min {:.2} s, median {median:.2} s, max {:.2} s", seconds[0], seconds[seconds.len() - 1]);
    Ok(())
}

/// A run without its results.
fn brief(run: &Value) -> String {
    format!("state {}, reason {}, diagnostics {}", run["state"], run["reason"], run["results"]["convergence"])
}

/// The largest resident size that the process ever had.
fn peak_megabytes(process: u32) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("VmHWM")?;
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").trim().parse()?;
    Ok(kilobytes / 1024)
}
