//! One claimed job, from the lookup of its tenant to its end. See the table of the parent module.

use std::sync::Arc;
use std::time::Duration;

use tenancy_core::store::Directory as _;
use tenancy_core::{TenantContext, TenantKey};
use tenancy_sqlx::jobs::engine::Queue;
use tenancy_sqlx::jobs::{ClaimedJob, JobRecord, Lease, LeasedJob};
use tenancy_sqlx::{Gate, TenantDatabase};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::Instrument as _;

use super::halt::Brake;
use super::handler::{STORE_PAUSE, STORE_TRIES};
use super::{Halt, Halted, Handler, Work, WorkError};

/// How many attempts may be lost before a job is given up.
const MOST_LOSSES: u32 = 3;
/// How long a job of a tenant that is not served is left alone.
const NOT_SERVED: Duration = Duration::from_mins(10);
/// How long a job is left alone after the database refused something.
const BACK_OFF: Duration = Duration::from_secs(10);
/// How long halted work may take to end before it is dropped.
const GRACE: Duration = Duration::from_secs(3);

/// What every attempt needs. Cheap to clone.
#[derive(Clone)]
pub(super) struct Attempts {
    gate: Gate,
    database: TenantDatabase,
    handlers: Arc<[Arc<dyn Handler>]>,
    stopping: watch::Receiver<bool>,
}

impl Attempts {
    pub(super) fn new(
        gate: Gate,
        database: TenantDatabase,
        handlers: Vec<Arc<dyn Handler>>,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        Self { gate, database, handlers: handlers.into(), stopping }
    }

