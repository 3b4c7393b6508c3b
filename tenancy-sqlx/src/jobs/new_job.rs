//! Asking for work, in the transaction of whoever asks.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tenancy_core::{JobEnvelope, JobId, UserId};

use super::JobError;
use crate::tx::TenantTx;

/// Work to be enqueued with [`TenantTx::enqueue`].
#[derive(Clone, Debug)]
#[must_use = "nothing is enqueued until it is handed to a transaction"]
pub struct NewJob {
    id: JobId,
    kind: String,
    payload: Value,
    due: Due,
    priority: i16,
    requested_by: Option<UserId>,
}

#[derive(Clone, Copy, Debug)]
enum Due {
    After(Duration),
    At(SystemTime),
}

impl NewJob {
    /// Work of a kind (1 to 60 characters) that a worker knows, to be done as soon as possible. The
    /// payload says what a worker cannot look up; it is the tenant's to read.
    pub fn new(kind: impl Into<String>, payload: Value) -> Self {
        Self {
            id: JobId::new(),
            kind: kind.into(),
            payload,
            due: Due::After(Duration::ZERO),
            priority: 0,
            requested_by: None,
        }
    }

    /// Gives it an id of the caller's.
    pub const fn id(mut self, id: JobId) -> Self {
        self.id = id;
        self
    }

    /// Not before this long from now, by the database's clock.
    pub const fn after(mut self, delay: Duration) -> Self {
        self.due = Due::After(delay);
        self
    }

    /// Not before this moment.
    pub const fn at(mut self, moment: SystemTime) -> Self {
        self.due = Due::At(moment);
        self
    }

    /// Higher is sooner among the tenant's own jobs; it gains nothing over another tenant's.
    pub const fn priority(mut self, priority: i16) -> Self {
        self.priority = priority;
        self
    }

    /// Who asked for it.
    pub const fn requested_by(mut self, user: Option<UserId>) -> Self {
        self.requested_by = user;
        self
    }
}

impl TenantTx {
    /// Enqueues a job of this transaction's tenant. Workers see it when the transaction commits, and
    /// never if it does not.
    ///
    /// # Errors
    ///
    /// [`JobError::Database`]; an id that is taken is a unique violation.
    pub async fn enqueue(&mut self, job: &NewJob) -> Result<JobEnvelope, JobError> {
        let requested_by = job.requested_by.map(UserId::as_uuid);
        sqlx::query("INSERT INTO public.jobs (id, kind, payload, requested_by) VALUES ($1, $2, $3, $4)")
            .bind(job.id.as_uuid())
            .bind(&job.kind)
            .bind(&job.payload)
            .bind(requested_by)
            .execute(&mut **self)
            .await?;
        let (sql, seconds) = match job.due {
            Due::After(delay) => {
                ("SELECT control.enqueue($1, now() + make_interval(secs => $2), $3, $4)", delay.as_secs_f64())
            }
            Due::At(moment) => {
                let since = moment.duration_since(UNIX_EPOCH).unwrap_or_default();
                ("SELECT control.enqueue($1, to_timestamp($2), $3, $4)", since.as_secs_f64())
            }
        };
        sqlx::query(sql)
            .bind(job.id.as_uuid())
            .bind(seconds)
            .bind(job.priority)
            .bind(requested_by)
            .execute(&mut **self)
            .await?;
        Ok(JobEnvelope::new(job.id, self.tenant_id(), job.requested_by))
    }
}
