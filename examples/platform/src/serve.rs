//! The commands for a database that somebody runs: `serve`, `worker` and `migrate`.
//!
//! `serve` and `worker` never migrate: on a schema of another version they refuse to start. Keys and
//! passwords come from the environment; `migrate` makes them and prints the lines to set.

use std::str::FromStr as _;
use std::time::Duration;

use anyhow::{Context as _, bail};
use secrecy::ExposeSecret as _;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};
use tenancy_sqlx::{OperatorDoor, Passwords, Roles, migrate as schema, seal};
use tenancy_tower::jwt::TokenKey;

use crate::config::{DatabaseOptions, Options};
use crate::platform::{Config, Platform, SCHEMA};
use crate::server::{self, Stop};
use crate::worker;

/// How long seal keys are good for after a newer one was made.
const OLD_KEYS: Duration = Duration::from_hours(24);

/// Serves tenants, and operators where asked to.
///
/// # Errors
///
/// Names the variable or the flag that is missing or wrong.
pub async fn serve(
    options: &Options,
    database: &DatabaseOptions,
    with_operator: bool,
    stop: Stop,
) -> anyhow::Result<()> {
    let public = server::listen(options.addr, 8080, "--addr").await?;
    let internal = server::listen(options.internal_addr, 8082, "--internal-addr").await?;
    let operator = if with_operator {
        let listener = server::listen(options.operator_addr, 8081, "--operator-addr").await?;
        let door = OperatorDoor::connect_with(address(database, "TENANCY_OPS_URL")?).await;
        Some((listener, door.context("TENANCY_OPS_URL")?))
    } else {
        None
    };
    let platform = connect(options, database).await?;
    tracing::info!(addr = %public.local_addr()?, internal = %internal.local_addr()?, "serving");
    let operator = async {
        match operator {
            Some((listener, door)) => server::serve(listener, platform.operator(door), stop.clone()).await,
            None => Ok(()),
        }
    };
    let served = tokio::try_join!(
        server::serve(public, platform.public(), stop.clone()),
        server::serve(internal, platform.internal(), stop.clone()),
        operator,
    );
    platform.close().await;
    served.map(drop).context("a listener broke")
}

/// Runs queued jobs until told to stop.
///
/// # Errors
///
/// Names the variable that is missing or wrong.
pub async fn work(options: &Options, database: &DatabaseOptions, stop: Stop) -> anyhow::Result<()> {
    let platform = connect(options, database).await?;
    let worked = worker::run(platform.clone(), worker::Settings::default(), stop).await;
    platform.close().await;
    worked
}

fn address(database: &DatabaseOptions, name: &'static str) -> anyhow::Result<PgConnectOptions> {
    let url = database.require(name)?;
    // The reason may repeat the address, and the address has a password in it.
    PgConnectOptions::from_str(url.expose_secret())
        .map_err(|_| anyhow::anyhow!("{name} is not a database address"))
}

async fn connect(options: &Options, database: &DatabaseOptions) -> anyhow::Result<Platform> {
    let key = database.require("TENANCY_TOKEN_KEY")?;
    let seal = database.find("TENANCY_SEAL_KEY");
    let config = Config {
        database: address(database, "DATABASE_URL")?,
        gate: address(database, "TENANCY_GATE_URL")?,
        seal_key: seal.map(|key| key.expose_secret().parse()).transpose().context("TENANCY_SEAL_KEY")?,
        token_key: TokenKey::from_base64(key.expose_secret()).context("TENANCY_TOKEN_KEY")?,
        base_domain: options.base_domain.clone(),
        site: options.base_domain.clone(),
        redis: database.redis()?,
    };
    Platform::connect(config).await
}

/// Brings the database to this program's version; prints the lines to set where they are new.
///
/// # Errors
///
/// Names what is missing, or the step that failed.
#[allow(clippy::print_stdout, reason = "this is the answer of the command")]
pub async fn migrate(database: &DatabaseOptions, rotate: bool) -> anyhow::Result<()> {
    let url = database.require("TENANCY_ADMIN_URL")?;
    let Ok(options) = PgConnectOptions::from_str(url.expose_secret()) else {
        bail!("TENANCY_ADMIN_URL is not a database address");
    };
    let mut admin = PgConnection::connect_with(&options).await.context("TENANCY_ADMIN_URL")?;
    let names = Roles::default();
    let known: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)")
        .bind(&names.rw)
        .fetch_one(&mut admin)
        .await?;
    let new = (rotate || !known).then(Passwords::random).transpose()?;
    schema::migrate(&mut admin, &names, new.as_ref(), &[SCHEMA]).await?;
    // Whoever has the old key goes on for a day, until every process has the new one.
    // Roles belong to the server, the seal to the database: another database on a known server, or one
    // from before there was a seal, has none yet.
    let sealed: bool = sqlx::query_scalar("SELECT tenancy.seal_required()").fetch_one(&mut admin).await?;
    let seal_key =
        if new.is_some() || !sealed { Some(seal::rotate(&mut admin, OLD_KEYS).await?) } else { None };
    admin.close().await?;

    if let Some(key) = seal_key {
        println!("TENANCY_SEAL_KEY={}", *key.to_text());
    }
    let Some(passwords) = new else {
        println!(
            "The database is up to date. Roles and passwords are as they were; --rotate makes new ones."
        );
        return Ok(());
    };
    let line = |variable: &str, role: &str, password: &str| {
        let mut url = options.clone().username(role).password(password).to_url_lossy();
        // sqlx writes settings of its own into the query, which other programs do not read.
        let kept: Vec<_> =
            url.query_pairs().into_owned().filter(|(name, _)| name != "statement-cache-capacity").collect();
        url.query_pairs_mut().clear().extend_pairs(kept);
        println!("{variable}={url}");
    };
    line("DATABASE_URL", &names.rw, &passwords.rw);
    line("TENANCY_GATE_URL", &names.gate, &passwords.gate);
    line("TENANCY_OPS_URL", &names.ops, &passwords.ops);
    if !known {
        println!("TENANCY_TOKEN_KEY={}", TokenKey::generate()?.to_base64().expose_secret());
    }
    Ok(())
}
