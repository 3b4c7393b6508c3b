//! Input that nobody should send: every one is a typed error that says where it is wrong.

use mmm_core::{
    data::{Dataset, DatasetBuilder, Date, ProblemCode},
    fit::{FitError, FitSettings},
    model::{Model, ModelSpec, SpecError},
};

use crate::{market, short};

const WEEKS: usize = 60;

fn week(at: usize) -> Date {
    Date::from_days_since_epoch(19_723 + 7 * i64::try_from(at).unwrap()).unwrap()
}

fn wave(pace: f64) -> Vec<f64> {
    (0..WEEKS).map(|at| 500.0 + 400.0 * (pace * at as f64).sin()).collect()
}

/// One column of a file with one value replaced.
fn with(mut values: Vec<f64>, at: usize, value: f64) -> Vec<f64> {
    values[at] = value;
    values
}

fn file() -> DatasetBuilder {
    Dataset::builder()
        .dates((0..WEEKS).map(week))
        .kpi("sales", wave(0.7))
        .channel("tv", wave(1.9))
        .control("price", wave(2.6))
}

fn dates(change: impl Fn(usize, Date) -> String) -> DatasetBuilder {
    file().dates((0..WEEKS).map(|at| change(at, week(at))))
}

/// What is said first of an input that must be refused.
fn refusal(input: DatasetBuilder) -> (ProblemCode, Option<String>, Option<usize>) {
    let error = input.build().unwrap_err();
    assert!(error.to_string().len() > 20, "{error}");
    let first = &error.problems()[0];
    (first.code, first.column.clone(), first.row)
}

/// AC61: negative spend, duplicate dates, gaps, all zero, one row, NaN, infinity, 1e308, future dates.
#[test]
fn ac61_every_malformed_data_set_is_refused_with_its_column_and_row() {
    let at = |code, column: &str, row| (code, Some(column.to_owned()), Some(row));
    let of = |code, column: &str| (code, Some(column.to_owned()), None);
    for (input, expected) in [
        (file().channel("radio", with(wave(0.4), 6, -1.0)), at(ProblemCode::NegativeSpend, "radio", 7)),
        (
            dates(|at, date| if at == 9 { week(8).to_string() } else { date.to_string() }),
            at(ProblemCode::DuplicateDate, "date", 10),
        ),
        (
            dates(|at, _| week(if at >= 30 { at + 1 } else { at }).to_string()),
            at(ProblemCode::DateGap, "date", 31),
        ),
        (file().channel("radio", vec![0.0; WEEKS]), of(ProblemCode::AllZeroChannel, "radio")),
        (file().kpi("sales", vec![0.0; WEEKS]), of(ProblemCode::UnusableKpi, "sales")),
        (file().kpi("sales", with(wave(0.7), 3, f64::NAN)), at(ProblemCode::NotFinite, "sales", 4)),
        (file().channel("radio", with(wave(0.4), 0, f64::INFINITY)), at(ProblemCode::NotFinite, "radio", 1)),
        (file().kpi("sales", with(wave(0.7), 59, 1e308)), at(ProblemCode::TooLarge, "sales", 60)),
        (file().control("index", with(wave(0.2), 5, -1e308)), at(ProblemCode::TooLarge, "index", 6)),
        (file().today(week(57)), at(ProblemCode::FutureDate, "date", 59)),
        (file().channel("radio", [1.0]), of(ProblemCode::LengthMismatch, "radio")),
        (file().control("copy", wave(1.9)), of(ProblemCode::Collinear, "tv")),
        (file().event("fair", [week(400)]), of(ProblemCode::UnseenEvent, "fair")),
    ] {
        assert_eq!(refusal(input), expected);
    }
    let one = Dataset::builder().dates([week(0)]).kpi("sales", [1.0]).channel("tv", [1.0]);
    assert_eq!(refusal(one).0, ProblemCode::TooShort);
}

/// AC61: the largest and the smallest numbers that are accepted end as finite figures or a typed error.
#[test]
fn ac61_extreme_but_accepted_numbers_give_finite_figures_or_a_typed_error() {
    for (kpi, spend) in [(1e15, 1e-9), (1e-9, 1e15), (1e15, 1e15), (1e-300, 1e-300)] {
        let data = market(1).data;
        let scaled = |values: &[f64], size: f64| {
            let largest = values.iter().copied().fold(0.0, f64::max);
            values.iter().map(|value| value / largest * size).collect::<Vec<f64>>()
        };
        let builder = Dataset::builder().dates(data.dates()).kpi("sales", scaled(data.kpi(), kpi));
        let data = data.channels().iter().fold(builder, |builder, channel| {
            builder.channel(channel.name(), scaled(channel.spend(), spend))
        });
        let model = Model::new(ModelSpec::default(), data.build().unwrap()).unwrap();
        match model.fit(&short(1)) {
            Ok(fit) => {
                assert!(fit.parameters().iter().all(|value| value.is_finite()));
                // A summary is finite or refused.
                if let Ok(summary) = fit.summary() {
                    assert!(summary.channels.iter().all(|channel| channel.roi.mean.is_finite()));
                }
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}

/// AC62: a billion iterations and ten thousand channels are refused before anything is laid out.
#[test]
fn ac62_excess_is_refused_before_it_claims_time_or_memory() {
    let model = Model::new(ModelSpec::default(), market(1).data).unwrap();
    for settings in [
        FitSettings { draws: 1_000_000_000, ..FitSettings::default() },
        FitSettings { tune: 1_000_000_000, ..FitSettings::default() },
        FitSettings { chains: 1_000_000_000, ..FitSettings::default() },
    ] {
        assert!(matches!(model.fit(&settings), Err(FitError::Settings(_))), "{settings:?}");
    }
    let many = (0..10_000).fold(file(), |file, at| {
        file.channel(
            format!("channel {at}"),
            with(wave(0.1 + 0.001 * f64::from(at)), at as usize % WEEKS, 0.0),
        )
    });
    let start = std::time::Instant::now();
    let refused = Model::new(ModelSpec::default(), many.build().unwrap()).map(|_| ()).unwrap_err();
    assert!(matches!(refused, SpecError::TooManyParameters { .. }), "{refused}");
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}
