//! What a tenant reads of its jobs.

use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::Row;
use sqlx::postgres::PgRow;
use tenancy_core::{JobId, UserId};

use super::JobError;
use crate::tx::TenantTx;

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// Waits for a worker.
    Queued,
    /// A worker has it, or had it and its lease has not run out.
    Running,
    /// Finished.
    Done,
    /// Ended without a result; the reason says why.
    Failed,
    /// Ended by its tenant's people before it was done.
    Cancelled,
}

impl JobState {
    /// The name of the state, as it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing will change any more.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }
}

/// A text that names no state of a job.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no job can be {0:?}")]
pub struct JobStateError(String);

impl FromStr for JobState {
    type Err = JobStateError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Queued, Self::Running, Self::Done, Self::Failed, Self::Cancelled]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| JobStateError(text.to_owned()))
    }
}

/// A job as its tenant sees it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct JobRecord {
    /// The job.
    pub id: JobId,
    /// What is to be done.
    pub kind: String,
    /// Where it stands.
    pub state: JobState,
    /// How much is done, 0 to 100.
    pub percent: u8,
    /// What it is doing, in the words of its kind.
    pub stage: Option<String>,
    /// Why it failed.
    pub reason: Option<String>,
    /// What it was asked with.
    pub payload: Value,
    /// What it answered.
    pub result: Option<Value>,
    /// Who asked.
    pub requested_by: Option<UserId>,
    /// When it was enqueued.
    pub created_at: SystemTime,
    /// When its latest attempt began.
    pub started_at: Option<SystemTime>,
    /// When it was done, failed or was cancelled.
    pub finished_at: Option<SystemTime>,
}

impl TenantTx {
    /// A job of this transaction's tenant, or `None` for an unknown id and another tenant's alike.
    ///
    /// # Errors
    ///
    /// [`JobError::Database`], [`JobError::Corrupt`].
    pub async fn job(&mut self, id: JobId) -> Result<Option<JobRecord>, JobError> {
        let row = sqlx::query(
            "SELECT kind, state, percent, stage, reason, payload, result, requested_by,
                    (extract(epoch FROM created_at) * 1000000)::bigint AS created_at,
                    (extract(epoch FROM started_at) * 1000000)::bigint AS started_at,
                    (extract(epoch FROM finished_at) * 1000000)::bigint AS finished_at
             FROM public.jobs WHERE id = $1",
        )
        .bind(id.as_uuid())
        .fetch_optional(&mut **self)
        .await?;
        row.map(|row| record(id, &row)).transpose()
    }
}

fn record(id: JobId, row: &PgRow) -> Result<JobRecord, JobError> {
    let state: String = row.try_get("state")?;
    let state = state
        .parse()
        .map_err(|error: JobStateError| JobError::Corrupt { job: id, what: error.to_string() })?;
    let percent: i16 = row.try_get("percent")?;
    Ok(JobRecord {
        id,
        kind: row.try_get("kind")?,
        state,
        percent: u8::try_from(percent.clamp(0, 100)).unwrap_or(100),
        stage: row.try_get("stage")?,
        reason: row.try_get("reason")?,
        payload: row.try_get("payload")?,
        result: row.try_get("result")?,
        requested_by: row.try_get::<Option<_>, _>("requested_by")?.map(UserId::from_uuid),
        created_at: moment(row.try_get("created_at")?),
        started_at: row.try_get::<Option<_>, _>("started_at")?.map(moment),
        finished_at: row.try_get::<Option<_>, _>("finished_at")?.map(moment),
    })
}

/// Microseconds since 1970, as the server counts them.
fn moment(micros: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_read_back_what_they_print() {
        for text in ["queued", "running", "done", "failed", "cancelled"] {
            assert_eq!(text.parse::<JobState>().map(JobState::as_str), Ok(text));
            assert_eq!(serde_json::to_value(text.parse::<JobState>().unwrap()).unwrap(), text);
        }
        assert!("Done".parse::<JobState>().is_err());
    }
}
