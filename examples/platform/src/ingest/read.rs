//! Cuts a text into rows and cells, and refuses what is not a rectangle with names on top.
//!
//! Limits are checked while reading: a row that grows past what its cells could hold stops the
//! reader before it is complete, the first row or cell above a limit ends the reading, and rows of
//! the wrong length are counted, not kept.
//!
//! Forgiven, because nothing is lost: blank lines, cells without value beyond the last column,
//! columns without name and value (a warning says so), and an unnamed first column that numbers the
//! rows, as data frames write it. An apostrophe that guards a cell from being run as a formula, as
//! exports add it, is taken off again.

use std::cell::Cell;
use std::collections::HashSet;
use std::io;

use csv::StringRecord;

use super::delimiter::{self, Layout};
use super::number::Evidence;
use super::problem::{Code, Problem, Problems, count, quoted};
use super::table::{Census, Grid, RawColumn, Table, tidy};
use super::{MAX_CELL_BYTES, MAX_COLUMNS, MAX_NAME_CHARS, MAX_ROWS, date, number, sniff};

/// The most bytes a row within the limits can have, quotation marks and separators included.
const MAX_RECORD_BYTES: usize = MAX_COLUMNS * (MAX_CELL_BYTES + 3);

/// Reads the bytes of an uploaded file.
///
/// The answer is every problem of the file's form, or a table in which each row has a cell for each
/// column. Takes about 0.2 s for 10 MB in a release build, so call it where blocking is allowed.
pub fn read(bytes: &[u8]) -> Result<Table, Vec<Problem>> {
    let text = sniff::text(bytes).map_err(|problem| vec![problem])?;
    let layout = delimiter::find(text).map_err(|problem| vec![problem])?;
    let handed = Cell::new(0);
    let mut rows = Rows::new(&layout, &handed);
    let mut problems = Problems::default();
    let result = table(&mut rows, &layout, &mut problems);
    match result {
        Ok(table) if problems.is_empty() => Ok(table),
        Ok(_) => Err(problems.into_list()),
        Err(last) => {
            problems.push(last);
            Err(problems.into_list())
        }
    }
}

fn table(rows: &mut Rows<'_>, layout: &Layout<'_>, problems: &mut Problems) -> Result<Table, Problem> {
    let header_only = || {
        let what = "The file has a header but no rows below it. Export your data again and upload it.";
        Problem::file(Code::HeaderOnly, what)
    };
    let (header_line, names) = header(rows, problems)?.ok_or_else(header_only)?;
    let mut census = vec![Census::default(); names.len()];
    let mut grid = Grid::new(names.len(), layout.body.len());
    let mut ragged = Ragged::default();
    let mut blank = 0_usize;
    while let Some(line) = rows.advance()? {
        let cells = || rows.record.iter().map(plain);
        if cells().all(str::is_empty) {
            blank += 1;
            continue;
        }
        let length = rows.record.len();
        if rows.has_open_quote() {
            let what =
                "a quotation mark is opened and not closed, so the rows after it were swallowed. Remove it.";
            problems.push(Problem::row(Code::UnclosedQuote, line, what));
        } else if length < names.len() || cells().skip(names.len()).any(|cell| !cell.is_empty()) {
            ragged.note(line, length, rows.has_line_break());
        }
        if grid.rows() == MAX_ROWS {
            let what = format!(
                "there are more than {MAX_ROWS} rows. Add regions or campaigns up to one row per day or week."
            );
            return Err(Problem::row(Code::TooManyRows, line, what));
        }
        census.iter_mut().zip(cells()).for_each(|(census, cell)| census.note(cell));
        grid.push(line, cells());
    }
    if grid.rows() == 0 {
        return Err(header_only());
    }
    ragged.report(header_line, names.len(), grid.rows(), problems);
    let mut warnings = Vec::new();
    if blank > 0 {
        let what = format!("{} without any value left out.", count(blank, "row"));
        warnings.push(Problem::file(Code::EmptyRows, what));
    }
    let columns = columns(names, &census, layout.delimiter, header_line, problems, &mut warnings);
    Ok(Table { columns, grid, warnings })
}

