//! Finds the programs of a PostgreSQL that is already here.
//!
//! Order: `PATH`, then the folders of Debian, Red Hat, Homebrew and Postgres.app, newest major first, then what an
//! earlier run downloaded. A `postgres` on `PATH` may be a link without its siblings (`initdb` finds its share
//! folder from its own place), so links are followed before the folder is judged; where the real folder is not
//! complete, the folder with the link is tried. A folder that will not do is remembered with the reason, so that
//! "not found" can say what was seen.

use super::command::{command, is_program, run};
use super::error::Result;
use std::cmp::Reverse;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The oldest major version the crate works with.
pub const MINIMUM_MAJOR: u32 = 15;

/// What a folder must have to be of use.
const PROGRAMS: [&str; 3] = ["postgres", "initdb", "pg_ctl"];

/// Folders of packagers; `*` stands for a version.
const PACKAGED: [&str; 7] = [
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/libexec/postgresql*",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
];

/// A fit folder, or why there is none.
pub(super) type Judged = Result<Binaries, String>;

/// A folder with the programs of one PostgreSQL version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binaries {
    folder: PathBuf,
    version: String,
    major: u32,
}

impl Binaries {
    /// The first fit PostgreSQL on this machine, or what was seen instead. Never installs anything.
    pub fn find() -> Result<Self> {
        Places::of_system().find(None).map_err(super::install::missing)
    }

    /// Judges one folder.
    pub(super) fn at(folder: &Path) -> Judged {
        if let Some(absent) = PROGRAMS.iter().find(|program| !is_program(&folder.join(program))) {
            return Err(format!("{} has no {absent}", folder.display()));
        }
        let said = run(command(folder.join("postgres")).arg("--version"), "asking for the version")
            .map_err(|error| format!("{}: {error}", folder.display()))?;
        // "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", or "17beta1", "16.4 - Percona ...".
        let version: String = said
            .split_whitespace()
            .find(|word| word.starts_with(|letter: char| letter.is_ascii_digit()))
            .unwrap_or_default()
            .to_owned();
        let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
        let major = digits
            .parse()
            .map_err(|_| format!("{} names no version: {:?}", folder.display(), said.trim()))?;
        Ok(Self { folder: folder.to_owned(), version, major })
    }

    /// The path of one of its programs, such as `psql`.
    pub fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The folder of the programs, links followed.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The version as the server prints it, such as `15.18`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The major version, such as `15`.
    pub const fn major(&self) -> u32 {
        self.major
    }
}

/// Where to look. Tests give their own.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    pub(super) path: Option<OsString>,
    pub(super) patterns: Vec<PathBuf>,
    pub(super) downloads: Option<PathBuf>,
}

impl Places {
    pub(super) fn of_system() -> Self {
        Self {
            path: std::env::var_os("PATH"),
            patterns: PACKAGED.iter().map(PathBuf::from).collect(),
            downloads: super::install::state_folder().ok(),
        }
    }

    /// The first fit folder: of `major` if one is wanted, else of any major that is new enough.
    pub(super) fn find(&self, major: Option<u32>) -> Judged {
        let mut unfit = Vec::new();
        for folder in self.candidates() {
            match Binaries::at(&folder) {
                Ok(found) if major.map_or(found.major >= MINIMUM_MAJOR, |wanted| found.major == wanted) => {
                    return Ok(found);
                }
                Ok(other) => unfit.push(format!(
                    "{} has {}, needed is {}",
                    folder.display(),
                    other.version,
                    major.map_or(format!("{MINIMUM_MAJOR} or newer"), |wanted| wanted.to_string()),
                )),
                Err(reason) => unfit.push(reason),
            }
        }
        if unfit.is_empty() {
            unfit.push("none on PATH or where packages put it".to_owned());
        }
        Err(unfit.join("; "))
    }

    fn candidates(&self) -> Vec<PathBuf> {
        let mut folders: Vec<PathBuf> = Vec::new();
        let mut add = |folder: PathBuf| {
            if !folders.contains(&folder) {
                folders.push(folder);
            }
        };
        for folder in std::env::split_paths(self.path.as_deref().unwrap_or_default()) {
            // An empty or relative entry means the current folder: not a place to trust programs from.
            let Some(link) = PROGRAMS.iter().map(|name| folder.join(name)).find(|file| is_program(file))
            else {
                continue;
            };
            if folder.is_absolute() {
                let real = link.canonicalize().ok().and_then(|file| Some(file.parent()?.to_owned()));
                real.into_iter().for_each(&mut add);
                add(folder);
            }
        }
        self.patterns.iter().flat_map(|pattern| expanded(pattern)).for_each(&mut add);
        let downloaded = self.downloads.iter().flat_map(|folder| expanded(&folder.join("postgresql-*/bin")));
        downloaded.for_each(&mut add);
        folders
    }
}