    /// Runs the job and sees to what becomes of it.
    pub(super) async fn run(self, queue: Queue, job: LeasedJob) {
        let (id, tenant, attempt) = (job.claimed.job_id(), job.claimed.tenant_id(), job.claimed.attempt());
        let span = tracing::info_span!("job", %id, %tenant, attempt);
        async {
            match self.context(&job.claimed).await {
                Ok(Some(context)) => self.run_in(&context, &queue, job).await,
                Ok(None) => {
                    tracing::info!("the tenant is not served, its job waits");
                    queue.release(&job.claimed, NOT_SERVED, false).await;
                }
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "the tenant could not be looked up"
                    );
                    queue.release(&job.claimed, BACK_OFF, false).await;
                }
            }
        }
        .instrument(span)
        .await;
    }

    async fn context(&self, claimed: &ClaimedJob) -> Result<Option<TenantContext>, tenancy_core::StoreError> {
        let tenant = self.gate.find(&TenantKey::Id(claimed.tenant_id())).await?;
        Ok(tenant.and_then(|tenant| TenantContext::for_job(tenant, claimed.envelope()).ok()))
    }

    async fn run_in(&self, context: &TenantContext, queue: &Queue, job: LeasedJob) {
        let LeasedJob { claimed, mut lease } = job;
        let (brake, halt) = Halt::new();
        let ended = match self.start(context, &claimed).await {
            Ok((handler, record)) => {
                let database = self.database.clone();
                let work =
                    Work { context: context.clone(), database, claimed: claimed.clone(), record, halt };
                self.supervise(handler, work, &brake, &mut lease).await
            }
            Err(error) => Err(error),
        };
        match ended {
            Ok(()) => tracing::info!("done"),
            Err(WorkError::Failed(reason)) => {
                tracing::info!(reason, "failed");
                self.write_failure(context, &claimed, &lease, &reason).await;
            }
            Err(WorkError::LeaseLost) => {
                tracing::warn!("the job was cancelled or its lease was lost, the work was halted");
            }
            Err(WorkError::Halted) if brake.pulled() == Some(Halted::LeaseLost) => {
                tracing::warn!("the job was cancelled or its lease was lost, the work was halted");
            }
            Err(WorkError::Halted) => {
                tracing::info!("given back");
                self.give_back(context, queue, &claimed, Duration::ZERO, false).await;
            }
            Err(WorkError::Unavailable(error)) => {
                tracing::warn!(error = &*error as &dyn std::error::Error, "the attempt broke off");
                self.give_back(context, queue, &claimed, BACK_OFF, true).await;
            }
        }
    }

    /// Marks the job as running and finds who does it.
    async fn start(
        &self,
        context: &TenantContext,
        claimed: &ClaimedJob,
    ) -> Result<(Arc<dyn Handler>, JobRecord), WorkError> {
        if claimed.losses() >= MOST_LOSSES {
            return Err(WorkError::Failed(format!(
                "This was started {MOST_LOSSES} times, and each time the program that worked on it stopped before \
                 it was finished. It was given up so that it does not stop other work. Start it again, with less \
                 data if that is possible."
            )));
        }
        let mut tx = self.database.begin(context).await?;
        tx.hold(claimed).await?.start().await?;
        let record = tx.job(claimed.job_id()).await?.ok_or(WorkError::LeaseLost)?;
        tx.commit().await?;
        let handler = self.handlers.iter().find(|handler| handler.kind() == record.kind);
        let handler = handler.cloned().ok_or_else(|| {
            WorkError::Failed(format!(
                "This program does not know how to do work of the kind {:?}.",
                record.kind
            ))
        })?;
        Ok((handler, record))
    }

    /// Runs the handler on a task of its own, so that neither its panic nor its computing touches the
    /// engine, and halts it when the lease is lost or the process is to end.
    async fn supervise(
        &self,
        handler: Arc<dyn Handler>,
        work: Work,
        brake: &Brake,
        lease: &mut Lease,
    ) -> Result<(), WorkError> {
        let mut stopping = self.stopping.clone();
        // A set of one: it aborts its task when the worker itself is dropped.
        let mut task = JoinSet::new();
        task.spawn(async move { handler.run(&work).await }.in_current_span());
        let ended = tokio::select! {
            ended = task.join_next() => ended,
            () = lease.lost() => {
                brake.pull(Halted::LeaseLost);
                timeout(GRACE, task.join_next()).await.unwrap_or_default()
            }
            () = async { drop(stopping.wait_for(|stop| *stop).await) } => {
                brake.pull(Halted::Shutdown);
                timeout(GRACE, task.join_next()).await.unwrap_or_default()
            }
        };
        match ended {
            Some(Ok(ended)) => ended,
            Some(Err(error)) if error.is_panic() => Err(WorkError::Failed(
                "The program made a mistake while it worked on this. It has been noted; the data is unharmed. \
                 Starting it again may help."
                    .to_owned(),
            )),
            Some(Err(_)) | None => Err(WorkError::Halted),
        }
    }

    /// Writes the reason, through short outages, as long as the job is this worker's.
    async fn write_failure(
        &self,
        context: &TenantContext,
        claimed: &ClaimedJob,
        lease: &Lease,
        reason: &str,
    ) {
        let write = async || -> Result<(), WorkError> {
            let mut tx = self.database.begin(context).await?;
            tx.hold(claimed).await?.fail(reason).await?;
            Ok(tx.commit().await?)
        };
        for _ in 0..STORE_TRIES {
            let Err(WorkError::Unavailable(error)) = write().await else { return };
            tracing::warn!(error = &*error as &dyn std::error::Error, "the failure was not written");
            if lease.is_lost() || *self.stopping.borrow() {
                return;
            }
            tokio::time::sleep(STORE_PAUSE).await;
        }
    }

    async fn give_back(
        &self,
        context: &TenantContext,
        queue: &Queue,
        claimed: &ClaimedJob,
        delay: Duration,
        lost: bool,
    ) {
        let requeue = async {
            let mut tx = self.database.begin(context).await?;
            tx.hold(claimed).await?.requeue().await?;
            Ok::<(), WorkError>(tx.commit().await?)
        };
        // Only what is shown: a job that still reads `running` is claimed again all the same.
        if let Err(error) = requeue.await {
            tracing::debug!(error = &error as &dyn std::error::Error, "the job still reads as running");
        }
        queue.release(claimed, delay, lost).await;
    }
}
