//! What a model is fitted to: dates, a KPI, channels with their spend and what it bought, organic media,
//! and controls.
//!
//! A [`Dataset`] is checked once, when it is built, and every problem of the input is listed in one
//! [`DataError`]; whatever holds a `Dataset` may rely on its invariants (equal lengths, finite
//! numbers, regular ascending dates, media that vary).

mod builder;
mod check;
mod dataset;
mod date;
mod problem;

pub use builder::DatasetBuilder;
pub use check::MIN_PERIODS;
pub use dataset::{Channel, Control, Dataset, Frequency, Medium, Organic};
pub use date::{Date, DateError};
pub use problem::{DataError, Problem, ProblemCode};
