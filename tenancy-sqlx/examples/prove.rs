//! Proves what a database role can reach: `cargo run -p tenancy-sqlx --example prove -- --url URL`.
//!
//! `--url` is the application role's. Exit 0 on pass and warn, 1 on refuse and, with `--strict`, on
//! warn, 2 when it could not be asked.

use std::process::ExitCode;
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;
use tenancy_sqlx::proof::{Policy, Report, Verdict, prove};

const USAGE: &str = "usage: prove --url URL [--format text|json|sarif] [--allow RULE=REASON]... [--strict]";

struct Arguments {
    url: String,
    format: Format,
    policy: Policy,
    strict: bool,
}

enum Format {
    Text,
    Json,
    Sarif,
}

fn arguments() -> Result<Arguments, String> {
    let mut given = std::env::args().skip(1);
    let (mut url, mut format, mut policy, mut strict) = (None, Format::Text, Policy::default(), false);
    while let Some(flag) = given.next() {
        let mut value = || given.next().ok_or_else(|| format!("{flag} wants a value\n{USAGE}"));
        match flag.as_str() {
            "--url" => url = Some(value()?),
            "--format" => {
                format = match value()?.as_str() {
                    "text" => Format::Text,
                    "json" => Format::Json,
                    "sarif" => Format::Sarif,
                    other => return Err(format!("--format is text, json or sarif, not {other:?}")),
                };
            }
            "--allow" => {
                let value = value()?;
                let (rule, reason) = value.split_once('=').ok_or("--allow wants RULE=REASON")?;
                policy = policy.allow(rule, reason).map_err(|error| error.to_string())?;
            }
            "--strict" => strict = true,
            other => return Err(format!("{other:?} is not known\n{USAGE}")),
        }
    }
    let url = url.ok_or_else(|| format!("--url is missing\n{USAGE}"))?;
    Ok(Arguments { url, format, policy, strict })
}

async fn ask(arguments: &Arguments) -> Result<Report, String> {
    // The reason may repeat the address, and the address has a password in it.
    let options = PgConnectOptions::from_str(&arguments.url)
        .map_err(|_| "--url is not a database address".to_owned())?;
    prove(&options, &arguments.policy).await.map_err(|error| format!("the database cannot be asked: {error}"))
}

#[allow(clippy::print_stdout, clippy::print_stderr, reason = "the report is the answer of this program")]
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = match arguments() {
        Ok(arguments) => arguments,
        Err(why) => {
            eprintln!("{why}");
            return ExitCode::from(2);
        }
    };
    let report = match ask(&arguments).await {
        Ok(report) => report,
        Err(why) => {
            eprintln!("{why}");
            return ExitCode::from(2);
        }
    };
    match arguments.format {
        Format::Text => println!("{report}"),
        Format::Json => println!("{}", report.to_json()),
        Format::Sarif => println!("{:#}", report.to_sarif()),
    }
    match report.verdict {
        Verdict::Refuse => ExitCode::FAILURE,
        Verdict::Warn if arguments.strict => ExitCode::FAILURE,
        Verdict::Warn | Verdict::Pass => ExitCode::SUCCESS,
    }
}
