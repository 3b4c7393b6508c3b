//! What can go wrong with a job's row.

use tenancy_core::JobId;

/// Why a job's row was not written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobError {
    /// The job is another worker's by now, or is finished, or is gone. Stop working on it: nothing
    /// of this transaction may be committed.
    #[error("the lease of job {job} was lost")]
    LeaseLost {
        /// The job.
        job: JobId,
    },

    /// The row holds what this version does not know.
    #[error("job {job} cannot be read: {what}")]
    Corrupt {
        /// The job.
        job: JobId,
        /// What is wrong with it.
        what: String,
    },

    /// The database refused or is away.
    #[error("the job's row cannot be reached")]
    Database(#[from] sqlx::Error),
}

/// The SQLSTATE that `control.hold` and `control.finish` raise.
const LOST: &str = "55000";

impl JobError {
    /// The error of a call that answers [`JobError::LeaseLost`] through an SQLSTATE.
    pub(super) fn of_hold(job: JobId, error: sqlx::Error) -> Self {
        let lost = error.as_database_error().is_some_and(|e| e.code().as_deref() == Some(LOST));
        if lost { Self::LeaseLost { job } } else { Self::Database(error) }
    }

    /// Whether the job is no longer this worker's.
    pub const fn is_lease_lost(&self) -> bool {
        matches!(self, Self::LeaseLost { .. })
    }
}
