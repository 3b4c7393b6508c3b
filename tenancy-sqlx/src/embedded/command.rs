//! Runs the small programs that do the work, blocking, with a clean environment and a readable failure.
//!
//! The environment is emptied first: a `PGDATA`, `PGPORT` or `PGOPTIONS` meant for somebody's own server must not
//! reach ours, and messages are wanted in one language. [`off_the_runtime`] is the one way from async code here.

use super::error::{EmbeddedError, Result};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a child may know of our environment.
const KEPT: [&str; 10] = [
    "PATH",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
];

/// How much of a failed program's words an error repeats.
const LAST_LINES: usize = 8;

/// A command with an emptied environment, no input, and a folder that every account may enter.
pub(super) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env_clear().envs(KEPT.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    command.env("LC_ALL", "C").env("TZ", "UTC").env("HOME", "/").current_dir("/").stdin(Stdio::null());
    command
}

/// Runs to the end and answers what was written to standard output.
pub(super) fn run(command: &mut Command, doing: &str) -> Result<String> {
    let output = command.output().map_err(|error| {
        EmbeddedError::command(doing, format_args!("{}: {error}", command.get_program().display()))
    })?;
    let written = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(written);
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    let words = if complaint.trim().is_empty() { written.as_str() } else { &complaint };
    Err(EmbeddedError::command(doing, format_args!("{} ({})", last_lines(words), output.status)))
}

/// The last lines of a text on one line.
pub(super) fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(LAST_LINES)..].join(" | ")
}

/// Where `PATH` has this program.
pub(super) fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| is_program(file))
}

/// Whether this is a file that somebody may run.
pub(super) fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// Runs blocking work beside the async runtime.
pub(super) async fn off_the_runtime<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(stopped) => match stopped.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(stopped) => Err(EmbeddedError::command("waiting for blocking work", stopped)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_does_not_see_our_environment() {
        let seen = run(&mut command("env"), "listing").expect("env runs");
        assert!(!seen.contains("CARGO_MANIFEST_DIR") && seen.contains("LC_ALL=C"), "{seen}");
    }

    #[test]
    fn a_failure_repeats_the_last_words() {
        let error = run(command("sh").args(["-c", "echo first; echo no room >&2; exit 3"]), "trying");
        let text = error.expect_err("exit 3").to_string();
        assert!(text.contains("trying failed: no room") && text.contains('3'), "{text}");
    }
}
