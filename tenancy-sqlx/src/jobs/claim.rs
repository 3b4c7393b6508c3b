//! The worker's side of the queue, through the gate: take a job, keep it, give it back.
//!
//! Nothing here can read what a job is about; that takes a transaction of its tenant.

use std::fmt;
use std::time::Duration;

use sqlx::Row;
use sqlx::postgres::PgRow;
use tenancy_core::{JobEnvelope, JobId, StoreError, TenantId, UserId};
use uuid::Uuid;

use crate::control::Gate;

/// Names one worker process, so that no other can extend or give back what it claimed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WorkerName(String);

impl WorkerName {
    /// A name nobody else has, beginning with `prefix`.
    pub fn unique(prefix: &str) -> Self {
        Self(format!("{prefix}-{}", Uuid::new_v4().as_simple()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for WorkerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a worker claims.
#[derive(Clone, Debug)]
pub struct ClaimPolicy {
    /// Who claims.
    pub worker: WorkerName,
    /// How many jobs of one tenant may run at once, over all workers.
    pub tenant_cap: u16,
    /// How long a claim lasts unless it is extended.
    pub lease: Duration,
}

/// A job that this worker may work on until its lease runs out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedJob {
    envelope: JobEnvelope,
    attempt: i32,
    losses: u32,
}

impl ClaimedJob {
    /// Whose job it is and who asked for it; ids only.
    pub const fn envelope(&self) -> &JobEnvelope {
        &self.envelope
    }

    /// The job.
    pub const fn job_id(&self) -> JobId {
        self.envelope.job_id
    }

    /// Its tenant.
    pub const fn tenant_id(&self) -> TenantId {
        self.envelope.tenant_id
    }

    /// Which claim of this job it is, from 1. Only the latest may write.
    pub const fn attempt(&self) -> i32 {
        self.attempt
    }

    /// How many earlier attempts were lost: the worker died, or broke the attempt off as its fault.
    /// An attempt that was given back in good order is not counted.
    pub const fn losses(&self) -> u32 {
        self.losses
    }
}

/// A job that is still the worker's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StillOwn {
    /// Its tenant.
    pub tenant: TenantId,
    /// The job.
    pub job: JobId,
    /// The attempt.
    pub attempt: i32,
    /// Whether its lease was moved on. It was not if a transaction of the worker holds the job just
    /// now; nobody can claim it meanwhile, and the next heartbeat moves it.
    pub extended: bool,
}

impl Gate {
    /// Takes up to `most` jobs that are due, fairly between tenants.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`]; a claim that broke off half-way may have taken jobs, whose leases
    /// then run out.
    pub async fn claim(&self, policy: &ClaimPolicy, most: u16) -> Result<Vec<ClaimedJob>, StoreError> {
        let rows = sqlx::query(
            "SELECT tenant_id, job_id, requested_by, attempt, losses
             FROM control.claim_jobs($1, $2, $3, make_interval(secs => $4))",
        )
        .bind(policy.worker.as_str())
        .bind(i32::from(most))
        .bind(i32::from(policy.tenant_cap))
        .bind(policy.lease.as_secs_f64())
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::unavailable)?;
        rows.iter().map(claimed).collect::<Result<_, _>>().map_err(StoreError::unavailable)
    }

    /// Moves the leases of these jobs on and says which of them are still the worker's own.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`]: nothing is known; the leases run on as they were.
    pub async fn extend_leases(
        &self,
        policy: &ClaimPolicy,
        jobs: &[ClaimedJob],
    ) -> Result<Vec<StillOwn>, StoreError> {
        let tenants: Vec<Uuid> = jobs.iter().map(|job| job.tenant_id().as_uuid()).collect();
        let ids: Vec<Uuid> = jobs.iter().map(|job| job.job_id().as_uuid()).collect();
        let attempts: Vec<i32> = jobs.iter().map(ClaimedJob::attempt).collect();
        let rows = sqlx::query(
            "SELECT tenant_id, job_id, attempt, extended
             FROM control.extend_leases($1, $2, $3, $4, make_interval(secs => $5))",
        )
        .bind(policy.worker.as_str())
        .bind(tenants)
        .bind(ids)
        .bind(attempts)
        .bind(policy.lease.as_secs_f64())
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::unavailable)?;
        rows.iter().map(still_own).collect::<Result<_, _>>().map_err(StoreError::unavailable)
    }

    /// Gives a job back, to be claimed again after `delay`; [`ClaimedJob::losses`] rises if `lost`.
    /// Giving back what is not the worker's any more changes nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`]: the lease will run out instead.
    pub async fn release(
        &self,
        policy: &ClaimPolicy,
        job: &ClaimedJob,
        delay: Duration,
        lost: bool,
    ) -> Result<(), StoreError> {
        sqlx::query("SELECT control.release($1, $2, $3, $4, make_interval(secs => $5), $6)")
            .bind(policy.worker.as_str())
            .bind(job.tenant_id().as_uuid())
            .bind(job.job_id().as_uuid())
            .bind(job.attempt)
            .bind(delay.as_secs_f64())
            .bind(lost)
            .execute(&self.pool)
            .await
            .map(drop)
            .map_err(StoreError::unavailable)
    }
}

fn claimed(row: &PgRow) -> Result<ClaimedJob, sqlx::Error> {
    let job = JobId::from_uuid(row.try_get("job_id")?);
    let tenant = TenantId::from_uuid(row.try_get("tenant_id")?);
    let requested_by = row.try_get::<Option<_>, _>("requested_by")?.map(UserId::from_uuid);
    Ok(ClaimedJob {
        envelope: JobEnvelope::new(job, tenant, requested_by),
        attempt: row.try_get("attempt")?,
        losses: u32::try_from(row.try_get::<i32, _>("losses")?).unwrap_or(0),
    })
}

fn still_own(row: &PgRow) -> Result<StillOwn, sqlx::Error> {
    Ok(StillOwn {
        tenant: TenantId::from_uuid(row.try_get("tenant_id")?),
        job: JobId::from_uuid(row.try_get("job_id")?),
        attempt: row.try_get("attempt")?,
        extended: row.try_get("extended")?,
    })
}
