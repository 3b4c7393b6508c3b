//! The command line and the environment, in one struct each.
//!
//! With no database variable set, no command means the demo: an embedded PostgreSQL, demo tenants,
//! every listener and the worker in one process. With any of them set there is no demo: no command
//! means `serve`, and a variable that is missing is named.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use secrecy::{ExposeSecret as _, SecretString};
use tenancy_cache::redis::Redis;

use crate::migrate::Migrate;

/// The command line of `platform`.
#[derive(Debug, Parser)]
#[command(
    name = "platform",
    version,
    about = "Multi-tenant marketing analytics: start it without arguments for a demo"
)]
pub struct Cli {
    /// What to do; nothing means the demo, or `serve` where a database is configured.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Where to listen and what to be called.
    #[command(flatten)]
    pub options: Options,
    /// Which database and keys.
    #[command(flatten)]
    pub database: DatabaseOptions,
}

/// What the program can do.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Serve tenants on a configured database.
    Serve {
        /// Also serve operators, on the operator listener.
        #[arg(long)]
        operator: bool,
    },
    /// Run queued jobs on a configured database.
    Worker,
    /// Bring a database to this program's version; prints the variables that `serve` needs.
    Migrate(Migrate),
    /// Print the addresses and logins of the demo in the data folder.
    DemoInfo {
        /// As one JSON object.
        #[arg(long)]
        json: bool,
    },
}

/// Where to listen and what to be called.
#[derive(Clone, Debug, Args)]
pub struct Options {
    /// Address of the tenants' listener [default: 127.0.0.1:8080, or the next free port].
    #[arg(long, global = true)]
    pub addr: Option<SocketAddr>,
    /// Address of the operators' listener [default: 127.0.0.1:8081, or the next free port].
    #[arg(long, global = true)]
    pub operator_addr: Option<SocketAddr>,
    /// Address of the internal listener with /metrics [default: 127.0.0.1:8082, or the next free port].
    #[arg(long, global = true)]
    pub internal_addr: Option<SocketAddr>,
    /// The domain below which every tenant has its address.
    #[arg(long, global = true, env = "TENANCY_BASE_DOMAIN", default_value = "mmm.localhost")]
    pub base_domain: String,
    /// Folder for letters to people, such as the link to a new password; without it none are written
    /// [the demo's: `mail` in its data folder].
    #[arg(long, global = true, env = "TENANCY_MAIL_DIR")]
    pub mail_dir: Option<PathBuf>,
    /// Where the demo keeps its database, keys and passwords
    /// [default: /var/lib/mmm-platform as root, else below `$XDG_DATA_HOME`].
    #[arg(long, global = true)]
    pub data_dir: Option<PathBuf>,
    /// Remove the demo's data first.
    #[arg(long, global = true)]
    pub reset: bool,
    /// Let the demo listen on an address that others can reach.
    #[arg(long, global = true)]
    pub demo_public: bool,
    /// Never install PostgreSQL; say what is missing instead.
    #[arg(long, global = true)]
    pub no_install: bool,
}

/// Which database and keys. Values are secret: they come from the environment only.
#[derive(Clone, Debug, Args)]
pub struct DatabaseOptions {
    #[arg(skip)]
    values: Vec<(&'static str, SecretString)>,
}

/// The variables any of which means "there is a database, so no demo".
const DATABASE_VARIABLES: [&str; 4] =
    ["DATABASE_URL", "TENANCY_GATE_URL", "TENANCY_OPS_URL", "TENANCY_ADMIN_URL"];
/// What several processes must share besides.
const SHARED_VARIABLES: [&str; 3] = ["TENANCY_TOKEN_KEY", "TENANCY_SEAL_KEY", "REDIS_URL"];

impl DatabaseOptions {
    /// Reads the variables from the environment.
    #[must_use]
    pub fn from_env() -> Self {
        let names = DATABASE_VARIABLES.into_iter().chain(SHARED_VARIABLES);
        Self {
            values: names
                .filter_map(|name| Some((name, std::env::var(name).ok().filter(|v| !v.is_empty())?.into())))
                .collect(),
        }
    }

