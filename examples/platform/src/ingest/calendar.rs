//! Checks that the dates of a source are a row of days or weeks without holes.
//!
//! The commonest step between neighbouring dates decides: one day, seven days, or something that is
//! refused with what to do. Every departure from it is then a problem at its row: a gap, a date twice,
//! a date between the weeks. Two patterns would drown the list and are said once: several rows for each
//! date without a column of geos, and weekends that are never there.

use jiff::civil::{Date, Weekday};

use super::problem::{Code, Problem, Problems, count, quoted};
use super::source::Frequency;
use super::table::{Kind, Table};
use super::{MAX_ROWS, MIN_ROWS};

/// How many missing dates a message names.
const NAMED: i64 = 3;

/// A date with the line of the file it is in.
#[derive(Clone, Copy, Debug)]
struct Entry {
    date: Date,
    line: usize,
}

/// Checks the dates that the column `name` has in the given rows, and answers how far apart they are; those
/// that could not be read are `None` and reported already.
pub(super) fn check(
    table: &Table,
    name: &str,
    dates: &[Option<Date>],
    rows: &[usize],
    problems: &mut Problems,
    warnings: &mut Problems,
) -> Option<Frequency> {
    let lines =
        table.columns().first().map(|column| table.cells(column).map(|(line, _)| line).collect::<Vec<_>>());
    let lines = lines.unwrap_or_default();
    let entry = |row: &usize| Some(Entry { date: (*dates.get(*row)?)?, line: *lines.get(*row)? });
    let mut entries: Vec<Entry> = rows.iter().filter_map(entry).collect();
    let complete = entries.len() == rows.len();
    if let Some([_, late]) = entries.array_windows().find(|[a, b]| a.date > b.date) {
        let what = "it is earlier than the row above. The rows were sorted by date.";
        warnings.push(Problem::cell(Code::OutOfOrder, late.line, name, what));
        entries.sort_by_key(|entry| entry.date);
    }
    let mut periods = entries.clone();
    periods.dedup_by_key(|entry| entry.date);
    report_repetitions(table, name, &entries, periods.len(), problems);
    // With unreadable dates among them the rest may show gaps that are none.
    let frequency = frequency(name, &periods, complete, problems);
    report_length(frequency, &periods, rows.len(), entries.len(), problems, warnings);
    if let (Some(frequency), true) = (frequency, complete) {
        report_steps(name, frequency, &periods, problems);
    }
    frequency
}

fn report_repetitions(table: &Table, name: &str, entries: &[Entry], periods: usize, problems: &mut Problems) {
    if entries.len() >= 4 && periods * 2 <= entries.len() {
        let times = entries.len() / periods.max(1);
        let split = table.columns().iter().find(|column| column.kind == Kind::Text && column.name != name);
        let by =
            split.map_or(String::new(), |column| format!(", perhaps once for each {}", quoted(&column.name)));
        let what = format!(
            "each date occurs about {times} times{by}. Give the column that tells the rows apart the role “geo”, or add \
             them up."
        );
        problems.push(Problem::column(Code::SeveralRowsPerDate, name, what));
        return;
    }
    for [first, second] in entries.array_windows().filter(|[a, b]| a.date == b.date) {
        let what = format!(
            "{} is in row {} already. Delete one of the two or add them up.",
            second.date, first.line
        );
        problems.push(Problem::cell(Code::DuplicateDate, second.line, name, what));
    }
}

fn frequency(name: &str, periods: &[Entry], complete: bool, problems: &mut Problems) -> Option<Frequency> {
    let steps: Vec<i64> = periods.array_windows().map(|[a, b]| days(a.date, b.date)).collect();
    if steps.len() < 2 {
        return None;
    }
    let within =
        |range: std::ops::RangeInclusive<i64>| steps.iter().filter(|step| range.contains(step)).count();
    let (daily, weekly, monthly) = (within(1..=1), within(7..=7), within(28..=31));
    let most = daily.max(weekly).max(monthly);
    if most * 2 >= steps.len() && most == weekly {
        return Some(Frequency::Weekly);
    }
    if most * 2 >= steps.len() && most == daily {
        return Some(Frequency::Daily);
    }
    if complete && most * 2 >= steps.len() {
        let what =
            "there is one row a month, too few to see how spend works. Export the same data by week or day.";
        problems.push(Problem::column(Code::MonthlyData, name, what));
    } else if complete {
        let what =
            "the rows are neither daily nor weekly. Upload one row for each day, or one for each week.";
        problems.push(Problem::column(Code::UnknownFrequency, name, what));
    }
    None
}

fn report_length(
    frequency: Option<Frequency>,
    periods: &[Entry],
    rows: usize,
    read: usize,
    problems: &mut Problems,
    warnings: &mut Problems,
) {
    // Dates that could not be read may well be periods of their own.
    let possible = periods.len() + (rows - read);
    let word = frequency.map_or("row", Frequency::word);
    if possible < MIN_ROWS {
        let what = format!(
            "Only {} of data; at least {MIN_ROWS} are needed, better two years. Upload a longer period.",
            count(possible, word)
        );
        problems.push(Problem::file(Code::TooFewRows, what));
        return;
    }
    let span = periods.first().zip(periods.last()).map_or(0, |(first, last)| days(first.date, last.date));
    let covered = span + frequency.map_or(0, Frequency::days);
    if frequency.is_some() && covered < 52 * 7 {
        let what = format!(
            "The data covers {}, less than a year, so seasons cannot be told from media.",
            count(possible, word)
        );
        warnings.push(Problem::file(Code::ShortHistory, what));
    }
}

