//! One test's world: a database of its own, cloned from a migrated template, and the platform on it.

use std::net::SocketAddr;

use anyhow::Context as _;
use platform::demo::example_csv;
use platform::platform::{Config, Platform, SCHEMA};
use platform::server::{self, Stop};
use platform::worker;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection as _, PgConnection};
use tempfile::TempDir;
use tenancy_core::store::Directory as _;
use tenancy_core::{Role, TenantContext, TenantId, TenantKey, UserId};
use tenancy_sqlx::embedded::{Cluster, Install, TestDatabase, to_stderr};
use tenancy_sqlx::{
    NewMember, NewOperator, NewTenant, OperatorDoor, Passwords, Reason, Roles, SealKey, migrate, seal,
};
use tenancy_tower::jwt::TokenKey;
use tokio::net::TcpListener;

use crate::callers::Caller;

/// The domain of the tests: two labels, so that tenants are siblings of one site, as in production.
pub const BASE: &str = "mmm.localhost";
/// Everybody's password.
pub const PASSWORD: &str = "correct horse battery staple";
/// The tenants.
pub const TENANTS: [&str; 2] = ["acme", "globex"];
/// Their accents.
pub const ACCENTS: [&str; 2] = ["#0b7a4b", "#8a2be2"];
/// Who may sign in at the operator's address.
pub const OPERATOR: &str = "operator@mmm.example";

/// A logo that can be put up.
pub const LOGO: &[u8] = include_bytes!("../../files/logo.png");

/// The template's name; it goes on with the [`fingerprint`], so that an old one is not used again.
const TEMPLATE: &str = concat!("platform-", env!("CARGO_PKG_VERSION"));

/// A database with the platform on it, two tenants, and a person per role in each.
#[derive(Debug)]
pub struct World {
    /// The platform.
    pub platform: Platform,
    /// Where it listens.
    pub addr: SocketAddr,
    /// Where operators are served.
    pub operator_addr: SocketAddr,
    /// The operator's way to the database.
    pub door: OperatorDoor,
    cluster: Cluster,
    database: TestDatabase,
    mail: TempDir,
    stop: Stop,
}

impl World {
    /// A fresh world without a worker.
    ///
    /// # Panics
    ///
    /// When it cannot be made.
    pub async fn start() -> Self {
        Self::make().await.expect("a test's world")
    }

    /// A fresh world with a worker.
    ///
    /// # Panics
    ///
    /// When it cannot be made.
    pub async fn start_with_worker() -> Self {
        let world = Self::start().await;
        let (platform, stop) = (world.platform.clone(), world.stop.clone());
        tokio::spawn(worker::run(platform, worker::Settings::default(), stop));
        world
    }

    async fn make() -> anyhow::Result<Self> {
        let (cluster, database) = ground().await?;
        let password = cluster.role_password().to_owned();
        let mail = tempfile::tempdir()?;
        let platform = Platform::connect(Config {
            database: database.options_for("app_rw", &password),
            gate: database.options_for("app_gate", &password),
            seal_key: Some(seal_key()),
            token_key: TokenKey::generate()?,
            base_domain: BASE.to_owned(),
            site: BASE.to_owned(),
            mail: Some(mail.path().to_owned()),
            redis: None,
        })
        .await?;
        let door = OperatorDoor::connect_with(database.options_for("app_ops", &password)).await?;
        let stop = Stop::default();
        let public = TcpListener::bind("127.0.0.1:0").await?;
        let operator = TcpListener::bind("127.0.0.1:0").await?;
        let (addr, operator_addr) = (public.local_addr()?, operator.local_addr()?);
        tokio::spawn(server::serve(public, platform.public(), stop.clone()));
        tokio::spawn(server::serve(operator, platform.operator(door.clone()), stop.clone()));
        Ok(Self { platform, addr, operator_addr, door, cluster, database, mail, stop })
    }

    /// A caller at a tenant's address, without a credential.
    pub fn at(&self, tenant: &str) -> Caller {
        Caller::new(self.addr, &format!("{tenant}.{BASE}"))
    }

    /// A caller at any host.
    pub fn at_host(&self, host: &str) -> Caller {
        Caller::new(self.addr, host)
    }

    /// A caller at a tenant's address with the token of its person of this role.
    pub async fn signed_in(&self, tenant: &str, role: Role) -> Caller {
        self.at(tenant).sign_in(&email(tenant, role), PASSWORD).await
    }

    /// The context of a tenant, as a resolver makes it.
    ///
    /// # Panics
    ///
    /// When there is no such tenant.
    pub async fn context(&self, tenant: &str) -> TenantContext {
        let key = TenantKey::Slug(tenant.parse().expect("a slug"));
        let found = self.platform.gate.find(&key).await.expect("the directory").expect("the tenant");
        TenantContext::for_request(found).expect("an active tenant")
    }

    /// How to log in to the database as this role.
    pub fn options_for(&self, role: &str) -> PgConnectOptions {
        self.database.options_for(role, self.cluster.role_password())
    }

    /// The password with which every role logs in to this world's database.
    pub fn role_password(&self) -> &str {
        self.cluster.role_password()
    }

    /// Adds to a tenant's settings, as an operator would, and waits until every node has forgotten the
    /// old ones.
    ///
    /// # Panics
    ///
    /// When the database refuses.
    pub async fn override_settings(&self, tenant: &str, settings: &serde_json::Value) {
        let mut admin = self.admin().await;
        let done = sqlx::query("UPDATE control.tenants SET settings = settings || $2 WHERE subdomain = $1")
            .bind(tenant)
            .bind(settings)
            .execute(&mut admin)
            .await
            .expect("the settings");
        assert_eq!(done.rows_affected(), 1, "there is a tenant {tenant}");
        tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    }

