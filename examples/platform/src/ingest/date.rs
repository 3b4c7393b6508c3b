//! Reads dates as people and their programs write them.
//!
//! A cell is first taken apart without saying which number is the day; the column then decides. That
//! way `03/04/2024` is a date of a column in which another cell is `03/25/2024`, and a question where
//! no cell settles it. One way of writing per column: the most frequent one is right, the others are
//! problems.
//!
//! Understood: `2024-01-31`, `2024/01/31`, `20240131`, `31.01.2024`, `31/01/2024`, `01/31/2024`, with
//! `-` in place of `/`, and any of them followed by midnight. Refused with advice: two-digit years, a
//! time of day, years outside 1990 to 2100.

use jiff::civil::Date;

use super::problem::{Code, Problem, Problems, quoted};

/// Years in which marketing data is believed.
const YEARS: std::ops::RangeInclusive<i16> = 1990..=2100;

const ADVICE: &str = "Write dates as 2024-01-31.";

/// How a date is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    YearFirst(char),
    Compact,
    /// Points are used in countries that write the day first.
    DayFirst,
    /// Day or month first: another cell has to tell.
    Unclear(char),
}

/// A date taken apart, in the order in which it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Written {
    style: Style,
    parts: [i16; 3],
}

impl Written {
    fn date(self, month_first: bool) -> Option<Date> {
        let [first, second, third] = self.parts;
        let (year, month, day) = match self.style {
            Style::YearFirst(_) | Style::Compact => (first, second, third),
            Style::Unclear(_) if month_first => (third, first, second),
            Style::DayFirst | Style::Unclear(_) => (third, second, first),
        };
        Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    Empty,
    Date(Written),
    TwoDigitYear,
    TimeOfDay,
    Other,
}

/// Whether a cell is meant as a date, well written or not.
pub(super) fn is_meant(cell: &str) -> bool {
    match read(cell) {
        Reading::Date(written) => {
            let date = written.date(true).or_else(|| written.date(false));
            date.is_some_and(|date| written.style != Style::Compact || YEARS.contains(&date.year()))
        }
        Reading::TwoDigitYear | Reading::TimeOfDay => true,
        Reading::Empty | Reading::Other => false,
    }
}

fn read(cell: &str) -> Reading {
    let cell = cell.trim();
    if cell.is_empty() {
        return Reading::Empty;
    }
    let (day, time) = match cell.split_once(['T', ' ']) {
        Some((day, time)) => (day, Some(time)),
        None => (cell, None),
    };
    let reading = day_parts(day);
    match (reading, time) {
        (Reading::Date(_), Some(time)) if !is_midnight(time) => {
            if time.trim_start().starts_with(|c: char| c.is_ascii_digit()) {
                Reading::TimeOfDay
            } else {
                Reading::Other
            }
        }
        _ => reading,
    }
}

fn day_parts(day: &str) -> Reading {
    if day.len() == 8 && day.bytes().all(|byte| byte.is_ascii_digit()) {
        let number: u32 = day.parse().unwrap_or(0);
        let parts = [number / 10_000, number / 100 % 100, number % 100].map(|part| part as i16);
        return Reading::Date(Written { style: Style::Compact, parts });
    }
    let Some(separator) = day.chars().find(|c| matches!(c, '-' | '/' | '.')) else {
        return Reading::Other;
    };
    let mut words = day.split(separator);
    let (Some(first), Some(second), Some(third), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Reading::Other;
    };
    let numbers = [first, second, third].map(|word| {
        let plain = !word.is_empty() && word.len() <= 4 && word.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| word.parse::<i16>().ok()).flatten()
    });
    let [Some(a), Some(b), Some(c)] = numbers else {
        return Reading::Other;
    };
    let style = match (first.len(), second.len(), third.len(), separator) {
        (4, 1..=2, 1..=2, _) => Style::YearFirst(separator),
        (1..=2, 1..=2, 4, '.') => Style::DayFirst,
        (1..=2, 1..=2, 4, _) => Style::Unclear(separator),
        (1..=2, 1..=2, 2, _) => return Reading::TwoDigitYear,
        _ => return Reading::Other,
    };
    Reading::Date(Written { style, parts: [a, b, c] })
}

/// `00:00`, `00:00:00.000Z`, `12:00:00 AM` and their kind.
fn is_midnight(time: &str) -> bool {
    let time = time.trim().to_ascii_uppercase();
    if let Some(clock) = time.strip_suffix("AM") {
        return clock
            .trim_end()
            .strip_prefix("12:")
            .is_some_and(|rest| rest.chars().all(|c| matches!(c, '0' | ':')));
    }
    let clock = time.strip_suffix('Z').or_else(|| time.strip_suffix("+00:00")).unwrap_or(&time);
    clock.contains(':') && clock.chars().all(|c| matches!(c, '0' | ':' | '.'))
}

