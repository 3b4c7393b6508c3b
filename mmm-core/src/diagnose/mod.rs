//! Whether the draws of a fit can be trusted.
//!
//! * [`rank`] has the figures: rank-normalised split R-hat, effective sample sizes and Monte Carlo
//!   errors as ArviZ defines them (Vehtari et al. 2021).
//! * [`LeaveOneOut`] and [`waic`] say how well a fit predicts what it has not seen, and
//!   [`smooth_log_ratios`] how far an importance-weighted mean can be trusted.
//! * [`Convergence`] applies this project's one meaning of *converged* to them.
//! * [`ConvergedFit`] can only be made from a fit that passes, or by [overruling](NotConverged::overrule)
//!   the verdict with a reason that stays with whatever is decided, so that whatever gives advice can ask
//!   for one.
//! * [`PredictiveCheck`] compares the KPI with what the fit would have produced, [`PriorShift`] says what
//!   was learnt and [`Sensitivity`] what was merely assumed; [`Health`] sums all of it up in one score
//!   with named components.

mod autocorrelation;
mod convergence;
mod health;
mod loo;
mod normal_scores;
mod predictive;
mod psis;
pub mod rank;
mod report;
mod sensitivity;
mod shift;

pub use convergence::{Check, CheckName, ConvergedFit, Convergence, NotConverged};
pub use health::{Health, HealthComponent, HealthName};
pub use loo::{LeaveOneOut, PredictiveDensity, leave_one_out, waic};
pub(crate) use normal_scores::quantile_of_sorted;
pub(crate) use predictive::Replications;
pub use predictive::{PredictiveCheck, Statistic};
pub use psis::smooth_log_ratios;
pub(crate) use psis::{RELIABLE_BELOW, log_sum_exp};
pub use report::{Diagnostics, QuantityDiagnostics};
pub use sensitivity::{Influence, Sensitivity, weighted_distance};
pub use shift::PriorShift;
