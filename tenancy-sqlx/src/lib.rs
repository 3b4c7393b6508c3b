//! PostgreSQL row-level security for sqlx: a transaction is bound to one tenant, or it is not begun.
//!
//! ```no_run
//! use tenancy_core::TenantContext;
//! use tenancy_sqlx::{Settings, TenantDatabase};
//!
//! # async fn run(context: &TenantContext) -> Result<(), Box<dyn std::error::Error>> {
//! let database = TenantDatabase::connect("postgres://app_rw@localhost/app", Settings::default()).await?;
//!
//! let mut tx = database.begin(context).await?;
//! let names: Vec<String> = sqlx::query_scalar("SELECT name FROM campaigns").fetch_all(&mut *tx).await?;
//! tx.commit().await?;
//! # drop(names); Ok(())
//! # }
//! ```
//!
//! | who       | through            | as role    | sees                                    |
//! |-----------|--------------------|------------|-----------------------------------------|
//! | a handler | [`TenantDatabase`] | `app_rw`   | rows of its context's tenant            |
//! | resolver, sign-in, worker | [`Gate`] | `app_gate` | answers of fixed functions, no table |
//! | an operator | [`OperatorDoor`] | `app_ops`  | fixed functions, each with a reason      |
//! | migrations | [`migrate`]       | a superuser | everything, before anybody is served  |
//!
//! A tenant holds no more connections than its plan says ([`TenantDatabase::begin`]), and [`Mode`] says what may
//! be between the program and the server.
//!
//! What all of this costs is measured beside an sqlx pool without tenants, a naive transaction and each other:
//!
//! ```text
//! cargo bench -p tenancy-sqlx --features embedded --bench isolation
//! ```
//!
//! A read is two round trips, as with sqlx's default pool, and one on a [session](Mode::Session) that is bound
//! already. `benches/isolation/main.rs` lists the parts and their goals, and each part says whether it met them.
//!
//! Boot refuses a role that could step around the policies ([`boot`]) and a database in which it could
//! reach other rows than its tenant's ([`TenantDatabase::prove`], [`proof`]). What that is worth, against
//! whom, and what is not promised is in [`threats`].

pub mod boot;
mod bulk;
mod conn;
pub mod control;
mod database;
#[cfg(feature = "embedded")]
pub mod embedded;
mod error;
mod hint;
pub mod jobs;
mod lock;
pub mod migrate;
mod mode;
mod notify;
mod operator;
mod places;
pub mod proof;
pub mod protect;
pub mod repository;
mod roles;
mod savepoint;
mod scope;
pub mod seal;
mod session;
mod statement;
#[cfg(feature = "testing")]
pub mod testing;
#[doc = include_str!("threats.md")]
pub mod threats {}
mod tx;
pub mod usage;

pub use bulk::{BulkError, BulkInsert};
pub use conn::TenantConn;
pub use control::Gate;
pub use database::{Settings, TenantDatabase};
pub use error::{BeginError, CommitError, ConnectError, StatementRefused};
pub use mode::Mode;
pub use notify::{Heard, TenantListener};
pub use operator::{
    ChangeError, NewInvitation, NewMember, NewOperator, NewTenant, OperatorDoor, OperatorEvent, Reason,
    TenantOverview, first_operator,
};
pub use repository::{Entity, Page, Repository, Values, ValuesError};
pub use roles::{Passwords, RoleNameError, Roles};
pub use savepoint::Savepoint;
pub use scope::Authority;
pub use seal::SealKey;
pub use tx::TenantTx;
