//! What `serve` and `worker` refuse to start with, and what they say.

use std::process::{Command, Output};

use sqlx::Executor as _;
use tests::Fleet;

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

    let mut operator = fleet.command("serve");
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
