//! Whose account the server runs under, and which folders that account can reach.
//!
//! PostgreSQL refuses to run as root. Under root the server therefore becomes `postgres` if the system has that
//! account, else `nobody`; its data then belongs to that account, and every folder above it must let it pass. A
//! home folder usually does not, so the check here names the closed folder instead of leaving it to `initdb`.

use super::command::{command, run};
use super::error::{EmbeddedError, Result};
use std::fs::{DirBuilder, Metadata};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

/// The account of the server's processes and files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Account {
    uid: u32,
    gid: u32,
}

impl Account {
    /// The account of this process.
    pub(super) fn current() -> Result<Self> {
        static CURRENT: OnceLock<Account> = OnceLock::new();
        if let Some(known) = CURRENT.get() {
            return Ok(*known);
        }
        let found = Self { uid: id(&["-u"])?, gid: id(&["-g"])? };
        Ok(*CURRENT.get_or_init(|| found))
    }

    /// The account a server runs under when this process starts it.
    pub(super) fn of_servers() -> Result<Self> {
        let current = Self::current()?;
        if !current.is_root() {
            return Ok(current);
        }
        let named = |name| Ok(Self { uid: id(&["-u", name])?, gid: id(&["-g", name])? });
        named("postgres").or_else(|_: EmbeddedError| named("nobody"))
    }

    /// Whether this is root.
    pub(super) const fn is_root(self) -> bool {
        self.uid == 0
    }

    /// The number the system knows it by.
    pub(super) const fn uid(self) -> u32 {
        self.uid
    }

    /// Makes a command run under this account.
    pub(super) fn run_as(self, command: &mut Command) -> Result<&mut Command> {
        if Self::current()? != self {
            command.uid(self.uid).gid(self.gid);
        }
        Ok(command)
    }

    /// Gives a file or folder to this account with the given mode.
    pub(super) fn own(self, path: &Path, mode: u32) -> Result<()> {
        if Self::current()? != self {
            std::os::unix::fs::chown(path, Some(self.uid), Some(self.gid))
                .map_err(EmbeddedError::file("give to the server's account", path))?;
        }
        std::fs::set_permissions(path, PermissionsExt::from_mode(mode))
            .map_err(EmbeddedError::file("set the mode of", path))
    }

    /// Makes a folder that belongs to this account, or checks that an existing one does.
    pub(super) fn make_folder(self, folder: &Path, mode: u32) -> Result<()> {
        // Never wider than asked, not even for a moment: others may be looking at it already.
        match DirBuilder::new().mode(mode).create(folder) {
            Ok(()) => return self.own(folder, mode),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(EmbeddedError::file("create", folder)(error)),
        }
        let meta = folder.symlink_metadata().map_err(EmbeddedError::file("look at", folder))?;
        if meta.is_dir() && meta.uid() == self.uid && meta.mode() & 0o022 == 0 {
            return Ok(());
        }
        // Made by the caller a moment ago, under root: handed over while nothing is in it.
        let empty = || std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none());
        if meta.is_dir() && meta.uid() == Self::current()?.uid && empty() {
            return self.own(folder, mode);
        }
        let reason = format!("it exists and is not a folder of user id {} alone; remove it", self.uid);
        Err(EmbeddedError::folder(folder, reason))
    }

    /// Refuses a folder that this account cannot reach because one above it is closed.
    pub(super) fn check_way_to(self, folder: &Path) -> Result<()> {
        let closed = folder.ancestors().skip(1).find(|above| {
            above.metadata().is_ok_and(|meta| !self.may_enter(&meta)) && !above.as_os_str().is_empty()
        });
        closed.map_or(Ok(()), |above| {
            let reason = format!(
                "the server runs as user id {}, which may not enter {}; \
                 choose a folder below /var/lib or {}",
                self.uid,
                above.display(),
                std::env::temp_dir().display(),
            );
            Err(EmbeddedError::folder(folder, reason))
        })
    }

    fn may_enter(self, meta: &Metadata) -> bool {
        let bit = match (meta.uid() == self.uid, meta.gid() == self.gid) {
            (true, _) => 0o100,
            (false, true) => 0o010,
            (false, false) => 0o001,
        };
        // Supplementary groups are not looked at: root's child has none, and a user owns what it chose.
        self.is_root() || meta.mode() & bit != 0 || Self::current().is_ok_and(|current| current == self)
    }
}

fn id(arguments: &[&str]) -> Result<u32> {
    let doing = format!("asking for the account (id {})", arguments.join(" "));
    let text = run(command("id").args(arguments), &doing)?;
    text.trim().parse().map_err(|error| EmbeddedError::command(doing, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_never_runs_as_root() {
        assert!(!Account::of_servers().expect("an account").is_root());
    }

    #[test]
    fn a_folder_below_a_closed_one_is_refused_by_name() {
        let closed = tempfile::tempdir().expect("temp folder");
        std::fs::set_permissions(closed.path(), PermissionsExt::from_mode(0o700)).expect("mode");
        let stranger = Account { uid: 4_000_000, gid: 4_000_000 };
        let error = stranger.check_way_to(&closed.path().join("data")).expect_err("closed");
        assert!(error.to_string().contains(&*closed.path().to_string_lossy()), "{error}");
        assert!(error.to_string().contains("/var/lib"), "{error}");
    }

    #[test]
    fn a_folder_of_somebody_else_or_a_link_is_refused() {
        let temp = tempfile::tempdir().expect("temp folder");
        let link = temp.path().join("link");
        std::os::unix::fs::symlink(temp.path(), &link).expect("link");
        let error = Account::current().expect("account").make_folder(&link, 0o700);
        assert!(error.expect_err("a link").to_string().contains("remove it"));
    }
}
