//! What can be wrong with an upload, one entry per finding, each saying what to do.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Every problem found in the input of a [`Dataset`](crate::data::Dataset), never only the first.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the data has {} problem(s): {}", problems.len(), Listed(problems))]
pub struct DataError {
    problems: Vec<Problem>,
}

impl DataError {
    pub(crate) const fn new(problems: Vec<Problem>) -> Self {
        Self { problems }
    }

    /// The findings, in the order of the columns and rows they are about.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

/// One finding about one place of the input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What kind of finding it is, for programs.
    pub code: ProblemCode,
    /// The column it is about, where it is about one.
    pub column: Option<String>,
    /// The row it is about, counted from 1 without a header, where it is about one.
    pub row: Option<usize>,
    /// What is wrong and what to do about it, for people.
    pub message: String,
}

impl Problem {
    pub(crate) fn whole(code: ProblemCode, message: impl Into<String>) -> Self {
        Self { code, column: None, row: None, message: message.into() }
    }

    pub(crate) fn column(code: ProblemCode, column: &str, message: impl Into<String>) -> Self {
        Self { column: Some(column.to_owned()), ..Self::whole(code, message) }
    }

    /// `index` counts from 0, as programs do; the problem counts from 1, as people do.
    pub(crate) fn at(code: ProblemCode, column: &str, index: usize, message: impl Into<String>) -> Self {
        Self { row: Some(index + 1), ..Self::column(code, column, message) }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.column, self.row) {
            (Some(column), Some(row)) => write!(f, "column {column:?}, row {row}: {}", self.message),
            (Some(column), None) => write!(f, "column {column:?}: {}", self.message),
            _ => f.write_str(&self.message),
        }
    }
}

/// The kinds of [`Problem`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ProblemCode {
    /// A date cannot be read.
    BadDate,
    /// A date lies in the future.
    FutureDate,
    /// A date is there twice.
    DuplicateDate,
    /// A date is missing between its neighbours, or the rhythm is neither daily nor weekly.
    DateGap,
    /// A date is earlier than the one before it.
    DateOrder,
    /// There are fewer periods than a model can be fitted to.
    TooShort,
    /// A column has more or fewer values than there are dates.
    LengthMismatch,
    /// A value is not a number, or infinite.
    NotFinite,
    /// A value is larger than any amount or count.
    TooLarge,
    /// A channel's spend is below zero.
    NegativeSpend,
    /// A medium's exposure is below zero.
    NegativeExposure,
    /// A channel never spends anything, or a medium was never seen.
    AllZeroChannel,
    /// A medium has the same pressure in every period, so its effect cannot be told from the baseline.
    ConstantChannel,
    /// A control never changes, so its effect cannot be told from the baseline.
    ConstantControl,
    /// A medium or control is a combination of others, so their effects cannot be told apart.
    Collinear,
    /// No day of an event lies in a period of the data.
    UnseenEvent,
    /// The KPI never changes or is never above zero.
    UnusableKpi,
    /// The KPI is missing.
    NoKpi,
    /// There is no channel.
    NoChannel,
    /// A column has no name.
    BlankName,
    /// Two columns have the same name.
    DuplicateName,
    /// The worth of a unit of the KPI is not a positive number.
    BadKpiValue,
    /// A file has no column of a name.
    MissingColumn,
    /// A cell of a file is empty or no number.
    BadNumber,
    /// A row of a file has more or fewer cells than its header.
    BadRow,
    /// A file cannot be read as text in columns.
    Unreadable,
}

struct Listed<'a>(&'a [Problem]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}
