//! One data folder and the server on it: made, started, stopped, blocking.
//!
//! ```text
//! folder/            0700, the server's account
//!   password         the superuser's, random, 0600
//!   pgdata/          made beside and renamed, so a killed initdb leaves nothing half-way
//!   postgres.log
//!   .s.PGSQL.5432    unless the path is too long for a socket: then in a short private folder
//! ```
//!
//! Settings are written anew at every start into a file that `postgresql.conf` includes, so a new version of this
//! module reaches old folders.

use super::postmaster::{self, Found};
use crate::embedded::account::Account;
use crate::embedded::address::{Address, PORT, SUPERUSER};
use crate::embedded::binaries::Binaries;
use crate::embedded::command::{command, last_lines, run};
use crate::embedded::error::{EmbeddedError, Result};
use std::fmt::Write;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Longest socket path; the systems allow 104 to 108 bytes.
const SOCKET_PATH: usize = 100;

/// How long a start may take; crash recovery of a demo's data is within it.
const START: Duration = Duration::from_mins(1);

/// Whether the data must survive the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    /// It must: the demo's data.
    Durable,
    /// It is thrown away in seconds: nothing is ever flushed.
    ThrowAway,
}

/// A data folder with the programs and the account that run it.
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    binaries: Binaries,
    account: Account,
    folder: PathBuf,
    durability: Durability,
}

/// The major version that made the data below `folder`, if there is any.
pub(super) fn made_by(folder: &Path) -> Option<u32> {
    std::fs::read_to_string(folder.join("pgdata/PG_VERSION")).ok()?.trim().parse().ok()
}

impl Instance {
    /// Nothing is touched yet. `folder` exists and belongs to `account`.
    pub(crate) const fn new(
        binaries: Binaries,
        account: Account,
        folder: PathBuf,
        durability: Durability,
    ) -> Self {
        Self { binaries, account, folder, durability }
    }

    pub(crate) const fn binaries(&self) -> &Binaries {
        &self.binaries
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.folder.join("postgres.log")
    }

    /// The superuser's password.
    pub(crate) fn password(&self) -> Result<String> {
        let file = self.folder.join("password");
        std::fs::read_to_string(&file).map_err(EmbeddedError::file("read", &file))
    }

    /// Where to connect: the running server's own word, since its socket may be where an older start put it.
    pub(crate) fn address(&self) -> Result<Address> {
        let socket = match postmaster::find(&self.data()) {
            Found::Alive(postmaster) => postmaster.socket,
            _ => self.socket_folder(),
        };
        Ok(Address::socket(&socket, &self.password()?))
    }

    /// Whether a server runs here and accepts connections.
    pub(crate) fn is_ready(&self) -> bool {
        matches!(postmaster::find(&self.data()), Found::Alive(postmaster) if postmaster.ready)
    }

    /// Makes the data, unless it is there.
    pub(crate) fn create(&self) -> Result<()> {
        if let Some(made_by) = made_by(&self.folder) {
            if made_by == self.binaries.major() {
                return Ok(());
            }
            return Err(EmbeddedError::OtherVersion { folder: self.folder.clone(), made_by });
        }
        self.write_password()?;
        let unfinished = self.folder.join("pgdata.new");
        // The C locale of UTF-8 sorts the same everywhere; systems without it have plain C.
        self.initdb(&unfinished, "C.UTF-8").or_else(|error| match error {
            EmbeddedError::Command { output, .. } if output.contains("locale") => {
                self.initdb(&unfinished, "C")
            }
            other => Err(other),
        })?;
        let main = unfinished.join("postgresql.conf");
        let text = std::fs::read_to_string(&main).map_err(EmbeddedError::file("read", &main))?;
        std::fs::write(&main, text + "\ninclude 'embedded.conf'\n")
            .map_err(EmbeddedError::file("write", &main))?;
        std::fs::rename(&unfinished, self.data()).map_err(EmbeddedError::file("rename", &unfinished))
    }

