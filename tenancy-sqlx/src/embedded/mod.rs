//! PostgreSQL for demos and tests: found, installed if the caller says so, started and stopped.
//!
//! An application that serves real tenants is given a database. A demo and a test suite should not have to
//! ask for one, so this module brings its own. It decides, in this order:
//!
//! 1. **Whose binaries.** The system's, wherever its packager put them ([`Binaries`]). Only when there are none,
//!    and only when the caller chose [`Install::WhenMissing`], the system's package manager or a download with a
//!    checksum. `TENANCY_NO_INSTALL=1` refuses whatever the caller chose.
//! 2. **Whose account.** PostgreSQL refuses to run as root; under root it runs as `postgres` or `nobody`.
//! 3. **Which life.** A [`Server`] belongs to one process and one folder and its data stays. A [`Cluster`] is
//!    thrown away: parallel test processes share it, and it is gone seconds after the last of them, however that
//!    one ended.
//!
//! Both listen on a unix socket only, and every connection needs its password (scram).
//!
//! ```no_run
//! # async fn demo() -> Result<(), tenancy_sqlx::embedded::EmbeddedError> {
//! use tenancy_sqlx::embedded::{Install, Server, to_stderr};
//!
//! let server = Server::start("/var/lib/demo/postgres", Install::WhenMissing(&to_stderr)).await?;
//! println!("DATABASE_URL={}", server.admin_url("postgres"));
//! server.stop().await
//! # }
//! ```
//!
//! A test asks the shared cluster for a database of its own, cloned from one that was migrated once:
//!
//! ```no_run
//! # async fn migrate(_: sqlx::postgres::PgConnectOptions) -> Result<(), sqlx::Error> { Ok(()) }
//! # async fn test() -> Result<(), tenancy_sqlx::embedded::EmbeddedError> {
//! use tenancy_sqlx::embedded::{Cluster, Install, to_stderr};
//!
//! let cluster = Cluster::shared("my-app", Install::WhenMissing(&to_stderr)).await?;
//! let database = cluster.database("schema-1", migrate, "SELECT 1").await?;
//! let options = database.options_for("app_rw", cluster.role_password());
//! # let _ = options; Ok(())
//! # }
//! ```
//!
//! Everything here needs a Unix; on other systems give the tests a server through `TENANCY_TEST_ADMIN_URL`.

mod account;
mod address;
mod binaries;
mod cluster;
mod command;
mod error;
mod install;
mod server;

pub use address::Address;
pub use binaries::{Binaries, MINIMUM_MAJOR};
pub use cluster::{Cluster, TestDatabase};
pub use error::{EmbeddedError, Result};
pub use install::{Install, to_stderr};
pub use server::Server;
