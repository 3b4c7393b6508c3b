//! Reads a CSV file into a [`Dataset`] and lists every problem by its column and row.
//!
//! A file has a header and one row a period. [`Columns`] says what its columns are; columns that it does
//! not name are ignored.
//!
//! ```
//! use mmm_core::data::csv::Columns;
//!
//! let columns = Columns::new("week", "orders").channel("tv_cost").control("price");
//! let file = "week,orders,tv_cost,price\n2024-01-01,120,5000,9.99\n2024-01-08,,many,9.99\n";
//! let error = columns.read(file.as_bytes()).unwrap_err();
//! let said: Vec<String> = error.problems().iter().map(ToString::to_string).collect();
//! assert!(said.contains(&r#"column "tv_cost", row 2: "many" is no number; write it like 1234.5"#.to_owned()));
//! assert!(said.contains(&r#"column "orders", row 2: the cell is empty; fill in the value"#.to_owned()));
//! ```

use std::{collections::BTreeSet, io::Read};

use csv::{ByteRecord, ReaderBuilder};
use serde::{Deserialize, Serialize};

use super::{
    DataError, Dataset, DatasetBuilder, Date, Problem, ProblemCode, check::push_some, reading::Part,
};

/// What the columns of a file are. See the [module docs](self).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use = "nothing is read until `read` is called"]
pub struct Columns {
    /// The column of dates, `YYYY-MM-DD`.
    pub date: String,
    /// The column of the KPI.
    pub kpi: String,
    /// What a unit of the KPI is worth, in the money of the spend.
    #[serde(default)]
    pub kpi_value: Option<f64>,
    /// The paid channels.
    pub channels: Vec<ChannelColumns>,
    /// Columns of media that nobody pays for.
    #[serde(default)]
    pub organic: Vec<String>,
    /// Columns of controls.
    #[serde(default)]
    pub controls: Vec<String>,
    /// Holidays and other events, by their days; they are in no column.
    #[serde(default)]
    pub events: Vec<EventDays>,
}

/// The columns of a paid channel: the name of its spend's column, or both columns with a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ChannelColumns {
    /// The channel is called like the column of its spend.
    Spend(String),
    /// A channel with a name of its own, and perhaps with what its spend bought.
    Named(NamedChannel),
}

/// A channel whose columns are called otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedChannel {
    /// What it is called.
    pub name: String,
    /// The column of its spend.
    pub spend: String,
    /// The column of what that bought.
    #[serde(default)]
    pub exposure: Option<String>,
}

/// The days of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventDays {
    /// What it is called.
    pub name: String,
    /// Its days.
    pub days: Vec<Date>,
}

impl Columns {
    /// Dates and a KPI; add at least one channel.
    pub fn new(date: impl Into<String>, kpi: impl Into<String>) -> Self {
        Self {
            date: date.into(),
            kpi: kpi.into(),
            kpi_value: None,
            channels: Vec::new(),
            organic: Vec::new(),
            controls: Vec::new(),
            events: Vec::new(),
        }
    }

    /// Sets what a unit of the KPI is worth.
    pub const fn kpi_value(mut self, worth: f64) -> Self {
        self.kpi_value = Some(worth);
        self
    }

    /// Adds a channel by the column of its spend.
    pub fn channel(mut self, spend: impl Into<String>) -> Self {
        self.channels.push(ChannelColumns::Spend(spend.into()));
        self
    }

    /// Adds a channel by the columns of its spend and of what that bought.
    pub fn exposed_channel(
        mut self,
        name: impl Into<String>,
        spend: impl Into<String>,
        exposure: impl Into<String>,
    ) -> Self {
        let exposure = Some(exposure.into());
        self.channels.push(ChannelColumns::Named(NamedChannel {
            name: name.into(),
            spend: spend.into(),
            exposure,
        }));
        self
    }

    /// Adds a medium that nobody pays for.
    pub fn organic(mut self, column: impl Into<String>) -> Self {
        self.organic.push(column.into());
        self
    }

    /// Adds a control.
    pub fn control(mut self, column: impl Into<String>) -> Self {
        self.controls.push(column.into());
        self
    }

