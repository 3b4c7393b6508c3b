//! Whether the draws of a fit can be trusted.
//!
//! * [`rank`] has the figures: rank-normalised split R-hat, effective sample sizes and Monte Carlo
//!   errors as ArviZ defines them (Vehtari et al. 2021).
//! * [`LeaveOneOut`] and [`waic`] say how well a fit predicts what it has not seen, and
//!   [`smooth_log_ratios`] how far an importance-weighted mean can be trusted.
//! * [`Convergence`] applies this project's one meaning of *converged* to them.
//! * [`ConvergedFit`] can only be made from a fit that passes, so that whatever gives advice can ask
//!   for one.

mod autocorrelation;
mod convergence;
mod loo;
mod normal_scores;
mod psis;
pub mod rank;
mod report;

pub use convergence::{Check, CheckName, ConvergedFit, Convergence, NotConverged};
pub use loo::{LeaveOneOut, PredictiveDensity, leave_one_out, waic};
pub(crate) use normal_scores::quantile_of_sorted;
pub(crate) use psis::RELIABLE_BELOW;
pub use psis::smooth_log_ratios;
pub use report::{Diagnostics, QuantityDiagnostics};
