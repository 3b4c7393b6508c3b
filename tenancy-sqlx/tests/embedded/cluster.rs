//! The cluster that processes share, and the databases cloned in it.

use crate::kit::{
    Other, connect, gone_after_its_users, here, kill, open_folder, own_key, pid_of, runs, skipped, start,
    text, within,
};
use crate::prepare;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Executor};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tenancy_sqlx::embedded::{Cluster, Install};

#[test]
fn killing_the_only_user_leaves_no_server_and_no_folder() {
    if !here() {
        return;
    }
    let mut other = Other::start("cluster", &own_key("killed"), &[]);
    let folder = PathBuf::from(other.says());
    let pid = pid_of(&folder.join("server")).expect("a pid");
    assert!(runs(&pid));
    other.kill();
    gone_after_its_users(&folder, &pid);
}

#[test]
fn a_user_killed_while_it_starts_the_cluster_leaves_nothing() {
    if !here() {
        return;
    }
    // The folder's name is learnt from a first life of the same key.
    let key = own_key("starting");
    let mut other = Other::start("cluster", &key, &[]);
    let folder = PathBuf::from(other.says());
    let pid = pid_of(&folder.join("server")).expect("a pid");
    other.kill();
    gone_after_its_users(&folder, &pid);

    let other = Other::start("cluster", &key, &[]);
    within(Duration::from_secs(10), "initdb has begun", || folder.join("server/pgdata.new").exists());
    other.kill();
    within(Duration::from_secs(10), "the folder is gone", || !folder.exists());
}

#[test]
fn processes_share_one_server_and_one_template() {
    if !here() {
        return;
    }
    let (key, count) = (own_key("shared"), open_folder());
    let count = count.path().join("count");
    let environment = [("EMBEDDED_COUNT", count.to_str().expect("utf-8"))];
    let mut users: Vec<Other> = (0..3).map(|_| Other::start("database", &key, &environment)).collect();
    let seen: Vec<String> = users.iter_mut().map(Other::says).collect();
    // Whoever reported last saw the databases of all three: one server.
    let most = seen.iter().map(|names| names.matches("test_").count()).max();
    assert_eq!(most, Some(6), "{seen:?}");
    assert_eq!(std::fs::read_to_string(&count).expect("the count"), "prepared\n");

    // While one user is left the server stays.
    let mut last = Other::start("cluster", &key, &[]);
    let folder = PathBuf::from(last.says());
    let pid = pid_of(&folder.join("server")).expect("a pid");
    users.into_iter().for_each(Other::finish);
    std::thread::sleep(Duration::from_secs(5));
    assert!(runs(&pid), "stopped under its last user");
    last.finish();
    gone_after_its_users(&folder, &pid);
}

#[test]
fn a_cluster_that_nobody_watches_is_begun_anew() {
    if !here() {
        return;
    }
    if !Path::new("/proc/self").exists() {
        return skipped("finding the watchdog needs /proc");
    }
    let key = own_key("unwatched");
    let mut other = Other::start("cluster", &key, &[]);
    let folder = PathBuf::from(other.says());
    let old = pid_of(&folder.join("server")).expect("a pid");
    let watchdog = std::fs::read_dir("/proc")
        .expect("processes")
        .flatten()
        .find(|process| {
            let line = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&line).into_owned();
            line.contains("tenancy-test-watchdog") && line.contains(&*folder.to_string_lossy())
        })
        .expect("a watchdog");
    let watchdog = watchdog.file_name().into_string().expect("a number");
    kill("-9", &watchdog);
    other.kill();

    let mut next = Other::start("cluster", &key, &[]);
    assert_eq!(PathBuf::from(next.says()), folder);
    let new = pid_of(&folder.join("server")).expect("a pid");
    assert!(new != old && !runs(&old));
    next.finish();
    gone_after_its_users(&folder, &new);
}

#[tokio::test]
async fn a_test_gets_a_clone_with_its_grants_and_drops_it() {
    if !here() {
        return;
    }
    let cluster = Cluster::shared("embedded-suite", Install::Never).await.expect("a cluster");
    let role = format!("reader_{}", std::process::id());
    let password = cluster.role_password().to_owned();
    let mut admin = connect(&cluster.address().admin()).await;
    let make = format!("CREATE ROLE {role} LOGIN PASSWORD '{password}'");
    admin.execute(AssertSqlSafe(make)).await.expect("a role");
    let grants = format!(
        "DO $$ BEGIN EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database()); \
         EXECUTE format('GRANT CONNECT ON DATABASE %I TO {role}', current_database()); END $$"
    );
    let database = cluster.database(&role, prepare, &grants).await.expect("a database");
    let reader = database.options_for(&role, &password);
    assert_eq!(
        text(&reader, "SELECT has_database_privilege(current_database(), 'TEMP')::text").await,
        "false"
    );
    let url: PgConnectOptions = database.url_for(&role, &password).parse().expect("a url");
    assert_eq!(text(&url, "SELECT current_database()::text").await, database.name());

    let name = database.name().to_owned();
    drop(database);
    let start = Instant::now();
    loop {
        let left: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
            .bind(&name)
            .fetch_one(&mut admin)
            .await
            .expect("a look");
        if !left {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(10), "{name} is still there");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    admin.execute(AssertSqlSafe(format!("DROP ROLE {role}"))).await.expect("no role");
}

#[tokio::test]
async fn a_failed_preparation_says_why_and_leaves_no_template() {
    if !here() {
        return;
    }
    let cluster = Cluster::shared("embedded-suite", Install::Never).await.expect("a cluster");
    let key = own_key("broken");
    let error = cluster.database(&key, |_| async { Err::<(), _>("no such migration") }, "").await;
    let error = error.expect_err("a failed preparation");
    let cause = std::error::Error::source(&error).expect("a cause").to_string();
    assert!(error.to_string().contains(&key) && cause == "no such migration", "{error}: {cause}");
    cluster.database(&key, prepare, "").await.expect("prepared after all");
}

#[tokio::test]
async fn on_a_users_server_nothing_is_left() {
    if !here() {
        return;
    }
    let folder = open_folder();
    let server = start(&folder.path().join("data")).await;
    let url = server.admin_url("postgres");
    let mut other = Other::start("database", "theirs", &[("TENANCY_TEST_ADMIN_URL", &url)]);
    let seen = other.says();
    assert!(seen.contains("test_") && seen.contains("tpl_"), "{seen}");
    other.finish();
    let left =
        text(&server.address().admin(), "SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database")
            .await;
    assert_eq!(left, "postgres template0 template1");
    server.stop().await.expect("stopped");
}
