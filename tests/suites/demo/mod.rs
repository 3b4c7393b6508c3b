//! The demo as people start it: the real program in a folder of its own, seen from outside.

mod lives;
mod refusals;
mod starts;

use std::path::Path;
use std::time::Duration;

use platform::demo::{DemoInfo, TenantLogin};
use reqwest::StatusCode;
use serde_json::Value;
use tenancy_sqlx::embedded::Binaries;
use tests::demos::{DataFolder, Demo};
use tests::{Caller, shared};

/// Whether `PostgreSQL` is here; the demo of a test never installs it.
fn possible(test: &str) -> bool {
    let found = Binaries::find();
    if let Err(error) = &found {
        shared::skip(test, &error.to_string());
    }
    found.is_ok()
}

/// A caller at a demo tenant's address, signed in.
async fn signed_in(demo: &Demo, info: &DemoInfo, slug: &str) -> Caller {
    let tenant = tenant(info, slug);
    Caller::new(demo.listeners[0], &tenant.login.host)
        .sign_in(&tenant.login.email, &tenant.login.password)
        .await
}

fn tenant<'a>(info: &'a DemoInfo, slug: &str) -> &'a TenantLogin {
    info.tenants.iter().find(|tenant| tenant.slug == slug).expect("the tenant")
}

/// The demo's own run of a tenant, once it has ended.
async fn first_run(caller: &Caller) -> Value {
    let page = caller.get_page("/runs").await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    let id = page.body.split("href=\"/runs/").nth(1).and_then(|rest| rest.split('"').next()).expect("a run");
    caller.finished_run(id).await
}

/// Waits until no process has the number any more.
async fn gone(pid: u32) {
    let entry = format!("/proc/{pid}/cmdline");
    let gone = async || std::fs::read(&entry).map_or(true, |line| line.is_empty());
    tests::program::until("the process is gone", Duration::from_secs(10), gone).await;
}

/// The database's process.
fn postmaster(data: &Path) -> u32 {
    DataFolder::postmaster(data).expect("a database")
}