    fn write_password(&self) -> Result<()> {
        let mut random = [0_u8; 32];
        getrandom::fill(&mut random)
            .map_err(|error| EmbeddedError::command("reading random bytes", error))?;
        let password = random.iter().fold(String::new(), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        });
        let file = self.folder.join("password");
        std::fs::write(&file, "").map_err(EmbeddedError::file("write", &file))?;
        self.account.own(&file, 0o600)?;
        std::fs::write(&file, password).map_err(EmbeddedError::file("write", &file))
    }

    fn initdb(&self, data: &Path, locale: &str) -> Result<()> {
        if data.exists() {
            std::fs::remove_dir_all(data).map_err(EmbeddedError::file("remove", data))?;
        }
        let mut initdb = self.program("initdb")?;
        initdb
            .args(["--auth-local=scram-sha-256", "--auth-host=scram-sha-256", "--encoding=UTF8"])
            .args(["--username", SUPERUSER, "--locale", locale, "--no-instructions"])
            .arg("--pwfile")
            .arg(self.folder.join("password"))
            .arg("--pgdata")
            .arg(data);
        if self.durability == Durability::ThrowAway {
            initdb.arg("--no-sync");
        }
        run(&mut initdb, "initdb").map(drop)
    }

    /// Starts the server, or takes over one that already runs from this folder.
    #[expect(clippy::disallowed_methods, reason = "blocking work, beside the runtime")]
    pub(crate) fn start(&self) -> Result<()> {
        let deadline = Instant::now() + START;
        let mut seen_ready = false;
        loop {
            match postmaster::find(&self.data()) {
                // Twice, since one that was asked to stop a moment ago has not noted it yet.
                Found::Alive(postmaster) if postmaster.ready && seen_ready => return Ok(()),
                Found::Alive(postmaster) if postmaster.ready => {
                    seen_ready = true;
                    std::thread::sleep(Duration::from_millis(200));
                    continue;
                }
                // On its way up or down.
                Found::Alive(_) if Instant::now() < deadline => {
                    seen_ready = false;
                    std::thread::sleep(Duration::from_millis(100));
                    continue;
                }
                Found::Alive(postmaster) => {
                    return Err(self.failed(format!("process {} is neither up nor down", postmaster.pid)));
                }
                Found::Stale(postmaster) => self.remove_pid_files(&postmaster.socket),
                Found::None | Found::Dead => {}
            }
            let written = self.log().metadata().map_or(0, |meta| meta.len());
            self.write_settings()?;
            let Err(error) = self.pg_ctl(&["start", "--wait", "--timeout=60"]) else { return Ok(()) };
            let reason = self.reason_since(written).unwrap_or_else(|| error.to_string());
            // The last children of a killed server take a moment to notice.
            let leftover = reason.contains("still in use") || reason.contains("lock file");
            if !leftover || Instant::now() > deadline {
                return Err(self.failed(reason));
            }
            std::thread::sleep(Duration::from_millis(250));
        }
    }

    /// Disconnects everybody and waits until the server is down.
    pub(crate) fn stop(&self) -> Result<()> {
        match postmaster::find(&self.data()) {
            Found::Alive(_) => self.pg_ctl(&["stop", "--mode=fast", "--wait", "--timeout=60"]),
            _ => Ok(()),
        }
    }

    /// Asks the server to stop and does not wait. What goes wrong is not reported: nobody is left to hear it.
    pub(crate) fn ask_to_stop(&self) {
        if matches!(postmaster::find(&self.data()), Found::Alive(_)) {
            let _ = self.pg_ctl(&["stop", "--mode=fast", "--no-wait"]);
        }
    }

    fn pg_ctl(&self, arguments: &[&str]) -> Result<()> {
        let mut pg_ctl = self.program("pg_ctl")?;
        pg_ctl.args(arguments).arg("--silent").arg("--pgdata").arg(self.data());
        if arguments.first() == Some(&"start") {
            pg_ctl.arg("--log").arg(self.log());
        }
        run(&mut pg_ctl, &format!("pg_ctl {}", arguments[0])).map(drop)
    }

    fn program(&self, name: &str) -> Result<std::process::Command> {
        let mut command = command(self.binaries.program(name));
        self.account.run_as(&mut command)?;
        Ok(command)
    }

    fn data(&self) -> PathBuf {
        self.folder.join("pgdata")
    }

    fn socket_folder(&self) -> PathBuf {
        let fits = |folder: &Path| folder.as_os_str().len() + "/.s.PGSQL.5432".len() < SOCKET_PATH;
        if fits(&self.folder) {
            return self.folder.clone();
        }
        let mut hash = DefaultHasher::new();
        self.folder.hash(&mut hash);
        let name = format!("tenancy-{:016x}", hash.finish());
        let own = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        // Root's runtime folder is closed to the server's account.
        own.filter(|folder| folder.is_dir() && Account::current().is_ok_and(|it| it == self.account))
            .map(|folder| folder.join(&name))
            .filter(|folder| fits(folder))
            .unwrap_or_else(|| Path::new("/tmp").join(name))
    }

    fn write_settings(&self) -> Result<()> {
        let socket = self.socket_folder();
        if socket != self.folder {
            self.account.make_folder(&socket, 0o700)?;
        }
        let (connections, flush) = match self.durability {
            Durability::Durable => (100, "on"),
            Durability::ThrowAway => (200, "off"),
        };
        let socket = socket.to_string_lossy().replace('"', "\"\"").replace('\'', "''");
        let settings = format!(
            "# Written at every start.\n\
             listen_addresses = ''\n\
             port = {PORT}\n\
             unix_socket_directories = '\"{socket}\"'\n\
             unix_socket_permissions = 0700\n\
             max_connections = {connections}\n\
             fsync = {flush}\n\
             synchronous_commit = {flush}\n\
             full_page_writes = {flush}\n\
             timezone = 'UTC'\n\
             log_timezone = 'UTC'\n\
             log_line_prefix = '%m [%p] %q%u@%d '\n"
        );
        let file = self.data().join("embedded.conf");
        std::fs::write(&file, settings).map_err(EmbeddedError::file("write", &file))?;
        self.account.own(&file, 0o600)
    }

    /// A pid file whose number is somebody else's makes the server refuse to start. Shared memory still guards the
    /// data: children of the old server that live on are found by it.
    fn remove_pid_files(&self, socket: &Path) {
        // Should this fail, the server says so itself.
        let _ = std::fs::remove_file(postmaster::pid_file(&self.data()));
        let _ = std::fs::remove_file(socket.join(format!(".s.PGSQL.{PORT}.lock")));
    }

    /// What the log says since it had `length` bytes. Some reasons are plain `LOG` lines before the `FATAL` one.
    fn reason_since(&self, length: u64) -> Option<String> {
        let log = std::fs::read(self.log()).ok()?;
        let new = String::from_utf8_lossy(log.get(usize::try_from(length).ok()?..)?).into_owned();
        Some(last_lines(&new)).filter(|text| !text.is_empty())
    }

    fn failed(&self, reason: String) -> EmbeddedError {
        EmbeddedError::Start { reason, log: self.log() }
    }
}
