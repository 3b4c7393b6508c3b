//! The embedded server as its users meet it: real processes, really killed.
//!
//! Several tests need a second process. They start this very binary again with `EMBEDDED_CHILD` naming a role, see
//! [`child`]. Everything passes as root and as an ordinary user.
#![cfg(feature = "embedded")]
#![expect(clippy::disallowed_methods, reason = "waits for processes, in tests without a runtime")]

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tenancy_sqlx::embedded::{Binaries, Cluster, EmbeddedError, Install, Server};

/// Answers false, visibly, where there is no PostgreSQL; fails where everything is required.
fn here() -> bool {
    let found = Binaries::find();
    let required = std::env::var("TENANCY_REQUIRE").as_deref() == Ok("all");
    assert!(found.is_ok() || !required, "postgresql is required: {}", found.unwrap_err());
    if let Err(error) = &found {
        let _ = writeln!(std::io::stderr().lock(), "SKIPPED: {error}");
    }
    found.is_ok()
}

/// A temporary folder that the server's account may enter.
fn open_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("temp folder");
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).expect("mode");
    folder
}

async fn start(folder: &Path) -> Server {
    Server::start(folder, Install::Never).await.expect("a server")
}

async fn connect(options: &PgConnectOptions) -> PgConnection {
    PgConnection::connect_with(options).await.expect("a connection")
}

async fn text(options: &PgConnectOptions, sql: &'static str) -> String {
    let mut connection = connect(options).await;
    let answer = sqlx::query_scalar(sql).fetch_one(&mut connection).await.expect(sql);
    connection.close().await.expect("closed");
    answer
}

fn pid_of(folder: &Path) -> Option<String> {
    let file = std::fs::read_to_string(folder.join("pgdata/postmaster.pid")).ok()?;
    file.lines().next().map(str::to_owned)
}

fn kill(signal: &str, pid: &str) {
    let status = Command::new("kill").args([signal, pid]).status().expect("kill");
    assert!(status.success(), "kill {signal} {pid}");
}

fn runs(pid: &str) -> bool {
    // A zombie has ended; `kill -0` would say it lives.
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"));
    status.map_or_else(
        |_| {
            !Path::new("/proc/self").exists()
                && Command::new("kill").args(["-0", pid]).status().is_ok_and(|status| status.success())
        },
        |status| !status.contains("State:\tZ"),
    )
}

