//! Ending a run before it is done.

use tenancy_core::JobId;
use tenancy_sqlx::TenantTx;
use tenancy_sqlx::jobs::{Cancellation, JobError};

use super::read::{ReadError, Run, read};

/// Why nothing is known about a run that was to be cancelled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CancelError {
    /// Its job could not be taken out of the queue.
    #[error("the run could not be cancelled")]
    Job(#[from] JobError),
    /// It could not be read afterwards.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Cancels a run in the request's transaction and answers how it stands then: cancelled, or ended by
/// itself before. `None` for an unknown id and another tenant's alike, and for jobs that are no runs.
///
/// # Errors
///
/// [`CancelError`].
pub async fn cancel(tx: &mut TenantTx, id: JobId) -> Result<Option<Run>, CancelError> {
    if read(tx, id).await?.is_none() {
        return Ok(None);
    }
    if tx.cancel(id).await? == Cancellation::Unknown {
        return Ok(None);
    }
    Ok(read(tx, id).await?.map(|analysis| analysis.run))
}