    /// Adds a holiday or another event by its days.
    pub fn event(mut self, name: impl Into<String>, days: impl IntoIterator<Item = Date>) -> Self {
        self.events.push(EventDays { name: name.into(), days: days.into_iter().collect() });
        self
    }

    /// What the columns of a file probably are, by its header: dates come first, then the KPI; a column
    /// whose name has the word `spend` or `cost` is a channel, and every other one a control.
    ///
    /// # Errors
    ///
    /// [`DataError`] where the file has no header, or no column is named like a channel's spend.
    pub fn guess(file: impl Read) -> Result<Self, DataError> {
        let headers = headers(&mut ReaderBuilder::new().from_reader(file))?;
        let [date, kpi, rest @ ..] = headers.as_slice() else {
            return Err(whole(
                ProblemCode::Unreadable,
                "there are fewer than two columns; separate them by commas",
            ));
        };
        let is_channel =
            |name: &&String| name.to_lowercase().split('_').any(|word| word == "spend" || word == "cost");
        let (channels, controls): (Vec<&String>, Vec<&String>) = rest.iter().partition(is_channel);
        if channels.is_empty() {
            return Err(whole(
                ProblemCode::NoChannel,
                "no column is named like a channel's spend; say which columns are channels",
            ));
        }
        let columns = channels.into_iter().fold(Self::new(date, kpi), Self::channel);
        Ok(controls.into_iter().fold(columns, Self::control))
    }

    /// Reads a file and checks it.
    ///
    /// # Errors
    ///
    /// [`DataError`] with every problem of the file; rows count from 1 without the header.
    pub fn read(&self, file: impl Read) -> Result<Dataset, DataError> {
        self.read_into(Dataset::builder(), file)
    }

    /// As [`read`](Self::read), for a builder with settings of its own, such as
    /// [`today`](DatasetBuilder::today).
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn read_into(&self, builder: DatasetBuilder, file: impl Read) -> Result<Dataset, DataError> {
        let table = Table::read(file)?;
        let mut filling = Filling { table: &table, builder };
        let Some(dates) = filling.texts(&self.date) else {
            // Without dates nothing can be said of the rest.
            return Err(DataError::new(filling.builder.reading.problems));
        };
        filling.builder.reading.called(Part::Date, "", &self.date);
        filling.builder.dates = dates;
        let kpi = filling.numbers(&self.kpi);
        filling.builder = filling.builder.kpi(&self.kpi, kpi);
        if let Some(worth) = self.kpi_value {
            filling.builder = filling.builder.kpi_value(worth);
        }
        for channel in &self.channels {
            let (name, spend, exposure) = match channel {
                ChannelColumns::Spend(spend) => (spend, spend, None),
                ChannelColumns::Named(NamedChannel { name, spend, exposure }) => {
                    (name, spend, exposure.as_ref())
                }
            };
            filling.builder.reading.called(Part::Spend, name, spend);
            let paid = filling.numbers(spend);
            filling.builder = match exposure {
                None => filling.builder.channel(name, paid),
                Some(column) => {
                    filling.builder.reading.called(Part::Exposure, name, column);
                    let bought = filling.numbers(column);
                    filling.builder.exposed_channel(name, paid, bought)
                }
            };
        }
        for column in &self.organic {
            let seen = filling.numbers(column);
            filling.builder = filling.builder.organic(column, seen);
        }
        for column in &self.controls {
            let values = filling.numbers(column);
            filling.builder = filling.builder.control(column, values);
        }
        let events = self.events.iter();
        let fill = |builder: DatasetBuilder, event: &EventDays| {
            builder.event(&event.name, event.days.iter().copied())
        };
        events.fold(filling.builder, fill).build()
    }
}

/// A file as it is, before any column is looked at.
struct Table {
    headers: Vec<String>,
    rows: Vec<ByteRecord>,
    problems: Vec<Problem>,
}

/// A builder that is being filled from a table.
struct Filling<'t> {
    table: &'t Table,
    builder: DatasetBuilder,
}

