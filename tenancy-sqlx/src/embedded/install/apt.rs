//! Installs the distribution's package as root, without the cluster that Debian would start with it.
//!
//! Debian's server package makes and starts a cluster on port 5432. Nobody asked for that one, so
//! `postgresql-common` is installed first and told `create_main_cluster = false`: its file is a conffile, and
//! writing it before the package is there would end in a question about whose version to keep.

use crate::embedded::binaries::MINIMUM_MAJOR;
use crate::embedded::command::{command, on_path, run};
use crate::embedded::error::{EmbeddedError, Result};
use std::path::Path;

const CONFIGURATION: &str = "/etc/postgresql-common/createcluster.conf";

/// Whether this is a system whose packages apt manages.
pub(super) fn is_here() -> bool {
    Path::new("/etc/debian_version").exists() && on_path("apt-get").is_some()
}

/// Installs the newest server package that is new enough.
pub(super) fn install() -> Result<()> {
    apt(&["update"])?;
    let listed = run(
        command("apt-cache").args(["search", "--names-only", "^postgresql-[0-9]+$"]),
        "asking apt for its postgresql versions",
    )?;
    let package = newest(&listed).ok_or_else(|| {
        EmbeddedError::command(
            "installing postgresql with apt-get",
            format_args!("this release has no postgresql {MINIMUM_MAJOR} or newer"),
        )
    })?;
    apt(&["install", "-y", "--no-install-recommends", "postgresql-common"])?;
    refuse_main_cluster(Path::new(CONFIGURATION))?;
    apt(&["install", "-y", "--no-install-recommends", &package])
}

fn apt(arguments: &[&str]) -> Result<()> {
    let mut apt = command("apt-get");
    apt.env("DEBIAN_FRONTEND", "noninteractive")
        .args(["-q", "-o", "DPkg::Lock::Timeout=120"])
        .args(arguments);
    run(&mut apt, &format!("apt-get {}", arguments.join(" "))).map(drop)
}

/// The package with the highest major among lines like `postgresql-15 - The World's Most ...`.
fn newest(listed: &str) -> Option<String> {
    let majors = listed
        .lines()
        .filter_map(|line| line.split_whitespace().next()?.strip_prefix("postgresql-")?.parse::<u32>().ok());
    majors.max().filter(|major| *major >= MINIMUM_MAJOR).map(|major| format!("postgresql-{major}"))
}

/// Sets `create_main_cluster = false`, leaving every other line alone.
fn refuse_main_cluster(file: &Path) -> Result<()> {
    let text = std::fs::read_to_string(file).map_err(EmbeddedError::file("read", file))?;
    let is_ours = |line: &&str| {
        line.trim_start_matches(['#', ' '])
            .strip_prefix("create_main_cluster")
            .is_some_and(|rest| rest.trim_start().starts_with('='))
    };
    let mut lines: Vec<&str> = text.lines().filter(|line| !is_ours(line)).collect();
    lines.push("create_main_cluster = false\n");
    std::fs::write(file, lines.join("\n")).map_err(EmbeddedError::file("write", file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_package_is_taken_and_an_old_one_refused() {
        let bookworm = "postgresql-13 - old\npostgresql-15 - The World's Most Advanced\nnoise\n";
        assert_eq!(newest(bookworm).as_deref(), Some("postgresql-15"));
        assert_eq!(newest("postgresql-14 - too old\n"), None);
        assert_eq!(newest(""), None);
    }

    #[test]
    fn only_the_line_about_the_main_cluster_changes() {
        let temp = tempfile::tempdir().expect("temp folder");
        let file = temp.path().join("createcluster.conf");
        std::fs::write(&file, "# Create a cluster\n#create_main_cluster = true\nssl = on\n").expect("file");
        refuse_main_cluster(&file).expect("written");
        refuse_main_cluster(&file).expect("written twice");
        let text = std::fs::read_to_string(&file).expect("file");
        assert_eq!(text, "# Create a cluster\nssl = on\ncreate_main_cluster = false\n");
    }
}
