//! What outlives every test process: a shell that waits for the last one and then cleans up.
//!
//! A test process can be killed at any moment, so no code of ours is sure to run at its end. The system does one
//! thing for sure: it closes the files of a dead process. Each user holds the write end of a FIFO whose read end is
//! the input of a small `sh`; when the last write end is closed the shell reads the end of file. It then takes the
//! folder's lock, sees whether somebody joined meanwhile, stops the server and removes the folder.

use crate::embedded::command::{command, on_path};
use crate::embedded::error::{EmbeddedError, Result};
use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

const SCRIPT: &str = include_str!("watchdog.sh");

/// How long an unneeded server waits: the next binary of the same `cargo test` comes within it.
const LINGER_SECONDS: &str = "3";

/// `O_NONBLOCK` on the systems this runs on.
const NON_BLOCKING: i32 = if cfg!(target_os = "linux") { 0o4000 } else { 0x4 };

fn fifo(folder: &Path) -> PathBuf {
    folder.join("needed")
}

/// Opens a write end, if a watchdog is reading.
pub(super) fn register(folder: &Path) -> Result<Option<File>> {
    let fifo = fifo(folder);
    // Without a reader a non-blocking open for writing fails (ENXIO) instead of waiting for one.
    match OpenOptions::new().write(true).custom_flags(NON_BLOCKING).open(&fifo) {
        Ok(file) => {
            sign(folder)?;
            Ok(Some(file))
        }
        Err(error) if error.kind() == ErrorKind::NotFound || error.raw_os_error() == Some(6) => Ok(None),
        Err(error) => Err(EmbeddedError::file("open", &fifo)(error)),
    }
}

/// Starts the watchdog of a fresh folder and answers a write end. Called under the exclusive lock.
pub(super) fn start(folder: &Path) -> Result<File> {
    let fifo = fifo(folder);
    crate::embedded::command::run(command("mkfifo").args(["-m", "600"]).arg(&fifo), "mkfifo")?;
    let open = |options: &OpenOptions| options.open(&fifo).map_err(EmbeddedError::file("open", &fifo));
    // Opened for both, a FIFO does not wait for the other side; with it the two ends open at once. The shell gets
    // its end as input: should this process be killed right now, the shell still reads the end of file.
    let both = open(OpenOptions::new().read(true).write(true))?;
    let reader = open(OpenOptions::new().read(true))?;
    let writer = open(OpenOptions::new().write(true))?;
    sign(folder)?;
    // From a file, so that a list of processes shows its name and not its text.
    let script = folder.join("tenancy-test-watchdog");
    std::fs::write(&script, SCRIPT).map_err(EmbeddedError::file("write", &script))?;
    // A session of its own, so that closing the terminal or killing the process group does not reach it; where
    // there is no `setsid`, a group of its own.
    let setsid = on_path("setsid");
    let mut shell = command(setsid.as_deref().unwrap_or(Path::new("sh")));
    if setsid.is_some() {
        shell.arg("sh");
    } else {
        shell.process_group(0);
    }
    shell
        .arg(script)
        .arg(folder)
        .arg(LINGER_SECONDS)
        .stdin(reader)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| EmbeddedError::command("starting the watchdog of the test server", error))?;
    drop(both);
    Ok(writer)
}

/// Counts one more user, so that the watchdog notices who joined after it read the end of file.
fn sign(folder: &Path) -> Result<()> {
    use std::io::Write;
    let file = folder.join("users");
    let opened = OpenOptions::new().create(true).append(true).open(&file);
    opened
        .and_then(|mut users| writeln!(users, "{}", std::process::id()))
        .map_err(EmbeddedError::file("write", &file))
}