impl Table {
    fn read(file: impl Read) -> Result<Self, DataError> {
        let mut reader = ReaderBuilder::new().flexible(true).from_reader(file);
        let headers = headers(&mut reader)?;
        let rows: Vec<ByteRecord> = reader.byte_records().collect::<Result<_, _>>().map_err(unreadable)?;
        let uneven = rows.iter().enumerate().filter(|(_, row)| row.len() != headers.len());
        let found = uneven.map(|(row, record)| Problem {
            row: Some(row + 1),
            ..Problem::whole(
                ProblemCode::BadRow,
                format!(
                    "the row has {} cells, the header {}; add or remove cells",
                    record.len(),
                    headers.len()
                ),
            )
        });
        let mut problems = Vec::new();
        push_some(found.collect(), "", &mut problems);
        let repeated: BTreeSet<&String> =
            headers.iter().filter(|name| headers.iter().filter(|other| other == name).count() > 1).collect();
        problems.extend(repeated.into_iter().filter(|name| !name.is_empty()).map(|name| {
            let message = "the file has more than one column of this name; rename one";
            Problem::column(ProblemCode::DuplicateName, name, message)
        }));
        Ok(Self { headers, rows, problems })
    }
}

impl Filling<'_> {
    /// The cells of a column as text; `None` after noting that there is no such column.
    fn texts(&mut self, column: &str) -> Option<Vec<String>> {
        let reading = &mut self.builder.reading;
        if reading.problems.is_empty() {
            reading.problems.clone_from(&self.table.problems);
        }
        let Some(place) = self.table.headers.iter().position(|header| header == column) else {
            let known = self.table.headers.join(", ");
            let known: String = known.chars().take(200).collect();
            reading.problems.push(Problem::column(
                ProblemCode::MissingColumn,
                column,
                format!("the file has no such column; it has {known}"),
            ));
            return None;
        };
        let text = |row: &ByteRecord| {
            row.get(place).map_or(String::new(), |cell| String::from_utf8_lossy(cell).trim().to_owned())
        };
        Some(self.table.rows.iter().map(text).collect())
    }

    /// The cells of a column as numbers; what is none becomes NaN and is noted.
    fn numbers(&mut self, column: &str) -> Vec<f64> {
        let count = self.table.rows.len();
        let Some(texts) = self.texts(column) else {
            self.builder.reading.not_read(column, 0..count);
            return vec![f64::NAN; count];
        };
        let mut found = Vec::new();
        let mut unread = Vec::new();
        let mut number = |(row, text): (usize, &String)| {
            text.parse().unwrap_or_else(|_| {
                unread.push(row);
                let message = if text.is_empty() {
                    "the cell is empty; fill in the value".to_owned()
                } else {
                    let shown: String = text.chars().take(40).collect();
                    format!("{shown:?} is no number; write it like 1234.5")
                };
                found.push(Problem::at(ProblemCode::BadNumber, column, row, message));
                f64::NAN
            })
        };
        let values = texts.iter().enumerate().map(&mut number).collect();
        push_some(found, column, &mut self.builder.reading.problems);
        self.builder.reading.not_read(column, unread);
        values
    }
}

fn headers(reader: &mut csv::Reader<impl Read>) -> Result<Vec<String>, DataError> {
    let headers = reader.byte_headers().map_err(unreadable)?;
    let name = |cell: &[u8]| String::from_utf8_lossy(cell).trim_start_matches('\u{feff}').trim().to_owned();
    Ok(headers.iter().map(name).collect())
}

fn unreadable(error: csv::Error) -> DataError {
    whole(ProblemCode::Unreadable, &format!("the file cannot be read: {error}"))
}

