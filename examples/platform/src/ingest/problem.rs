//! What is wrong with a file, in words its uploader can act on.
//!
//! A [`Problem`] has a place (row and column as a spreadsheet shows them), a [`Code`] for programs and
//! a message for people: what was found, where, and what to do. The same type serves as a warning;
//! whether it stops the file is decided by where it is returned.
//!
//! A list never exceeds [`MAX_PROBLEMS`]. One broken column must not hide the others, so each pair of
//! code and column keeps its first few places only; the last entry then counts what was left out.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The most problems in one answer, the closing "and so many more" included.
pub const MAX_PROBLEMS: usize = 200;

/// How many places of one kind in one column are listed.
const MAX_ALIKE: usize = 25;

/// The longest message in characters.
const MAX_MESSAGE: usize = 200;

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $word:literal,)+) => {
        /// Names a kind of problem for programs. Written in `snake_case` in answers.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum Code { $($(#[doc = $doc])+ $name,)+ }

        impl Code {
            /// The word used in answers, e.g. `negative_spend`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }

            #[cfg(test)]
            pub(super) const ALL: &[Self] = &[$(Self::$name,)+];
        }
    };
}

codes! {
    /// More bytes than [`MAX_BYTES`](super::MAX_BYTES).
    FileTooLarge = "file_too_large",
    /// No bytes, or nothing but blanks.
    EmptyFile = "empty_file",
    /// A header without a row below it.
    HeaderOnly = "header_only",
    /// The text is not UTF-8.
    NotUtf8 = "not_utf8",
    /// The text is UTF-16 or UTF-32.
    Utf16 = "utf16",
    /// A NUL byte inside the text.
    NulByte = "nul_byte",
    /// An Excel workbook.
    ExcelFile = "excel_file",
    /// A ZIP archive that is no workbook.
    ZipFile = "zip_file",
    /// Compressed with gzip or another packer.
    CompressedFile = "compressed_file",
    /// A Parquet file.
    ParquetFile = "parquet_file",
    /// A PDF document.
    PdfFile = "pdf_file",
    /// A web page.
    HtmlFile = "html_file",
    /// An XML document.
    XmlFile = "xml_file",
    /// A JSON document.
    JsonFile = "json_file",
    /// Cells are not separated by comma, semicolon or tab.
    WrongDelimiter = "wrong_delimiter",
    /// The first row is no header.
    NoHeader = "no_header",
    /// A column with values has no name.
    EmptyHeader = "empty_header",
    /// Two columns have the same name.
    DuplicateHeader = "duplicate_header",
    /// A column name is too long.
    LongHeader = "long_header",
    /// A row has more or fewer cells than the header.
    RaggedRow = "ragged_row",
    /// A quotation mark is opened and never closed.
    UnclosedQuote = "unclosed_quote",
    /// More rows than [`MAX_ROWS`](super::MAX_ROWS).
    TooManyRows = "too_many_rows",
    /// More columns than [`MAX_COLUMNS`](super::MAX_COLUMNS).
    TooManyColumns = "too_many_columns",
    /// A cell is longer than [`MAX_CELL_BYTES`](super::MAX_CELL_BYTES).
    CellTooLong = "cell_too_long",
    /// Warning: rows without a single value were left out.
    EmptyRows = "empty_rows",
    /// Warning: a column without name that only counts rows, or is empty, was left out.
    UnnamedColumn = "unnamed_column",
    /// The roles are not an object of column names and roles.
    BadRoles = "bad_roles",
    /// A role that does not exist.
    UnknownRole = "unknown_role",
    /// A key that means nothing in a request.
    UnknownKey = "unknown_key",
    /// A channel that is no name, or that belongs to a column without media.
    BadChannel = "bad_channel",
    /// One column was given two roles.
    DuplicateRole = "duplicate_role",
    /// A role was given to a column that the file does not have.
    MissingColumn = "missing_column",
    /// No column has the role `date`.
    NoDate = "no_date",
    /// More than one column has the role `date`.
    TwoDates = "two_dates",
    /// No column has the role `kpi`.
    NoKpi = "no_kpi",
    /// More than one column has the role `kpi`.
    TwoKpis = "two_kpis",
    /// No column has the role `media_spend`.
    NoMedia = "no_media",
    /// More than one column has the role `geo`.
    TwoGeos = "two_geos",
    /// More than one column has the role `population`.
    TwoPopulations = "two_populations",
    /// Two columns have the spend of one channel.
    TwoSpends = "two_spends",
    /// Two columns have the exposure of one channel.
    TwoExposures = "two_exposures",
    /// A column has the exposure of a channel without spend.
    ExposureWithoutSpend = "exposure_without_spend",
    /// Two series of the model would have one name.
    SameName = "same_name",
    /// The worth of one unit of the KPI is not a positive amount.
    BadKpiValue = "bad_kpi_value",
    /// The worth of one unit of the KPI is said twice: by two columns, or by a column and a value.
    TwoWorths = "two_worths",
    /// Warning: the worth of one unit of the KPI is the average of a column.
    WorthOfColumn = "worth_of_column",
    /// A cell without a value where one is needed.
    EmptyCell = "empty_cell",
    /// A cell says NaN or infinity.
    NotFinite = "not_finite",
    /// A cell cannot be read as a number.
    NotANumber = "not_a_number",
    /// A number beyond [`MAX_MAGNITUDE`](super::MAX_MAGNITUDE).
    TooLarge = "too_large",
    /// Points and commas could mean either thousands or decimals.
    AmbiguousNumber = "ambiguous_number",
    /// Some cells use a decimal comma, others a decimal point.
    MixedNumberFormats = "mixed_number_formats",
    /// One column holds amounts in two currencies.
    MixedCurrencies = "mixed_currencies",
    /// Warning: numbers were read with a decimal comma.
    DecimalComma = "decimal_comma",
    /// Spend below zero.
    NegativeSpend = "negative_spend",
    /// Exposure below zero.
    NegativeExposure = "negative_exposure",
    /// The KPI is never above zero.
    KpiNeverPositive = "kpi_never_positive",
    /// Warning: the KPI is below zero.
    NegativeKpi = "negative_kpi",
    /// A channel in which nothing was ever spent, or a medium that was never seen.
    AllZero = "all_zero",
    /// A column with the same value in every row.
    Constant = "constant",
    /// Warning: a medium that was active in very few periods.
    FewActivePeriods = "few_active_periods",
    /// A control in words has more of them than can be told apart.
    TooManyLevels = "too_many_levels",
    /// A population that is not above zero.
    BadPopulation = "bad_population",
    /// A population that changes within a geo.
    PopulationChanges = "population_changes",
    /// Warning: a population without geos to weight.
    PopulationUnused = "population_unused",
    /// Warning: two columns hold the same values.
    SameValues = "same_values",
    /// Warning: many columns for few rows.
    ManyColumns = "many_columns",
    /// A cell cannot be read as a date.
    NotADate = "not_a_date",
    /// A year written with two digits.
    TwoDigitYear = "two_digit_year",
    /// A date with a time of day.
    TimeOfDay = "time_of_day",
    /// A date before 1990 or after 2100.
    ImplausibleDate = "implausible_date",
    /// Dates are written in more than one way.
    MixedDateFormats = "mixed_date_formats",
    /// Day and month cannot be told apart.
    AmbiguousDate = "ambiguous_date",
    /// A date occurs twice.
    DuplicateDate = "duplicate_date",
    /// A geo has no row for a date that others have.
    GeoGap = "geo_gap",
    /// Most dates occur several times, and no column says why.
    SeveralRowsPerDate = "several_rows_per_date",
    /// Periods are missing.
    Gap = "gap",
    /// A date between the weeks of the rest.
    IrregularDate = "irregular_date",
    /// Weekends are missing.
    WeekdaysOnly = "weekdays_only",
    /// One row a month.
    MonthlyData = "monthly_data",
    /// Neither daily nor weekly.
    UnknownFrequency = "unknown_frequency",
    /// Fewer periods than [`MIN_ROWS`](super::MIN_ROWS).
    TooFewRows = "too_few_rows",
    /// Warning: less than a year of data.
    ShortHistory = "short_history",
    /// Warning: rows were sorted by date.
    OutOfOrder = "out_of_order",
    /// Warning: dates after today.
    FutureDate = "future_date",
    /// Closes a list that was cut, with the count of what is not listed.
    MoreProblems = "more_problems",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One thing that is wrong, where it is, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Line in the file, counted from 1, which is the header. `None` where no single row is to blame.
    pub row: Option<usize>,
    /// Name of the column. `None` where no single column is to blame.
    pub column: Option<String>,
    /// What kind of problem it is.
    pub code: Code,
    /// A sentence for the uploader, at most 200 characters long.
    pub message: String,
}

