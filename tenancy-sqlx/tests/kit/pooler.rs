//! A real pgbouncer in front of the test's server, pooling transactions.

use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgSslMode};

/// It is there until this is dropped.
pub(crate) struct Pooler {
    process: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Pooler {
    pub(super) async fn start(
        server: &PgConnectOptions,
        password: &str,
        connections: usize,
        ignored: &str,
    ) -> Option<Self> {
        let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
        let host =
            server.get_socket().map_or(server.get_host().to_owned(), |path| path.display().to_string());
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).expect("its mode");
        let file = |name: &str, text: String| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).expect("a file");
            path.display().to_string()
        };
        let users = file("users.txt", format!("\"app_rw\" \"{password}\"\n"));
        let config = file(
            "pgbouncer.ini",
            format!(
                "[databases]\n* = host={host} port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
                 unix_socket_dir =\nauth_type = plain\nauth_file = {users}\npool_mode = transaction\n\
                 default_pool_size = {connections}\nignore_startup_parameters = {ignored}\n",
                server.get_port()
            ),
        );
        let mut command = Command::new("pgbouncer");
        if folder.path().metadata().expect("the folder").uid() == 0 {
            // It refuses to run as root.
            command.args(["-u", "postgres"]);
        }
        let started = command
            .args(["-q", &config])
            .env("PATH", "/usr/sbin:/usr/local/sbin:/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let process = match started {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                super::missing(format_args!("pgbouncer is required: it is not installed"));
                return None;
            }
            started => started.expect("pgbouncer starts"),
        };
        let pooler = Self { process, port, _folder: folder };
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(start.elapsed() < Duration::from_secs(10), "pgbouncer does not listen");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Some(pooler)
    }

    /// How to log in by way of it.
    pub(crate) fn login(&self, server: &PgConnectOptions, password: &str) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .host("127.0.0.1")
            .port(self.port)
            .ssl_mode(PgSslMode::Disable)
            .username("app_rw")
            .password(password)
            .database(server.get_database().unwrap_or_default())
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
