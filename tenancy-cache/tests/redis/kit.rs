//! A redis server in a folder of its own, and a way to it that can be slowed down or cut.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use redis::FromRedisValue;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

/// A server of one test; it ends with this value.
pub(crate) struct Server {
    child: Child,
    folder: tempfile::TempDir,
}

impl Server {
    /// `None`, visibly, where there is no `redis-server`; a failure where everything is required.
    pub(crate) async fn start() -> Option<Self> {
        let folder = tempfile::tempdir().expect("temp folder");
        let Ok(child) = spawn(folder.path()) else {
            let required = std::env::var("TENANCY_REQUIRE").as_deref() == Ok("all");
            assert!(!required, "redis-server is required");
            let _ = writeln!(std::io::stderr().lock(), "SKIPPED: no redis-server");
            return None;
        };
        let server = Self { child, folder };
        server.wait().await;
        Some(server)
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("redis.sock")
    }

    /// The address of what listens at `socket`.
    pub(crate) fn address(socket: &Path) -> String {
        format!("redis+unix://{}", socket.display())
    }

    /// Asks the server behind the cache's back.
    pub(crate) async fn ask<T: FromRedisValue>(&self, command: &redis::Cmd) -> T {
        let client = redis::Client::open(Self::address(&self.socket())).expect("address");
        let mut connection = client.get_multiplexed_async_connection().await.expect("connection");
        command.query_async(&mut connection).await.expect("an answer")
    }

    pub(crate) async fn keys(&self) -> Vec<Vec<u8>> {
        self.ask(redis::cmd("KEYS").arg("*")).await
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("kill");
        self.child.wait().expect("wait");
    }

    pub(crate) async fn restart(&mut self) {
        self.child = spawn(self.folder.path()).expect("redis-server");
        self.wait().await;
    }

    async fn wait(&self) {
        for _ in 0..1_000 {
            if UnixStream::connect(self.socket()).await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("redis-server does not listen");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(folder: &Path) -> std::io::Result<Child> {
    Command::new("redis-server")
        .args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket", "redis.sock"])
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
}

/// Passes bytes on to a server, each piece after a delay that can be changed.
pub(crate) struct Proxy {
    folder: tempfile::TempDir,
    delay: Arc<AtomicU64>,
}

impl Proxy {
    pub(crate) fn to(server: &Server) -> Self {
        let folder = tempfile::tempdir().expect("temp folder");
        let listener = UnixListener::bind(folder.path().join("proxy.sock")).expect("socket");
        let (target, delay) = (server.socket(), Arc::new(AtomicU64::new(0)));
        let shared = Arc::clone(&delay);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let Ok(far) = UnixStream::connect(&target).await else { continue };
                let ((near_read, near_write), (far_read, far_write)) = (near.into_split(), far.into_split());
                tokio::spawn(pass(near_read, far_write, Arc::clone(&shared)));
                tokio::spawn(pass(far_read, near_write, Arc::clone(&shared)));
            }
        });
        Self { folder, delay }
    }

    pub(crate) fn address(&self) -> String {
        Server::address(&self.folder.path().join("proxy.sock"))
    }

    pub(crate) fn delay(&self, delay: Duration) {
        self.delay.store(delay.as_micros() as u64, Ordering::Relaxed);
    }
}

async fn pass(
    mut from: tokio::net::unix::OwnedReadHalf,
    mut to: tokio::net::unix::OwnedWriteHalf,
    delay: Arc<AtomicU64>,
) {
    let mut piece = vec![0; 4096];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        let micros = delay.load(Ordering::Relaxed);
        if micros > 0 {
            tokio::time::sleep(Duration::from_micros(micros)).await;
        }
        if to.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
}
