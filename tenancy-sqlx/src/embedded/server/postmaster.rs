//! Says whether a server still runs from a folder, by its pid file and by what that process really is.
//!
//! After `kill -9` the file stays, and the number may belong to anybody by then: to another program of the same
//! account, or to a zombie that nobody reaps (usual in containers). PostgreSQL itself only asks whether the number
//! is alive and would refuse to start for ever. Here the process must have the data folder on its command line.

use crate::embedded::command::{command, run};
use std::path::{Path, PathBuf};

/// What `postmaster.pid` says about the server that wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Postmaster {
    pub(super) pid: u32,
    /// Where its socket is. Empty while it is starting.
    pub(super) socket: PathBuf,
    /// Whether it said that it accepts connections.
    pub(super) ready: bool,
}

/// How the pid file and the processes agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// No server.
    None,
    /// A pid file whose process is gone; the server sees through that by itself.
    Dead,
    /// A pid file whose number now belongs to something else, or to a zombie.
    Stale(Postmaster),
    /// A server.
    Alive(Postmaster),
}

/// Looks at the data folder `data` (the one with `PG_VERSION`).
pub(super) fn find(data: &Path) -> Found {
    let Some(postmaster) = std::fs::read_to_string(pid_file(data)).ok().and_then(|text| parse(&text)) else {
        return Found::None;
    };
    match command_line(postmaster.pid) {
        None => Found::Dead,
        Some(line) if contains(&line, data.as_os_str().as_encoded_bytes()) => Found::Alive(postmaster),
        Some(_) => Found::Stale(postmaster),
    }
}

pub(super) fn pid_file(data: &Path) -> PathBuf {
    data.join("postmaster.pid")
}

/// Lines: pid, data folder, start time, port, socket folder, listen address, shared memory, status.
fn parse(text: &str) -> Option<Postmaster> {
    let mut lines = text.lines();
    // A negative number is a stand-alone backend.
    let pid = lines.next()?.trim().parse::<i64>().ok()?.unsigned_abs().try_into().ok()?;
    Some(Postmaster {
        pid,
        socket: lines.nth(3).map(PathBuf::from).unwrap_or_default(),
        ready: lines.nth(2).is_some_and(|status| status.trim() == "ready"),
    })
}

/// What the process was started with: `None` if there is none, empty for a zombie.
fn command_line(pid: u32) -> Option<Vec<u8>> {
    if Path::new("/proc/self/cmdline").exists() {
        return std::fs::read(format!("/proc/{pid}/cmdline")).ok();
    }
    let line = run(command("ps").args(["-o", "command=", "-p", &pid.to_string()]), "asking for a process");
    line.ok().map(String::into_bytes).filter(|line| !line.is_empty())
}

fn contains(line: &[u8], part: &[u8]) -> bool {
    line.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "PID\n/data\n1700000000\n5432\n/tmp/s\n\n 1 2\nready   \n";

    fn found(pid: u32) -> Found {
        let data = tempfile::tempdir().expect("temp folder");
        std::fs::write(pid_file(data.path()), FILE.replace("PID", &pid.to_string())).expect("file");
        find(data.path())
    }

    #[test]
    fn a_number_that_belongs_to_another_program_is_stale() {
        let Found::Stale(other) = found(std::process::id()) else { panic!("not stale") };
        assert_eq!((other.socket, other.ready), (PathBuf::from("/tmp/s"), true));
    }

    #[test]
    fn a_number_that_belongs_to_nobody_is_dead() {
        assert_eq!(found(i32::MAX.unsigned_abs()), Found::Dead);
    }

    #[test]
    fn a_file_still_being_written_is_not_ready() {
        assert_eq!(parse("7\n/data\n"), Some(Postmaster { pid: 7, socket: PathBuf::new(), ready: false }));
        assert_eq!(parse(""), None);
    }
}
