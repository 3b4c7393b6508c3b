//! Work that outlives its request: enqueued in the request's own transaction, claimed fairly.
//!
//! A job is two rows. What its tenant may see (kind, state, percent, reason, result) is a row of the
//! protected table `jobs`, which only a [`TenantTx`] writes. What workers need across tenants (whose
//! turn, which lease) is a row of `control.job_queue`, which names only ids and is asked through the
//! [`Gate`](crate::Gate).
//!
//! ```text
//! request:  tx.enqueue(job)                                 both rows, or neither
//! worker:   gate.claim(..)                                  a lease, and the number of the attempt
//!           directory -> TenantContext::for_job -> begin
//!           tx.hold(&claimed)?.progress(40, "sampling")     LeaseLost once the job is another's
//!           gate.extend_leases(..)                          as long as it works
//!           tx.hold(&claimed)?.done(&result)                final state and end of the queue's row
//! ```
//!
//! Two rules make a lost worker harmless. Every write of a job's state is preceded by
//! [`TenantTx::hold`], which locks the queue's row and refuses an attempt that is not the latest: a
//! worker that was thought dead cannot write over its successor. And a lease that ran out is claimable
//! by anybody: [`ClaimedJob::losses`] says how often that happened, so that a job which kills its
//! workers can be ended. Taking the row out of the queue is also how a job is cancelled: its worker
//! learns of it at the next write or heartbeat.
//!
//! | type           | what                                                     |
//! |----------------|----------------------------------------------------------|
//! | [`NewJob`]     | what a request asks for, and `enqueue`                    |
//! | [`JobRecord`]  | what a tenant reads                                       |
//! | [`HeldJob`]    | what a worker writes                                      |
//! | [`Cancellation`] | what came of `cancel`                                   |
//! | [`ClaimedJob`] | what a worker gets, and how it keeps it or gives it back  |
//! | [`Leases`]     | the leases that a worker has, by its own clock            |
//! | [`JobHints`]   | LISTEN as a hint to look sooner                           |
//!
//! With the feature `apalis`, `engine` is all that as a backend of apalis.
//!
//! [`TenantTx`]: crate::TenantTx
//! [`TenantTx::hold`]: crate::TenantTx::hold

mod cancel;
mod claim;
#[cfg(feature = "apalis")]
pub mod engine;
mod error;
mod held;
mod hint;
mod lease;
mod new_job;
mod record;

pub use cancel::Cancellation;
pub use claim::{ClaimPolicy, ClaimedJob, StillOwn, WorkerName};
pub use error::JobError;
pub use held::HeldJob;
pub use hint::JobHints;
pub use lease::{Lease, LeasedJob, Leases};
pub use new_job::NewJob;
pub use record::{JobRecord, JobState, JobStateError};
