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
        let name = &channel.name;
        let sound = numbers(name, &channel.spend, periods, problems) && spend(name, &channel.spend, problems);
        match &channel.exposure {
            Some(exposure) if numbers(name, exposure, periods, problems) => {
                pressure(name, exposure, problems);
            }
            None if sound => varies(name, &channel.spend, problems),
            _ => {}
        }
    }
    for organic in &input.organic {
        if numbers(&organic.name, &organic.exposure, periods, problems) {
            pressure(&organic.name, &organic.exposure, problems);
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
    let media = input.channels.iter().map(|channel| &channel.name);
    let media = media.chain(input.organic.iter().map(|organic| &organic.name));
    for name in kpi.chain(media).chain(input.controls.iter().map(|control| &control.name)) {
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

/// `false` where nothing was ever spent.
fn spend(name: &str, values: &[f64], problems: &mut Vec<Problem>) -> bool {
    below_zero(name, values, problems, ProblemCode::NegativeSpend, |value| {
        format!("a spend of {value} is below zero; book refunds in the period they belong to")
    });
    let spent = values.iter().any(|value| *value != 0.0);
    if !spent {
        problems.push(Problem::column(
            ProblemCode::AllZeroChannel,
            name,
            "nothing was ever spent on this channel; leave it out",
        ));
    }
    spent
}

fn pressure(name: &str, exposure: &[f64], problems: &mut Vec<Problem>) {
    below_zero(name, exposure, problems, ProblemCode::NegativeExposure, |value| {
        format!("an exposure of {value} is below zero; correct it")
    });
    if exposure.iter().all(|value| *value == 0.0) {
        problems.push(Problem::column(
            ProblemCode::AllZeroChannel,
            name,
            "the exposure is never above zero; leave it out",
        ));
    } else {
        varies(name, exposure, problems);
    }
}

fn varies(name: &str, pressure: &[f64], problems: &mut Vec<Problem>) {
    if is_constant(pressure) {
        problems.push(Problem::column(
            ProblemCode::ConstantChannel,
            name,
            "it is the same in every period, so its effect cannot be told from the baseline; leave it out",
        ));
    }
}

fn below_zero(
    name: &str,
    values: &[f64],
    problems: &mut Vec<Problem>,
    code: ProblemCode,
    message: impl Fn(f64) -> String,
) {
    let below = values.iter().enumerate().filter(|(_, value)| **value < 0.0);
    let found = below.map(|(row, value)| Problem::at(code, name, row, message(*value))).collect();
    push_some(found, name, problems);
}

/// Up to rounding: a spread below a trillionth of the largest value carries no information.
pub(super) fn is_constant(values: &[f64]) -> bool {
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

    fn below_zero() -> Vec<f64> {
        let mut values = wave(30);
        values[3] = -1.0;
        values
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
            (sound().exposed_channel("flat", wave(30), vec![3.0; 30]), ProblemCode::ConstantChannel),
            (sound().exposed_channel("unseen", wave(30), vec![0.0; 30]), ProblemCode::AllZeroChannel),
            (sound().exposed_channel("free", vec![0.0; 30], wave(30)), ProblemCode::AllZeroChannel),
            (sound().exposed_channel("odd", wave(30), below_zero()), ProblemCode::NegativeExposure),
            (sound().exposed_channel("short", wave(30), wave(29)), ProblemCode::LengthMismatch),
            (sound().organic("odd", below_zero()), ProblemCode::NegativeExposure),
            (sound().organic("flat", vec![3.0; 30]), ProblemCode::ConstantChannel),
            (sound().organic("tv", wave(30)), ProblemCode::DuplicateName),
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
        // What was bought, what nobody paid for and what is spent are different things.
        let all = [
            sound().channel("radio", wave(30)),
            sound().exposed_channel("radio", wave(30), wave(30)),
            sound().organic("radio", wave(30)),
            sound().control("radio", wave(30)),
        ];
        let prints: BTreeSet<u64> =
            all.into_iter().map(|input| input.build().unwrap().fingerprint()).collect();
        assert_eq!(prints.len(), 4);
    }

    #[test]
    fn media_are_the_paid_channels_and_then_the_organic_ones() {
        let data = sound()
            .organic("mail", wave(30))
            .exposed_channel("web", wave(30), wave(30).into_iter().map(|spend| 10.0 * spend))
            .build()
            .unwrap();
        let media: Vec<(&str, f64)> = data.media().map(|medium| (medium.name, medium.pressure[0])).collect();
        assert_eq!(media, [("tv", 5.0), ("web", 50.0), ("mail", 5.0)]);
        let costs: Vec<f64> = data.channels().iter().map(crate::data::Channel::cost_per_unit).collect();
        assert_eq!(costs[0].to_bits(), 1.0_f64.to_bits());
        assert!((costs[1] - 0.1).abs() < 1e-12);
    }
}
