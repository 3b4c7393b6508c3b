//! One error for callers that do everything in one function.

use crate::{artifact::SummaryError, budget::BudgetError, data::DataError, fit::FitError, model::SpecError};

/// Everything that can go wrong between a file and a [`Summary`](crate::artifact::Summary).
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The data cannot be used.
    #[error(transparent)]
    Data(#[from] DataError),

    /// The description makes no model of this data.
    #[error(transparent)]
    Spec(#[from] SpecError),

    /// The fit has no draws.
    #[error(transparent)]
    Fit(#[from] FitError),

    /// The budget cannot be planned.
    #[error(transparent)]
    Budget(#[from] BudgetError),

    /// The fit cannot be written down.
    #[error(transparent)]
    Summary(#[from] SummaryError),
}
