//! The embedded server as its users meet it: real processes, really killed.
//!
//! Several tests need a second process. They start this very binary again with `EMBEDDED_CHILD` naming a role, see
//! [`child`]. Everything passes as root and as an ordinary user.
#![cfg(feature = "embedded")]
#![expect(clippy::disallowed_methods, reason = "waits for processes, in tests without a runtime")]

mod cluster;
mod kit;
mod server;

use kit::{folder_of, start, text};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, Executor, PgConnection};
use std::io::Write;
use std::path::Path;
use tenancy_sqlx::embedded::{Cluster, Install};

/// Reports, then waits until the parent closes the input.
fn say(what: &str) {
    println!("SAYS {what}");
}

fn wait_for_parent() {
    std::io::stdin().lines().for_each(drop);
}

/// Not a test of its own: what the other process does. Without its variable it does nothing.
#[tokio::test]
async fn child() {
    let Ok(role) = std::env::var("EMBEDDED_CHILD") else { return };
    let key = std::env::var("EMBEDDED_KEY").expect("a key");
    match role.as_str() {
        "server" => {
            let server = start(Path::new(&key)).await;
            say("started");
            wait_for_parent();
            drop(server);
        }
        "cluster" => {
            let cluster = Cluster::shared(&key, Install::Never).await.expect("a cluster");
            say(&folder_of(&cluster).to_string_lossy());
            wait_for_parent();
        }
        "database" => {
            let cluster = Cluster::shared(&key, Install::Never).await.expect("a cluster");
            let first = cluster.database("schema", prepare, "").await.expect("a database");
            let second = cluster.database("schema", prepare, "").await.expect("a database");
            assert_ne!(first.name(), second.name());
            for database in [&first, &second] {
                let rows = text(&database.admin(), "SELECT note FROM prepared").await;
                assert_eq!(rows, "once");
            }
            say(&text(&cluster.address().admin(), "SELECT string_agg(datname, ' ') FROM pg_database").await);
            wait_for_parent();
        }
        other => panic!("no role {other}"),
    }
}

/// Leaves a table, and a line in the file that counts how often this ran.
pub(crate) async fn prepare(admin: PgConnectOptions) -> Result<(), sqlx::Error> {
    if let Ok(file) = std::env::var("EMBEDDED_COUNT") {
        let mut file = std::fs::File::options().append(true).create(true).open(file)?;
        writeln!(file, "prepared")?;
    }
    let mut connection = PgConnection::connect_with(&admin).await?;
    connection.execute("CREATE TABLE prepared (note text); INSERT INTO prepared VALUES ('once')").await?;
    // Left open on purpose: the template must become free all the same.
    std::mem::forget(connection);
    Ok(())
}
