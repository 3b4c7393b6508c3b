//! The cells of a file that could be read, with what each column seems to hold.
//!
//! Cells stay text: which of them must be numbers is known only when columns have roles. All of them
//! share one buffer, so a table costs the bytes of its file and four more for each cell, however
//! many cells there are. Rows remember their line in the file, because a problem is of use only if
//! its row can be found in a spreadsheet.

use serde::{Deserialize, Serialize};

use super::number::{Decimal, Reading};
use super::problem::{Problem, clip};
use super::{date, number};

/// The longest cell of a preview in characters.
const MAX_PREVIEW: usize = 60;

/// What most cells of a column look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Calendar dates.
    Date,
    /// Amounts, counts, flags.
    Number,
    /// Anything else, and columns without a value.
    Text,
}

/// A column as it stands in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RawColumn {
    /// Its name in the header, on one line and without blanks around it.
    pub name: String,
    /// What it seems to hold.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// Where it is among the cells of a row.
    #[serde(skip)]
    pub(super) at: usize,
    /// How to read its amounts; `None` where that cannot be told.
    #[serde(skip)]
    pub(super) decimal: Option<Decimal>,
}

/// One row of a preview.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PreviewRow {
    /// Line in the file, to compare with [`Problem::row`](field@Problem::row).
    pub row: usize,
    /// Its cells in the order of [`Table::columns`], long ones cut.
    pub cells: Vec<String>,
}

/// A file whose rows and columns are in order. Made by [`read`](super::read).
#[derive(Clone, Debug)]
pub struct Table {
    pub(super) columns: Vec<RawColumn>,
    pub(super) grid: Grid,
    pub(super) warnings: Vec<Problem>,
}

impl Table {
    /// The columns in the order of the file.
    pub fn columns(&self) -> &[RawColumn] {
        &self.columns
    }

    /// The column with this name.
    pub fn column(&self, name: &str) -> Option<&RawColumn> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// How many rows there are below the header, empty ones not counted.
    pub fn rows(&self) -> usize {
        self.grid.lines.len()
    }

    /// What was noticed while reading and did not keep the file from being read.
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// The first `rows` rows, for the page on which roles are chosen.
    pub fn preview(&self, rows: usize) -> Vec<PreviewRow> {
        (0..self.rows().min(rows))
            .map(|row| PreviewRow {
                row: self.grid.line(row),
                cells: self.columns.iter().map(|c| clip(self.grid.cell(row, c.at), MAX_PREVIEW)).collect(),
            })
            .collect()
    }

    /// The cells of a column, each with its line in the file.
    pub(super) fn cells<'a>(
        &'a self,
        column: &RawColumn,
    ) -> impl Iterator<Item = (usize, &'a str)> + Clone + use<'a> {
        let at = column.at;
        (0..self.rows()).map(move |row| (self.grid.line(row), self.grid.cell(row, at)))
    }

    /// The amounts of a column that can be read.
    pub(super) fn amounts<'a>(&'a self, column: &RawColumn) -> impl Iterator<Item = f64> + use<'a> {
        let decimal = column.decimal.unwrap_or(Decimal::Point);
        self.cells(column).filter_map(move |(_, cell)| match number::read(cell) {
            Reading::Amount(amount) => amount.under(decimal),
            _ => None,
        })
    }
}

/// A column name on one line, with single blanks.
pub(super) fn tidy(name: &str) -> String {
    let words = name.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

/// Rectangular text in one buffer.
#[derive(Clone, Debug, Default)]
pub(super) struct Grid {
    width: usize,
    text: String,
    ends: Vec<u32>,
    lines: Vec<u32>,
}

impl Grid {
    /// `bytes` is the size of the file, which the cells cannot exceed.
    pub(super) fn new(width: usize, bytes: usize) -> Self {
        Self { width, text: String::with_capacity(bytes), ..Self::default() }
    }

    /// Appends a row: exactly `width` cells are taken, missing ones are empty.
    pub(super) fn push<'a>(&mut self, line: usize, cells: impl Iterator<Item = &'a str>) {
        let cells = cells.chain(std::iter::repeat("")).take(self.width);
        for cell in cells {
            self.text.push_str(cell);
            self.ends.push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
        }
        self.lines.push(u32::try_from(line).unwrap_or(u32::MAX));
    }

    pub(super) fn rows(&self) -> usize {
        self.lines.len()
    }

    fn line(&self, row: usize) -> usize {
        self.lines.get(row).map_or(0, |line| *line as usize)
    }

    pub(super) fn cell(&self, row: usize, at: usize) -> &str {
        let index = row * self.width + at;
        let end = |index: usize| self.ends.get(index).map(|end| *end as usize);
        let start = index.checked_sub(1).map_or(Some(0), end);
        start.zip(end(index)).and_then(|(start, end)| self.text.get(start..end)).unwrap_or("")
    }
}

/// Counts what the cells of a column look like while they are read.
#[derive(Clone, Debug, Default)]
pub(super) struct Census {
    values: usize,
    amounts: usize,
    whole: usize,
    dates: usize,
    pub(super) evidence: number::Evidence,
}

impl Census {
    pub(super) fn note(&mut self, cell: &str) {
        if cell.is_empty() {
            return;
        }
        let reading = number::read(cell);
        self.dates += usize::from(date::is_meant(cell));
        match reading {
            Reading::Empty | Reading::Placeholder => return,
            Reading::Amount(amount) => {
                self.amounts += 1;
                self.whole += usize::from(cell.bytes().all(|byte| byte.is_ascii_digit()));
                self.evidence.note(amount);
            }
            Reading::NotFinite | Reading::Percent => self.amounts += 1,
            Reading::Other => {}
        }
        self.values += 1;
    }

    /// No cell has a value, not even a word for a missing one.
    pub(super) fn is_blank(&self) -> bool {
        self.values == 0
    }

    /// Every cell is a whole number without sign, as in a column that counts the rows.
    pub(super) fn counts_rows(&self) -> bool {
        self.values > 0 && self.whole == self.values
    }

    pub(super) fn kind(&self) -> Kind {
        if self.dates * 2 > self.values {
            Kind::Date
        } else if self.amounts * 2 > self.values {
            Kind::Number
        } else {
            Kind::Text
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_found_again() {
        let mut grid = Grid::new(3, 16);
        grid.push(2, ["a", "", "ä"].into_iter());
        grid.push(4, ["b"].into_iter());
        grid.push(5, ["c", "d", "e", "too many"].into_iter());
        let all: Vec<&str> =
            (0..3).flat_map(|row| (0..3).map(move |at| (row, at))).map(|(r, c)| grid.cell(r, c)).collect();
        assert_eq!(all, ["a", "", "ä", "b", "", "", "c", "d", "e"]);
        assert_eq!((grid.cell(3, 0), grid.line(1), grid.rows()), ("", 4, 3));
    }

    #[test]
    fn a_column_is_what_most_of_its_cells_are() {
        let table: [(&[&str], Kind); 8] = [
            (&["1", "2.5", "oops"], Kind::Number),
            (&["2024-01-01", "2024-01-08", ""], Kind::Date),
            (&["20240101", "20240108"], Kind::Date),
            (&["45120000", "39990000"], Kind::Number),
            (&["31.01.24", "07.02.24"], Kind::Date),
            (&["NaN", "NaN"], Kind::Number),
            (&["na", "event1"], Kind::Text),
            (&["", ""], Kind::Text),
        ];
        for (cells, kind) in table {
            let mut census = Census::default();
            for cell in cells {
                census.note(cell);
            }
            assert_eq!(census.kind(), kind, "{cells:?}");
        }
    }
}
