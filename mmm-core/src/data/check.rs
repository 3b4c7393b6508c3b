//! The checks of a data set. Each appends to one list, so that a user mends a file in one go.

use std::collections::{BTreeMap, BTreeSet};

use super::{DatasetBuilder, Date, Frequency, Problem, ProblemCode};

/// The fewest periods a model is fitted to.
pub const MIN_PERIODS: usize = 26;

/// A column with thousands of bad cells is one problem, not thousands.
const MOST_PER_COLUMN: usize = 10;

const DATE_COLUMN: &str = "date";

/// Reads the dates and finds their rhythm; `None` where no rhythm can be told.
pub(super) fn dates(texts: &[String], problems: &mut Vec<Problem>) -> (Vec<Date>, Option<Frequency>) {
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
                found.push(Problem::at(
                    ProblemCode::BadDate,
                    DATE_COLUMN,
                    row,
                    format!("{error}; correct it"),
                ));
            }
        }
    }
    let frequency = rhythm(&parsed);
    match frequency {
        Some(frequency) => sequence(&parsed, frequency, &mut found),
        None if parsed.len() >= 2 => found.push(Problem::column(
            ProblemCode::DateGap,
            DATE_COLUMN,
            "the dates are neither daily nor weekly; aggregate them to one row a day or one row a week",
        )),
        None => {}
    }
    push_some(found, DATE_COLUMN, problems);
    (parsed.into_iter().map(|(_, date)| date).collect(), frequency)
}

/// Checks every column but the dates.
pub(super) fn columns(input: &DatasetBuilder, problems: &mut Vec<Problem>) {
    names(input, problems);
    let periods = input.dates.len();
    match &input.kpi {
        Some((name, values)) => {
            if numbers(name, values, periods, problems) {
                kpi(name, values, problems);
            }
        }
        None => problems.push(Problem::whole(
            ProblemCode::NoKpi,
            "there is no KPI; add the column that marketing is meant to move",
        )),
    }
    if let Some(worth) = input.kpi_value.filter(|worth| !(worth.is_finite() && *worth > 0.0)) {
        problems.push(Problem::whole(
            ProblemCode::BadKpiValue,
            format!("a unit of the KPI cannot be worth {worth}; give a positive amount or leave it out"),
        ));
    }
    if input.channels.is_empty() {
        problems.push(Problem::whole(
            ProblemCode::NoChannel,
            "there is no channel; add at least one column of spend",
        ));
    }
    for channel in &input.channels {
        if numbers(&channel.name, &channel.spend, periods, problems) {
            spend(&channel.name, &channel.spend, problems);
        }
    }
    for control in &input.controls {
        if numbers(&control.name, &control.values, periods, problems) && is_constant(&control.values) {
            problems.push(Problem::column(
                ProblemCode::ConstantControl,
                &control.name,
                "the control never changes, so its effect cannot be told from the baseline; leave it out",
            ));
        }
    }
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

fn sequence(dates: &[(usize, Date)], frequency: Frequency, found: &mut Vec<Problem>) {
    let (expected, unit) = match frequency {
        Frequency::Daily => (1, "day"),
        Frequency::Weekly => (7, "week"),
    };
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
        found.push(Problem::at(code, DATE_COLUMN, *row, message));
    }
}

fn names(input: &DatasetBuilder, problems: &mut Vec<Problem>) {
    let mut seen = BTreeSet::new();
    let kpi = input.kpi.iter().map(|(name, _)| name);
    let channels = input.channels.iter().map(|channel| &channel.name);
    for name in kpi.chain(channels).chain(input.controls.iter().map(|control| &control.name)) {
        if name.trim().is_empty() {
            problems.push(Problem::column(ProblemCode::BlankName, name, "a column has no name; name it"));
        } else if !seen.insert(name) {
            problems.push(Problem::column(
                ProblemCode::DuplicateName,
                name,
                "two columns have this name; rename one",
            ));
        }
    }
}

/// Length and finiteness; `false` where later checks would only repeat the finding.
fn numbers(column: &str, values: &[f64], periods: usize, problems: &mut Vec<Problem>) -> bool {
    if values.len() != periods {
        problems.push(Problem::column(
            ProblemCode::LengthMismatch,
            column,
            format!("there are {} values for {periods} dates; give one value per date", values.len()),
        ));
        return false;
    }
    let found: Vec<Problem> = values
        .iter()
        .enumerate()
        .filter(|(_, value)| !value.is_finite())
        .map(|(row, value)| {
            Problem::at(
                ProblemCode::NotFinite,
                column,
                row,
                format!("{value} is not a number; fill in the value"),
            )
        })
        .collect();
    let clean = found.is_empty();
    push_some(found, column, problems);
    clean
}

fn kpi(name: &str, values: &[f64], problems: &mut Vec<Problem>) {
    let message = if values.iter().all(|value| *value <= 0.0) {
        "the KPI is never above zero; check the column"
    } else if is_constant(values) {
        "the KPI never changes, so nothing can be learnt from it; check the column"
    } else {
        return;
    };
    problems.push(Problem::column(ProblemCode::UnusableKpi, name, message));
}