impl Problem {
    /// A problem of the file as a whole.
    pub(crate) fn file(code: Code, what: impl AsRef<str>) -> Self {
        Self { row: None, column: None, code, message: clip(what.as_ref(), MAX_MESSAGE) }
    }

    /// A problem of one row.
    pub(super) fn row(code: Code, row: usize, what: impl AsRef<str>) -> Self {
        Self { row: Some(row), ..Self::file(code, format!("Row {row}: {}", what.as_ref())) }
    }

    /// A problem of one column.
    pub(super) fn column(code: Code, column: &str, what: impl AsRef<str>) -> Self {
        let message = format!("Column {}: {}", quoted(column), what.as_ref());
        Self { column: Some(column.to_owned()), ..Self::file(code, message) }
    }

    /// A problem of one cell.
    pub(super) fn cell(code: Code, row: usize, column: &str, what: impl AsRef<str>) -> Self {
        let message = format!("Row {row}, {}: {}", quoted(column), what.as_ref());
        Self { row: Some(row), column: Some(column.to_owned()), ..Self::file(code, message) }
    }
}

/// Collects problems in bounded memory, however many there are.
#[derive(Debug, Default)]
pub(super) struct Problems {
    listed: Vec<Problem>,
    alike: BTreeMap<(Code, Option<String>), usize>,
    unlisted: usize,
}

