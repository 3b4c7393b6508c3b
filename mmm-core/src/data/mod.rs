//! What a model is fitted to: dates, a KPI, channels with their spend and what it bought, organic media,
//! and controls.
//!
//! A [`Dataset`] is checked once, when it is built, and every problem of the input is listed in one
//! [`DataError`]; whatever holds a `Dataset` may rely on its invariants (equal lengths, finite
//! numbers, regular ascending dates, media that vary). A [`Panel`] is the same for several geos.

mod builder;
mod check;
mod dataset;
mod date;
mod panel;
mod panel_builder;
mod problem;

pub use builder::DatasetBuilder;
pub use check::MIN_PERIODS;
pub use dataset::{Channel, Control, Dataset, Frequency, Medium, Organic};
pub use date::{Date, DateError};
pub use panel::{Exposure, Panel, PanelColumn, PanelMedium};
pub use panel_builder::PanelBuilder;
pub use problem::{DataError, Problem, ProblemCode};
