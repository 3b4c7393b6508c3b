//! What outlives a fit: a summary for a results page, and the draws themselves.
//!
//! * [`Summary`] holds everything a results page shows, as plain finite numbers, and no draws;
//! * [`StoredFit`] holds the draws and what is needed to know that they belong to a data set.
//!
//! Both serialise to JSON and can be read back by later versions. [`StoredFit::to_file`] writes a file that
//! says what it is and whether it is whole; [`seal`] does the same for a document of the caller's.

mod sealed;
mod stored;
mod summary;

pub use sealed::{SealError, seal, unseal};
pub use stored::{RestoreError, STORED_FORMAT, StoredFit};
pub use summary::{
    ChannelSeries, ChannelSummary, FORMAT, ModelSummary, OverTime, QuantitySummary, Summary, SummaryError,
};
