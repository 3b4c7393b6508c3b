//! Finds the reference folder and reads its files.

use std::{env, fs, io::Write, path::PathBuf};

use mmm_core::data::{Dataset, DatasetBuilder};

/// The path of a reference file, or `None` after saying on the terminal that the test is skipped.
///
/// libtest hides what a passing test prints with `eprintln!`, but not what is written to the handle.
pub(crate) fn file(name: &str) -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared");
    let folder = env::var_os("TENANCY_SHARED").map_or_else(|| PathBuf::from(beside), PathBuf::from);
    let path = folder.join("mmm").join(name);
    if path.is_file() {
        return Some(path);
    }
    let required = env::var("TENANCY_REQUIRE").is_ok_and(|value| value == "all");
    assert!(!required, "TENANCY_REQUIRE=all, but {} is missing", path.display());
    say(&format!("SKIPPED: {} is missing", path.display()));
    None
}

/// Prints a line that libtest does not hide.
pub(crate) fn say(line: &str) {
    writeln!(std::io::stderr().lock(), "{line}").unwrap();
}

/// A CSV file's header and rows.
pub(crate) struct Table {
    headers: csv::StringRecord,
    pub(crate) rows: Vec<csv::StringRecord>,
}

impl Table {
    pub(crate) fn read(name: &str) -> Option<Self> {
        let mut reader = csv::Reader::from_path(file(name)?).unwrap();
        let headers = reader.headers().unwrap().clone();
        Some(Self { headers, rows: reader.records().map(Result::unwrap).collect() })
    }

    pub(crate) fn has(&self, column: &str) -> bool {
        self.headers.iter().any(|header| header == column)
    }

    pub(crate) fn place(&self, column: &str) -> usize {
        self.headers.iter().position(|header| header == column).unwrap()
    }

    pub(crate) fn texts(&self, column: &str) -> Vec<String> {
        let place = self.place(column);
        self.rows.iter().map(|row| row[place].to_owned()).collect()
    }

    pub(crate) fn numbers(&self, column: &str) -> Vec<f64> {
        self.texts(column).iter().map(|text| text.parse().unwrap()).collect()
    }
}

/// A JSON file; the peers write `NaN`, which JSON does not have, and which becomes `null`.
pub(crate) fn json(name: &str) -> Option<serde_json::Value> {
    let text = fs::read_to_string(file(name)?).unwrap();
    Some(serde_json::from_str(&text.replace("NaN", "null")).unwrap())
}

/// All numbers of a nested list; what is not one is NaN.
pub(crate) fn flat(value: &serde_json::Value) -> Vec<f64> {
    match value {
        serde_json::Value::Array(values) => values.iter().flat_map(flat).collect(),
        serde_json::Value::Null => vec![f64::NAN],
        number => vec![number.as_f64().unwrap()],
    }
}

/// The example data of PyMC-Marketing's quickstart.
pub(crate) fn mmm_example() -> Option<DatasetBuilder> {
    let table = Table::read("data/pymc-marketing/mmm_example.csv")?;
    let builder = Dataset::builder()
        .dates(table.texts("date_week"))
        .kpi("y", table.numbers("y"))
        .channel("x1", table.numbers("x1"))
        .channel("x2", table.numbers("x2"));
    let controls = ["event_1", "event_2", "t"].into_iter();
    Some(controls.fold(builder, |builder, name| builder.control(name, table.numbers(name))))
}

/// Columns of a reference file as channels and controls; `kpi` comes from the table's numbers.
pub(crate) fn dataset(
    table: &Table,
    date: &str,
    kpi: Vec<f64>,
    channels: &[&str],
    controls: &[&str],
) -> DatasetBuilder {
    let builder = Dataset::builder().dates(table.texts(date)).kpi("revenue", kpi).kpi_value(1.0);
    let builder = channels.iter().fold(builder, |builder, name| builder.channel(*name, table.numbers(name)));
    controls.iter().fold(builder, |builder, name| builder.control(*name, table.numbers(name)))
}

/// The largest deviation of two series, relative to the larger of 1 and the expected value.
pub(crate) fn deviation(
    actual: impl IntoIterator<Item = f64>,
    expected: impl IntoIterator<Item = f64>,
) -> f64 {
    let (mut actual, mut expected) = (actual.into_iter(), expected.into_iter());
    let mut worst = 0.0_f64;
    loop {
        match (actual.next(), expected.next()) {
            (Some(actual), Some(expected)) => {
                let difference = (actual - expected).abs() / expected.abs().max(1.0);
                assert!(difference.is_finite(), "{actual} for {expected}");
                worst = worst.max(difference);
            }
            (None, None) => return worst,
            _ => panic!("the series have different lengths"),
        }
    }
}
