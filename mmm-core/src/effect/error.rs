//! Why an effect cannot be computed.

/// What is wrong with a question about effects.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EffectError {
    /// The window is no part of the data.
    #[error("periods {first} to {last} are no window of data with {periods} periods, counted from 0")]
    Window {
        /// The first period asked for.
        first: usize,
        /// The last period asked for.
        last: usize,
        /// The length of the data.
        periods: usize,
    },

    /// What happened is compared with itself.
    #[error("spend at 100 % is what happened; compare with less or more")]
    Comparison,

    /// There are no dates to forecast.
    #[error("{periods} periods after the data cannot be forecast; ask for one at least, within the calendar")]
    Dates {
        /// What was asked for.
        periods: usize,
    },

    /// A column of an outlook is missing, unknown, of another length, not finite, or negative media.
    #[error(
        "column {column:?} must be one of the model's, with one finite value per period, media not negative"
    )]
    Outlook {
        /// The column.
        column: String,
    },
}