/// Dates of a column, one for each row; a `None` has been reported.
pub(super) fn column<'a>(
    name: &str,
    cells: impl Iterator<Item = (usize, &'a str)> + Clone,
    problems: &mut Problems,
) -> Vec<Option<Date>> {
    let usual = usual_style(cells.clone());
    let unclear = matches!(usual, Some(Style::Unclear(_)));
    let order = Order::of(cells.clone(), usual);
    if unclear && order == Order::Unknown {
        let Some((row, cell)) = cells.clone().find(|(_, cell)| !cell.trim().is_empty()) else {
            return Vec::new();
        };
        let what = format!(
            "in {} the day and the month could be swapped, and no other row tells. {ADVICE}",
            quoted(cell)
        );
        problems.push(Problem::cell(Code::AmbiguousDate, row, name, what));
        return cells.map(|_| None).collect();
    }
    let month_first = order == Order::MonthFirst;
    cells
        .map(|(row, cell)| match checked(cell, usual, month_first) {
            Ok(date) => Some(date),
            Err((code, what)) => {
                problems.push(Problem::cell(code, row, name, what));
                None
            }
        })
        .collect()
}

fn checked(cell: &str, usual: Option<Style>, month_first: bool) -> Result<Date, (Code, String)> {
    let shown = quoted(cell.trim());
    let written = match read(cell) {
        Reading::Date(written) => written,
        Reading::Empty => return Err((Code::EmptyCell, format!("the date is missing. {ADVICE}"))),
        Reading::TwoDigitYear => {
            return Err((Code::TwoDigitYear, format!("the year of {shown} has two digits. {ADVICE}")));
        }
        Reading::TimeOfDay => {
            let what = format!("{shown} has a time of day. One row stands for a whole day or week. {ADVICE}");
            return Err((Code::TimeOfDay, what));
        }
        Reading::Other => return Err((Code::NotADate, format!("{shown} is no date. {}", hint(cell)))),
    };
    let date = written.date(month_first);
    if Some(written.style) != usual || (date.is_none() && written.date(!month_first).is_some()) {
        let what = format!("{shown} is written unlike the other dates of this column. {ADVICE}");
        return Err((Code::MixedDateFormats, what));
    }
    let date =
        date.ok_or_else(|| (Code::NotADate, format!("there is no day {shown} in the calendar. {ADVICE}")))?;
    if !YEARS.contains(&date.year()) {
        let what =
            format!("the year of {shown} is not between {} and {}. Correct it.", YEARS.start(), YEARS.end());
        return Err((Code::ImplausibleDate, what));
    }
    Ok(date)
}

fn hint(cell: &str) -> &'static str {
    let lower = cell.trim().to_lowercase();
    if ["total", "sum", "gesamt", "grand total", "average"].iter().any(|word| lower.starts_with(word)) {
        "It looks like a row of totals; delete it."
    } else if lower.len() == 5 && lower.bytes().all(|byte| byte.is_ascii_digit()) {
        "It looks like a day number of Excel; format the column as a date before you save it as CSV."
    } else {
        ADVICE
    }
}

fn written<'a>(cells: impl Iterator<Item = (usize, &'a str)>) -> impl Iterator<Item = Written> {
    cells.filter_map(|(_, cell)| match read(cell) {
        Reading::Date(written) => Some(written),
        _ => None,
    })
}

fn usual_style<'a>(cells: impl Iterator<Item = (usize, &'a str)>) -> Option<Style> {
    let mut counts: Vec<(Style, usize)> = Vec::new();
    for Written { style, .. } in written(cells) {
        match counts.iter_mut().find(|(seen, _)| *seen == style) {
            Some((_, count)) => *count += 1,
            None => counts.push((style, 1)),
        }
    }
    // The first of the most frequent: `max_by_key` alone would answer the last.
    counts.into_iter().rev().max_by_key(|(_, count)| *count).map(|(style, _)| style)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    DayFirst,
    MonthFirst,
    Unknown,
}