impl Problems {
    pub(super) fn push(&mut self, problem: Problem) {
        let alike = self.alike.entry((problem.code, problem.column.clone())).or_default();
        *alike += 1;
        if *alike > MAX_ALIKE {
            self.unlisted += 1;
        } else {
            self.listed.push(problem);
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        other.listed.into_iter().for_each(|problem| self.push(problem));
        self.unlisted += other.unlisted;
    }

    pub(super) fn has(&self, code: Code) -> bool {
        self.listed.iter().any(|problem| problem.code == code)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.listed.is_empty()
    }

    /// Problems of the whole file first, then by row; cut to [`MAX_PROBLEMS`].
    pub(super) fn into_list(mut self) -> Vec<Problem> {
        self.listed.sort_by_key(|problem| problem.row);
        let room = if self.unlisted == 0 { MAX_PROBLEMS } else { MAX_PROBLEMS - 1 };
        if self.listed.len() > room {
            self.unlisted += self.listed.len() - (MAX_PROBLEMS - 1);
            self.listed.truncate(MAX_PROBLEMS - 1);
        }
        if self.unlisted > 0 {
            let more = format!(
                "{} more problems are not listed. Correct these first, then upload the file again.",
                self.unlisted
            );
            self.listed.push(Problem::file(Code::MoreProblems, more));
        }
        self.listed
    }
}

/// Text of a stranger's file as it may appear in a message: short, on one line, in quotation marks.
pub(super) fn quoted(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(64).collect();
    format!("“{}”", clip(&plain, 32))
}

/// The first `most` characters, with an ellipsis where something is missing.
pub(super) fn clip(text: &str, most: usize) -> String {
    if text.chars().nth(most).is_none() {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// "1 week", "2 weeks".
pub(super) fn count(n: usize, one: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_written_as_its_word() {
        for code in Code::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
    }

    #[test]
    fn one_bad_column_does_not_hide_another() {
        let mut problems = Problems::default();
        for row in 2..5000 {
            problems.push(Problem::cell(Code::EmptyCell, row, "TV", "it is empty."));
        }
        problems.push(Problem::cell(Code::NegativeSpend, 5000, "Radio", "it is negative."));
        let list = problems.into_list();
        assert!(list.iter().any(|problem| problem.column.as_deref() == Some("Radio")));
        assert_eq!(list.last().map(|problem| problem.code), Some(Code::MoreProblems));
        assert!(list.last().unwrap().message.starts_with("4973 more"));
    }

    #[test]
    fn a_list_ends_at_its_limit_and_says_how_many_more() {
        for columns in [MAX_PROBLEMS, MAX_PROBLEMS + 1, 300] {
            let mut problems = Problems::default();
            for column in 0..columns {
                problems.push(Problem::column(Code::AllZero, &format!("c{column}"), "only zeros."));
            }
            let list = problems.into_list();
            assert_eq!(list.len(), MAX_PROBLEMS);
            let said: usize =
                list.last().and_then(|p| p.message.split(' ').next()?.parse().ok()).unwrap_or(1);
            assert_eq!(list.len() - 1 + said, columns);
        }
    }

    #[test]
    fn messages_stay_short_and_on_one_line() {
        let name = "a\r\n\u{1b}[31m".repeat(500);
        let problem = Problem::cell(Code::NotANumber, 7, &name, "x".repeat(1000));
        assert!(problem.message.chars().count() <= MAX_MESSAGE);
        assert!(!problem.message.contains(char::is_control));
    }
}
