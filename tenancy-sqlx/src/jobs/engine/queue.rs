//! The six questions of apalis, answered through the gate.

use std::convert::Infallible;
use std::time::Duration;

use apalis_core::backend::persistence::{Persistence, TaskEvent};
use apalis_core::task::Task;
use apalis_core::task::builder::TaskBuilder;
use apalis_core::task::task_id::TaskId;
use apalis_core::worker::context::WorkerContext;
use tenancy_core::StoreError;
use tokio::time::{Instant, timeout};

use super::EngineSettings;
use crate::control::Gate;
use crate::jobs::{ClaimedJob, LeasedJob, Leases};

/// The queue of one worker. Cheap to clone; all clones share the book of leases.
#[derive(Clone, Debug)]
pub struct Queue {
    gate: Gate,
    settings: EngineSettings,
    leases: Leases,
}

impl Queue {
    pub(super) fn new(gate: Gate, settings: EngineSettings) -> Self {
        Self { gate, settings, leases: Leases::default() }
    }

    /// What this worker has at the moment.
    pub const fn leases(&self) -> &Leases {
        &self.leases
    }

    /// Gives a job back, to be claimed again after `delay`. See [`Gate::release`].
    pub async fn release(&self, job: &ClaimedJob, delay: Duration, lost: bool) {
        self.ask("give a job back", self.gate.release(&self.settings.policy, job, delay, lost)).await;
    }

    pub(super) const fn settings(&self) -> &EngineSettings {
        &self.settings
    }

    /// The answer, or `None` when the database has none in time.
    async fn ask<T>(&self, what: &str, question: impl Future<Output = Result<T, StoreError>>) -> Option<T> {
        match timeout(self.settings.patience(), question).await {
            Ok(Ok(answer)) => Some(answer),
            Ok(Err(error)) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "could not {what}");
                None
            }
            Err(_) => {
                tracing::warn!("could not {what}: the database took too long");
                None
            }
        }
    }
}

impl Persistence for Queue {
    type Compact = LeasedJob;
    type Response = ();
    type Error = Infallible;

    /// A worker is known by the leases it has; there is no list of workers.
    async fn register(&mut self, worker: &WorkerContext) -> Result<(), Infallible> {
        tracing::info!(worker = worker.name(), claims_as = %self.settings.policy.worker, "looking for jobs");
        Ok(())
    }

    async fn heartbeat(&mut self, _: &WorkerContext) -> Result<(), Infallible> {
        let held = self.leases.held();
        if held.is_empty() {
            return Ok(());
        }
        let policy = &self.settings.policy;
        let deadline = Instant::now() + policy.lease;
        if let Some(own) = self.ask("extend leases", self.gate.extend_leases(policy, &held)).await {
            self.leases.answered(&held, &own, deadline);
        }
        Ok(())
    }

    async fn fetch_next(&mut self, _: &WorkerContext) -> Result<Vec<Task<LeasedJob>>, Infallible> {
        if self.leases.len() >= self.settings.slots {
            return Ok(Vec::new());
        }
        let policy = &self.settings.policy;
        let deadline = Instant::now() + policy.lease;
        let claimed = self.ask("claim a job", self.gate.claim(policy, 1)).await.unwrap_or_default();
        Ok(claimed.into_iter().map(|job| task(self.leases.enter(job, deadline))).collect())
    }

    async fn reenqueue_abandoned(
        &mut self,
        tasks: Vec<Task<LeasedJob>>,
        _: &WorkerContext,
    ) -> Result<u64, Infallible> {
        for task in &tasks {
            self.release(&task.args.claimed, Duration::ZERO, false).await;
        }
        Ok(tasks.len() as u64)
    }

    /// There is nothing to do: the work has written its state before the engine hears of its end.
    async fn handle_events(&mut self, _: Vec<TaskEvent<()>>, _: &WorkerContext) -> Result<(), Infallible> {
        Ok(())
    }

    /// New jobs come from tenants' transactions; what can be pushed here is a job that was claimed,
    /// and pushing it gives it back.
    async fn push_tasks(&mut self, tasks: Vec<Task<LeasedJob>>) -> Result<(), Infallible> {
        for task in &tasks {
            self.release(&task.args.claimed, Duration::ZERO, false).await;
        }
        Ok(())
    }
}

fn task(job: LeasedJob) -> Task<LeasedJob> {
    let id = TaskId::from_string(job.claimed.job_id().to_string());
    let earlier = usize::try_from(job.claimed.attempt() - 1).unwrap_or(0);
    TaskBuilder::new(job).task_id(id).attempt(earlier).build()
}
