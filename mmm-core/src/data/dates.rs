//! The checks of a data set's dates: readable, regular, ascending, and none in the future.

use std::collections::{BTreeMap, BTreeSet};

use super::{Date, Frequency, Problem, ProblemCode, check::push_some};

/// The fewest periods a model is fitted to.
pub const MIN_PERIODS: usize = 26;

/// What the column is called where no file calls it otherwise.
pub(super) const DATE_COLUMN: &str = "date";

/// Reads the dates and finds their rhythm; `None` where no rhythm can be told.
pub(super) fn dates(
    texts: &[String],
    column: &str,
    today: Option<Date>,
    problems: &mut Vec<Problem>,
) -> (Vec<Date>, Option<Frequency>) {
    if texts.len() < MIN_PERIODS {
        problems.push(Problem::whole(
            ProblemCode::TooShort,
            format!("there are {} periods, at least {MIN_PERIODS} are needed; add earlier ones", texts.len()),
        ));
    }
    let mut found = Vec::new();
    let mut parsed = Vec::with_capacity(texts.len());
    for (row, text) in texts.iter().enumerate() {
        match text.parse::<Date>() {
            Ok(date) => parsed.push((row, date)),
            Err(error) => {
                found.push(Problem::at(ProblemCode::BadDate, column, row, format!("{error}; correct it")));
            }
        }
    }
    for (row, date) in parsed.iter().filter(|(_, date)| today.is_some_and(|today| *date > today)) {
        let message = format!("{date} lies in the future; leave out periods that have not happened");
        found.push(Problem::at(ProblemCode::FutureDate, column, *row, message));
    }
    let frequency = rhythm(&parsed);
    match frequency {
        Some(frequency) => sequence(column, &parsed, frequency, &mut found),
        None if parsed.len() >= 2 => found.push(Problem::column(
            ProblemCode::DateGap,
            column,
            "the dates are neither daily nor weekly; aggregate them to one row a day or one row a week",
        )),
        None => {}
    }
    push_some(found, column, problems);
    (parsed.into_iter().map(|(_, date)| date).collect(), frequency)
}

/// The most common distance between neighbours, if it is a day or a week.
fn rhythm(dates: &[(usize, Date)]) -> Option<Frequency> {
    let mut counts = BTreeMap::new();
    for step in steps(dates) {
        *counts.entry(step).or_insert(0_usize) += 1;
    }
    match counts.into_iter().max_by_key(|(_, count)| *count)?.0 {
        1 => Some(Frequency::Daily),
        7 => Some(Frequency::Weekly),
        _ => None,
    }
}

fn steps(dates: &[(usize, Date)]) -> impl Iterator<Item = i64> {
    dates.windows(2).map(|pair| pair[1].1.days_since_epoch() - pair[0].1.days_since_epoch())
}

fn sequence(column: &str, dates: &[(usize, Date)], frequency: Frequency, found: &mut Vec<Problem>) {
    let expected = frequency.days();
    let unit = if frequency == Frequency::Daily { "day" } else { "week" };
    let mut seen: BTreeSet<Date> = dates.first().map(|first| first.1).into_iter().collect();
    for (step, (row, date)) in steps(dates).zip(&dates[1..]) {
        let fresh = seen.insert(*date);
        let (code, message) = match step {
            _ if !fresh => (
                ProblemCode::DuplicateDate,
                format!("{date} is there more than once; keep one row, or add the rows up"),
            ),
            step if step < 0 => (
                ProblemCode::DateOrder,
                format!("{date} is earlier than the date before it; sort the rows by date"),
            ),
            step if step != expected => (
                ProblemCode::DateGap,
                format!("{date} comes {step} days after its predecessor; give exactly one row a {unit}"),
            ),
            _ => continue,
        };
        found.push(Problem::at(code, column, *row, message));
    }
}