fn within(limit: Duration, what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < limit, "{what}: not within {limit:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

// --- children

/// A second process. Killed with the test, should that fail.
struct Other {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Other {
    fn start(role: &str, key: &str, environment: &[(&str, &str)]) -> Self {
        let mut child = Command::new(std::env::current_exe().expect("this binary"))
            .args(["--exact", "child", "--nocapture", "--test-threads=1"])
            .env("EMBEDDED_CHILD", role)
            .env("EMBEDDED_KEY", key)
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .stdin(Stdio::piped())
            .spawn()
            .expect("a child");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        Self { child, lines }
    }

    /// The next thing it reports.
    fn says(&mut self) -> String {
        loop {
            let line = self.lines.next().expect("the child ended early").expect("utf-8");
            if let Some((_, said)) = line.split_once("SAYS ") {
                return said.to_owned();
            }
        }
    }

    /// Lets it run to its end.
    fn finish(mut self) {
        drop(self.child.stdin.take());
        assert!(self.child.wait().expect("its end").success());
    }

    fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("its end");
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

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
async fn prepare(admin: PgConnectOptions) -> Result<(), sqlx::Error> {
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

fn folder_of(cluster: &Cluster) -> PathBuf {
    let socket = cluster.address().admin().get_socket().expect("a socket").clone();
    socket.parent().expect("a folder").to_owned()
}

/// A key nobody else uses, so that the cluster is this test's alone.
fn own_key(test: &str) -> String {
    format!("{test}-{}", std::process::id())
}

fn gone_after_its_users(folder: &Path, pid: &str) {
    within(Duration::from_secs(10), "the cluster is gone", || !folder.exists() && !runs(pid));
}

// --- a server of one's own

#[tokio::test]
async fn a_server_answers_on_its_socket_only_and_only_with_the_password() {
    if !here() {
        return;
    }
    let folder = open_folder();
    let data = folder.path().join("data");
    let server = start(&data).await;
    let password = std::fs::read_to_string(data.join("password")).expect("a password");
    assert!(!format!("{server:?}").contains(&password), "printed by mistake");
    let admin = server.address().admin();
    assert_eq!(text(&admin, "SHOW listen_addresses").await, "");
    assert_eq!(text(&admin, "SHOW fsync").await, "on");
    assert_eq!(text(&admin, "SHOW server_encoding").await, "UTF8");
    assert!(admin.get_socket().expect("a socket").as_os_str().len() < 100 - 14);
    let wrong = server.address().options_for("postgres", "guessed", "postgres");
    let refused = PgConnection::connect_with(&wrong).await.expect_err("a wrong password");
    let code = refused.as_database_error().and_then(sqlx::error::DatabaseError::code).map(String::from);
    assert_eq!(code.as_deref(), Some("28P01"));
    assert_eq!(
        text(&admin, "SELECT string_agg(DISTINCT auth_method, ',') FROM pg_hba_file_rules").await,
        "scram-sha-256"
    );
    let mode = data.join("password").metadata().expect("the password's file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_ne!(data.join("pgdata").metadata().expect("data").uid(), 0, "data of root");

    // The URL form, by the two programs that read it.
    let url = server.admin_url("postgres");
    let parsed: PgConnectOptions = url.parse().expect("a url");
    assert_eq!(text(&parsed, "SELECT 'sqlx'").await, "sqlx");
    let psql = server.binaries().program("psql");
    if psql.exists() {
        let output = Command::new(psql).args([&url, "-Atc", "SELECT 'psql'"]).output().expect("psql");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "psql\n", "{output:?}");
    }
    server.stop().await.expect("stopped");
    assert_eq!(pid_of(&data), None);
}

#[tokio::test]
async fn data_survives_a_stop_and_a_killed_server() {
    if !here() {
        return;
    }
    let folder = open_folder();
    let data = folder.path().join("data");
    let server = start(&data).await;
    connect(&server.address().admin())
        .await
        .execute("CREATE TABLE kept AS SELECT 'here' AS note")
        .await
        .expect("table");
    server.stop().await.expect("stopped");

    let server = start(&data).await;
    assert_eq!(text(&server.address().admin(), "SELECT note FROM kept").await, "here");
    let killed = pid_of(&data).expect("a pid");
    kill("-9", &killed);
    drop(server);

    let server = start(&data).await;
    assert_ne!(pid_of(&data).expect("a pid"), killed);
    assert_eq!(text(&server.address().admin(), "SELECT note FROM kept").await, "here");
    server.stop().await.expect("stopped");

    // The number in the pid file may belong to another program by now.
    let stale = format!(
        "{}\n{}\n1\n5432\n{}\n\n 1 1\nready\n",
        std::process::id(),
        data.join("pgdata").display(),
        data.display()
    );
    std::fs::write(data.join("pgdata/postmaster.pid"), stale).expect("a stale file");
    start(&data).await.stop().await.expect("stopped");
}

#[tokio::test]
async fn a_second_user_of_a_folder_is_told_so_and_a_killed_one_leaves_it_free() {
    if !here() {
        return;
    }
    let folder = open_folder();
    let data = folder.path().join("data");
    let mut other = Other::start("server", &data.to_string_lossy(), &[]);
    assert_eq!(other.says(), "started");
    let error = Server::start(&data, Install::Never).await.expect_err("in use");
    assert!(
        matches!(error, EmbeddedError::InUse { .. }) && error.to_string().contains("another process"),
        "{error}"
    );

    // Its server runs on, and is taken over with everything in it.
    let pid = pid_of(&data).expect("a pid");
    other.kill();
    assert!(runs(&pid));
    let server = start(&data).await;
    assert_eq!(pid_of(&data).as_deref(), Some(&*pid));
    assert_eq!(text(&server.address().admin(), "SELECT 'adopted'").await, "adopted");
    server.stop().await.expect("stopped");
    assert!(!runs(&pid));
}

#[tokio::test]
async fn a_dropped_server_ends_by_itself() {
    if !here() {
        return;
    }
    let folder = open_folder();
    let data = folder.path().join("data");
    drop(start(&data).await);
    within(Duration::from_secs(10), "the server is down", || pid_of(&data).is_none());
}

#[tokio::test]
async fn a_deep_folder_gets_a_short_socket() {
    if !here() {
        return;
    }
    let folder = open_folder();
    let data = folder.path().join("deep-".repeat(20)).join("data");
    let server = start(&data).await;
    let socket = server.address().admin().get_socket().expect("a socket").clone();
    assert!(socket.as_os_str().len() < 80, "{}", socket.display());
    assert_eq!(socket.metadata().expect("its folder").permissions().mode() & 0o777, 0o700);
    assert_eq!(text(&server.address().admin(), "SELECT 'near'").await, "near");
    server.stop().await.expect("stopped");
    let _ = std::fs::remove_dir_all(socket);
}

#[tokio::test]
async fn a_start_that_fails_repeats_the_servers_own_reason() {
    if !here() {
        return;
    }
    let folder = open_folder();
    let data = folder.path().join("data");
    start(&data).await.stop().await.expect("stopped");
    let main = data.join("pgdata/postgresql.conf");
    let good = std::fs::read_to_string(&main).expect("settings");
    std::fs::write(&main, format!("{good}\nno_such_setting = 1\n")).expect("settings");
    let error = Server::start(&data, Install::Never).await.expect_err("a bad setting").to_string();
    assert!(error.contains("no_such_setting") && error.contains("postgres.log"), "{error}");
    std::fs::write(data.join("pgdata/PG_VERSION"), "14\n").expect("version");
    let error = Server::start(&data, Install::Never).await.expect_err("another version").to_string();
    assert!(error.contains("postgresql 14") && error.contains("remove the folder"), "{error}");
}

#[tokio::test]
async fn a_closed_folder_is_named_under_root() {
    if !here() {
        return;
    }
    let closed = tempfile::tempdir().expect("temp folder");
    std::fs::set_permissions(closed.path(), PermissionsExt::from_mode(0o700)).expect("mode");
    if closed.path().metadata().expect("folder").uid() != 0 {
        // An ordinary user's server enters what the user enters.
        return;
    }
    let error =
        Server::start(closed.path().join("data"), Install::Never).await.expect_err("closed").to_string();
    assert!(error.contains(&*closed.path().to_string_lossy()) && error.contains("/var/lib"), "{error}");
}

// --- the shared cluster

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
    if !here() || !Path::new("/proc/self").exists() {
        return;
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
