//! What a reader of files tells the builder about where its values came from.

use std::collections::{BTreeMap, BTreeSet};

use super::Problem;

/// A value's part in the data, where a file may call it something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// The periods.
    Date,
    /// The KPI.
    Kpi,
    /// A channel's spend.
    Spend,
    /// A channel's exposure.
    Exposure,
}

/// Where values came from, and what could not be read. Empty for data that was never in a file.
#[derive(Clone, Debug, Default)]
pub(super) struct Reading {
    /// What is known to be wrong before anything is checked.
    pub(super) problems: Vec<Problem>,
    columns: BTreeMap<(Part, String), String>,
    unread: BTreeMap<String, BTreeSet<usize>>,
}

impl Reading {
    /// Remembers what the file calls a part.
    #[cfg(feature = "csv")]
    pub(super) fn called(&mut self, part: Part, name: &str, column: &str) {
        self.columns.insert((part, name.to_owned()), column.to_owned());
    }

    /// Remembers rows, counted from 0, whose cell is no number and is among the problems.
    #[cfg(feature = "csv")]
    pub(super) fn not_read(&mut self, column: &str, rows: impl IntoIterator<Item = usize>) {
        self.unread.entry(column.to_owned()).or_default().extend(rows);
    }

    /// The column of a part, as the user knows it.
    pub(super) fn column<'a>(&'a self, part: Part, name: &'a str) -> &'a str {
        // Dates have no name of their own; all else is found by it.
        let key = if part == Part::Date { "" } else { name };
        self.columns.get(&(part, key.to_owned())).map_or(name, String::as_str)
    }

    /// Whether a cell is among the problems already.
    pub(super) fn is_unread(&self, column: &str, row: usize) -> bool {
        self.unread.get(column).is_some_and(|rows| rows.contains(&row))
    }
}
