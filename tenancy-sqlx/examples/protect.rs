//! Protects tables that have a `tenant_id`, and proves the result:
//! `cargo run -p tenancy-sqlx --example protect -- --url URL --admin-url URL TABLE… [--dry-run]`.
//!
//! `--url` is the application role's, `--admin-url` a superuser's. With `--dry-run` the SQL is printed, as a
//! migration file, and nothing is changed. Exit 0 when the tables are protected and the proof does not
//! refuse, 1 when they cannot be or it does, 2 when it could not be asked.

use std::process::ExitCode;
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};
use tenancy_sqlx::proof::{Policy, Verdict, prove};
use tenancy_sqlx::protect::{Plan, ProtectError};

const USAGE: &str = "usage: protect --url URL --admin-url URL TABLE... [--dry-run]";

struct Arguments {
    app: PgConnectOptions,
    admin: PgConnectOptions,
    tables: Vec<String>,
    dry: bool,
}

enum Failure {
    Asking(String),
    Protecting(String),
}

fn arguments() -> Result<Arguments, String> {
    let mut given = std::env::args().skip(1);
    let (mut app, mut admin, mut tables, mut dry) = (None, None, Vec::new(), false);
    while let Some(word) = given.next() {
        let mut address = || {
            let url = given.next().ok_or_else(|| format!("{word} wants a value\n{USAGE}"))?;
            // The reason may repeat the address, and the address has a password in it.
            PgConnectOptions::from_str(&url).map_err(|_| format!("{word} is not a database address"))
        };
        match word.as_str() {
            "--url" => app = Some(address()?),
            "--admin-url" => admin = Some(address()?),
            "--dry-run" => dry = true,
            flag if flag.starts_with('-') => return Err(format!("{flag:?} is not known\n{USAGE}")),
            table => tables.push(table.to_owned()),
        }
    }
    let app = app.ok_or_else(|| format!("--url is missing\n{USAGE}"))?;
    let admin = admin.ok_or_else(|| format!("--admin-url is missing\n{USAGE}"))?;
    if tables.is_empty() {
        return Err(format!("no table is named\n{USAGE}"));
    }
    Ok(Arguments { app, admin, tables, dry })
}

#[allow(clippy::print_stdout, reason = "the SQL and the report are the answer of this program")]
async fn run(Arguments { app, admin, tables, dry }: Arguments) -> Result<(), Failure> {
    let asking = |error: sqlx::Error| Failure::Asking(format!("the database cannot be asked: {error}"));
    let failed = |error: ProtectError| match error {
        ProtectError::Database(source) => Failure::Protecting(format!("nothing was changed: {source}")),
        other => Failure::Protecting(other.to_string()),
    };
    let mut conn = PgConnection::connect_with(&admin).await.map_err(asking)?;
    let tables: Vec<&str> = tables.iter().map(String::as_str).collect();
    let plan = Plan::of(&mut conn, &tables).await.map_err(failed)?;
    print!("{plan}");
    if dry {
        return Ok(());
    }
    plan.apply(&mut conn).await.map_err(failed)?;
    conn.close().await.map_err(asking)?;
    let report = prove(&app, &Policy::default()).await.map_err(asking)?;
    match report.verdict {
        Verdict::Refuse => Err(Failure::Protecting(report.to_string())),
        Verdict::Pass | Verdict::Warn => {
            println!("{report}");
            Ok(())
        }
    }
}

#[allow(clippy::print_stderr, reason = "what is wrong is said there")]
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let done = match arguments() {
        Ok(arguments) => run(arguments).await,
        Err(why) => Err(Failure::Asking(why)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Protecting(why)) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
        Err(Failure::Asking(why)) => {
            eprintln!("{why}");
            ExitCode::from(2)
        }
    }
}
