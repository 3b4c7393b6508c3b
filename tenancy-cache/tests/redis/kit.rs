//! A redis server for one test, and a way to it that can be slowed down or cut.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tenancy_cache::testing::Server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

/// `None`, visibly, where there is no `redis-server`; a failure where everything is required.
pub(crate) async fn server() -> Option<Server> {
    let started = Server::start().await;
    if let Err(error) = &started {
        let required = std::env::var("TENANCY_REQUIRE").as_deref() == Ok("all");
        assert!(!required, "redis-server is required: {error}");
        let _ = writeln!(std::io::stderr().lock(), "SKIPPED: no redis-server: {error}");
    }
    started.ok()
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
        format!("redis+unix://{}", self.folder.path().join("proxy.sock").display())
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