impl Order {
    /// What the cells that can only be read one way say; the majority where they disagree.
    fn of<'a>(cells: impl Iterator<Item = (usize, &'a str)>, usual: Option<Style>) -> Self {
        let (mut day_first, mut month_first) = (0_usize, 0_usize);
        for cell in written(cells).filter(|cell| Some(cell.style) == usual) {
            match (cell.date(false).is_some(), cell.date(true).is_some()) {
                (true, false) => day_first += 1,
                (false, true) => month_first += 1,
                // 05/05/2024 is the same day both ways.
                _ => {}
            }
        }
        match day_first.cmp(&month_first) {
            std::cmp::Ordering::Greater => Self::DayFirst,
            std::cmp::Ordering::Less => Self::MonthFirst,
            std::cmp::Ordering::Equal if day_first > 0 => Self::DayFirst,
            std::cmp::Ordering::Equal => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Place = (Option<usize>, Code);

    fn read_column(cells: &[&str]) -> (Vec<Option<Date>>, Vec<Place>) {
        let mut problems = Problems::default();
        let cells = cells.iter().enumerate().map(|(at, cell)| (at + 2, *cell));
        let dates = column("date", cells, &mut problems);
        (dates, problems.into_list().into_iter().map(|problem| (problem.row, problem.code)).collect())
    }

    fn date(year: i16, month: i8, day: i8) -> Option<Date> {
        Date::new(year, month, day).ok()
    }

    #[test]
    fn each_way_of_writing_is_understood() {
        let table = [
            ["2024-01-31", "2024-02-07"],
            ["2024/01/31", "2024/2/7"],
            ["20240131", "20240207"],
            ["31.01.2024", "7.2.2024"],
            ["31/01/2024", "07/02/2024"],
            ["01/31/2024", "02/07/2024"],
            ["31-01-2024", "07-02-2024"],
            ["2024-01-31T00:00", "2024-02-07T00:00:00.000Z"],
            ["2024-01-31 00:00:00", "2024-02-07 00:00"],
            ["1/31/2024 12:00:00 AM", "2/7/2024 12:00:00 AM"],
        ];
        for cells in table {
            let (dates, problems) = read_column(&cells);
            assert_eq!(dates, [date(2024, 1, 31), date(2024, 2, 7)], "{cells:?}");
            assert_eq!(problems, [], "{cells:?}");
        }
    }

    #[test]
    fn what_is_no_date_is_named() {
        let table = [
            ("", Code::EmptyCell),
            ("soon", Code::NotADate),
            ("2024-02-30", Code::NotADate),
            ("2024-13-01", Code::NotADate),
            ("Total", Code::NotADate),
            ("45292", Code::NotADate),
            ("24-01-31", Code::TwoDigitYear),
            ("2024-01-31T13:45", Code::TimeOfDay),
            ("31.01.2024", Code::MixedDateFormats),
            ("1066-10-14", Code::ImplausibleDate),
            ("9999-12-31", Code::ImplausibleDate),
        ];
        for (cell, code) in table {
            let (dates, problems) = read_column(&["2024-01-01", "2024-01-08", cell]);
            assert_eq!(problems, [(Some(4), code)], "{cell:?}");
            assert_eq!(dates.last(), Some(&None), "{cell:?}");
        }
    }

    #[test]
    fn the_column_decides_what_a_cell_leaves_open() {
        let (dates, problems) = read_column(&["03/04/2024", "03/11/2024", "03/18/2024"]);
        assert_eq!((dates.first(), problems.len()), (Some(&date(2024, 3, 4)), 0));
        let (dates, problems) = read_column(&["04/03/2024", "11/03/2024", "18/03/2024"]);
        assert_eq!((dates.first(), problems.len()), (Some(&date(2024, 3, 4)), 0));
        let (_, problems) = read_column(&["01/02/2024", "01/03/2024", "01/04/2024"]);
        assert_eq!(problems, [(Some(2), Code::AmbiguousDate)]);
        let (_, problems) = read_column(&["13/01/2024", "14/01/2024", "01/15/2024"]);
        assert_eq!(problems, [(Some(4), Code::MixedDateFormats)]);
    }

    #[test]
    fn every_day_survives_every_way_of_writing_it() {
        let days: Vec<Date> =
            jiff::civil::date(1995, 1, 1).series(jiff::Span::new().days(1)).take(12_000).collect();
        let ways: [fn(&Date) -> String; 6] = [
            |d| format!("{:04}-{:02}-{:02}", d.year(), d.month(), d.day()),
            |d| format!("{:04}{:02}{:02}", d.year(), d.month(), d.day()),
            |d| format!("{}.{}.{}", d.day(), d.month(), d.year()),
            |d| format!("{:02}/{:02}/{}", d.day(), d.month(), d.year()),
            |d| format!("{}/{}/{}", d.month(), d.day(), d.year()),
            |d| format!("{:04}/{:02}/{:02} 00:00", d.year(), d.month(), d.day()),
        ];
        for (way, write) in ways.iter().enumerate() {
            let cells: Vec<String> = days.iter().map(write).collect();
            let mut problems = Problems::default();
            let dates =
                column("date", cells.iter().enumerate().map(|(at, c)| (at + 2, c.as_str())), &mut problems);
            assert!(problems.is_empty(), "way {way}");
            assert!(dates.iter().flatten().eq(days.iter()), "way {way}");
        }
    }
}
