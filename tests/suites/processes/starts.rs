//! What `serve`, `worker` and `migrate` refuse to start with, and what they say.

use std::process::{Command, Output};

use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection};
use tests::{Fleet, World};

use super::world;

/// Lets a program end by itself; its code and what it said.
async fn said(mut command: Command) -> (Option<i32>, String) {
    let ended = tokio::task::spawn_blocking(move || {
        command.args(["--addr", "127.0.0.1:0", "--internal-addr", "127.0.0.1:0"]).output()
    });
    let Output { status, stdout, stderr } = ended.await.expect("no panic").expect("the platform");
    (status.code(), String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned())
}

/// Both commands refuse to start, and each of `words` is in what they say.
async fn refused(fleet: &Fleet, words: &[&str], secret: &str) {
    for command in ["serve", "worker"] {
        let (code, said) = said(fleet.command(command)).await;
        assert_eq!(code, Some(1), "{command}: {said}");
        for word in words {
            assert!(said.contains(word), "{command} does not say {word:?}: {said}");
        }
        assert!(!said.contains(secret), "{command} tells a secret: {said}");
    }
}

/// A variable that is missing, or is not what it should be, is named; its value is not told.
#[tokio::test]
async fn a_variable_that_is_missing_or_wrong_is_named() {
    let (world, fleet) = world().await;
    let password = world.role_password();
    for name in ["DATABASE_URL", "TENANCY_GATE_URL", "TENANCY_TOKEN_KEY", "TENANCY_SEAL_KEY"] {
        refused(&fleet.clone().with(name, None), &[name], password).await;
        let wrong = format!("nonsense {password}");
        refused(&fleet.clone().with(name, Some(&wrong)), &[name], password).await;
    }
    let url = format!("redis://:{password}@host:port");
    refused(&fleet.clone().with("REDIS_URL", Some(&url)), &["REDIS_URL", "redis://host:6379/0"], password)
        .await;
    refused(&fleet.clone().with("TENANCY_BASE_DOMAIN", Some("..")), &["--base-domain", ".."], password).await;

    let mut operator = fleet.clone().with("TENANCY_OPS_URL", None).command("serve");
    operator.args(["--operator", "--operator-addr", "127.0.0.1:0"]);
    let (code, operator) = said(operator).await;
    assert!(code == Some(1) && operator.contains("TENANCY_OPS_URL"), "{operator}");
    let (code, migrate) = said(fleet.command("migrate")).await;
    assert!(code == Some(1) && migrate.contains("TENANCY_ADMIN_URL"), "{migrate}");
}

/// D12: neither a server nor a worker serves a schema that it was not built for, older or newer.
#[tokio::test]
async fn a_database_of_another_version_is_refused_and_migrate_is_named() {
    for (schema, change) in [
        ("`tenancy`", "DELETE FROM tenancy.migrations WHERE version > 1"),
        ("`platform`", "UPDATE platform.migrations SET version = 999 WHERE version = 1"),
    ] {
        let (world, fleet) = world().await;
        world.admin().await.execute(change).await.expect("another version");
        refused(&fleet, &["platform migrate", schema, "version"], world.role_password()).await;
    }
}

/// A database of its own on the server of `world`, with nothing in it.
struct Empty {
    admin: PgConnection,
    name: String,
    url: String,
}

impl Empty {
    async fn new(world: &World) -> Self {
        let mut admin = world.admin().await;
        let name = format!("empty_{}", uuid::Uuid::new_v4().simple());
        admin.execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.expect("a database");
        let url = world.admin_options().database(&name).to_url_lossy().to_string();
        Self { admin, name, url }
    }

    async fn remove(mut self) {
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        self.admin.execute(sqlx::AssertSqlSafe(drop)).await.expect("no database");
    }
}

/// D12: two `migrate` at once apply each step once, and both say that it is done.
#[tokio::test(flavor = "multi_thread")]
async fn two_migrations_at_once_apply_each_step_once() {
    let (world, fleet) = world().await;
    let empty = Empty::new(&world).await;
    let migrate = || said(fleet.clone().with("TENANCY_ADMIN_URL", Some(&empty.url)).command("migrate"));
    let (one, two) = tokio::join!(migrate(), migrate());
    for (code, said) in [&one, &two] {
        assert_eq!(*code, Some(0), "{said}");
    }
    let options: sqlx::postgres::PgConnectOptions = empty.url.parse().expect("an address");
    let mut database = options.connect().await.expect("the database");
    for (schema, needed) in [
        ("tenancy", tenancy_sqlx::migrate::TENANCY.version()),
        ("platform", platform::platform::SCHEMA.version()),
    ] {
        let sql =
            format!("SELECT array_agg(version ORDER BY version) FROM {schema}.migrations WHERE success");
        let applied: Vec<i64> =
            sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(&mut database).await.expect("versions");
        assert_eq!(applied, (1..=needed).collect::<Vec<_>>(), "{schema}");
    }
    database.close().await.expect("closed");
    let (code, again) = migrate().await;
    assert!(code == Some(0) && again.contains("up to date"), "{again}");
    empty.remove().await;
}