fn report_steps(name: &str, frequency: Frequency, periods: &[Entry], problems: &mut Problems) {
    let step = frequency.days();
    let off = |pair: &&[Entry; 2]| days(pair[0].date, pair[1].date) != step;
    let weekend = |pair: &&[Entry; 2]| {
        let [a, b] = pair;
        frequency == Frequency::Daily && a.date.weekday() == Weekday::Friday && days(a.date, b.date) == 3
    };
    let weekends = periods.array_windows().filter(weekend).count();
    let no_weekends = weekends > 1 && !periods.iter().any(|entry| is_weekend(entry.date));
    if no_weekends {
        let what =
            "weekends are missing. Add a row for each Saturday and Sunday, or add the days up to weeks.";
        problems.push(Problem::column(Code::WeekdaysOnly, name, what));
    }
    for pair in periods.array_windows().filter(off) {
        if no_weekends && weekend(&pair) {
            continue;
        }
        let [a, b] = pair;
        let apart = days(a.date, b.date);
        let problem = if apart % step == 0 {
            let missing = apart / step - 1;
            let names: Vec<String> =
                (1..=missing.min(NAMED)).filter_map(|n| after(a.date, n * step)).collect();
            let more = if missing > NAMED { ", …" } else { "" };
            let missing = count(usize::try_from(missing).unwrap_or(MAX_ROWS), frequency.word());
            let what =
                format!("{missing} missing before it: {}{more}. Add a row for each.", names.join(", "));
            Problem::cell(Code::Gap, b.line, name, what)
        } else {
            let what = format!(
                "{} is {apart} days after {}; weeks must be 7 days apart. Correct it.",
                b.date, a.date
            );
            Problem::cell(Code::IrregularDate, b.line, name, what)
        };
        problems.push(problem);
    }
}

fn is_weekend(date: Date) -> bool {
    matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
}

fn days(from: Date, to: Date) -> i64 {
    to.duration_since(from).as_hours() / 24
}

fn after(date: Date, days: i64) -> Option<String> {
    date.checked_add(jiff::SignedDuration::from_hours(days * 24)).ok().map(|date| date.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    type Place = (Code, Option<usize>);

    fn checked(dates: &[String]) -> (Option<Frequency>, Vec<Place>, Vec<Code>) {
        let text = format!("d,v\n{},1\n", dates.join(",1\n"));
        let table = super::super::read(text.as_bytes()).unwrap();
        let dates: Vec<Option<Date>> = dates.iter().map(|date| date.parse().ok()).collect();
        let (mut problems, mut warnings) = (Problems::default(), Problems::default());
        let rows: Vec<usize> = (0..dates.len()).collect();
        let frequency = check(&table, "d", &dates, &rows, &mut problems, &mut warnings);
        let places = problems.into_list().into_iter().map(|problem| (problem.code, problem.row)).collect();
        (frequency, places, warnings.into_list().into_iter().map(|warning| warning.code).collect())
    }

    fn every(days: i64, periods: i64) -> Vec<String> {
        (0..periods).filter_map(|n| after(jiff::civil::date(2023, 1, 2), n * days)).collect()
    }

    #[test]
    fn days_and_weeks_are_told_apart() {
        assert_eq!(checked(&every(7, 104)), (Some(Frequency::Weekly), vec![], vec![]));
        assert_eq!(checked(&every(1, 400)), (Some(Frequency::Daily), vec![], vec![]));
        assert_eq!(checked(&every(30, 40)).1, [(Code::MonthlyData, None)]);
        assert_eq!(checked(&every(14, 40)).1, [(Code::UnknownFrequency, None)]);
        assert_eq!(checked(&every(7, 40)).2, [Code::ShortHistory]);
    }

    #[test]
    fn holes_are_reported_where_they_end() {
        let mut weeks = every(7, 60);
        weeks.drain(10..12);
        assert_eq!(checked(&weeks).1, [(Code::Gap, Some(12))]);
        let mut weeks = every(7, 60);
        weeks[20] = "2023-05-23".to_owned();
        assert_eq!(checked(&weeks).1, [(Code::IrregularDate, Some(22)), (Code::IrregularDate, Some(23))]);
        let mut days = every(1, 400);
        days.remove(100);
        assert_eq!(checked(&days).1, [(Code::Gap, Some(102))]);
    }

    #[test]
    fn patterns_are_said_once() {
        let working: Vec<String> =
            every(1, 400).into_iter().filter(|day| !is_weekend(day.parse().unwrap())).collect();
        assert_eq!(checked(&working).1, [(Code::WeekdaysOnly, None)]);
        let regions: Vec<String> = every(7, 60).into_iter().flat_map(|week| vec![week; 3]).collect();
        assert_eq!(checked(&regions).1, [(Code::SeveralRowsPerDate, None)]);
    }

    #[test]
    fn order_is_restored_and_repetition_is_not_forgiven() {
        let mut weeks = every(7, 60);
        weeks.reverse();
        assert_eq!(checked(&weeks), (Some(Frequency::Weekly), vec![], vec![Code::OutOfOrder]));
        let mut weeks = every(7, 60);
        weeks.push(weeks[3].clone());
        assert_eq!(checked(&weeks).1, [(Code::DuplicateDate, Some(62))]);
    }

    #[test]
    fn few_rows_are_too_few() {
        for rows in [1, 3, 29] {
            let problems = checked(&every(7, rows)).1;
            assert_eq!(problems, [(Code::TooFewRows, None)], "{rows} rows");
        }
        assert_eq!(checked(&every(7, 30)).1, []);
    }
}
