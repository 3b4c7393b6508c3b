//! A model run: asked for in a request, done by the worker, read by polling.
//!
//! ```text
//! start(tx)        a job and a row of `mmm_models` with the same id, in the request's transaction
//! AnalysisHandler  source -> data set -> model -> draws -> summary; one transaction stores the end
//! cancel(tx)       takes the job out of the queue; the worker halts at its next write or heartbeat
//! read(tx), list   state and progress from the job, results from the model
//! latest(tx)       where a workspace stands: its newest run, and the newest that may be acted upon
//! planner(tx)      what plans other budgets than the one in the results
//! ```
//!
//! A run ends `done`, `failed` or `cancelled`, and `done` does not mean usable: where `converged` is false the
//! results hold diagnostics and nothing about what a channel returned.

mod cancel;
mod choice;
mod fit;
mod handler;
mod read;
mod start;

pub use cancel::{CancelError, cancel};
pub use choice::{ModelChoice, Saturation, Trend};
pub use fit::{Fitted, Meter, Stage, fit};
pub use handler::AnalysisHandler;
pub use read::{Analysis, Latest, ReadError, Run, latest, list, planner, read, read_all};
pub use start::{DEFAULT_SEED, StartError, start};

/// The kind of these jobs.
pub const KIND: &str = "analysis";
