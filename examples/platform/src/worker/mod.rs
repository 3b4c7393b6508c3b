//! The worker: takes jobs of all tenants in turn and runs each in its tenant's context.
//!
//! apalis is the engine (one task a job, bounded concurrency, graceful stop) over the queue of
//! `tenancy-sqlx`. What happens to one claimed job is decided in the `attempt` module:
//!
//! | what happens                          | what becomes of the job                               |
//! |---------------------------------------|-------------------------------------------------------|
//! | the handler ends well                 | it has written the job `done` itself                  |
//! | it says why it cannot, or panics      | `failed`, with the reason in words                    |
//! | this process is told to stop          | given back at once, for the next process              |
//! | the process dies                      | claimed again when its lease runs out, from the start |
//! | that happened three times             | `failed`: the job itself seems to kill its workers    |
//! | the lease is lost                     | nothing: it is another worker's; the work is halted   |
//! | its tenant cancels it                 | `cancelled` at once; the work is halted at its next write or heartbeat |
//! | the database is away                  | work goes on within the lease, then as above          |
//! | the tenant is not served              | given back for ten minutes; suspended tenants' jobs are not claimed at all |
//!
//! The state of a job is written in its tenant's transactions only, each after a check of the lease.

mod attempt;
mod halt;
mod handler;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use apalis::layers::catch_panic::CatchPanicLayer;
use apalis::prelude::{AbortError, WorkerBuilder, WorkerBuilderExt as _};
use tenancy_sqlx::jobs::engine::{EngineSettings, JobBackend};
use tenancy_sqlx::jobs::{ClaimPolicy, LeasedJob, WorkerName};
use tenancy_sqlx::{Gate, TenantDatabase};
use tokio::sync::watch;

pub use halt::{Halt, Halted};
pub use handler::{Handler, HandlerFuture, Work, WorkError};

use crate::analysis::AnalysisHandler;
use crate::data::ExpiryHandler;
use crate::platform::Platform;
use crate::server::Stop;
use attempt::Attempts;

/// How long to wait before an engine that ended by itself is started again.
const RESTART: Duration = Duration::from_secs(1);

/// How a worker works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How many jobs at once. A fit uses all cores, so one at a time is fastest for everybody.
    pub concurrency: usize,
    /// How many jobs of one tenant at once, over all workers.
    pub tenant_cap: u16,
    /// How long a job stays with a worker that is not heard of.
    pub lease: Duration,
    /// How often a worker is heard of.
    pub heartbeat: Duration,
    /// How often to look for jobs without a hint.
    pub poll: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            concurrency: 1,
            tenant_cap: 2,
            lease: Duration::from_secs(15),
            heartbeat: Duration::from_secs(5),
            poll: Duration::from_millis(500),
        }
    }
}

/// Runs the platform's jobs until told to stop; returns when the last job has been given back.
///
/// # Errors
///
/// None of the present; an engine that ends by itself is started again.
pub async fn run(platform: Platform, settings: Settings, stop: Stop) -> anyhow::Result<()> {
    let handlers: Vec<Arc<dyn Handler>> =
        vec![Arc::new(AnalysisHandler::new(&settings)), Arc::new(ExpiryHandler)];
    work(platform.gate, platform.app.database, handlers, settings, stop.wait()).await;
    Ok(())
}

/// Runs jobs of the handlers' kinds until `stop` resolves.
pub async fn work(
    gate: Gate,
    database: TenantDatabase,
    handlers: Vec<Arc<dyn Handler>>,
    settings: Settings,
    stop: impl Future<Output = ()> + Send + 'static,
) {
    let (tell, told) = watch::channel(false);
    let attempts = Attempts::new(gate.clone(), database, handlers, told.clone());
    let mut stopping = told;
    let engine = async {
        while !*stopping.borrow() {
            run_engine(&gate, &attempts, &settings, stopping.clone()).await;
            drop(tokio::time::timeout(RESTART, stopping.wait_for(|stop| *stop)).await);
        }
    };
    let stop = async {
        stop.await;
        tell.send_replace(true);
    };
    tokio::join!(engine, stop);
}

async fn run_engine(
    gate: &Gate,
    attempts: &Attempts,
    settings: &Settings,
    mut stopping: watch::Receiver<bool>,
) {
    let name = WorkerName::unique("worker");
    let mut engine = EngineSettings::new(name.clone());
    engine.policy =
        ClaimPolicy { worker: name.clone(), tenant_cap: settings.tenant_cap, lease: settings.lease };
    engine.slots = settings.concurrency;
    engine.heartbeat = settings.heartbeat;
    engine.poll = settings.poll;

    let backend = JobBackend::new(gate.clone(), engine);
    let (queue, attempts) = (backend.queue().clone(), attempts.clone());
    let worker = WorkerBuilder::new(name.as_str())
        .backend(backend)
        .concurrency(settings.concurrency)
        .layer(CatchPanicLayer::with_panic_handler(panicked))
        .build(move |job: LeasedJob| attempts.clone().run(queue.clone(), job));
    let stop = async move {
        drop(stopping.wait_for(|stop| *stop).await);
        Ok::<(), std::io::Error>(())
    };
    if let Err(error) = worker.run_until(stop).await {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "the job engine ended and is started again"
        );
    }
}

/// Work panics on a task of its own; this is for a panic around it. A function of our own, since the
/// layer's default one makes a future that cannot be spawned.
#[allow(clippy::borrowed_box, reason = "the layer's signature")]
fn panicked(_: &Box<dyn std::any::Any + Send>) -> AbortError {
    AbortError::new("the worker panicked")
}
