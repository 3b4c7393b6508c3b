//! What a tenant uses, counted where nothing can slip past: in the transaction of the work.
//!
//! | asked by                   | what                                            | who decides          |
//! |----------------------------|-------------------------------------------------|----------------------|
//! | [`TenantTx::admit`]        | a gauge, held by the thing that is being created | `control.admit`      |
//! | [`TenantTx::count`]        | a counter, for work that is done here            | `control.admit`      |
//! | [`TenantTx::release_held`] | a gauge, when its holder goes                    | `control.release_held` |
//! | [`TenantTx::record`]       | the ledger                                       | its unique key       |
//! | [`TenantTx::outlook`]      | what usage is heading for                        | nobody: it is a look ahead |
//! | [`Gate`](crate::Gate) as [`CounterAuthority`](tenancy_core::usage::CounterAuthority) | units of a counter, paid ahead | `control.draw_units` |
//!
//! The caller says what it wants, never what it may: plan, overrides and figures are looked up inside
//! the function, under a lock that lasts until the transaction ends. So a limit holds over any number
//! of processes, and a transaction that is rolled back has used nothing.
//!
//! [`TenantTx::admit`]: crate::TenantTx::admit
//! [`TenantTx::count`]: crate::TenantTx::count
//! [`TenantTx::release_held`]: crate::TenantTx::release_held
//! [`TenantTx::record`]: crate::TenantTx::record
//! [`TenantTx::outlook`]: crate::TenantTx::outlook

mod admit;
mod counter;
mod ledger;
mod outlook;

pub use admit::{MeterKind, MeterUsage, seat_refused};
pub use ledger::{Recorded, UsageEvent};
pub use outlook::{Alert, Outlook};

/// Why usage was not counted. A refusal is none of these: it is a
/// [`Decision`](tenancy_core::Decision).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UsageError {
    /// There is no such meter, or it is of another kind, or the amount cannot be: a mistake of the
    /// application. The transaction can only be rolled back.
    #[error("the meter cannot be used like this")]
    Misuse(#[source] sqlx::Error),

    /// The idempotency key was used before, for something else.
    #[error("the idempotency key was used before for another event")]
    KeyReused,

    /// An event that no ledger takes: an amount of zero or above 10¹⁵, a key or subject that is blank
    /// or too long, properties that are no object.
    #[error("the event cannot be recorded: {0}")]
    Event(&'static str),

    /// The database refused or is away.
    #[error("usage cannot be counted")]
    Database(#[source] sqlx::Error),
}

/// The SQLSTATE of a parameter that cannot be.
const MISUSE: &str = "22023";

impl From<sqlx::Error> for UsageError {
    fn from(error: sqlx::Error) -> Self {
        let misuse = error.as_database_error().is_some_and(|e| e.code().as_deref() == Some(MISUSE));
        if misuse { Self::Misuse(error) } else { Self::Database(error) }
    }
}

/// The most of anything that can be counted at once.
const MOST: u64 = 1_000_000_000_000_000;

/// An amount as the server counts it. One that is too large becomes one that the server refuses.
fn amount(amount: u64) -> i64 {
    i64::try_from(amount.min(MOST + 1)).unwrap_or(i64::MAX)
}
