//! A demo of the platform in a folder of its own.

use std::ops::{Deref, DerefMut};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use platform::demo::DemoInfo;

use super::program::{Process, binary, signal, unconfigured};

/// A temporary folder for a demo's data, passable for the account that runs the database. Dropped, it
/// ends a database that was left behind and removes everything.
#[derive(Debug)]
pub struct DataFolder(tempfile::TempDir);

impl DataFolder {
    /// An empty one.
    ///
    /// # Panics
    ///
    /// When it cannot be made.
    #[allow(clippy::new_without_default, reason = "it makes a folder")]
    pub fn new() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("demo-")
            .permissions(std::fs::Permissions::from_mode(0o711))
            .tempdir()
            .expect("a folder");
        // Whatever the mask says.
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o711)).expect("its mode");
        Self(folder)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// The process of the database of the demo in `data`, if its pid file is there.
    pub fn postmaster(data: &Path) -> Option<u32> {
        let file = std::fs::read_to_string(data.join("postgres/pgdata/postmaster.pid")).ok()?;
        file.lines().next()?.trim().parse().ok()
    }
}

impl Drop for DataFolder {
    fn drop(&mut self) {
        for data in [self.path().to_owned(), self.path().join("mmm-platform")] {
            if let Some(pid) = Self::postmaster(&data) {
                signal("QUIT", pid);
            }
        }
    }
}

/// A running demo. Dropped, it is killed.
#[derive(Debug)]
pub struct Demo {
    process: Process,
    /// The folder of its data.
    pub data: PathBuf,
}

impl Demo {
    /// The command that starts a demo in `data`, with nothing configured but what is given to it.
    pub fn command(program: &Path, data: &Path) -> Command {
        let mut command = unconfigured(program);
        command.arg("--data-dir").arg(data).arg("--no-install");
        command
    }

    /// Starts a demo on free ports and waits until it is ready on all of its listeners.
    ///
    /// # Panics
    ///
    /// When it does not get ready in time.
    pub async fn start(folder: &DataFolder, more: &[&str]) -> Self {
        let mut command = Self::command(binary(), folder.path());
        command.args(more);
        let mut demo = Self::spawn(command, folder.path());
        demo.ready(Duration::from_mins(1)).await;
        demo
    }

    /// Starts a demo on free ports.
    ///
    /// # Panics
    ///
    /// When the program cannot be run.
    pub fn spawn(command: Command, data: &Path) -> Self {
        Self { process: Process::listening(command), data: data.to_owned() }
    }

    /// Starts a demo that chooses its ports itself.
    ///
    /// # Panics
    ///
    /// When the program cannot be run.
    pub fn spawn_anywhere(command: Command, data: &Path) -> Self {
        Self { process: Process::spawn(command, Vec::new()), data: data.to_owned() }
    }

    /// Where it is and how to sign in.
    ///
    /// # Panics
    ///
    /// When its description is not there.
    pub fn info(&self) -> DemoInfo {
        DemoInfo::read(&self.data).expect("the demo's description")
    }

    /// Asks it to stop, as [`Process::stop`] does.
    pub async fn stop(self) -> Duration {
        self.process.stop().await
    }

    /// Kills it, as [`Process::kill`] does.
    pub fn kill(self) {
        self.process.kill();
    }
}

impl Deref for Demo {
    type Target = Process;

    fn deref(&self) -> &Process {
        &self.process
    }
}

impl DerefMut for Demo {
    fn deref_mut(&mut self) -> &mut Process {
        &mut self.process
    }
}
