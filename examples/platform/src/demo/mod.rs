//! The demo: everything in one process on a database of its own, from nothing to two tenants whose
//! models are being fitted.

mod info;
mod people;
mod secrets;
mod seed;

use std::fs::{File, TryLockError};
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use sqlx::{Connection as _, Executor as _, PgConnection};
use tenancy_cache::redis::Redis;
use tenancy_sqlx::embedded::{Address, Install, Server, to_stderr};
use tenancy_sqlx::{OperatorDoor, Roles, migrate, seal};
use tenancy_tower::jwt::TokenKey;
use tokio::net::TcpListener;

pub use info::{DemoInfo, Login, TenantLogin};
pub use people::{DemoTenant, OPERATOR_EMAIL, TENANTS, example_csv};
pub use secrets::Secrets;
pub use seed::seed;

use crate::config::Options;
use crate::platform::{Config, Platform, SCHEMA};
use crate::server::{self, Stop};
use crate::worker;

const DATABASE: &str = "mmm";
/// Where letters go that nobody said another place for, in the demo's folder.
const MAIL: &str = "mail";

/// Runs the demo until it is told to stop.
///
/// # Errors
///
/// Says what is missing and what to do.
pub async fn run(options: &Options, folder: &Path, redis: Option<Redis>, stop: Stop) -> anyhow::Result<()> {
    refuse_strangers(options)?;
    let public = server::listen(options.addr, 8080, "--addr").await?;
    let operator = server::listen(options.operator_addr, 8081, "--operator-addr").await?;
    let internal = server::listen(options.internal_addr, 8082, "--internal-addr").await?;

    secrets::make_folder(folder)?;
    let _alone = alone_in(folder)?;
    if options.reset {
        reset(folder).await?;
    }
    let secrets = Secrets::open(folder, TENANTS.len() + 1)?;
    let install = if options.no_install { Install::Never } else { Install::WhenMissing(&to_stderr) };
    let database = Server::start(folder.join("postgres"), install).await?;
    let listeners = [public, operator, internal];
    let served = serve(options, folder, &secrets, database.address(), redis, listeners, stop).await;
    database.stop().await?;
    served
}

async fn serve(
    options: &Options,
    folder: &Path,
    secrets: &Secrets,
    database: &Address,
    redis: Option<Redis>,
    [public, operator, internal]: [TcpListener; 3],
    stop: Stop,
) -> anyhow::Result<()> {
    prepare(database, secrets).await?;
    let roles = secrets.roles();
    let addr = public.local_addr()?;
    let platform = Platform::connect(Config {
        database: database.options_for("app_rw", &roles.rw, DATABASE),
        gate: database.options_for("app_gate", &roles.gate, DATABASE),
        seal_key: Some(secrets.seal_key()?),
        token_key: TokenKey::from_base64(&secrets.token_key)?,
        base_domain: options.base_domain.clone(),
        site: format!("{}:{}", options.base_domain, addr.port()),
        mail: Some(options.mail_dir.clone().unwrap_or_else(|| folder.join(MAIL))),
        redis,
    })
    .await?;
    let door = OperatorDoor::connect_with(database.options_for("app_ops", &roles.ops, DATABASE)).await?;
    seed(&platform, &door, &secrets.people).await.context("the demo's tenants could not be made")?;

    let info = describe(&options.base_domain, addr, operator.local_addr()?, &secrets.people);
    info.write(folder)?;
    announce(&info, internal.local_addr()?);

    let worker = tokio::spawn(worker::run(platform.clone(), worker::Settings::default(), stop.clone()));
    let served = tokio::try_join!(
        server::serve(public, platform.public(), stop.clone()),
        server::serve(operator, platform.operator(door.clone()), stop.clone()),
        server::serve(internal, platform.internal(), stop.clone()),
    );
    stop.now();
    worker.await??;
    platform.close().await;
    served.map(drop).context("a listener broke")
}

/// A demo has passwords in a file and data that is nobody's: not for others, unless it is meant.
fn refuse_strangers(options: &Options) -> anyhow::Result<()> {
    for (flag, addr) in [
        ("--addr", options.addr),
        ("--operator-addr", options.operator_addr),
        ("--internal-addr", options.internal_addr),
    ] {
        ensure!(
            options.demo_public || addr.is_none_or(|addr| addr.ip().is_loopback()),
            "{flag} {} can be reached from other machines; add --demo-public if the demo is meant for them",
            addr.map(|addr| addr.to_string()).unwrap_or_default()
        );
    }
    Ok(())
}

/// Locks the folder for as long as the file lives: two demos on one folder would take each other's
/// passwords, and a reset the other's database.
fn alone_in(folder: &Path) -> anyhow::Result<File> {
    let path = folder.join("lock");
    let file = File::create(&path).with_context(|| format!("{} cannot be written", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!(
                "a demo is running in {} already; stop it, or give this one another --data-dir",
                folder.display()
            )
        }
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("{} cannot be locked", path.display()))
        }
    }
}

async fn reset(folder: &Path) -> anyhow::Result<()> {
    Server::remove(folder.join("postgres")).await?;
    for name in ["secrets.json", "demo.json"] {
        let file = folder.join(name);
        if file.exists() {
            std::fs::remove_file(&file).with_context(|| format!("{} cannot be removed", file.display()))?;
        }
    }
    let mail = folder.join(MAIL);
    if mail.exists() {
        std::fs::remove_dir_all(&mail).with_context(|| format!("{} cannot be removed", mail.display()))?;
    }
    Ok(())
}

/// The database, its roles and its schema.
async fn prepare(database: &Address, secrets: &Secrets) -> anyhow::Result<()> {
    let mut admin = PgConnection::connect_with(&database.admin_in("postgres")).await?;
    let exists: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
        .bind(DATABASE)
        .fetch_one(&mut admin)
        .await?;
    if !exists {
        admin.execute("CREATE DATABASE mmm").await?;
    }
    admin.close().await?;
    let mut admin = PgConnection::connect_with(&database.admin_in(DATABASE)).await?;
    migrate::migrate(&mut admin, &Roles::default(), Some(&secrets.roles()), &[SCHEMA]).await?;
    seal::install(&mut admin, &secrets.seal_key()?).await?;
    admin.close().await?;
    Ok(())
}

fn describe(base: &str, addr: SocketAddr, operator: SocketAddr, passwords: &[String]) -> DemoInfo {
    let login = |name: &str, port: u16, email: &str, password: Option<&String>| Login {
        host: format!("{name}.{base}"),
        url: format!("http://{name}.{base}:{port}"),
        email: email.to_owned(),
        password: password.cloned().unwrap_or_default(),
    };
    let tenants = TENANTS.iter().zip(passwords).map(|(tenant, password)| TenantLogin {
        slug: tenant.slug.to_owned(),
        login: login(tenant.slug, addr.port(), tenant.email, Some(password)),
    });
    DemoInfo {
        addr,
        base_domain: base.to_owned(),
        tenants: tenants.collect(),
        operator: login("admin", operator.port(), OPERATOR_EMAIL, passwords.last()),
    }
}

#[allow(clippy::print_stdout, reason = "this is the answer of the command")]
fn announce(info: &DemoInfo, internal: SocketAddr) {
    println!("\nThe demo is running at http://{}:{}\n", info.base_domain, info.addr.port());
    println!("{}", info.lines());
    println!("  metrics   http://{internal}/metrics\n\nCtrl-C stops it; its data stays for the next start.");
}
