//! The platform's own program: where it is built, how it is run, and what a process of it does.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use reqwest::{Client, StatusCode};

/// Variables by which the program is told what to be.
const VARIABLES: [&str; 12] = [
    "DATABASE_URL",
    "READ_DATABASE_URL",
    "TENANCY_GATE_URL",
    "TENANCY_OPS_URL",
    "TENANCY_ADMIN_URL",
    "TENANCY_TOKEN_KEY",
    "TENANCY_SEAL_KEY",
    "TENANCY_BASE_DOMAIN",
    "TENANCY_MAIL_DIR",
    "REDIS_URL",
    "XDG_DATA_HOME",
    "RUST_LOG",
];

/// The program, of the profile this one was built with. Builds it where it is missing or older than
/// one of its sources: `cargo test --workspace` has built it, `cargo test -p tests` has not.
///
/// # Panics
///
/// When it cannot be built.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let me = std::env::current_exe().expect("this program's own path");
        let folder = me.parent().expect("a folder");
        let folder = if folder.ends_with("deps") { folder.parent().expect("a profile") } else { folder };
        let binary = folder.join("platform");
        if !is_fresh(&binary) {
            build(folder.file_name().and_then(|name| name.to_str()).unwrap_or("debug"));
        }
        assert!(binary.exists(), "{} was not built", binary.display());
        binary
    })
}

/// The command that runs `program` with nothing configured but what is given to it.
pub fn unconfigured(program: &Path) -> Command {
    let mut command = Command::new(program);
    for variable in VARIABLES {
        command.env_remove(variable);
    }
    command.stdin(Stdio::null());
    command
}

/// Whether the program is there and no source that went into it is newer.
fn is_fresh(binary: &Path) -> bool {
    let changed = |path: &Path| path.metadata().and_then(|meta| meta.modified()).ok();
    let (Some(built), Ok(sources)) = (changed(binary), std::fs::read_to_string(binary.with_extension("d")))
    else {
        return false;
    };
    let sources = sources.lines().next().and_then(|line| line.split_once(": ")).map_or("", |(_, list)| list);
    // A blank within a path is written `\ `.
    let sources = sources.replace("\\ ", "\0");
    sources
        .split(' ')
        .map(|path| PathBuf::from(path.replace('\0', " ")))
        .all(|path| changed(&path).is_some_and(|at| at <= built))
}

/// Of the whole workspace, so that features are the ones everything else was built with.
fn build(profile: &str) {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--quiet", "--workspace", "--bin", "platform"]);
    match profile {
        "debug" => {}
        other => {
            cargo.args(["--profile", other]);
        }
    }
    let built = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).status().expect("cargo");
    assert!(built.success(), "the platform could not be built");
}

/// The command that starts a program with nothing configured but what is given to it.
pub fn unconfigured(program: &Path) -> Command {
    let mut command = Command::new(program);
    for variable in VARIABLES {
        command.env_remove(variable);
    }
    command.stdin(Stdio::null());
    command
}

/// Whether this process is root's.
pub fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|entry| entry.uid() == 0)
}

/// Sends a signal; whether the process was there.
pub fn signal(name: &str, pid: u32) -> bool {
    let pid = pid.to_string();
    let sent =
        Command::new("sh").args(["-c", "kill -s \"$0\" \"$1\"", name, &pid]).stderr(Stdio::null()).status();
    sent.is_ok_and(|status| status.success())
}

/// Polls until `holds` says so.
///
/// # Panics
///
/// When that takes longer than `limit`.
pub async fn until(what: &str, limit: Duration, mut holds: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !holds().await {
        assert!(started.elapsed() < limit, "after {limit:?} still not: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A running program. Dropped, it is killed.
#[derive(Debug)]
pub struct Process {
    /// The process itself.
    pub child: Child,
    /// Where it listens: for tenants, for operators, internally. A worker listens nowhere.
    pub listeners: Vec<SocketAddr>,
    log: PathBuf,
    started: Instant,
}

impl Process {
    /// Starts a program with three listeners on free ports.
    ///
    /// # Panics
    ///
    /// When it cannot be run.
    pub fn listening(mut command: Command) -> Self {
        let listeners = free_addresses();
        for (flag, addr) in ["--addr", "--operator-addr", "--internal-addr"].iter().zip(listeners) {
            command.arg(flag).arg(addr.to_string());
        }
        Self::spawn(command, listeners.to_vec())
    }

    /// Starts a program whose command says where it listens, if anywhere.
    ///
    /// # Panics
    ///
    /// When it cannot be run.
    pub fn spawn(mut command: Command, listeners: Vec<SocketAddr>) -> Self {
        let log = std::env::temp_dir().join(format!("platform-{}.log", uuid::Uuid::new_v4()));
        let file = std::fs::File::create(&log).expect("a log");
        let other = file.try_clone().expect("a log");
        let started = Instant::now();
        let child = command.stdout(file).stderr(other).spawn().expect("the platform");
        Self { child, listeners, log, started }
    }

    /// Waits until every listener says that it is ready; answers the time since the start.
    ///
    /// # Panics
    ///
    /// When it does not within `limit` of the start, or ends.
    pub async fn ready(&mut self, limit: Duration) -> Duration {
        let client = Client::builder().timeout(Duration::from_secs(2)).no_proxy().build().expect("a client");
        for addr in self.listeners.clone() {
            loop {
                let answer = client.get(format!("http://{addr}/readyz")).send().await;
                if answer.is_ok_and(|answer| answer.status() == StatusCode::OK) {
                    break;
                }
                let ended = self.child.try_wait().expect("its state");
                assert!(ended.is_none(), "the program ended with {ended:?}: {}", self.output());
                assert!(
                    self.started.elapsed() < limit,
                    "not ready at {addr} in {limit:?}: {}",
                    self.output()
                );
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        self.started.elapsed()
    }

    /// What it wrote so far.
    pub fn output(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Asks it to stop and waits; answers how long that took.
    ///
    /// # Panics
    ///
    /// When it does not stop within ten seconds, or not well.
    pub async fn stop(mut self) -> Duration {
        let asked = Instant::now();
        assert!(signal("TERM", self.child.id()), "it was gone already: {}", self.output());
        until("stopped", Duration::from_secs(10), async || {
            self.child.try_wait().expect("its state").is_some()
        })
        .await;
        let ended = self.child.wait().expect("its state");
        assert!(ended.success(), "{ended}: {}", self.output());
        asked.elapsed()
    }

    /// Kills it without a warning.
    ///
    /// # Panics
    ///
    /// When it cannot be waited for.
    pub fn kill(mut self) {
        let _ = self.child.kill();
        self.child.wait().expect("its end");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the program wrote:\n{}", self.output());
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(&self.log);
    }
}

/// Three addresses that were free a moment ago.
pub fn free_addresses() -> [SocketAddr; 3] {
    let listeners: [TcpListener; 3] =
        std::array::from_fn(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port"));
    listeners.map(|listener| listener.local_addr().expect("its address"))
}
