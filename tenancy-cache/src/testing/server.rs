//! A redis server in a folder of its own, for tests of a cache and of what is built on one.
//!
//! It listens on a socket in that folder, so that it meets no other server and nobody else meets it.
//! What is killed can be [restarted](Server::restart), with nothing in it or with what was there when
//! it was last [saved](Server::save).

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use ::redis::{Client, Cmd, FromRedisValue, Value, cmd};
use tokio::net::UnixStream;

/// A redis server of one test; it ends with this value.
pub struct Server {
    child: Child,
    folder: tempfile::TempDir,
}

/// # Panics
///
/// The methods panic where the server does not do as it is told, as tests do.
impl Server {
    /// Starts the `redis-server` that is installed.
    ///
    /// # Errors
    ///
    /// The reason of the system, such as that there is none.
    pub async fn start() -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let server = Self { child: spawn(folder.path())?, folder };
        server.wait().await;
        Ok(server)
    }

    /// Where it listens.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("redis.sock")
    }

    /// Its address, as [`Redis::open`](crate::redis::Redis::open) takes it.
    pub fn address(&self) -> String {
        format!("redis+unix://{}", self.socket().display())
    }

    /// Asks it behind the cache's back.
    pub async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> T {
        let client = Client::open(self.address()).expect("address");
        let mut connection = client.get_multiplexed_async_connection().await.expect("connection");
        command.query_async(&mut connection).await.expect("an answer")
    }

    /// Every key in it.
    pub async fn keys(&self) -> Vec<Vec<u8>> {
        self.ask(cmd("KEYS").arg("*")).await
    }

    /// Writes what is in it to its folder, where a restart finds it.
    pub async fn save(&self) {
        let _: Value = self.ask(&cmd("SAVE")).await;
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it without a warning.
    pub fn kill(&mut self) {
        self.child.kill().expect("kill");
        self.child.wait().expect("wait");
    }

    /// Starts it again where it was.
    pub async fn restart(&mut self) {
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

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("folder", &self.folder.path()).finish_non_exhaustive()
    }
}

fn spawn(folder: &Path) -> io::Result<Child> {
    Command::new("redis-server")
        .args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket", "redis.sock"])
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
}
