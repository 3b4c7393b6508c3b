//! The queue as a backend of apalis, which brings worker, monitor, middleware and graceful stop.
//!
//! [`Queue`] is our `Persistence`; apalis drives it with its own state machine, `Persisted`, and
//! [`JobBackend`] is that machine with the three things it leaves open:
//!
//! 1. *When to look again.* An empty answer parks the worker until its next heartbeat; here a hint,
//!    a job that ended or the poll interval wakes it.
//! 2. *How much to take.* One job at a time (the machine sends no heartbeat while it has a second in
//!    hand) and never more than [`EngineSettings::slots`].
//! 3. *A stop during a claim.* The machine drops the claim that is under way, whose job would wait
//!    for its lease to run out; here the claim is brought to its end and the job given back.
//!
//! No method can fail: an `Err` of a heartbeat would end the worker and drop its tasks. When the
//! database is away leases are not moved, and each work ends when its own [`Lease`](super::Lease) runs out.
//! The state of a job is written by the work itself, never by an event of the engine.

mod backend;
mod queue;

use std::time::Duration;

pub use backend::JobBackend;
pub use queue::Queue;

use super::{ClaimPolicy, WorkerName};

/// How a worker uses the queue.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EngineSettings {
    /// Who claims, how many per tenant, for how long.
    pub policy: ClaimPolicy,
    /// How many jobs this worker may have at once.
    pub slots: usize,
    /// How often leases are moved on; a third of the lease leaves room for two failures.
    pub heartbeat: Duration,
    /// How often to look without a hint.
    pub poll: Duration,
}

impl EngineSettings {
    /// One job at a time, two per tenant over all workers, leases of 15 s moved every 5 s, a look
    /// every 500 ms.
    pub fn new(worker: WorkerName) -> Self {
        Self {
            policy: ClaimPolicy { worker, tenant_cap: 2, lease: Duration::from_secs(15) },
            slots: 1,
            heartbeat: Duration::from_secs(5),
            poll: Duration::from_millis(500),
        }
    }

    /// How long one question to the database may take: no question may eat up the next heartbeat.
    fn patience(&self) -> Duration {
        self.heartbeat / 2
    }
}
