//! `platform migrate`: a database brought to this program's version, by a superuser.
//!
//! What is made once is printed once: the roles' passwords, the keys, and the first operator with a
//! password. `--rotate` makes passwords and keys anew. Where only a provider's administrator is a
//! superuser, `--print-sql` prints what they run with psql instead; after it there is nothing left to do.

use std::str::FromStr as _;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use secrecy::ExposeSecret as _;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};
use tenancy_core::UserId;

use tenancy_sqlx::{NewOperator, Passwords, Reason, Roles, SealKey, first_operator, migrate as schema, seal};
use tenancy_tower::SessionToken;
use tenancy_tower::jwt::TokenKey;

use crate::config::{DatabaseOptions, Options};
use crate::invite;
use crate::login::password;
use crate::platform::SCHEMA;

/// How long seal keys are good for after a newer one was made.
const OLD_KEYS: Duration = Duration::from_hours(24);

/// What `migrate` is to do.
#[derive(Clone, Debug, Args)]
pub struct Migrate {
    /// Give the roles new passwords, make new keys, and print them.
    #[arg(long)]
    rotate: bool,
    /// Print the SQL that makes all of it in an empty database, for an administrator who runs it with
    /// psql; nothing is connected to.
    #[arg(long, conflicts_with = "rotate")]
    print_sql: bool,
    /// The address with which the first operator signs in [default: operator@ and the base domain].
    #[arg(long)]
    operator_email: Option<String>,
}

/// Runs the command.
///
/// # Errors
///
/// Names what is missing, or the step that failed.
pub async fn run(options: &Options, database: &DatabaseOptions, asked: &Migrate) -> anyhow::Result<()> {
    let default = || format!("operator@{}", options.base_domain);
    let email = invite::email(&asked.operator_email.clone().unwrap_or_else(default));
    let email = email.map_err(|_| anyhow::anyhow!("--operator-email is not an e-mail address"))?;
    let first = Operator::new(email).await?;
    if asked.print_sql {
        return print_sql(options, database, &first);
    }
    let address = admin(database)?;
    let mut admin = PgConnection::connect_with(&address).await.context("TENANCY_ADMIN_URL")?;
    // One after the other: what two of them make, only one of them prints.
    sqlx::query("SELECT pg_advisory_lock(7165213490234)").execute(&mut admin).await?;
    let names = Roles::default();
    let known: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)")
        .bind(&names.rw)
        .fetch_one(&mut admin)
        .await?;
    let passwords = (asked.rotate || !known).then(Passwords::random).transpose()?;
    schema::migrate(&mut admin, &names, passwords.as_ref(), &[SCHEMA]).await?;
    // Roles belong to the server, keys to the database: another database on a known server has none yet.
    let sealed: bool = sqlx::query_scalar("SELECT tenancy.seal_required()").fetch_one(&mut admin).await?;
    let keys = if passwords.is_some() || !sealed {
        // Whoever has the old key of the seal goes on for a day, until every process has the new one.
        Some((seal::rotate(&mut admin, OLD_KEYS).await?, TokenKey::generate()?))
    } else {
        None
    };
    let operator = first_operator(&mut admin, &Operator::reason()?, &first.new).await?;
    admin.close().await?;

    let lines =
        Lines { address: &address, names: &names, passwords: passwords.as_ref(), keys: keys.as_ref() };
    let mut said = lines.lines();
    if operator {
        said.push(first.said(options));
    }
    if said.is_empty() {
        said.push(
            "# The database is up to date. Passwords and keys are as they were; --rotate makes new ones."
                .to_owned(),
        );
    }
    print(&said);
    Ok(())
}

fn admin(database: &DatabaseOptions) -> anyhow::Result<PgConnectOptions> {
    let url = database.require("TENANCY_ADMIN_URL")?;
    let Ok(options) = PgConnectOptions::from_str(url.expose_secret()) else {
        bail!("TENANCY_ADMIN_URL is not a database address");
    };
    Ok(options)
}

fn print_sql(options: &Options, database: &DatabaseOptions, first: &Operator) -> anyhow::Result<()> {
    let address = match database.find("TENANCY_ADMIN_URL") {
        Some(_) => admin(database)?,
        None => PgConnectOptions::from_str("postgres://HOST:5432/DATABASE")?,
    };
    let (names, passwords) = (Roles::default(), Passwords::random()?);
    let keys = (SealKey::generate(1)?, TokenKey::generate()?);
    let sql = schema::script(&names, &passwords, &[SCHEMA], &keys.0, (&Operator::reason()?, &first.new));
    let head = "-- For a superuser, in an empty database: psql --file=this\n-- It holds passwords and a key; keep it like them. What the program needs is in the last lines.";
    let lines = Lines { address: &address, names: &names, passwords: Some(&passwords), keys: Some(&keys) };
    let mut said = vec![head.to_owned(), sql];
    said.extend(lines.lines().iter().map(|line| format!("-- {line}")));
    said.push(format!("-- {}", first.said(options)));
    print(&said);
    Ok(())
}

#[allow(clippy::print_stdout, reason = "this is the answer of the command")]
fn print(lines: &[String]) {
    for line in lines {
        println!("{line}");
    }
}

/// The operator that is made with the database.
struct Operator {
    new: NewOperator,
    password: String,
}

impl Operator {
    async fn new(email: String) -> anyhow::Result<Self> {
        let password = SessionToken::generate()?.text()[..20].to_owned();
        let password_hash = password::Passwords::new()?.hash(password.clone().into()).await?;
        let new =
            NewOperator { id: UserId::new(), email, display_name: "Operator".to_owned(), password_hash };
        Ok(Self { new, password })
    }

    fn reason() -> anyhow::Result<Reason> {
        Reason::new("platform migrate", "the first operator").context("a reason")
    }

    fn said(&self, options: &Options) -> String {
        format!(
            "# The first operator signs in at admin.{} as {} with the password {}",
            options.base_domain, self.new.email, self.password
        )
    }
}

/// The lines to set, of what is new.
struct Lines<'a> {
    address: &'a PgConnectOptions,
    names: &'a Roles,
    passwords: Option<&'a Passwords>,
    keys: Option<&'a (SealKey, TokenKey)>,
}

impl Lines<'_> {
    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(passwords) = self.passwords {
            lines.push(self.url("DATABASE_URL", &self.names.rw, &passwords.rw));
            lines.push(self.url("TENANCY_GATE_URL", &self.names.gate, &passwords.gate));
            lines.push(self.url("TENANCY_OPS_URL", &self.names.ops, &passwords.ops));
        }
        if let Some((seal, token)) = self.keys {
            lines.push(format!("TENANCY_SEAL_KEY={}", *seal.to_text()));
            lines.push(format!("TENANCY_TOKEN_KEY={}", token.to_base64().expose_secret()));
        }
        lines
    }

    fn url(&self, variable: &str, role: &str, password: &str) -> String {
        let mut url = self.address.clone().username(role).password(password).to_url_lossy();
        // sqlx writes settings of its own into the query, which other programs do not read.
        let kept: Vec<_> =
            url.query_pairs().into_owned().filter(|(name, _)| name != "statement-cache-capacity").collect();
        url.query_pairs_mut().clear().extend_pairs(kept);
        format!("{variable}={url}")
    }
}
