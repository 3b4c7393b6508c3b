//! The platform as it is deployed: several processes on one database, perhaps with one redis server.

use std::process::Command;
use std::time::Duration;

use secrecy::ExposeSecret as _;
use sqlx::ConnectOptions as _;
use tenancy_cache::testing::Server as RedisServer;
use tenancy_tower::jwt::TokenKey;

use super::callers::Caller;
use super::program::{Process, binary, unconfigured};
use super::shared;
use super::world::{BASE, OPERATOR, PASSWORD, World, seal_key};

/// What the processes of one deployment are started with.
#[derive(Clone, Debug)]
pub struct Fleet {
    variables: Vec<(&'static str, String)>,
    /// For servers of operators alone.
    ops: String,
}

/// A server of a [`Fleet`].
#[derive(Debug)]
pub struct Server(Process);

impl Fleet {
    /// Of the database of `world`, without redis.
    ///
    /// # Panics
    ///
    /// When no key can be made.
    pub fn of(world: &World) -> Self {
        let url = |role| world.options_for(role).to_url_lossy().to_string();
        let key = TokenKey::generate().expect("a key").to_base64();
        let variables = vec![
            ("DATABASE_URL", url("app_rw")),
            ("TENANCY_GATE_URL", url("app_gate")),
            ("TENANCY_TOKEN_KEY", key.expose_secret().to_owned()),
            ("TENANCY_SEAL_KEY", seal_key().to_text().as_str().to_owned()),
        ];
        Self { variables, ops: url("app_ops") }
    }

    /// The same with another value of a variable; without a value, without the variable.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: Option<&str>) -> Self {
        self.variables.retain(|(known, _)| *known != name);
        self.variables.extend(value.map(|value| (name, value.to_owned())));
        self
    }

    /// The program with what the fleet shares in its environment.
    pub fn command(&self, command: &str) -> Command {
        let mut program = unconfigured(binary());
        program.arg(command).envs(self.variables.iter().map(|(name, value)| (name, value)));
        program
    }

    /// A server that serves operators as well, once it is ready.
    ///
    /// # Panics
    ///
    /// When it does not get ready.
    pub async fn server(&self) -> Server {
        let mut command = self.command("serve");
        command.arg("--operator").env("TENANCY_OPS_URL", &self.ops);
        let mut process = Process::listening(command);
        process.ready(Duration::from_mins(1)).await;
        Server(process)
    }

    /// A worker.
    pub fn worker(&self) -> Process {
        Process::spawn(self.command("worker"), Vec::new())
    }
}

impl Server {
    /// A caller at a tenant's address of this server, without a credential.
    pub fn at(&self, tenant: &str) -> Caller {
        Caller::new(self.0.listeners[0], &format!("{tenant}.{BASE}"))
    }

    /// The same caller, with its credential, at this server.
    #[must_use]
    pub fn moved(&self, caller: &Caller) -> Caller {
        caller.at(self.0.listeners[0], caller.host())
    }

    /// The operator, signed in.
    pub async fn operator(&self) -> Caller {
        Caller::new(self.0.listeners[1], &format!("admin.{BASE}")).sign_in(OPERATOR, PASSWORD).await
    }

    /// A counter of this server, summed over its labels that contain `label`.
    ///
    /// # Panics
    ///
    /// When the line of a metric has no number.
    pub async fn counter(&self, name: &str, label: &str) -> f64 {
        let metrics = Caller::new(self.0.listeners[2], "localhost").get("/metrics").await.body;
        let lines =
            metrics.lines().filter(|line| line.starts_with(&format!("{name}{{")) && line.contains(label));
        lines.map(|line| line.rsplit(' ').next().expect("a number").parse::<f64>().expect("a number")).sum()
    }

    /// Ends it without a warning.
    pub fn kill(self) {
        self.0.kill();
    }
}

/// A redis server of this test's own; `None`, visibly, where none is installed.
pub async fn redis(test: &str) -> Option<RedisServer> {
    let started = RedisServer::start().await;
    if let Err(error) = &started {
        shared::skip(test, &format!("no redis-server: {error}"));
    }
    started.ok()
}
