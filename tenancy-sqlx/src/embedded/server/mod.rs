//! A server with a folder of its own whose data stays: the demo's.
//!
//! One process at a time: the folder is locked for as long as the [`Server`] lives, so a second demo is told so
//! instead of sharing half a start. What an earlier process left is taken over, not fought: a server that still
//! runs because its owner was killed is adopted, the pid file of a killed server is seen through.

mod instance;
mod postmaster;

pub(super) use instance::{Durability, Instance};

use super::account::Account;
use super::address::Address;
use super::binaries::{Binaries, Places};
use super::command::off_the_runtime;
use super::error::{EmbeddedError, Result};
use super::install::Install;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

/// A running PostgreSQL that belongs to this process.
///
/// [`stop`](Self::stop) waits until it is down. A dropped one is asked to stop and not waited for.
pub struct Server {
    instance: Instance,
    address: Address,
    password: String,
    running: bool,
    /// Held so that no other process starts on the folder.
    _lock: File,
}

impl Server {
    /// Starts the server of `data_dir`, making the folder first where there is none.
    ///
    /// Under root the folder is given to the account the server runs as (`postgres`, else `nobody`), which must be
    /// able to reach it.
    pub async fn start(data_dir: impl AsRef<Path>, install: Install<'_>) -> Result<Self> {
        let folder = std::path::absolute(data_dir.as_ref())
            .map_err(EmbeddedError::file("resolve", data_dir.as_ref()))?;
        let binaries = binaries_for(&folder, install).await?;
        off_the_runtime(move || Self::start_blocking(binaries, folder)).await
    }

    fn start_blocking(binaries: Binaries, folder: PathBuf) -> Result<Self> {
        let account = Account::of_servers()?;
        if let Some(above) = folder.parent() {
            std::fs::create_dir_all(above).map_err(EmbeddedError::file("create", above))?;
        }
        account.check_way_to(&folder)?;
        account.make_folder(&folder, 0o700)?;
        let lock = alone_in(&folder)?;
        // Read again under the lock: another process may have made the data meanwhile.
        let instance = Instance::new(binaries, account, folder, Durability::Durable);
        instance.create()?;
        instance.start()?;
        let password = instance.password()?;
        let address = instance.address()?;
        Ok(Self { instance, address, password, running: true, _lock: lock })
    }

    /// Removes `data_dir` with everything in it, after stopping a server that still runs there.
    ///
    /// A server whose owner was killed runs on. Were its files taken from under it, it would notice within a minute
    /// and take its successor's socket along as it ends.
    pub async fn remove(data_dir: impl AsRef<Path>) -> Result<()> {
        let folder = std::path::absolute(data_dir.as_ref())
            .map_err(EmbeddedError::file("resolve", data_dir.as_ref()))?;
        if !folder.exists() {
            return Ok(());
        }
        let made = instance::made_by(&folder).is_some();
        let binaries = if made { Some(binaries_for(&folder, Install::Never).await?) } else { None };
        off_the_runtime(move || {
            let _lock = alone_in(&folder)?;
            if let Some(binaries) = binaries {
                let account = Account::of_servers()?;
                Instance::new(binaries, account, folder.clone(), Durability::Durable).stop()?;
            }
            std::fs::remove_dir_all(&folder).map_err(EmbeddedError::file("remove", &folder))
        })
        .await
    }

    /// How to connect as any role.
    pub const fn address(&self) -> &Address {
        &self.address
    }

    /// The superuser's `DATABASE_URL` for `database`.
    pub fn admin_url(&self, database: &str) -> String {
        self.address.url_for(super::address::SUPERUSER, &self.password, database)
    }

    /// The programs it runs from, such as its `psql`.
    pub const fn binaries(&self) -> &Binaries {
        self.instance.binaries()
    }

    /// Where the server writes what happens to it.
    pub fn log(&self) -> PathBuf {
        self.instance.log()
    }

    /// Disconnects everybody, writes everything to disk and waits until the server is down.
    pub async fn stop(mut self) -> Result<()> {
        self.running = false;
        let instance = self.instance.clone();
        // `self`, and with it the lock, goes after the server.
        off_the_runtime(move || instance.stop()).await
    }
}

/// Without the password.
impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("instance", &self.instance).finish_non_exhaustive()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.running {
            self.instance.ask_to_stop();
        }
    }
}

/// The programs that can run the data in `folder`: of its own major version if there is data.
async fn binaries_for(folder: &Path, install: Install<'_>) -> Result<Binaries> {
    let Some(major) = instance::made_by(folder) else {
        return Binaries::find_or_install(install).await;
    };
    Places::of_system()
        .find(Some(major))
        .map_err(|_| EmbeddedError::OtherVersion { folder: folder.to_owned(), made_by: major })
}

fn alone_in(folder: &Path) -> Result<File> {
    let path = folder.join("lock");
    let file = File::create(&path).map_err(EmbeddedError::file("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(EmbeddedError::InUse { folder: folder.to_owned() }),
        Err(TryLockError::Error(error)) => Err(EmbeddedError::file("lock", &path)(error)),
    }
}
