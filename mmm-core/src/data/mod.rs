//! What a model is fitted to: dates, a KPI, channels with their spend and what it bought, organic media,
//! and controls.
//!
//! A [`Dataset`] is checked once, when it is built, and every problem of the input is listed in one
//! [`DataError`]; whatever holds a `Dataset` may rely on its invariants (equal lengths, finite
//! numbers, regular ascending dates, media that vary). A [`Panel`] is the same for several geos.
//!
//! With the feature `csv`, `csv::Columns` reads a file. [`Dataset::explore`] says what can be
//! seen before any model: ranges, correlations, variance inflation, and what to look at twice.

mod builder;
mod check;
mod collinear;
#[cfg(feature = "csv")]
pub mod csv;
mod dataset;
mod date;
mod dates;
mod event;
mod explore;
mod panel;
mod panel_builder;
mod problem;
mod reading;
mod window;

pub use builder::DatasetBuilder;
pub use collinear::variance_inflation;
pub use dataset::{Channel, Control, Dataset, Frequency, Medium, Organic};
pub use date::{Date, DateError};
pub use dates::MIN_PERIODS;
pub use explore::{ColumnFigures, ColumnKind, Exploration, Note};
pub use panel::{Exposure, Panel, PanelColumn, PanelMedium};
pub use panel_builder::PanelBuilder;
pub use problem::{DataError, Problem, ProblemCode};
