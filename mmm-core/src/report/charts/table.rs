//! The table twin of a chart: shown behind "Show as table", and sent as CSV and JSON.
//!
//! CSV and JSON carry full precision; the page rounds. In CSV a text that a spreadsheet would run as
//! a formula (`=`, `+`, `-`, `@`, tab or carriage return in front) gets an apostrophe, unless it is a
//! plain number.

use crate::data::Date;
use serde_json::{Map, Value, json};

use crate::report::words;

/// One value of a table.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// A name or a word.
    Text(String),
    /// A number; not finite means that there is none.
    Number(f64),
    /// A calendar date.
    Date(Date),
}

/// What a column holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Name in CSV and JSON: `effect_q5`.
    pub key: String,
    /// Heading on the page: "Effect, 5 %".
    pub label: String,
    /// Unit, said in the heading; `%` holds shares between 0 and 1, which the page shows times 100.
    pub unit: String,
}

impl Column {
    /// A column from its three names.
    pub fn new(key: impl Into<String>, label: impl Into<String>, unit: impl Into<String>) -> Self {
        Self { key: key.into(), label: label.into(), unit: unit.into() }
    }

    /// Heading with unit: "Spend (EUR)".
    pub fn heading(&self) -> String {
        if self.unit.is_empty() { self.label.clone() } else { format!("{} ({})", self.label, self.unit) }
    }
}

/// Columns and rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// What each column holds.
    pub columns: Vec<Column>,
    /// The rows; each as long as [`columns`](Self::columns).
    pub rows: Vec<Vec<Cell>>,
}

impl Table {
    /// The heading of each column with its class in the stylesheet: `num` is right-aligned.
    pub fn headings(&self) -> Vec<(String, &'static str)> {
        let first = self.rows.first();
        let class = |at: usize| class_of(first.and_then(|row| row.get(at)));
        self.columns.iter().enumerate().map(|(at, column)| (column.heading(), class(at))).collect()
    }

    /// The cells as the page shows them, with their class: all numbers of a column have the same
    /// decimals.
    pub fn display(&self) -> Vec<Vec<(String, &'static str)>> {
        let decimals: Vec<i32> = (0..self.columns.len()).map(|at| self.decimals(at)).collect();
        let write = |(at, cell): (usize, &Cell)| {
            let text = match cell {
                Cell::Text(text) => text.clone(),
                Cell::Date(date) => date.to_string(),
                Cell::Number(value) => words::fixed(value * self.factor(at), decimals[at]),
            };
            (text, class_of(Some(cell)))
        };
        self.rows.iter().map(|row| row.iter().enumerate().map(write).collect()).collect()
    }

    /// RFC 4180, with a heading row of keys.
    pub fn to_csv(&self) -> String {
        let keys = self.columns.iter().map(|column| quoted(&column.key));
        let mut out = keys.collect::<Vec<_>>().join(",");
        out.push_str("\r\n");
        for row in &self.rows {
            let cells = row.iter().map(|cell| match cell {
                Cell::Text(text) => quoted(text),
                Cell::Date(date) => date.to_string(),
                Cell::Number(value) if value.is_finite() => value.to_string(),
                Cell::Number(_) => String::new(),
            });
            out.push_str(&cells.collect::<Vec<_>>().join(","));
            out.push_str("\r\n");
        }
        out
    }

    /// `{columns: [{key, label, unit}], rows: [{key: value}]}`.
    pub fn to_json(&self) -> Value {
        let columns = self.columns.iter().map(|c| json!({"key": c.key, "label": c.label, "unit": c.unit}));
        let rows = self.rows.iter().map(|row| {
            let pairs = self.columns.iter().zip(row).map(|(column, cell)| (column.key.clone(), value(cell)));
            Value::Object(pairs.collect::<Map<_, _>>())
        });
        json!({"columns": columns.collect::<Vec<_>>(), "rows": rows.collect::<Vec<_>>()})
    }

    fn factor(&self, column: usize) -> f64 {
        if self.columns.get(column).is_some_and(|c| c.unit == "%") { 100.0 } else { 1.0 }
    }

    /// Four significant digits of the column's largest number.
    fn decimals(&self, column: usize) -> i32 {
        let sizes = self.rows.iter().filter_map(|row| match row.get(column) {
            Some(Cell::Number(value)) if value.is_finite() => Some(value.abs()),
            _ => None,
        });
        words::decimals_for(sizes.fold(0.0, f64::max) * self.factor(column)).max(0)
    }
}

fn class_of(cell: Option<&Cell>) -> &'static str {
    if matches!(cell, Some(Cell::Number(_))) { "num" } else { "" }
}

fn value(cell: &Cell) -> Value {
    match cell {
        Cell::Text(text) => text.as_str().into(),
        Cell::Date(date) => date.to_string().into(),
        // A number that is not finite has no JSON; it becomes null.
        Cell::Number(number) => serde_json::Number::from_f64(*number).map_or(Value::Null, Value::Number),
    }
}

/// One CSV cell of text, protected and quoted where needed.
fn quoted(text: &str) -> String {
    let risky = text.starts_with(['=', '+', '-', '@', '\t', '\r']) && !is_plain_number(text);
    let text = if risky { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

fn is_plain_number(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && digits.parse::<f64>().is_ok_and(f64::is_finite)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_disarmed_and_numbers_stay() {
        let cases = [
            ("=1+1", "'=1+1"),
            ("+SUM(A1)", "'+SUM(A1)"),
            ("-cmd|' /C calc'!A0", "'-cmd|' /C calc'!A0"),
            ("@x", "'@x"),
            ("\tx", "'\tx"),
            ("\rx", "\"'\rx\""),
            ("-12.5", "-12.5"),
            ("+3e4", "+3e4"),
            ("-inf", "'-inf"),
            ("a,\"b\"", "\"a,\"\"b\"\"\""),
        ];
        for (input, output) in cases {
            assert_eq!(quoted(input), output, "{input:?}");
        }
    }

    #[test]
    fn the_three_forms_hold_the_same_numbers() {
        let table = Table {
            columns: vec![Column::new("channel", "Channel", ""), Column::new("share", "Share", "%")],
            rows: vec![
                vec![Cell::Text("TV".into()), Cell::Number(0.25)],
                vec![Cell::Text("=x".into()), Cell::Number(f64::NAN)],
            ],
        };
        assert_eq!(table.to_csv(), "channel,share\r\nTV,0.25\r\n'=x,\r\n");
        assert_eq!(table.to_json()["rows"][0]["share"], 0.25);
        assert_eq!(table.to_json()["rows"][1]["share"], Value::Null);
        assert_eq!(table.display()[0], [("TV".to_owned(), ""), ("25.00".to_owned(), "num")]);
    }
}
