//! Drawing from the posterior.
//!
//! [`Model::fit`](crate::model::Model::fit) is one blocking call that may run on any thread:
//!
//! 1. every chain gets a random stream of its own, made from the seed and the chain's number, so the
//!    draws do not depend on the number of threads;
//! 2. after every draw of any chain the observer is told how far the fit is, and may end it;
//! 3. positions are translated into parameters at once; the sampler's own coordinates never leave
//!    this crate.
//!
//! [`Model::preview`](crate::model::Model::preview) answers in milliseconds, from weighted draws around
//! the posterior's mode, and says how far it can be trusted.
//!
//! [`Fit::refresh`] brings a fit up to date with new data by weighting its draws, and draws again where
//! that says too little.
//!
//! A fit that ran to its end is not yet a fit to act on: see [`diagnose`](crate::diagnose).

mod chain;
mod given;
mod laplace;
mod nuts;
mod optimum;
mod preview;
mod refresh;
mod result;
mod run;
mod settings;
mod symmetric;
mod target;

pub(crate) use optimum::climb;
pub use preview::{Mode, Preview};
pub use refresh::{Refresh, Refreshed};
pub use result::{Draws, Fit};
pub use run::Progress;
pub(crate) use run::{Sampled, sample};
pub use settings::{FitError, FitSettings, Metric};
pub(crate) use target::{LogDensity, Recorder, Target};
