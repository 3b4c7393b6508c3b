//! The platform put together: from connections and keys to routers and a worker.
//!
//! The demo, `serve`, `worker` and the test kit all start here, so they cannot differ in what guards
//! a tenant.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use sqlx::postgres::PgConnectOptions;
use tenancy_cache::redis::Redis;
use tenancy_core::plan::Meter;
use tenancy_core::store::{CredentialStore, Directory, SessionStore, StandingStore};
use tenancy_core::usage::{Prepaid, RateLimiter};
use tenancy_core::{Clock, SystemClock};
use tenancy_sqlx::migrate::{Schema, Step, TENANCY};
use tenancy_sqlx::proof::Policy;
use tenancy_sqlx::{Gate, OperatorDoor, SealKey, Settings, TenantDatabase};
use tenancy_tower::Calls;
use tenancy_tower::jwt::{TokenIssuer, TokenKey, TokenVerifier};
use tenancy_tower::locate::BaseDomain;

use crate::app::App;
use crate::health::Ready;
use crate::kept::Kept;
use crate::login::SignIn;
use crate::login::password::Passwords;
use crate::mail::Outbox;
use crate::operator::Console;
use crate::stack::{self, Doors};
use crate::usage;

/// The platform's own tables.
pub const SCHEMA: Schema = Schema {
    name: "platform",
    table: "platform.migrations",
    steps: &[
        Step { version: 1, name: "platform", sql: include_str!("../migrations/0001_platform.sql") },
        Step { version: 2, name: "campaigns", sql: include_str!("../migrations/0002_campaigns.sql") },
        Step { version: 3, name: "people", sql: include_str!("../migrations/0003_people.sql") },
        Step { version: 5, name: "roles", sql: include_str!("../migrations/0005_roles.sql") },
        Step { version: 6, name: "planner", sql: include_str!("../migrations/0006_planner.sql") },
        Step { version: 7, name: "settings", sql: include_str!("../migrations/0007_settings.sql") },
        Step { version: 8, name: "brand", sql: include_str!("../migrations/0008_brand.sql") },
    ],
};

/// Whom access tokens are for.
const AUDIENCE: &str = "api";

/// What the platform is started with.
#[derive(Debug)]
pub struct Config {
    /// The database as `app_rw`.
    pub database: PgConnectOptions,
    /// The database as `app_gate`.
    pub gate: PgConnectOptions,
    /// Seals what is bound in the database; `None` where that is unsealed.
    pub seal_key: Option<SealKey>,
    /// Signs access tokens.
    pub token_key: TokenKey,
    /// The domain below which tenants live.
    pub base_domain: String,
    /// The base domain with the port that belongs in links.
    pub site: String,
    /// The folder for letters; `None` where none are written.
    pub mail: Option<PathBuf>,
    /// Where several processes keep what they computed; `None` keeps it in this one.
    pub redis: Option<Redis>,
}

/// The platform, connected.
#[derive(Clone, Debug)]
pub struct Platform {
    /// What handlers share.
    pub app: App,
    /// What may be asked before a tenant is known.
    pub gate: Gate,
    /// How passwords are hashed.
    pub passwords: Passwords,
    doors: Doors,
    calls: Calls,
    ready: Ready,
}

impl Platform {
    /// Connects, and refuses roles that could step around the policies, schemas of another version and
    /// databases in which tenants are not kept apart.
    ///
    /// # Errors
    ///
    /// Says what is wrong and what mends it.
    pub async fn connect(config: Config) -> anyhow::Result<Self> {
        let base: BaseDomain =
            config.base_domain.parse().with_context(|| format!("--base-domain {:?}", config.base_domain))?;
        let gate = Gate::connect_with(config.gate).await.context("the gate's database role")?;
        gate.require(&TENANCY).await?;
        gate.require(&SCHEMA).await?;
        let mut settings = Settings::default();
        settings.seal = config.seal_key;
        settings.plans = Arc::clone(usage::plans());
        let database = TenantDatabase::connect_with(config.database, settings)
            .await
            .context("the application's database role")?
            .prove(Policy::default())
            .await
            .context("the application's database role")?;

        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let calls = calls(&gate, &clock);
        let issuer = format!("https://{}", config.base_domain);
        let tokens =
            TokenVerifier::new([config.token_key.public().clone()], &issuer, AUDIENCE, Arc::clone(&clock));
        let issuer = TokenIssuer::new(Arc::new(config.token_key), &issuer, AUDIENCE, clock);

        let stores = Arc::new(gate.clone());
        let credentials: Arc<dyn CredentialStore> = stores.clone();
        let sessions: Arc<dyn SessionStore> = stores.clone();
        let standings: Arc<dyn StandingStore> = stores.clone();
        let directory: Arc<dyn Directory> = stores;
        let passwords = Passwords::new()?;
        let outbox = config.mail.map(|folder| Outbox::new(folder, &config.base_domain));
        let sign_in =
            SignIn::new(credentials, Arc::clone(&sessions), gate.clone(), issuer, passwords.clone(), outbox);

        let ready = Ready::new(database.clone(), gate.clone());
        let app = App::new(database, gate.directory_memory(), sign_in, &config.site, Kept::new(config.redis));
        let doors = Doors { base, directory, sessions, tokens, standings, gate: gate.clone() };
        Ok(Self { app, gate, passwords, doors, calls, ready })
    }

    /// What tenants reach.
    pub fn public(&self) -> Router {
        stack::public(self.app.clone(), self.doors.clone(), self.calls.clone(), self.ready.clone())
    }

    /// What operators reach, acting through `door`.
    pub fn operator(&self, door: OperatorDoor) -> Router {
        let site = Arc::clone(&self.app.site);
        let console =
            Console::new(self.gate.clone(), self.passwords.clone(), door, self.app.kept.clone(), site);
        stack::operator(console, self.doors.clone(), self.ready.clone())
    }

    /// What the machine and its monitoring reach.
    pub fn internal(&self) -> Router {
        stack::internal(self.ready.clone())
    }

    /// Closes every connection; what is under way finishes first.
    pub async fn close(&self) {
        give_back(&self.calls.counter, Duration::ZERO).await;
        tokio::join!(self.app.database.close(), self.gate.close());
    }
}

/// How many tenants' rates are remembered at once.
const TENANTS_AT_ONCE: usize = 100_000;
/// Calls that were paid ahead and lie unused for this long are given back.
const UNTOUCHED: Duration = Duration::from_secs(2);

/// What calls are admitted by, with a task that gives back what lies unused as long as anybody asks.
fn calls(gate: &Gate, clock: &Arc<dyn Clock>) -> Calls {
    let counter = Prepaid::new(Arc::new(gate.clone()), Meter::API_CALLS_HOUR, Arc::clone(clock));
    let counter = Arc::new(counter);
    let watched = Arc::downgrade(&counter);
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(UNTOUCHED).await;
            let Some(counter) = watched.upgrade() else { return };
            give_back(&counter, UNTOUCHED).await;
        }
    });
    let limiter = Arc::new(RateLimiter::new(Arc::clone(clock), TENANTS_AT_ONCE));
    Calls { catalogue: Arc::clone(usage::plans()), limiter, counter, clock: Arc::clone(clock) }
}

async fn give_back(counter: &Prepaid, untouched: Duration) {
    if let Err(error) = counter.give_back(untouched).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "unused calls stay counted");
    }
}