fn spend(name: &str, values: &[f64], problems: &mut Vec<Problem>) {
    let found: Vec<Problem> = values
        .iter()
        .enumerate()
        .filter(|(_, value)| **value < 0.0)
        .map(|(row, value)| {
            Problem::at(
                ProblemCode::NegativeSpend,
                name,
                row,
                format!("a spend of {value} is below zero; book refunds in the period they belong to"),
            )
        })
        .collect();
    push_some(found, name, problems);
    if values.iter().all(|value| *value == 0.0) {
        problems.push(Problem::column(
            ProblemCode::AllZeroChannel,
            name,
            "nothing was ever spent on this channel; leave it out",
        ));
    } else if is_constant(values) {
        problems.push(Problem::column(
            ProblemCode::ConstantChannel,
            name,
            "the spend never changes, so its effect cannot be told from the baseline; leave it out",
        ));
    }
}

/// Up to rounding: a spread below a trillionth of the largest value carries no information.
fn is_constant(values: &[f64]) -> bool {
    let (low, high) = values
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(*value), high.max(*value)));
    !values.is_empty() && high - low <= 1e-12 * high.abs().max(low.abs())
}

fn push_some(mut found: Vec<Problem>, column: &str, problems: &mut Vec<Problem>) {
    let hidden = found.len().saturating_sub(MOST_PER_COLUMN);
    if hidden > 0 {
        let code = found[MOST_PER_COLUMN].code;
        found.truncate(MOST_PER_COLUMN);
        found.push(Problem::column(code, column, format!("and {hidden} more rows like these")));
    }
    problems.append(&mut found);
}

#[cfg(test)]
mod tests {
    use super::super::Dataset;
    use super::*;

    fn weeks(count: i64) -> Vec<String> {
        (0..count)
            .filter_map(|week| Date::from_days_since_epoch(19_723 + 7 * week))
            .map(String::from)
            .collect()
    }

    fn wave(count: i64) -> Vec<f64> {
        (0..count).map(|week| 5.0 + (week as f64).sin()).collect()
    }

    fn sound() -> DatasetBuilder {
        Dataset::builder()
            .dates(weeks(30))
            .kpi("sales", wave(30))
            .channel("tv", wave(30))
            .control("price", wave(30))
    }

    fn codes(input: DatasetBuilder) -> Vec<ProblemCode> {
        input.build().map_or_else(
            |error| error.problems().iter().map(|problem| problem.code).collect(),
            |_| Vec::new(),
        )
    }

    #[test]
    fn sound_data_passes() {
        assert_eq!(codes(sound()), []);
        assert_eq!(sound().build().unwrap().frequency(), Frequency::Weekly);
    }

    #[test]
    fn every_problem_is_listed_at_once() {
        let mut spend = wave(30);
        spend[3] = -1.0;
        let input = sound()
            .channel("radio", spend)
            .channel("print", vec![0.0; 30])
            .control("tv", [1.0])
            .kpi_value(-2.0);
        assert_eq!(
            codes(input),
            [
                ProblemCode::DuplicateName,
                ProblemCode::BadKpiValue,
                ProblemCode::NegativeSpend,
                ProblemCode::AllZeroChannel,
                ProblemCode::LengthMismatch,
            ]
        );
    }

    #[test]
    fn a_problem_names_its_row_counted_from_one() {
        let mut spend = wave(30);
        spend[3] = f64::NAN;
        let error = sound().channel("radio", spend).build().unwrap_err();
        assert_eq!(
            (error.problems()[0].row, error.problems()[0].column.as_deref()),
            (Some(4), Some("radio"))
        );
    }

    #[test]
    fn dates_must_be_regular() {
        let change = |at: usize, to: &str| {
            let mut dates = weeks(30);
            to.clone_into(&mut dates[at]);
            codes(sound().dates(dates))
        };
        let known = weeks(30);
        assert_eq!(change(4, "tomorrow")[0], ProblemCode::BadDate);
        assert_eq!(change(4, &known[3])[0], ProblemCode::DuplicateDate);
        assert_eq!(change(4, "2020-01-01")[0], ProblemCode::DateOrder);
        assert_eq!(change(29, "2030-01-01"), [ProblemCode::DateGap]);
    }

    #[test]
    fn useless_columns_are_refused() {
        for (input, code) in [
            (sound().channel("flat", vec![3.0; 30]), ProblemCode::ConstantChannel),
            (sound().control("flat", vec![3.0; 30]), ProblemCode::ConstantControl),
            (sound().kpi("sales", vec![3.0; 30]), ProblemCode::UnusableKpi),
            (sound().kpi("sales", vec![-3.0; 30]), ProblemCode::UnusableKpi),
            (sound().channel(" ", wave(30)), ProblemCode::BlankName),
            (Dataset::builder().dates(weeks(30)).kpi("sales", wave(30)), ProblemCode::NoChannel),
            (Dataset::builder().dates(weeks(30)).channel("tv", wave(30)), ProblemCode::NoKpi),
        ] {
            assert_eq!(codes(input), [code]);
        }
    }

    #[test]
    fn an_empty_input_is_a_list_of_problems_and_no_panic() {
        assert_eq!(
            codes(Dataset::builder()),
            [ProblemCode::TooShort, ProblemCode::NoKpi, ProblemCode::NoChannel]
        );
    }

    #[test]
    fn a_thousand_bad_cells_are_one_short_list() {
        let input = sound().channel("radio", vec![f64::NAN; 30]);
        assert_eq!(codes(input).len(), MOST_PER_COLUMN + 1);
    }

    #[test]
    fn the_fingerprint_follows_the_content() {
        let one = sound().build().unwrap();
        let other = sound().kpi_value(1.0).build().unwrap();
        assert_eq!(one.fingerprint(), sound().build().unwrap().fingerprint());
        assert_ne!(one.fingerprint(), other.fingerprint());
    }
}