    /// Whether any database variable is set.
    pub fn is_configured(&self) -> bool {
        self.values.iter().any(|(name, _)| DATABASE_VARIABLES.contains(name))
    }

    /// The value of a variable, where it is set.
    pub fn find(&self, name: &'static str) -> Option<&SecretString> {
        self.values.iter().find(|(n, _)| *n == name).map(|(_, value)| value)
    }

    /// The value of a variable that this command cannot do without.
    ///
    /// # Errors
    ///
    /// Names the variable and what sets it.
    pub fn require(&self, name: &'static str) -> anyhow::Result<&SecretString> {
        self.find(name).ok_or_else(|| {
            anyhow::anyhow!(
                "{name} is not set. `platform migrate` with TENANCY_ADMIN_URL prints the lines to set."
            )
        })
    }

    /// The redis server of `REDIS_URL`, where that is set. It is not asked yet: the platform starts
    /// without it, and runs without it.
    ///
    /// # Errors
    ///
    /// Names the variable when its value is no address.
    pub fn redis(&self) -> anyhow::Result<Option<Redis>> {
        let Some(url) = self.find("REDIS_URL") else { return Ok(None) };
        // The reason may repeat the address, and the address may have a password in it.
        let redis = Redis::open(url.expose_secret()).map_err(|_| {
            anyhow::anyhow!(
                "REDIS_URL is not an address that can be used: redis://host:6379/0 and redis+unix:///path/to/socket \
                 are; TLS is not built in. Without the variable each process keeps a cache of its own."
            )
        })?;
        Ok(Some(redis))
    }
}

impl Options {
    /// The demo's folder.
    ///
    /// # Errors
    ///
    /// When there is neither `--data-dir` nor a home to put it in.
    pub fn data_folder(&self, is_root: bool) -> anyhow::Result<PathBuf> {
        if let Some(folder) = &self.data_dir {
            return Ok(std::path::absolute(folder)?);
        }
        if is_root {
            return Ok(PathBuf::from("/var/lib/mmm-platform"));
        }
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let base = variable("XDG_DATA_HOME").or_else(|| Some(variable("HOME")?.join(".local/share")));
        base.map(|base| base.join("mmm-platform")).ok_or_else(|| {
            anyhow::anyhow!("there is no home folder; say where to keep the demo with --data-dir")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_may_stand_before_and_after_the_command() {
        for line in [
            &["platform", "--addr", "127.0.0.1:9000", "demo-info", "--json"][..],
            &["platform", "demo-info", "--json", "--addr", "127.0.0.1:9000"][..],
        ] {
            let cli = Cli::try_parse_from(line).unwrap();
            assert!(matches!(cli.command, Some(Command::DemoInfo { json: true })));
            assert_eq!(cli.options.addr, "127.0.0.1:9000".parse().ok());
        }
    }

    #[test]
    fn a_missing_variable_is_named() {
        let none = DatabaseOptions { values: Vec::new() };
        assert!(none.require("TENANCY_GATE_URL").unwrap_err().to_string().contains("TENANCY_GATE_URL"));
        assert!(!none.is_configured());
    }

    #[test]
    fn a_redis_address_that_cannot_be_used_is_named_without_its_password() {
        let of = |url: &str| DatabaseOptions { values: vec![("REDIS_URL", url.to_owned().into())] }.redis();
        for url in ["redis://:secret@localhost:6379/0", "redis+unix:///tmp/redis.sock"] {
            assert!(of(url).unwrap().is_some());
        }
        for url in [
            "secret",
            "http://:secret@host",
            "redis://:secret@host:port",
            "redis://:secret@host/db",
            "rediss://:secret@host",
        ] {
            let said = format!("{:#}", of(url).unwrap_err());
            assert!(said.contains("REDIS_URL") && !said.contains("secret"), "{url}: {said}");
        }
        assert!(DatabaseOptions { values: Vec::new() }.redis().unwrap().is_none());
    }

    #[test]
    fn the_data_folder_depends_on_who_asks() {
        let options = Cli::try_parse_from(["platform"]).unwrap().options;
        assert_eq!(options.data_folder(true).unwrap(), PathBuf::from("/var/lib/mmm-platform"));
    }
}