fn whole(code: ProblemCode, message: &str) -> DataError {
    DataError::new(vec![Problem::whole(code, message)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> Columns {
        Columns::new("week", "orders")
            .channel("tv_cost")
            .exposed_channel("web", "web_cost", "web_clicks")
            .control("price")
    }

    /// Forty weeks.
    fn file() -> String {
        let row = |week: i64| {
            let date = Date::from_days_since_epoch(19_723 + 7 * week).unwrap();
            let wave = |pace: f64| 50.0 + 40.0 * (pace * week as f64).sin();
            format!(
                "{date},{:.2},{:.2},{:.2},{:.0},{:.3}\n",
                wave(1.3),
                wave(0.4),
                wave(0.9),
                wave(2.1),
                wave(3.7)
            )
        };
        let rows: String = (0..40).map(row).collect();
        format!("week,orders,tv_cost,web_cost,web_clicks,price\n{rows}")
    }

    fn said(file: &str) -> Vec<(ProblemCode, Option<String>, Option<usize>)> {
        let error = columns().read(file.as_bytes()).unwrap_err();
        error.problems().iter().map(|problem| (problem.code, problem.column.clone(), problem.row)).collect()
    }

    fn at(code: ProblemCode, column: &str, row: usize) -> (ProblemCode, Option<String>, Option<usize>) {
        (code, Some(column.to_owned()), Some(row))
    }

    #[test]
    fn a_sound_file_is_a_data_set() {
        let data = columns().kpi_value(2.0).read(file().as_bytes()).unwrap();
        assert_eq!((data.periods(), data.kpi_name(), data.kpi_value()), (40, "orders", Some(2.0)));
        let names: Vec<&str> = data.channels().iter().map(super::super::Channel::name).collect();
        assert_eq!(names, ["tv_cost", "web"]);
        assert!(data.channels()[1].exposure().is_some());
        let marked = format!("\u{feff}{}", file());
        assert_eq!(columns().read(marked.as_bytes()).unwrap().periods(), 40);
    }

    #[test]
    fn every_bad_cell_is_named_by_the_columns_of_the_file_at_once() {
        let mut rows: Vec<String> = file().lines().map(str::to_owned).collect();
        let mut set = |row: usize, column: usize, text: &str| {
            let mut cells: Vec<&str> = rows[row].split(',').collect();
            cells[column] = text;
            rows[row] = cells.join(",");
        };
        set(3, 1, "n/a");
        set(5, 2, "-3");
        set(6, 4, "-1");
        set(7, 5, "");
        set(8, 5, "inf");
        set(9, 3, "1e308");
        set(11, 0, "soon");
        assert_eq!(
            said(&rows.join("\n")),
            [
                at(ProblemCode::BadNumber, "orders", 3),
                at(ProblemCode::BadNumber, "price", 7),
                at(ProblemCode::BadDate, "week", 11),
                at(ProblemCode::DateGap, "week", 12),
                at(ProblemCode::NegativeSpend, "tv_cost", 5),
                at(ProblemCode::TooLarge, "web_cost", 9),
                at(ProblemCode::NegativeExposure, "web_clicks", 6),
                at(ProblemCode::NotFinite, "price", 8),
            ]
        );
    }

    #[test]
    fn missing_columns_and_uneven_rows_are_named() {
        let lacking = file().replace("price", "prize").replace("web_clicks", "clicks");
        let codes: Vec<_> = said(&lacking).into_iter().map(|(code, column, _)| (code, column)).collect();
        assert_eq!(
            codes,
            [
                (ProblemCode::MissingColumn, Some("web_clicks".to_owned())),
                (ProblemCode::MissingColumn, Some("price".to_owned())),
            ]
        );
        assert_eq!(said(&file().replace("week,", "day,"))[0].0, ProblemCode::MissingColumn);
        let mut uneven = file();
        uneven.push_str("2024-10-07,1,2\n");
        assert_eq!(said(&uneven)[0], (ProblemCode::BadRow, None, Some(41)));
        let twice = file().replacen("web_clicks", "price", 1);
        assert!(said(&twice).contains(&(ProblemCode::DuplicateName, Some("price".to_owned()), None)));
    }

    #[test]
    fn what_is_no_table_is_an_error() {
        for file in ["", "\n", "week", "\u{0}\u{1}", "week,orders\n"] {
            assert!(columns().read(file.as_bytes()).is_err(), "{file:?}");
            assert!(Columns::guess(file.as_bytes()).is_err(), "{file:?}");
        }
        assert!(columns().read(&[0xff, 0xfe, 0x00][..]).is_err());
    }

    #[test]
    fn columns_are_guessed_by_their_names() {
        let guessed = Columns::guess(file().as_bytes()).unwrap();
        let expected = Columns::new("week", "orders").channel("tv_cost").channel("web_cost");
        assert_eq!(guessed, expected.control("web_clicks").control("price"));
    }
}
