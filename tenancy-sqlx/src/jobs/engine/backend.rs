//! The state machine of apalis with a pulse of its own and a clean stop.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use apalis_core::backend::finalize::Ephemeral;
use apalis_core::backend::persistence::{Persisted, State};
use apalis_core::backend::{Backend, BackendConfig};
use apalis_core::layers::Identity;
use apalis_core::task::Task;
use apalis_core::worker::context::WorkerContext;
use tokio::sync::Notify;

use super::{EngineSettings, Queue};
use crate::control::Gate;
use crate::jobs::{JobHints, LeasedJob, Leases};

type Wait = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Jobs of all tenants, for `WorkerBuilder::backend`. The tasks are [`LeasedJob`]s.
pub struct JobBackend {
    machine: Persisted<Queue>,
    queue: Queue,
    hints: JobHints,
    /// Until when not to look again, after an empty answer.
    idle: Option<Wait>,
    /// The job of a claim that ended after the stop, being given back.
    giving_back: Option<Wait>,
}

impl JobBackend {
    /// A backend over the gate. Begins to listen for hints at once.
    pub fn new(gate: Gate, settings: EngineSettings) -> Self {
        let hints = JobHints::listen(&gate);
        let queue = Queue::new(gate, settings);
        Self { machine: Persisted::new(queue.clone()), queue, hints, idle: None, giving_back: None }
    }

    /// The queue behind it, for work that gives its job back.
    pub const fn queue(&self) -> &Queue {
        &self.queue
    }

    fn pause(&self) -> Wait {
        Box::pin(worth_looking(self.hints.mark(), self.queue.leases().clone(), self.queue.settings().poll))
    }

    /// Lets a claim that is under way come to its end.
    fn poll_claim(&mut self, cx: &mut Context<'_>, worker: &WorkerContext) -> Poll<()> {
        if !matches!(self.machine.state(), State::Fetch(_)) {
            return Poll::Ready(());
        }
        if let Poll::Ready(Some(Ok(task))) = self.machine.poll_next(cx, worker) {
            let (queue, job) = (self.queue.clone(), task.args);
            let give_back = async move { queue.release(&job.claimed, Duration::ZERO, false).await };
            self.giving_back = Some(Box::pin(give_back));
        }
        // An empty answer is a pending one to the machine; only its state tells them apart.
        if matches!(self.machine.state(), State::Fetch(_)) { Poll::Pending } else { Poll::Ready(()) }
    }
}

/// A hint, a job that ended, or the poll interval.
async fn worth_looking(hint: Arc<Notify>, leases: Leases, poll: Duration) {
    tokio::select! {
        () = hint.notified() => {}
        () = leases.freed() => {}
        () = tokio::time::sleep(poll) => {}
    }
}

impl Backend for JobBackend {
    type Task = Task<LeasedJob>;
    type Error = Infallible;

    fn poll_ready(&mut self, cx: &mut Context<'_>, worker: &WorkerContext) -> Poll<Result<(), Infallible>> {
        let heartbeat = self.queue.settings().heartbeat;
        self.machine.poll_ready(cx, worker, heartbeat)
    }

    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        worker: &WorkerContext,
    ) -> Poll<Option<Result<Self::Task, Infallible>>> {
        loop {
            if let Some(idle) = &mut self.idle {
                ready!(idle.as_mut().poll(cx));
                self.idle = None;
            }
            match self.machine.poll_next(cx, worker) {
                // An empty answer leaves the machine ready, and nobody to wake it.
                Poll::Pending if matches!(self.machine.state(), State::Ready) => {
                    self.idle = Some(self.pause());
                }
                other => return other,
            }
        }
    }

    fn poll_close(&mut self, cx: &mut Context<'_>, worker: &WorkerContext) -> Poll<Result<(), Infallible>> {
        ready!(self.poll_claim(cx, worker));
        if let Some(giving_back) = &mut self.giving_back {
            ready!(giving_back.as_mut().poll(cx));
            self.giving_back = None;
        }
        self.machine.poll_close(cx, worker)
    }
}

impl BackendConfig for JobBackend {
    type Args = LeasedJob;
    type Id = String;
    type Kind = Ephemeral;
    type Config = EngineSettings;
    type Layer = Identity;

    fn config(&self) -> &EngineSettings {
        self.queue.settings()
    }

    fn middleware(&mut self, _: &mut WorkerContext) -> Identity {
        Identity::new()
    }
}

impl fmt::Debug for JobBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobBackend").field("queue", &self.queue).finish_non_exhaustive()
    }
}