/// The folders that a pattern with one `*` stands for, newest version first.
fn expanded(pattern: &Path) -> Vec<PathBuf> {
    let Some(starred) = pattern
        .ancestors()
        .find(|part| part.file_name().is_some_and(|name| name.to_string_lossy().contains('*')))
    else {
        return vec![pattern.to_owned()];
    };
    let (Some(above), Some(name)) = (starred.parent(), starred.file_name()) else { return Vec::new() };
    let name = name.to_string_lossy();
    let Some((start, end)) = name.split_once('*') else { return Vec::new() };
    let below = pattern.strip_prefix(starred).unwrap_or(Path::new(""));
    let mut found: Vec<(Vec<u32>, PathBuf)> = std::fs::read_dir(above)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let version = name.strip_prefix(start)?.strip_suffix(end)?;
            let numbers = version.split('.').map_while(|part| part.parse().ok()).collect::<Vec<u32>>();
            (!numbers.is_empty()).then(|| (numbers, entry.path().join(below)))
        })
        .collect();
    found.sort_by_key(|(numbers, _)| Reverse(numbers.clone()));
    found.into_iter().map(|(_, folder)| folder).filter(|folder| folder.is_dir()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    /// A folder with programs that only know their version.
    fn fake(folder: &Path, version: &str) {
        std::fs::create_dir_all(folder).expect("folder");
        for program in PROGRAMS {
            let file = folder.join(program);
            // Written by another process: a descriptor of ours, open for writing in a fork of a parallel test,
            // would make running the script fail as "text file busy".
            let script = r#"printf '#!/bin/sh\necho "postgres (PostgreSQL) %s (Fake)"\n' "$2" >"$1" && chmod 755 "$1""#;
            let mut sh = command("sh");
            run(sh.args(["-c", script, "sh"]).arg(&file).arg(version), "writing a script").expect("script");
        }
    }

    struct Machine(tempfile::TempDir);

    impl Machine {
        fn new() -> Self {
            Self(tempfile::tempdir().expect("temp folder"))
        }

        fn folder(&self, name: &str) -> PathBuf {
            self.0.path().canonicalize().expect("real path").join(name)
        }

        fn places(&self) -> Places {
            Places {
                path: Some(self.folder("path").into()),
                patterns: vec![self.folder("lib/*/bin"), self.folder("brew/postgresql@*/bin")],
                downloads: Some(self.folder("downloads")),
            }
        }
    }

    #[test]
    fn a_lone_link_on_the_path_leads_to_its_siblings() {
        let machine = Machine::new();
        fake(&machine.folder("real/bin"), "16.2");
        std::fs::create_dir(machine.folder("path")).expect("folder");
        symlink(machine.folder("real/bin/postgres"), machine.folder("path/postgres")).expect("link");
        let found = machine.places().find(None).expect("found");
        assert_eq!((found.folder(), found.version()), (&*machine.folder("real/bin"), "16.2"));
    }

    #[test]
    fn the_path_comes_first_then_packages_newest_first_then_downloads() {
        let machine = Machine::new();
        let order = [
            "path",
            "lib/17/bin",
            "lib/9.6/bin",
            "brew/postgresql@18/bin",
            "downloads/postgresql-18.1.0/bin",
        ];
        for folder in order {
            fake(&machine.folder(folder), "18.0");
        }
        assert_eq!(machine.places().candidates(), order.map(|folder| machine.folder(folder)));
    }

    #[test]
    fn an_old_or_incomplete_folder_is_passed_over_and_named_when_nothing_fits() {
        let machine = Machine::new();
        fake(&machine.folder("path"), "14.9");
        std::fs::create_dir_all(machine.folder("lib/19/bin")).expect("folder");
        let reason = machine.places().find(None).expect_err("nothing fits");
        assert!(
            reason.contains("14.9, needed is 15 or newer") && reason.contains("has no postgres"),
            "{reason}"
        );
        fake(&machine.folder("lib/15/bin"), "15beta2");
        assert_eq!(machine.places().find(None).expect("found").major(), 15);
    }

    #[test]
    fn a_wanted_major_is_found_behind_a_newer_one() {
        let machine = Machine::new();
        fake(&machine.folder("lib/17/bin"), "17.1");
        fake(&machine.folder("lib/15/bin"), "15.3");
        assert_eq!(machine.places().find(Some(15)).expect("found").version(), "15.3");
        assert!(machine.places().find(Some(16)).is_err());
    }
}
