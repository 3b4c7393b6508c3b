//! How a process joins the shared server, or starts it.
//!
//! ```text
//! <temp>/tenancy-<user>-<hash>/     the hash is of the programs and the caller's key
//!   lock      shared while joining, exclusive while starting or removing
//!   needed    FIFO: its write ends are the users
//!   users     one line for each process that ever joined
//!   server/   data, password, log and socket
//! ```
//!
//! The folder may be removed between any two steps here. A lock is only believed after the path still leads to the
//! file that was locked; otherwise everything begins again.

use super::watchdog;
use crate::embedded::account::Account;
use crate::embedded::address::Address;
use crate::embedded::binaries::Binaries;
use crate::embedded::error::{EmbeddedError, Result};
use crate::embedded::server::{Durability, Instance};
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The folder of this user's cluster for `key`.
pub(super) fn folder(binaries: &Binaries, server: Account, key: &str) -> Result<PathBuf> {
    let mut hash = DefaultHasher::new();
    (env!("CARGO_PKG_VERSION"), binaries.folder(), binaries.version(), key).hash(&mut hash);
    let name = format!("tenancy-{}-{:016x}", Account::current()?.uid(), hash.finish());
    let chosen = std::env::temp_dir().join(&name);
    // A private temporary folder may be closed to the server's account.
    if chosen.is_absolute() && server.check_way_to(&chosen.join("server")).is_ok() {
        return Ok(chosen);
    }
    Ok(Path::new("/tmp").join(name))
}

/// Answers the write end to keep, where the server is, and its superuser's password.
pub(super) fn join(binaries: &Binaries, server: Account, folder: &Path) -> Result<(File, Address, String)> {
    let instance = Instance::new(binaries.clone(), server, folder.join("server"), Durability::ThrowAway);
    let answer = |needed| Ok((needed, instance.address()?, instance.password()?));
    loop {
        // 0711: the server's account passes through to its own folder below.
        Account::current()?.make_folder(folder, 0o711)?;
        let Some(lock) = open_lock(folder)? else { continue };
        lock.lock_shared().map_err(EmbeddedError::file("lock", folder))?;
        if !still_there(&lock, folder) {
            continue;
        }
        if instance.is_ready()
            && let Some(needed) = watchdog::register(folder)?
        {
            return answer(needed);
        }
        lock.unlock().and_then(|()| lock.lock()).map_err(EmbeddedError::file("lock", folder))?;
        if !still_there(&lock, folder) {
            continue;
        }
        let needed = if let Some(needed) = watchdog::register(folder)? {
            needed
        } else {
            clear(&instance, folder)?;
            watchdog::start(folder)?
        };
        server.make_folder(&folder.join("server"), 0o700)?;
        instance.create()?;
        instance.start()?;
        return answer(needed);
    }
}

fn open_lock(folder: &Path) -> Result<Option<File>> {
    let path = folder.join("lock");
    match File::options().create(true).append(true).open(&path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(EmbeddedError::file("open", &path)(error)),
    }
}

fn still_there(lock: &File, folder: &Path) -> bool {
    let (Ok(held), Ok(named)) = (lock.metadata(), folder.join("lock").metadata()) else { return false };
    (held.dev(), held.ino()) == (named.dev(), named.ino())
}

/// Nobody watches what is in the folder: a watchdog was killed, or the machine went down. Begin anew, keeping only
/// the lock that is held.
fn clear(instance: &Instance, folder: &Path) -> Result<()> {
    instance.stop()?;
    for entry in std::fs::read_dir(folder).map_err(EmbeddedError::file("read", folder))? {
        let path = entry.map_err(EmbeddedError::file("read", folder))?.path();
        let removed = match path.file_name() {
            Some(name) if name == "lock" => Ok(()),
            _ if path.is_dir() => std::fs::remove_dir_all(&path),
            _ => std::fs::remove_file(&path),
        };
        removed.map_err(EmbeddedError::file("remove", &path))?;
    }
    Ok(())
}
