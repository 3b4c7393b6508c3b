//! The example programs, run as programs.

use std::process::Output;

use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;
use tokio::process::Command;

/// Runs an example as the documentation says, without naming a feature, and waits for its end.
pub(crate) async fn example(name: &str, arguments: &[&str]) -> Output {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["run", "--quiet", "--offline", "-p", "tenancy-sqlx", "--example", name, "--"])
        .args(arguments)
        .output()
        .await
        .expect("cargo")
}

/// What it printed, and what it complained about.
pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// An address as a person would type it.
pub(crate) fn url(login: &PgConnectOptions) -> String {
    login.to_url_lossy().into()
}
