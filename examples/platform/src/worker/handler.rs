//! What the work of one kind of job is given, and how it may end.

use std::time::Duration;

use futures_util::future::BoxFuture;
use tenancy_core::{BoxError, TenantContext};
use tenancy_sqlx::jobs::{ClaimedJob, JobError, JobRecord};
use tenancy_sqlx::usage::UsageError;
use tenancy_sqlx::{BeginError, CommitError, TenantDatabase, TenantTx};

use super::Halt;

/// How often and at what distance storing a result is tried.
pub(super) const STORE_TRIES: u32 = 20;
pub(super) const STORE_PAUSE: Duration = Duration::from_millis(500);

/// The future of a handler.
pub type HandlerFuture<'a> = BoxFuture<'a, Result<(), WorkError>>;

/// Does jobs of one kind.
pub trait Handler: Send + Sync + 'static {
    /// The kind.
    fn kind(&self) -> &'static str;

    /// Does a job from the start, whatever an earlier attempt may have left. It ends well only after
    /// it has written the job `done` in a transaction of its own.
    fn run<'a>(&'a self, work: &'a Work) -> HandlerFuture<'a>;
}

/// Why work did not come to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkError {
    /// It cannot be done, and trying again would not change that. The text is for the tenant's people.
    #[error("{0}")]
    Failed(String),

    /// The job is another worker's.
    #[error("the job's lease was lost")]
    LeaseLost,

    /// It stopped because it was told to.
    #[error("the work was halted")]
    Halted,

    /// The database was away or refused; another attempt may succeed.
    #[error("the database could not be used")]
    Unavailable(#[source] BoxError),
}

impl From<JobError> for WorkError {
    fn from(error: JobError) -> Self {
        if error.is_lease_lost() { Self::LeaseLost } else { Self::Unavailable(error.into()) }
    }
}

impl From<UsageError> for WorkError {
    fn from(error: UsageError) -> Self {
        Self::Unavailable(error.into())
    }
}

impl From<BeginError> for WorkError {
    fn from(error: BeginError) -> Self {
        Self::Unavailable(error.into())
    }
}

impl From<CommitError> for WorkError {
    fn from(error: CommitError) -> Self {
        Self::Unavailable(error.into())
    }
}

impl From<sqlx::Error> for WorkError {
    fn from(error: sqlx::Error) -> Self {
        Self::Unavailable(error.into())
    }
}

/// One attempt at a job: whose it is, what it is, and the right to write about it.
#[derive(Debug)]
pub struct Work {
    pub(super) context: TenantContext,
    pub(super) database: TenantDatabase,
    pub(super) claimed: ClaimedJob,
    pub(super) record: JobRecord,
    pub(super) halt: Halt,
}

impl Work {
    /// The tenant, with the worker as actor.
    pub const fn context(&self) -> &TenantContext {
        &self.context
    }

    /// The job as it was when the attempt began.
    pub const fn record(&self) -> &JobRecord {
        &self.record
    }

    /// What [`TenantTx::hold`] takes.
    pub const fn claimed(&self) -> &ClaimedJob {
        &self.claimed
    }

    /// The word to stop.
    pub const fn halt(&self) -> &Halt {
        &self.halt
    }

    /// A transaction of the job's tenant.
    pub async fn begin(&self) -> Result<TenantTx, WorkError> {
        Ok(self.database.begin(&self.context).await?)
    }

    /// Writes how far the work is, in a transaction of its own. A database that is away only costs
    /// the news; a lost lease ends the work.
    pub async fn progress(&self, percent: u8, stage: &str) -> Result<(), WorkError> {
        let write = async {
            let mut tx = self.begin().await?;
            tx.hold(&self.claimed).await?.progress(percent, stage).await?;
            Ok(tx.commit().await?)
        };
        match write.await {
            Err(WorkError::Unavailable(error)) => {
                tracing::debug!(error = &*error as &dyn std::error::Error, "progress was not written");
                Ok(())
            }
            other => other,
        }
    }

    /// Stores what the work found: tries `store` again through a short outage, a result being worth
    /// more than that, but not for ever, as the refusal may be about the result itself.
    pub async fn persist<'a>(
        &self,
        mut store: impl FnMut() -> BoxFuture<'a, Result<(), WorkError>>,
    ) -> Result<(), WorkError> {
        for _ in 1..STORE_TRIES {
            match store().await {
                Err(WorkError::Unavailable(error)) if !self.halt.is_said() => {
                    tracing::warn!(
                        error = &*error as &dyn std::error::Error,
                        "a result was not stored, trying again"
                    );
                    tokio::time::sleep(STORE_PAUSE).await;
                }
                other => return other,
            }
        }
        store().await
    }
}
