//! Turns an uploaded CSV file into a data source that a marketing mix model can be fitted to.
//!
//! A file passes three gates, and nothing becomes a source before the last one:
//!
//! 1. [`read`] takes bytes and answers a [`Table`] of text cells, or what keeps the file from being
//!    read: a workbook, a wrong character set, rows of different length, a limit.
//! 2. [`suggest`] proposes a [`Role`] for each column with a short reason; a person or an API client
//!    answers with [`Roles`].
//! 3. [`validate`] reads dates and numbers under those roles and answers a [`Source`], or *every*
//!    [`Problem`] at once, each with row, column and what to do.
//!
//! What is decided here:
//!
//! - **No guess that could change an amount.** `1.234` is a thousand or a little more than one;
//!   `03/04/2024` is in March or April. The whole column, then the whole file, decides; where they
//!   cannot, the cell is a problem that says how to write it.
//! - **Nothing is filled in.** Empty cells, gaps and repeated dates are refused: the missing value of
//!   a spend column may be zero or unknown, and only the uploader knows. Rows out of order are
//!   sorted, because that loses nothing, and a warning says so.
//! - **One series in the end.** Rows of several geos are summed by date, since the model is one of the
//!   whole market; the source says how many there were.
//! - **Memory is bounded by the limits below**, not by the file: a row is refused while it is being
//!   read, cells live in one buffer, and a list of problems has an end.
//!
//! There is no clock and no disk here: the same bytes and roles give the same answer at any time.
//!
//! ```text
//! let table = ingest::read(&bytes)?;
//! let roles = Roles::suggested(&ingest::suggest(&table));
//! let Validated { source, warnings } = ingest::validate(&table, &roles, Some(40.0))?;
//! assert_eq!(source.extent().to_string(), "179 weeks, 2 channels, 3 controls, no gaps");
//! ```

mod calendar;
mod category;
mod channel;
mod columns;
mod date;
mod delimiter;
mod geo;
mod media;
mod number;
mod problem;
mod read;
mod role;
mod roles;
mod series;
mod sniff;
mod source;
mod suggest;
mod table;
mod validate;
mod words;
mod worth;

#[cfg(test)]
mod bad_inputs;
#[cfg(test)]
mod shared_files;

pub use category::flag_name;
pub use problem::{Code, MAX_PROBLEMS, Problem};
pub use read::read;
pub use role::{ColumnRole, Role};
pub use roles::Roles;
pub use source::{Channel, Extent, Frequency, Series, Source, Validated};
pub use suggest::suggest;
pub use table::{Kind, PreviewRow, RawColumn, Table};
pub use validate::validate;
pub use worth::kpi_value;

/// The largest file that is read. Daily data of ten years with a hundred columns is below 5 MB.
pub const MAX_BYTES: usize = 50_000_000;

/// The most rows below the header: 54 years of daily data.
pub const MAX_ROWS: usize = 20_000;

/// The most columns, far above what a model with one row a week can tell apart.
pub const MAX_COLUMNS: usize = 300;

/// The longest cell in bytes. Longer ones come from a quotation mark that is never closed.
pub const MAX_CELL_BYTES: usize = 4 * 1024;

/// The longest column name in characters; it has to fit a page.
pub const MAX_NAME_CHARS: usize = 120;

/// The most words of a control in words. Each but one takes a parameter of the model.
pub const MAX_LEVELS: usize = 12;

/// The fewest periods a source may have. Below it, seasons and channels cannot be told apart at all.
pub const MIN_ROWS: usize = 30;

/// Amounts beyond this are typing mistakes, and sums of their squares would leave the range of `f64`.
pub const MAX_MAGNITUDE: f64 = 1e15;

/// How many rows the mapping page shows.
pub const PREVIEW_ROWS: usize = 8;