    /// The letters that were put so far, in the order in which they were.
    ///
    /// # Panics
    ///
    /// When the folder cannot be read.
    pub fn letters(&self) -> Vec<String> {
        let files = std::fs::read_dir(self.mail.path())
            .expect("the letters")
            .map(|file| file.expect("a file").path());
        let mut files: Vec<_> =
            files.filter(|file| file.extension().is_some_and(|kind| kind == "eml")).collect();
        files.sort();
        files.iter().map(|file| std::fs::read_to_string(file).expect("a letter")).collect()
    }

    /// A superuser's connection to this world's database.
    ///
    /// # Panics
    ///
    /// When the server refuses.
    pub async fn admin(&self) -> PgConnection {
        PgConnection::connect_with(&self.database.admin()).await.expect("a superuser's connection")
    }

    /// The simulated file that uploads are tried with.
    ///
    /// # Panics
    ///
    /// When the simulator refuses.
    pub fn example() -> String {
        example_csv().expect("the example")
    }
}

/// A world's database before anybody is connected to it.
///
/// # Errors
///
/// When it cannot be made.
pub async fn ground() -> anyhow::Result<(Cluster, TestDatabase)> {
    let cluster = Cluster::shared("platform", Install::WhenMissing(&to_stderr)).await?;
    let password = cluster.role_password().to_owned();
    let key = format!("{TEMPLATE}-{}", fingerprint());
    let database =
        cluster.database(&key, |admin| prepare(admin, password), "SELECT tenancy.grant_database()").await?;
    Ok((cluster, database))
}

/// What a tenant owns, by id.
#[derive(Clone, Debug)]
pub struct Belongings {
    /// A source with roles.
    pub source: String,
    /// A file that waits for its roles.
    pub upload: String,
    /// A run that has converged.
    pub run: String,
}

impl World {
    /// Gives a tenant a source, a waiting file and a finished run. `canary` is in the names of the
    /// files and of a channel, so that it can be looked for in other tenants' answers. Needs a worker.
    ///
    /// # Panics
    ///
    /// When the platform refuses, or the run does not converge.
    pub async fn furnish(&self, tenant: &str, canary: &str) -> Belongings {
        let owner = self.signed_in(tenant, Role::Owner).await;
        let csv = Self::example().replacen("TV spend", &format!("{canary} spend"), 1);
        assert!(csv.contains(canary), "the example has a channel to rename: {}", csv.lines().next().unwrap());
        let file = format!("{canary}.csv");
        let source = owner.ready_source_named(&csv, &file, Some(40.0)).await;
        let waiting = owner.propose(&csv, &file).await.json();
        owner.made("/api/campaigns", &serde_json::json!({ "name": canary })).await;
        let account = serde_json::json!({ "network": "x", "handle": format!("@{canary}") });
        owner.made("/api/social-accounts", &account).await;
        owner.put_logo(LOGO).await;
        let run = owner.start_run(&source).await;
        let ended = owner.finished_run(&run).await;
        assert_eq!(ended["converged"], true, "the run of {tenant}: {}", ended["reason"]);
        Belongings { source, upload: waiting["source_id"].as_str().expect("an id").to_owned(), run }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.now();
    }
}

/// The address of a tenant's person of a role.
pub fn email(tenant: &str, role: Role) -> String {
    format!("{}@{tenant}.example", role.as_str())
}

/// The key of every world: the template is sealed with it once.
///
/// # Panics
///
/// Never: 1 is an id.
pub fn seal_key() -> SealKey {
    SealKey::new(1, [7; 32]).expect("an id below 16")
}

/// A number that changes with the migrations and with this file.
fn fingerprint() -> u64 {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let mut hasher = DefaultHasher::new();
    for step in migrate::TENANCY.steps.iter().chain(SCHEMA.steps) {
        step.sql.hash(&mut hasher);
    }
    include_str!("world.rs").hash(&mut hasher);
    hasher.finish()
}

/// The template: schema, tenants and people. Runs once for all tests.
async fn prepare(admin: PgConnectOptions, password: String) -> anyhow::Result<()> {
    let mut conn = PgConnection::connect_with(&admin).await?;
    let passwords = Passwords {
        gate: password.clone(),
        rw: password.clone(),
        ops: password.clone(),
        migrator: password.clone(),
    };
    migrate::migrate(&mut conn, &Roles::default(), Some(&passwords), &[SCHEMA]).await?;
    seal::install(&mut conn, &seal_key()).await?;
    conn.close().await?;

    let door = OperatorDoor::connect_with(admin.username("app_ops").password(&password)).await?;
    let reason = Reason::new("tests", "a world to test in").context("a reason")?;
    let hash = platform::login::password::Passwords::new()?.hash(PASSWORD.to_owned().into()).await?;
    let operator = NewOperator {
        id: UserId::new(),
        email: OPERATOR.to_owned(),
        display_name: "the operator".to_owned(),
        password_hash: hash.clone(),
    };
    door.add_operator(&reason, &operator).await?;
    for (slug, accent) in TENANTS.into_iter().zip(ACCENTS) {
        let tenant = NewTenant {
            id: TenantId::new(),
            slug: slug.parse()?,
            name: format!("{slug} ltd"),
            plan: "starter".parse()?,
            settings: serde_json::json!({ "brand": { "accent": accent } }),
        };
        door.create_tenant(&reason, &tenant).await?;
        for role in Role::ALL {
            let member = NewMember {
                id: UserId::new(),
                email: email(slug, role),
                display_name: format!("{} of {slug}", role.as_str()),
                password_hash: hash.clone(),
                role,
            };
            door.add_member(&reason, tenant.id, &member).await?;
        }
    }
    door.close().await;
    Ok(())
}
