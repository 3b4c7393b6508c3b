//! The commands for a database that somebody runs: `serve` and `worker`.
//!
//! They never migrate: on a schema of another version they refuse to start. Keys and passwords come from
//! the environment; [`migrate`](crate::migrate) makes them and prints the lines to set. The operator's
//! door reads every tenant, so only a process that serves operators is given its address.

use std::str::FromStr as _;

use anyhow::{Context as _, ensure};
use secrecy::ExposeSecret as _;
use sqlx::postgres::PgConnectOptions;
use tenancy_sqlx::OperatorDoor;
use tenancy_tower::jwt::TokenKey;

use crate::config::{DatabaseOptions, Options};
use crate::platform::{Config, Platform};
use crate::server::{self, Stop};
use crate::worker;

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
        without_the_door(database)?;
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
    without_the_door(database)?;
    let platform = connect(options, database).await?;
    let worked = worker::run(platform.clone(), worker::Settings::default(), stop).await;
    platform.close().await;
    worked
}

/// Refuses the operator's door where nobody needs it.
fn without_the_door(database: &DatabaseOptions) -> anyhow::Result<()> {
    ensure!(
        database.find("TENANCY_OPS_URL").is_none(),
        "TENANCY_OPS_URL reads every tenant and is for `serve --operator` alone; take it out of this \
         process's environment"
    );
    Ok(())
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
        mail: options.mail_dir.clone(),
        redis: database.redis()?,
    };
    Platform::connect(config).await
}
