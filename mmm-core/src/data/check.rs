//! The checks of a data set's columns. Each appends to one list, so that a user mends a file in one go.

use std::collections::BTreeSet;

use super::{
    DatasetBuilder, Problem, ProblemCode,
    collinear::{collinear, comparable},
    reading::Part,
};

/// A column with thousands of bad cells is one problem, not thousands.
const MOST_PER_COLUMN: usize = 10;

/// No amount of money and no count is larger; squares and sums of such values are still finite.
const LARGEST: f64 = 1e18;

/// Checks every column but the dates.
pub(super) fn columns(input: &DatasetBuilder, problems: &mut Vec<Problem>) {
    names(input, problems);
    let before = problems.len();
    match &input.kpi {
        Some((name, values)) => {
            let column = input.reading.column(Part::Kpi, name);
            if numbers(column, values, input, problems) == Numbers::Clean {
                kpi(column, values, problems);
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
        let column = input.reading.column(Part::Spend, &channel.name);
        let sound = media(SPEND, column, &channel.spend, input, problems);
        match &channel.exposure {
            Some(exposure) => {
                let column = input.reading.column(Part::Exposure, &channel.name);
                if media(EXPOSURE, column, exposure, input, problems) {
                    varies(column, exposure, problems);
                }
            }
            None if sound => varies(column, &channel.spend, problems),
            None => {}
        }
    }
    for organic in &input.organic {
        if media(EXPOSURE, &organic.name, &organic.exposure, input, problems) {
            varies(&organic.name, &organic.exposure, problems);
        }
    }
    for control in &input.controls {
        let numbers = numbers(&control.name, &control.values, input, problems);
        let seen = problems.iter().all(|problem| problem.column.as_deref() != Some(control.name.as_str()));
        if numbers == Numbers::Clean && seen && is_constant(&control.values) {
            problems.push(Problem::column(
                ProblemCode::ConstantControl,
                &control.name,
                "the control never changes, so its effect cannot be told from the baseline; leave it out",
            ));
        }
    }
    // Columns that cannot be used alone say nothing about each other.
    if problems.len() == before {
        collinear(&comparable(input), problems);
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

/// What can be said of a column's numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Numbers {
    /// There are more or fewer than dates: nothing else can be said.
    Misaligned,
    /// Some are missing or too large.
    Broken,
    /// All can be used.
    Clean,
}

/// Length, finiteness and size. What could not be read is known already and is not said again.
fn numbers(column: &str, values: &[f64], input: &DatasetBuilder, problems: &mut Vec<Problem>) -> Numbers {
    let periods = input.dates.len();
    if values.len() != periods {
        problems.push(Problem::column(
            ProblemCode::LengthMismatch,
            column,
            format!("there are {} values for {periods} dates; give one value per date", values.len()),
        ));
        return Numbers::Misaligned;
    }
    let found: Vec<Problem> = values
        .iter()
        .enumerate()
        .filter(|(row, value)| !(value.abs() <= LARGEST || input.reading.is_unread(column, *row)))
        .map(|(row, value)| {
            let (code, message) = if value.is_finite() {
                (
                    ProblemCode::TooLarge,
                    format!("{value:e} is beyond {LARGEST:e}; correct the value or its unit"),
                )
            } else {
                (ProblemCode::NotFinite, format!("{value} is not a number; fill in the value"))
            };
            Problem::at(code, column, row, message)
        })
        .collect();
    push_some(found, column, problems);
    if values.iter().all(|value| value.abs() <= LARGEST) { Numbers::Clean } else { Numbers::Broken }
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
/// What is said of a column that must not be negative.
#[derive(Clone, Copy)]
struct Wording {
    negative: ProblemCode,
    below_zero: &'static str,
    never: &'static str,
}

const SPEND: Wording = Wording {
    negative: ProblemCode::NegativeSpend,
    below_zero: "spend is below zero; book refunds in the period they belong to",
    never: "nothing was ever spent on this channel; leave it out",
};

const EXPOSURE: Wording = Wording {
    negative: ProblemCode::NegativeExposure,
    below_zero: "exposure is below zero; correct it",
    never: "the exposure is never above zero; leave it out",
};

/// Spend or exposure of a medium; `false` where nothing more can be said of it.
fn media(
    wording: Wording,
    column: &str,
    values: &[f64],
    input: &DatasetBuilder,
    problems: &mut Vec<Problem>,
) -> bool {
    let numbers = numbers(column, values, input, problems);
    if numbers == Numbers::Misaligned {
        return false;
    }
    let below = values.iter().enumerate().filter(|(_, value)| **value < 0.0);
    let found = below.map(|(row, value)| {
        Problem::at(wording.negative, column, row, format!("{value}: {}", wording.below_zero))
    });
    push_some(found.collect(), column, problems);
    let used = values.iter().any(|value| *value != 0.0);
    if !used {
        problems.push(Problem::column(ProblemCode::AllZeroChannel, column, wording.never));
    }
    used && numbers == Numbers::Clean
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

/// Up to rounding: a spread below a trillionth of the largest value carries no information.
pub(super) fn is_constant(values: &[f64]) -> bool {
    let (low, high) = values
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(*value), high.max(*value)));
    !values.is_empty() && high - low <= 1e-12 * high.abs().max(low.abs())
}

pub(super) fn push_some(mut found: Vec<Problem>, column: &str, problems: &mut Vec<Problem>) {
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
    use super::super::{Dataset, Date, Frequency};
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

    /// Another wave, of another length.
    fn ripple(count: i64) -> Vec<f64> {
        (0..count).map(|week| 5.0 + (2.3 * week as f64).sin()).collect()
    }

    /// A line that bends.
    fn bend(count: i64) -> Vec<f64> {
        (0..count).map(|week| 5.0 + week.pow(2) as f64).collect()
    }

    /// A third one.
    fn swell(count: i64) -> Vec<f64> {
        (0..count).map(|week| 5.0 + (0.3 * week as f64).sin()).collect()
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
            .control("price", ripple(30))
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
            (sound().organic("tv", swell(30)), ProblemCode::DuplicateName),
            (sound().control("flat", vec![3.0; 30]), ProblemCode::ConstantControl),
            (sound().kpi("sales", vec![3.0; 30]), ProblemCode::UnusableKpi),
            (sound().kpi("sales", vec![-3.0; 30]), ProblemCode::UnusableKpi),
            (sound().channel(" ", swell(30)), ProblemCode::BlankName),
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
            sound().channel("radio", swell(30)),
            sound().exposed_channel("radio", swell(30), swell(30)),
            sound().organic("radio", swell(30)),
            sound().control("radio", swell(30)),
        ];
        let prints: BTreeSet<u64> =
            all.into_iter().map(|input| input.build().unwrap().fingerprint()).collect();
        assert_eq!(prints.len(), 4);
    }

    #[test]
    fn media_are_the_paid_channels_and_then_the_organic_ones() {
        let data = sound()
            .organic("mail", swell(30))
            .exposed_channel("web", bend(30), bend(30).into_iter().map(|spend| 10.0 * spend))
            .build()
            .unwrap();
        let media: Vec<(&str, f64)> = data.media().map(|medium| (medium.name, medium.pressure[0])).collect();
        assert_eq!(media, [("tv", 5.0), ("web", 50.0), ("mail", 5.0)]);
        let costs: Vec<f64> = data.channels().iter().map(crate::data::Channel::cost_per_unit).collect();
        assert_eq!(costs[0].to_bits(), 1.0_f64.to_bits());
        assert!((costs[1] - 0.1).abs() < 1e-12);
    }
}
