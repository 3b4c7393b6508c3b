//! Decides whether, from where and after which words PostgreSQL is installed.
//!
//! 1. What is here is used; nothing is installed beside it.
//! 2. [`Install::Never`], and `TENANCY_NO_INSTALL=1` over any choice, end here with the line to type.
//! 3. As root on a system with apt, the distribution's package: it gets security updates.
//! 4. Otherwise, or where that failed, a pinned archive with a checksum.
//!
//! Parallel test processes find nothing at the same moment, so 3 and 4 run under a file lock and look again first.

mod apt;
mod archive;

use super::account::Account;
use super::binaries::{Binaries, Places};
use super::command::{off_the_runtime, on_path};
use super::error::{EmbeddedError, Result};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

/// What a caller allows when no PostgreSQL is here.
#[derive(Clone, Copy, Default)]
pub enum Install<'a> {
    /// Nothing is installed; the error says what to type.
    #[default]
    Never,
    /// Install, after telling this function what is about to happen.
    WhenMissing(&'a (dyn Fn(&str) + Send + Sync)),
}

impl std::fmt::Debug for Install<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Never => "Never",
            Self::WhenMissing(_) => "WhenMissing",
        })
    }
}

/// A notice for [`Install::WhenMissing`] that even a test runner which captures output lets through.
pub fn to_stderr(notice: &str) {
    // Nobody to tell is no reason to fail.
    let _ = writeln!(std::io::stderr().lock(), "{notice}");
}

/// The choice together with what the environment says about it.
struct Policy<'a> {
    install: Install<'a>,
    refused: bool,
    archive: Option<String>,
}

impl Binaries {
    /// The binaries of this machine, installed first if there are none and `install` allows it.
    pub async fn find_or_install(install: Install<'_>) -> Result<Self> {
        let policy = Policy {
            install,
            refused: std::env::var("TENANCY_NO_INSTALL").is_ok_and(|value| !["", "0"].contains(&&*value)),
            archive: std::env::var("TENANCY_POSTGRES_ARCHIVE").ok().filter(|url| !url.is_empty()),
        };
        obtain(Places::of_system(), policy).await
    }
}

async fn obtain(places: Places, policy: Policy<'_>) -> Result<Binaries> {
    let seen = match places.find(None) {
        Ok(found) => return Ok(found),
        Err(seen) => seen,
    };
    let notice = match policy.install {
        Install::WhenMissing(_) if policy.refused => {
            return Err(missing(format!("{seen}; TENANCY_NO_INSTALL forbids installing it")));
        }
        Install::Never => return Err(missing(seen)),
        Install::WhenMissing(notice) => notice,
    };
    let folder = places.downloads.clone().map_or_else(state_folder, Ok)?;
    let _alone = off_the_runtime({
        let folder = folder.clone();
        move || lock(&folder)
    })
    .await?;
    if let Ok(found) = places.find(None) {
        return Ok(found);
    }
    let mut tried = vec![seen];
    // Whoever names an archive wants that one.
    if policy.archive.is_none() && Account::current()?.is_root() && apt::is_here() {
        notice(
            "no postgresql found: installing the system's package with apt-get (TENANCY_NO_INSTALL=1 refuses)",
        );
        match off_the_runtime(apt::install).await.map(|()| places.find(None)) {
            Ok(Ok(found)) => return Ok(found),
            Ok(Err(reason)) => tried.push(format!("after apt-get: {reason}")),
            Err(error) => tried.push(error.to_string()),
        }
    }
    match archive::install(policy.archive.as_deref(), &folder, notice).await {
        Ok(found) => Ok(found),
        Err(reason) => {
            tried.push(reason);
            Err(missing(tried.join("; ")))
        }
    }
}

/// Nothing fit is here, for this reason.
pub(super) fn missing(reason: String) -> EmbeddedError {
    EmbeddedError::Missing { reason, install_line: install_line() }
}

/// Where downloads and the lock are: reachable by the server's account, and not in anybody's checkout.
pub(super) fn state_folder() -> Result<PathBuf> {
    if Account::current()?.is_root() {
        return Ok(PathBuf::from("/var/lib/tenancy"));
    }
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let data = absolute("XDG_DATA_HOME").or_else(|| Some(absolute("HOME")?.join(".local/share")));
    Ok(data.unwrap_or_else(std::env::temp_dir).join("tenancy"))
}

fn lock(folder: &Path) -> Result<File> {
    std::fs::create_dir_all(folder).map_err(EmbeddedError::file("create", folder))?;
    let account = Account::current()?;
    if account.is_root() {
        // Whatever root's umask: the server's account must reach what is unpacked here.
        account.own(folder, 0o755)?;
    }
    let path = folder.join("install.lock");
    let file = File::create(&path).map_err(EmbeddedError::file("open", &path))?;
    file.lock().map_err(EmbeddedError::file("lock", &path))?;
    Ok(file)
}

/// The one line that installs PostgreSQL on this system.
fn install_line() -> String {
    let managers = [
        ("apt-get", "apt-get update && apt-get install -y postgresql"),
        ("dnf", "dnf install -y postgresql-server"),
        ("apk", "apk add postgresql"),
        ("pacman", "pacman -S --noconfirm postgresql"),
        ("zypper", "zypper install -y postgresql-server"),
    ];
    if on_path("brew").is_some() {
        return "brew install postgresql@17".to_owned();
    }
    let line = managers.iter().find(|(program, _)| on_path(program).is_some()).map(|(_, line)| *line);
    match line {
        Some(line) if Account::current().is_ok_and(Account::is_root) => line.to_owned(),
        Some(line) => format!("sudo sh -c '{line}'"),
        None => "see https://www.postgresql.org/download/ (15 or newer)".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    async fn refusal(install: Install<'_>, refused: bool, places: Places) -> String {
        let policy = Policy { install, refused, archive: None };
        obtain(places, policy).await.expect_err("nothing is here").to_string()
    }

    #[tokio::test]
    async fn without_leave_nothing_is_installed_and_the_line_is_named() {
        let heard = Mutex::new(Vec::new());
        let notice = |text: &str| heard.lock().expect("lock").push(text.to_owned());
        let never = refusal(Install::Never, false, Places::default()).await;
        assert!(never.contains(&install_line()), "{never}");
        let refused = refusal(Install::WhenMissing(&notice), true, Places::default()).await;
        assert!(refused.contains("TENANCY_NO_INSTALL") && refused.contains(&install_line()), "{refused}");
        assert!(heard.into_inner().expect("lock").is_empty(), "said it would install");
    }
}
