//! Whether the draws of a fit can be trusted.
//!
//! * [`rank`] has the figures: rank-normalised split R-hat, effective sample sizes and Monte Carlo
//!   errors as ArviZ defines them (Vehtari et al. 2021).
//! * [`Convergence`] applies this project's one meaning of *converged* to them.
//! * [`ConvergedFit`] can only be made from a fit that passes, so that whatever gives advice can ask
//!   for one.

mod autocorrelation;
mod convergence;
mod normal_scores;
pub mod rank;
mod report;

pub use convergence::{Check, CheckName, ConvergedFit, Convergence, NotConverged};
pub(crate) use normal_scores::quantile_of_sorted;
pub use report::{Diagnostics, QuantityDiagnostics};
