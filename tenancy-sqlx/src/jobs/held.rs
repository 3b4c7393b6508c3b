//! What a worker writes about a job it holds, in the transaction of the job's tenant.
//!
//! A [`HeldJob`] is the proof that the lease was checked and that the queue's row is locked: until
//! the transaction ends nobody can claim the job, so what is written here is written by its owner.

use serde_json::Value;
use tenancy_core::JobId;

use super::{ClaimedJob, JobError};
use crate::tx::TenantTx;

/// A job whose lease was checked in this transaction.
#[derive(Debug)]
#[must_use = "holding a job writes nothing"]
pub struct HeldJob<'tx> {
    tx: &'tx mut TenantTx,
    job: JobId,
    attempt: i32,
}

impl TenantTx {
    /// Checks that a claimed job is still the claimer's and locks it until this transaction ends.
    ///
    /// # Errors
    ///
    /// [`JobError::LeaseLost`] when it is not (or belongs to another tenant than this transaction);
    /// [`JobError::Database`]. The transaction can only be rolled back then.
    pub async fn hold<'tx>(&'tx mut self, claimed: &ClaimedJob) -> Result<HeldJob<'tx>, JobError> {
        let (job, attempt) = (claimed.job_id(), claimed.attempt());
        sqlx::query("SELECT control.hold($1, $2)")
            .bind(job.as_uuid())
            .bind(attempt)
            .execute(&mut **self)
            .await
            .map_err(|error| JobError::of_hold(job, error))?;
        Ok(HeldJob { tx: self, job, attempt })
    }
}

impl HeldJob<'_> {
    /// The transaction, for what else the job writes.
    pub const fn tx(&mut self) -> &mut TenantTx {
        self.tx
    }

    /// The attempt begins, from nothing.
    ///
    /// # Errors
    ///
    /// [`JobError::Database`].
    pub async fn start(&mut self) -> Result<(), JobError> {
        let sql = "UPDATE public.jobs SET state = 'running', percent = 0, stage = NULL, started_at = now() WHERE id = $1";
        sqlx::query(sql).bind(self.job.as_uuid()).execute(&mut **self.tx).await?;
        Ok(())
    }

    /// So much is done (0 to 100), and this is being done.
    ///
    /// # Errors
    ///
    /// [`JobError::Database`].
    pub async fn progress(&mut self, percent: u8, stage: &str) -> Result<(), JobError> {
        sqlx::query("UPDATE public.jobs SET state = 'running', percent = $2, stage = $3 WHERE id = $1")
            .bind(self.job.as_uuid())
            .bind(i16::from(percent.min(100)))
            .bind(stage)
            .execute(&mut **self.tx)
            .await?;
        Ok(())
    }

    /// The work is finished. Takes the job out of the queue.
    ///
    /// # Errors
    ///
    /// [`JobError::Database`].
    pub async fn done(self, result: &Value) -> Result<(), JobError> {
        sqlx::query(
            "UPDATE public.jobs SET state = 'done', percent = 100, stage = NULL, result = $2, finished_at = now()
             WHERE id = $1",
        )
        .bind(self.job.as_uuid())
        .bind(result)
        .execute(&mut **self.tx)
        .await?;
        self.finish().await
    }

    /// The work ended without a result; `reason` is for the tenant's people to read. Takes the job
    /// out of the queue.
    ///
    /// # Errors
    ///
    /// [`JobError::Database`].
    pub async fn fail(self, reason: &str) -> Result<(), JobError> {
        sqlx::query(
            "UPDATE public.jobs SET state = 'failed', reason = $2, finished_at = now() WHERE id = $1",
        )
        .bind(self.job.as_uuid())
        .bind(reason)
        .execute(&mut **self.tx)
        .await?;
        self.finish().await
    }

    /// The attempt is broken off and another will begin from nothing. The claim itself is given back
    /// with [`Gate::release`](crate::Gate::release) after the commit.
    ///
    /// # Errors
    ///
    /// [`JobError::Database`].
    pub async fn requeue(self) -> Result<(), JobError> {
        let sql = "UPDATE public.jobs SET state = 'queued', percent = 0, stage = NULL, started_at = NULL WHERE id = $1";
        sqlx::query(sql).bind(self.job.as_uuid()).execute(&mut **self.tx).await?;
        Ok(())
    }

    async fn finish(self) -> Result<(), JobError> {
        sqlx::query("SELECT control.finish($1, $2)")
            .bind(self.job.as_uuid())
            .bind(self.attempt)
            .execute(&mut **self.tx)
            .await
            .map_err(|error| JobError::of_hold(self.job, error))?;
        Ok(())
    }
}
