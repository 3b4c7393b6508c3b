//! Ending a job from outside, by the people it belongs to.
//!
//! The row leaves the queue and the job reads `cancelled`, in one transaction of its tenant. The order
//! is the worker's own, queue first: whoever of the two comes second finds the other's work done.
//!
//! | the job is                 | what becomes of it                                               |
//! |----------------------------|------------------------------------------------------------------|
//! | queued                     | cancelled; nobody can claim it any more                           |
//! | running                    | cancelled; its worker may not write any more and halts, at the latest at its next heartbeat |
//! | being stored at the moment | waited for; then it has ended by itself                           |
//! | done, failed, cancelled    | left as it is                                                     |
//! | unknown, or another tenant's | nothing                                                         |

use tenancy_core::JobId;

use super::{JobError, JobState};
use crate::tx::TenantTx;

/// What came of a wish to cancel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "the job may have ended by itself before"]
pub enum Cancellation {
    /// It is cancelled once this transaction commits.
    Cancelled,
    /// It had ended already, like this.
    Ended(JobState),
    /// The tenant has no such job.
    Unknown,
}

impl TenantTx {
    /// Cancels a job of this transaction's tenant.
    ///
    /// # Errors
    ///
    /// [`JobError::Database`], [`JobError::Corrupt`].
    pub async fn cancel(&mut self, job: JobId) -> Result<Cancellation, JobError> {
        let waited: bool = sqlx::query_scalar("SELECT control.cancel($1)")
            .bind(job.as_uuid())
            .fetch_one(&mut **self)
            .await?;
        if waited {
            sqlx::query("UPDATE public.jobs SET state = 'cancelled', finished_at = now() WHERE id = $1")
                .bind(job.as_uuid())
                .execute(&mut **self)
                .await?;
            return Ok(Cancellation::Cancelled);
        }
        let ended = self.job(job).await?;
        Ok(ended.map_or(Cancellation::Unknown, |record| Cancellation::Ended(record.state)))
    }
}
