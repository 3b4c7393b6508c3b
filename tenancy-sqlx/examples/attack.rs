//! Attacks a database as one of its tenants, on a clone that is made for it and dropped:
//! `cargo run -p tenancy-sqlx --example attack -- --url URL --admin-url URL`.
//!
//! `--url` is the application role's, `--admin-url` a superuser's on the same server. With `--mutate`
//! each policy, grant and key is removed in turn, and a table says who notices. Exit 0 when nothing is
//! wrong, 1 when something is, 2 when it could not be tried.

use std::error::Error;
use std::process::ExitCode;

use tenancy_sqlx::testing::{Target, attack, mutate};

const USAGE: &str = "usage: attack --url URL --admin-url URL [--mutate [--schema NAME]...]";

struct Arguments {
    target: Target,
    mutate: bool,
}

fn arguments() -> Result<Arguments, String> {
    let mut given = std::env::args().skip(1);
    let (mut url, mut admin, mut wanted, mut schemas) = (None, None, false, Vec::new());
    while let Some(flag) = given.next() {
        let mut value = || given.next().ok_or_else(|| format!("{flag} wants a value\n{USAGE}"));
        match flag.as_str() {
            "--url" => url = Some(value()?),
            "--admin-url" => admin = Some(value()?),
            "--schema" => schemas.push(value()?),
            "--mutate" => wanted = true,
            other => return Err(format!("{other:?} is not known\n{USAGE}")),
        }
    }
    let url = url.ok_or_else(|| format!("--url is missing\n{USAGE}"))?;
    let admin = admin.ok_or_else(|| format!("--admin-url is missing\n{USAGE}"))?;
    if !wanted && !schemas.is_empty() {
        return Err(format!("--schema says what --mutate takes away, and says nothing without it\n{USAGE}"));
    }
    let target = Target::from_urls(&url, &admin).map_err(|error| error.to_string())?;
    let target = if schemas.is_empty() { target } else { target.within(schemas) };
    Ok(Arguments { target, mutate: wanted })
}

async fn run(arguments: &Arguments) -> Result<(String, bool), String> {
    let why = |error: &dyn Error| match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    };
    if arguments.mutate {
        let report = mutate(&arguments.target).await.map_err(|error| why(&error))?;
        return Ok((report.to_string(), report.is_clean()));
    }
    let report = attack(&arguments.target).await.map_err(|error| why(&error))?;
    Ok((report.to_string(), report.is_clean()))
}

#[allow(clippy::print_stdout, clippy::print_stderr, reason = "the report is the answer of this program")]
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let answer = match arguments() {
        Ok(arguments) => run(&arguments).await,
        Err(why) => Err(why),
    };
    match answer {
        Ok((report, clean)) => {
            println!("{report}");
            if clean { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(why) => {
            eprintln!("{why}");
            ExitCode::from(2)
        }
    }
}