/// The names of the columns, and the line they are on.
fn header(rows: &mut Rows<'_>, problems: &mut Problems) -> Result<Option<(usize, Vec<String>)>, Problem> {
    let Some(line) = rows.advance()? else { return Ok(None) };
    let cells: Vec<&str> = rows.record.iter().map(plain).collect();
    let named = cells.iter().filter(|cell| !cell.is_empty()).count();
    let data = cells.iter().filter(|cell| date::is_meant(cell) || is_amount(cell)).count();
    if data > 0 && data * 2 >= named {
        let what = "the first row looks like data. Put a row with the names of the columns above it.";
        return Err(Problem::row(Code::NoHeader, line, what));
    }
    if rows.has_open_quote() {
        let what = "a quotation mark is opened in the header and not closed. Remove it.";
        return Err(Problem::row(Code::UnclosedQuote, line, what));
    }
    let mut seen = HashSet::new();
    let mut names = Vec::with_capacity(cells.len());
    for cell in cells {
        let name = tidy(cell);
        if name.chars().count() > MAX_NAME_CHARS {
            let what =
                format!("the name {} is longer than {MAX_NAME_CHARS} characters. Shorten it.", quoted(&name));
            problems.push(Problem::row(Code::LongHeader, line, what));
        }
        if !name.is_empty() && !seen.insert(name.to_lowercase()) {
            let what = "another column has the same name. Give each column a name of its own.";
            problems.push(Problem::cell(Code::DuplicateHeader, line, &name, what));
        }
        names.push(name);
    }
    Ok(Some((line, names)))
}

fn is_amount(cell: &str) -> bool {
    matches!(number::read(cell), number::Reading::Amount(_))
}

/// The columns worth keeping. Columns without name are dropped or reported.
fn columns(
    names: Vec<String>,
    census: &[Census],
    delimiter: u8,
    header_line: usize,
    problems: &mut Problems,
    warnings: &mut Vec<Problem>,
) -> Vec<RawColumn> {
    let mut file = Evidence::default();
    for census in census {
        file.add(census.evidence);
    }
    let mut columns = Vec::with_capacity(names.len());
    for ((at, name), census) in names.into_iter().enumerate().zip(census) {
        if !name.is_empty() {
            let decimal = census.evidence.decide(file, delimiter);
            columns.push(RawColumn { name, kind: census.kind(), at, decimal });
        } else if at == 0 && census.counts_rows() {
            let what = "The first column has no name and only numbers the rows, so it was left out.";
            warnings.push(Problem::file(Code::UnnamedColumn, what));
        } else if !census.is_blank() {
            let what = format!("column {} has values but no name. Write a name into its first row.", at + 1);
            problems.push(Problem::row(Code::EmptyHeader, header_line, what));
        }
    }
    columns
}

/// A cell without blanks around it and without the apostrophe that guards against formulas.
fn plain(cell: &str) -> &str {
    let unguarded = cell.strip_prefix('\'').filter(|rest| rest.starts_with(['=', '+', '-', '@', '\t', '\r']));
    unguarded.unwrap_or(cell).trim()
}

/// Rows whose length differs from the header's.
#[derive(Default)]
struct Ragged {
    rows: usize,
    length: Option<usize>,
    differ: bool,
    listed: Problems,
}

impl Ragged {
    fn note(&mut self, line: usize, length: usize, line_break: bool) {
        self.rows += 1;
        self.differ |= self.length.is_some_and(|known| known != length);
        self.length = Some(length);
        let hint = if line_break {
            "A cell of it runs over several lines; a quotation mark may be missing."
        } else {
            "Add or remove separators, or put cells with a separator inside into quotation marks."
        };
        let what = format!("it has {}, unlike the header. {hint}", count(length, "cell"));
        self.listed.push(Problem::row(Code::RaggedRow, line, what));
    }

