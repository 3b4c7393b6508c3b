//! Whether a model holds beyond the data it was fitted to.
//!
//! | question                                                  | answer                                |
//! |-----------------------------------------------------------|---------------------------------------|
//! | Does it predict periods it has not seen?                  | [`Model::holdout`], [`Model::roll`]   |
//! | Do its findings stay when data are added?                 | [`Model::refresh`]                    |
//! | Do they stay when spend was measured a little wrong?      | [`Model::perturb`]                    |
//! | Does it find an effect where there is none?               | [`Model::placebo`]                    |
//! | Would it find its own findings if they were true?         | [`Fit::recover`]                      |
//! | Are its intervals as wide as they say?                    | [`Study`]: simulation-based calibration |
//!
//! Each of them fits again, so each takes the settings of a fit, and its answer says whether those fits
//! converged. All are blocking calls; the seed of the settings decides everything.
//!
//! [`Model::holdout`]: crate::model::Model::holdout
//! [`Model::roll`]: crate::model::Model::roll
//! [`Model::refresh`]: crate::model::Model::refresh
//! [`Model::perturb`]: crate::model::Model::perturb
//! [`Model::placebo`]: crate::model::Model::placebo
//! [`Fit::recover`]: crate::fit::Fit::recover

mod invent;
mod ranks;
mod stability;
mod study;
mod unseen;

use crate::{data::DataError, fit::FitError, model::SpecError};

pub use invent::{Recovered, Recovery};
pub use stability::{Drift, Placebo, Stability};
pub use study::{Calibrated, Calibration, Study};
pub use unseen::{CrossValidation, Holdout, RollingOrigin, Unseen};

/// Why a validation has no answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ValidateError {
    /// What is asked for cannot be done with this data.
    #[error("the validation cannot be started: {0}")]
    Settings(&'static str),

    /// A part of the data makes no data set of its own.
    #[error("a part of the data cannot be fitted alone")]
    Data(#[from] DataError),

    /// A part of the data is too short for the model.
    #[error("the model does not fit a part of the data")]
    Spec(#[from] SpecError),

    /// A fit has no draws.
    #[error("a fit of the validation failed")]
    Fit(#[from] FitError),
}
