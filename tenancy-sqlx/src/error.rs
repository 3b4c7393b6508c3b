//! What can go wrong on the way to the database, one variant per thing a caller can act on.

use tenancy_core::TenantId;

use crate::boot::Finding;
use crate::proof::Report;
use crate::seal::SealMismatch;

/// Why the application may not start on this database.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The address of the database cannot be read.
    #[error("the database address is not valid: {0}")]
    Address(String),

    /// The database cannot be reached or refused the login.
    #[error("the database cannot be used")]
    Database(#[from] sqlx::Error),

    /// The role could step around the tenant policies. Each finding names the SQL that mends it.
    #[error("the database role is not safe to serve tenants with:\n{}", list(.0))]
    Unsafe(Vec<Finding>),

    /// The role can reach rows of other tenants than the bound one's. Each finding names the SQL that
    /// mends it.
    #[error("tenants are not kept apart in this database:\n{0}")]
    Unproved(Box<Report>),

    /// A tenant is to stay bound to a connection that a pooler would lend to others.
    #[error(
        "Mode::Session needs direct connections, and a pooler is between this program and the server: \
         connect to the server itself, or use Mode::Pooler"
    )]
    Pooler,

    /// Program and database do not agree about the seal.
    #[error("tenants cannot be bound safely: {0}")]
    Seal(#[from] SealMismatch),

    /// The schema is not the one this program was built for.
    #[error(
        "the database schema `{schema}` is at version {found}, this program needs {needed}; run `platform migrate`"
    )]
    Schema {
        /// Which schema.
        schema: &'static str,
        /// The version found; 0 for an empty database.
        found: i64,
        /// The version needed.
        needed: i64,
    },
}

fn list(findings: &[Finding]) -> String {
    findings.iter().map(|f| format!("- {}\n  mend it: {}", f.why, f.fix)).collect::<Vec<_>>().join("\n")
}

/// Why no transaction was begun. Nothing was read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BeginError {
    /// No connection was free in time, or the server is away.
    #[error("no transaction could be begun for tenant {tenant}")]
    Unavailable {
        /// The tenant it was for.
        tenant: TenantId,
        /// The driver's reason.
        #[source]
        source: sqlx::Error,
    },

    /// The tenant holds as many connections as it may, and none of them came free in time.
    #[error(
        "tenant {tenant} already holds the {most} connections it may hold at once, and none came free in time: \
         end its transactions sooner, or give its plan more `connections`"
    )]
    Busy {
        /// The tenant it was for.
        tenant: TenantId,
        /// How many it may hold at once.
        most: usize,
    },
}

/// Why a transaction was not committed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommitError {
    /// A statement had failed before, or a step was dropped half way. Nothing was written.
    #[error("a statement of this transaction had failed, so it was rolled back")]
    Aborted,

    /// The server refused the commit, for instance for a deferred constraint. Nothing was written.
    #[error("the server refused the commit")]
    Refused(#[source] sqlx::Error),

    /// The connection broke while the commit was under way: it may have happened or not.
    #[error("the connection broke during the commit; whether it happened is not known")]
    Unknown(#[source] sqlx::Error),
}

/// A statement that a tenant's transaction does not run. Nothing was sent.
///
/// It reaches the caller as the source of [`sqlx::Error::Configuration`]; see [`Self::in_error`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StatementRefused {
    /// The simple protocol takes several statements at once, and with them `SET` and `COMMIT`.
    #[error(
        "a tenant's transaction takes prepared statements only: use sqlx::query(..) instead of a bare string or raw_sql"
    )]
    SimpleProtocol,

    /// The statement is not one that reads or writes rows.
    #[error(
        "a tenant's transaction takes SELECT, INSERT, UPDATE, DELETE, MERGE, WITH, VALUES and TABLE, not {0:?}"
    )]
    Verb(String),

    /// A prepared statement stays on a connection that a pooler lends to others.
    #[error(
        "behind a pooler nothing is prepared: use sqlx::query(..) alone, or connect to the server itself"
    )]
    Prepared,

    /// A statement has failed, and the server takes no other until that is rolled back.
    #[error(
        "a statement of this transaction has failed: roll back to the savepoint before it, or begin another"
    )]
    Failed,

    /// A step of this transaction was dropped half way, so what the server has done is not known.
    #[error("a step of this transaction was dropped before it was answered: begin another")]
    Interrupted,
}

impl StatementRefused {
    /// The refusal inside an sqlx error, if that is what it is.
    pub fn in_error(error: &sqlx::Error) -> Option<&Self> {
        match error {
            sqlx::Error::Configuration(source) => source.downcast_ref(),
            _ => None,
        }
    }
}
