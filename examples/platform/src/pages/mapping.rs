//! What each column of a file means: a preview with a role in each column's head, all problems beside
//! it with links to their cells, what a unit of KPI is worth, and one button. Once confirmed the same
//! page offers to run the analysis and lists the runs.

use std::collections::BTreeSet;

use askama::Template;

use crate::ingest::Role;
use crate::words;

use super::data::SourceStatus;
use super::frame::{Frame, asset_version};
use super::runs::RunRow;

/// What the page shows.
#[derive(Clone, Debug)]
pub struct MappingView {
    /// Id of the source.
    pub id: String,
    /// Name of the file.
    pub file_name: String,
    /// Proposed: roles can be chosen. Ready: analyses can be run.
    pub status: SourceStatus,
    /// Number of rows without the heading.
    pub rows: u64,
    /// "104 weeks, 5 channels, no gaps"; empty while unknown.
    pub counts: String,
    /// The columns of the file in order.
    pub columns: Vec<ColumnView>,
    /// The first eight rows.
    pub preview: Vec<PreviewRow>,
    /// Further rows that have problems, shown below the preview; at most a few dozen.
    pub problem_rows: Vec<PreviewRow>,
    /// What keeps the data from being used.
    pub problems: Vec<Problem>,
    /// What to know, without being in the way.
    pub warnings: Vec<String>,
    /// What one unit of KPI is worth, as typed; may be empty.
    pub kpi_value: String,
    /// Why that cannot be used.
    pub kpi_value_error: Option<String>,
    /// Runs on this source, newest first.
    pub runs: Vec<RunRow>,
}

/// One column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnView {
    /// Name in the heading of the file.
    pub name: String,
    /// What its cells look like: "number", "date", "text".
    pub kind: String,
    /// Suggested or chosen role.
    pub role: Role,
    /// Channel of a media column; empty where it is called as the column is.
    pub channel: String,
}

/// One row of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviewRow {
    /// Row in the file as a spreadsheet counts it: the heading is row 1.
    pub number: u64,
    /// Its cells as they stand in the file.
    pub cells: Vec<String>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Row as a spreadsheet counts it; `None` for a whole column or the file.
    pub row: Option<u64>,
    /// Place of the column, from 0; `None` for a whole row or the file.
    pub column: Option<usize>,
    /// Machine-readable code: `negative_spend`.
    pub code: String,
    /// What is wrong and what to do, one sentence.
    pub message: String,
}

impl MappingView {
    /// The page.
    pub fn render(&self, frame: &Frame) -> Result<String, askama::Error> {
        Page { frame, view: self, assets: asset_version() }.render()
    }

    fn is_ready(&self) -> bool {
        self.status == SourceStatus::Ready
    }

    fn headline(&self) -> String {
        match (self.is_ready(), self.problems.len() as u64) {
            (true, _) => "This data is ready to analyse".to_owned(),
            (false, 0) => "Check what each column means".to_owned(),
            (false, n) => format!("{} to solve first", words::counted(n, "thing", "things")),
        }
    }

    fn counts_text(&self) -> String {
        if self.counts.is_empty() { words::counted(self.rows, "row", "rows") } else { self.counts.clone() }
    }

    /// Where a problem is, in words: "Row 14, column tv".
    fn place(&self, problem: &Problem) -> String {
        let name = problem.column.and_then(|at| self.columns.get(at)).map(|column| column.name.as_str());
        match (problem.row, name) {
            (Some(row), Some(name)) => format!("Row {}, column {name}", words::count(row)),
            (Some(row), None) => format!("Row {}", words::count(row)),
            (None, Some(name)) => format!("Column {name}"),
            (None, None) => "Whole file".to_owned(),
        }
    }

    /// The element a problem links to; empty where the row is not shown.
    fn target(&self, problem: &Problem) -> String {
        let shown =
            |number: u64| self.preview.iter().chain(&self.problem_rows).any(|row| row.number == number);
        match (problem.row, problem.column) {
            (Some(row), Some(column)) if shown(row) => format!("cell-{row}-{column}"),
            (Some(row), None) if shown(row) => format!("row-{row}"),
            (_, Some(column)) => format!("column-{column}"),
            _ => String::new(),
        }
    }

    /// The cells of a row with their class: those of a problem are marked.
    fn cells<'a>(&self, row: &'a PreviewRow) -> Vec<(String, &'static str, &'a str)> {
        let bad = |at: usize| {
            self.problems.iter().any(|p| p.row == Some(row.number) && p.column.is_none_or(|c| c == at))
        };
        let cells = row.cells.iter().enumerate();
        cells.map(|(at, text)| (format!("cell-{}-{at}", row.number), mark(bad(at)), text.as_str())).collect()
    }

    /// The channels that are named already, each once.
    fn channels(&self) -> BTreeSet<&str> {
        let named = self.columns.iter().filter(|column| column.role == Role::MediaSpend);
        named
            .map(|column| if column.channel.is_empty() { &column.name } else { &column.channel })
            .map(String::as_str)
            .collect()
    }

    /// The columns with their class and their options: value, title, whether it is chosen.
    fn heads(&self) -> Vec<(&ColumnView, &'static str, [RoleOption; Role::ALL.len()])> {
        let bad = |at: usize| self.problems.iter().any(|p| p.row.is_none() && p.column == Some(at));
        let options = |role: Role| Role::ALL.map(|each| (each.as_str(), each.title(), each == role));
        let columns = self.columns.iter().enumerate();
        columns.map(|(at, column)| (column, mark(bad(at)), options(column.role))).collect()
    }
}

/// Value, title, and whether it is chosen.
type RoleOption = (&'static str, &'static str, bool);

const fn mark(bad: bool) -> &'static str {
    if bad { "bad-cell" } else { "" }
}

#[derive(Template)]
#[template(path = "mapping.html")]
struct Page<'a> {
    frame: &'a Frame,
    view: &'a MappingView,
    assets: String,
}