    /// One problem instead of thousands where the header, not the rows, is the odd one out.
    fn report(self, header_line: usize, names: usize, rows: usize, problems: &mut Problems) {
        let (Some(length), true) = (self.length, self.rows == rows && rows > 1 && !self.differ) else {
            return problems.merge(self.listed);
        };
        let problem = if names == 1 {
            let what = "this is a title, not the names of the columns. Delete all rows above the header.";
            Problem::row(Code::NoHeader, header_line, what)
        } else {
            let what = format!(
                "it has {}, the rows below have {length} cells. Numbers with a decimal comma need quotation marks, or \
                 semicolons between cells.",
                count(names, "name")
            );
            Problem::row(Code::RaggedRow, header_line, what)
        };
        problems.push(problem);
    }
}

/// Records with their line in the file, within the limits.
struct Rows<'a> {
    reader: csv::Reader<Leash<'a>>,
    record: StringRecord,
    handed: &'a Cell<usize>,
    body: &'a [u8],
    /// Bytes and lines before the current record.
    at: usize,
    line: usize,
}

impl<'a> Rows<'a> {
    fn new(layout: &Layout<'a>, handed: &'a Cell<usize>) -> Self {
        let body = layout.body.as_bytes();
        let reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(layout.delimiter)
            .from_reader(Leash { rest: body, handed });
        Self { reader, record: StringRecord::new(), handed, body, at: 0, line: layout.first_line }
    }

    /// Moves to the next record and answers its line; `None` is the end of the file.
    fn advance(&mut self) -> Result<Option<usize>, Problem> {
        self.handed.set(0);
        let more = self.reader.read_record(&mut self.record);
        let start = self.record.position().map_or(self.at, |position| position.byte() as usize);
        let line = self.line_of(start);
        match more {
            Ok(false) => return Ok(None),
            Ok(true) => {}
            Err(_) => return Err(too_long(line)),
        }
        if self.record.len() > MAX_COLUMNS {
            let what = format!(
                "there are more than {MAX_COLUMNS} columns. Leave out those that the model does not need."
            );
            return Err(Problem::row(Code::TooManyColumns, line, what));
        }
        if self.record.iter().any(|cell| cell.len() > MAX_CELL_BYTES) {
            return Err(too_long(line));
        }
        Ok(Some(line))
    }

    /// The line of the record that begins at `start` or after the blank lines there.
    fn line_of(&mut self, start: usize) -> usize {
        while let Some(byte) = self.body.get(self.at) {
            let ends_line = match byte {
                b'\n' => true,
                b'\r' => self.body.get(self.at + 1) != Some(&b'\n'),
                _ if self.at >= start => break,
                _ => false,
            };
            self.line += usize::from(ends_line);
            self.at += 1;
        }
        self.line
    }

    fn has_line_break(&self) -> bool {
        self.record.iter().any(|cell| cell.contains(['\n', '\r']))
    }

    /// A cell over several lines in a record with an odd number of quotation marks.
    fn has_open_quote(&self) -> bool {
        let end = self.reader.position().byte() as usize;
        let raw = self.body.get(self.at..end).unwrap_or_default();
        self.has_line_break() && raw.iter().fold(false, |odd, byte| odd ^ (*byte == b'"'))
    }
}

fn too_long(line: usize) -> Problem {
    let most = MAX_CELL_BYTES / 1024;
    let what = format!(
        "a cell is longer than {most} KB, or the row has too many cells; a quotation mark may not be closed."
    );
    Problem::row(Code::CellTooLong, line, what)
}

/// Hands out the text until one record has taken more than it may.
struct Leash<'a> {
    rest: &'a [u8],
    handed: &'a Cell<usize>,
}

impl io::Read for Leash<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.handed.get() > MAX_RECORD_BYTES {
            return Err(io::Error::other("record too long"));
        }
        let taken = self.rest.read(buffer)?;
        self.handed.set(self.handed.get() + taken);
        Ok(taken)
    }
}
