//! Why nothing could be tried.

/// Why the suite could not run. What it found when it ran is no error but in its report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AttackError {
    /// The server refused something that the suite needs.
    #[error("the suite cannot {step}")]
    Database {
        /// What it was about to do.
        step: &'static str,
        /// The server's reason.
        #[source]
        source: sqlx::Error,
    },
    /// A database can be cloned only while nobody else uses it.
    #[error(
        "the database {0:?} cannot be cloned while others are connected to it: stop the application, or give a copy"
    )]
    InUse(String),
    /// The address of the database names none.
    #[error("the address {0} names no database")]
    NoDatabase(&'static str),
    /// There is nothing in a schema that does not exist.
    #[error("there is no schema {0:?} to take anything away from")]
    Schema(String),
    /// An address that cannot be read. The reason may repeat it, and it has a password in it.
    #[error("{0} is not a database address")]
    Address(String),
    /// A variable that is needed is not set.
    #[error("{0} is not set: it must hold the address of the database")]
    Variable(String),
    /// The seal of the clone could not be made.
    #[error("no seal key could be made for the clone")]
    Seal(#[from] crate::seal::RotateError),
}

/// Names the step that failed.
pub(super) fn at(step: &'static str) -> impl FnOnce(sqlx::Error) -> AttackError {
    move |source| AttackError::Database { step, source }
}
