//! What the tests share: looking at processes, and starting a second one.

use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tenancy_sqlx::embedded::{Binaries, Cluster, Install, Server};

/// Answers false, visibly, where there is no PostgreSQL; fails where everything is required.
pub(crate) fn here() -> bool {
    let found = Binaries::find();
    let required = std::env::var("TENANCY_REQUIRE").as_deref() == Ok("all");
    assert!(found.is_ok() || !required, "postgresql is required: {}", found.unwrap_err());
    if let Err(error) = &found {
        skipped(error);
    }
    found.is_ok()
}

/// Says so where a test runner does not swallow it.
pub(crate) fn skipped(why: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr().lock(), "SKIPPED: {why}");
}

/// A temporary folder that the server's account may enter.
pub(crate) fn open_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("temp folder");
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).expect("mode");
    folder
}

pub(crate) async fn start(folder: &Path) -> Server {
    Server::start(folder, Install::Never).await.expect("a server")
}

pub(crate) async fn connect(options: &PgConnectOptions) -> PgConnection {
    PgConnection::connect_with(options).await.expect("a connection")
}

pub(crate) async fn text(options: &PgConnectOptions, sql: &'static str) -> String {
    let mut connection = connect(options).await;
    let answer = sqlx::query_scalar(sql).fetch_one(&mut connection).await.expect(sql);
    connection.close().await.expect("closed");
    answer
}

pub(crate) fn pid_of(folder: &Path) -> Option<String> {
    let file = std::fs::read_to_string(folder.join("pgdata/postmaster.pid")).ok()?;
    file.lines().next().map(str::to_owned)
}

pub(crate) fn kill(signal: &str, pid: &str) {
    let status = Command::new("kill").args([signal, pid]).status().expect("kill");
    assert!(status.success(), "kill {signal} {pid}");
}

pub(crate) fn runs(pid: &str) -> bool {
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

pub(crate) fn within(limit: Duration, what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < limit, "{what}: not within {limit:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A second process. Killed with the test, should that fail.
pub(crate) struct Other {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Other {
    pub(crate) fn start(role: &str, key: &str, environment: &[(&str, &str)]) -> Self {
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
    pub(crate) fn says(&mut self) -> String {
        loop {
            let line = self.lines.next().expect("the child ended early").expect("utf-8");
            if let Some((_, said)) = line.split_once("SAYS ") {
                return said.to_owned();
            }
        }
    }

    /// Lets it run to its end.
    pub(crate) fn finish(mut self) {
        drop(self.child.stdin.take());
        assert!(self.child.wait().expect("its end").success());
    }

    pub(crate) fn kill(mut self) {
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

pub(crate) fn folder_of(cluster: &Cluster) -> PathBuf {
    let socket = cluster.address().admin().get_socket().expect("a socket").clone();
    socket.parent().expect("a folder").to_owned()
}

/// A key nobody else uses, so that the cluster is this test's alone.
pub(crate) fn own_key(test: &str) -> String {
    format!("{test}-{}", std::process::id())
}

pub(crate) fn gone_after_its_users(folder: &Path, pid: &str) {
    within(Duration::from_secs(10), "the cluster is gone", || !folder.exists() && !runs(pid));
}
