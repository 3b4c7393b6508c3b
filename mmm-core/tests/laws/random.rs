//! Laws over random input.

use approx::relative_eq;
use mmm_core::{
    data::{Dataset, Date},
    diagnose::rank,
    model::{Model, ModelSpec},
    transform::{
        adstock::Adstock,
        carryover::{Carryover, Direction},
    },
};
use ndarray::{Array1, Array2};
use proptest::{collection::vec, prelude::*};

use crate::market;

fn any_direction() -> impl Strategy<Value = Direction> {
    prop_oneof![Just(Direction::After), Just(Direction::Before), Just(Direction::Overlap)]
}

/// Numbers as files hold them: ordinary, extreme and broken ones.
fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![4 => -1e6..1e6, 1 => any::<f64>(), 1 => Just(0.0), 1 => Just(f64::NAN)]
}

/// Texts as a date column may hold them.
fn any_date() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => (0..40_i64).prop_filter_map("a date", |week| Date::from_days_since_epoch(19_723 + 7 * week).map(String::from)),
        1 => ".{0,12}",
        1 => "[0-9]{4}-[0-9]{2}-[0-9]{2}",
    ]
}

/// Cells as files hold them: numbers, dates, nothing and nonsense.
#[cfg(feature = "csv")]
fn any_cell() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => (-1e6..1e6).prop_map(|value: f64| value.to_string()),
        2 => any_date(),
        1 => Just(String::new()),
        1 => prop::sample::select(vec!["NaN", "inf", "-inf", "1e308", "-1", "1,5", "\"", "\"a,b\"", "=1+1"])
            .prop_map(str::to_owned),
        1 => ".{0,8}",
    ]
}

#[cfg(feature = "csv")]
fn sound_file() -> String {
    let row = |week: i64| {
        let date = Date::from_days_since_epoch(19_723 + 7 * week).unwrap();
        let wave = |pace: f64| 50.0 + 40.0 * (pace * week as f64).sin();
        format!("{date},{:.2},{:.2},{:.3}\n", wave(1.3), wave(0.4), wave(3.7))
    };
    "week,sales,tv,price\n".to_owned() + &(0..40).map(row).collect::<String>()
}

/// Whether a file is a data set of finite numbers, or refused with a reason.
#[cfg(feature = "csv")]
fn reads_or_refuses(columns: &mmm_core::data::csv::Columns, bytes: &[u8]) -> bool {
    match columns.read(bytes) {
        Ok(data) => {
            let media = data.media().flat_map(|medium| medium.pressure.to_vec());
            let controls = data.controls().iter().flat_map(|control| control.values().to_vec());
            let all = data.kpi().iter().copied().chain(media).chain(controls);
            let explored = data.explore();
            let figures = explored.columns.iter().flat_map(|of| [of.total, of.mean, of.sd, of.with_kpi]);
            all.chain(figures).all(f64::is_finite)
        }
        Err(error) => error.problems().iter().all(|problem| !problem.message.is_empty()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn adstock_is_linear(
        one in vec(-1e3..1e3, 30),
        other in vec(-1e3..1e3, 30),
        factor in -5.0..5.0,
        retention in 0.0..1.0,
        max_lag in 1_usize..40,
        direction in any_direction(),
    ) {
        let adstock = Carryover::new(Adstock::Geometric, max_lag).toward(direction);
        let carried = |pressure: &Array1<f64>| adstock.apply(pressure.view(), &[retention]).unwrap();
        let (one, other) = (Array1::from(one), Array1::from(other));
        let together = carried(&(&one + &other * factor));
        let apart = carried(&one) + carried(&other) * factor;
        for (together, apart) in together.iter().zip(&apart) {
            prop_assert!(relative_eq!(together, apart, epsilon = 1e-9, max_relative = 1e-9));
        }
    }

    #[test]
    fn carry_over_never_reaches_back(at in 0_usize..30, retention in 0.0..1.0, max_lag in 1_usize..12) {
        let burst = Array1::from_shape_fn(30, |period| if period == at { 1.0 } else { 0.0 });
        let carried = Carryover::new(Adstock::Geometric, max_lag).apply(burst.view(), &[retention]).unwrap();
        let reached = |(period, value): (usize, &f64)| (*value != 0.0).then_some(period);
        prop_assert!(carried.iter().enumerate().filter_map(reached).all(|period| (at..at + max_lag).contains(&period)));
    }

    #[test]
    fn any_file_is_a_data_set_or_a_list_of_problems(
        dates in vec(any_date(), 0..40),
        kpi in vec(any_number(), 0..40),
        spend in vec(any_number(), 0..40),
        control in vec(any_number(), 0..40),
        worth in proptest::option::of(any_number()),
    ) {
        let builder = Dataset::builder().dates(dates).kpi("kpi", kpi).channel("tv", spend).control("price", control);
        let builder = if let Some(worth) = worth { builder.kpi_value(worth) } else { builder };
        match builder.build() {
            Ok(data) => prop_assert!(data.periods() >= mmm_core::data::MIN_PERIODS),
            Err(error) => prop_assert!(!error.problems().is_empty()),
        }
    }

    /// AC61: whatever stands in a file, reading it ends in a data set without NaN or in a list of problems.
    #[test]
    #[cfg(feature = "csv")]
    fn ac61_any_bytes_are_a_data_set_or_a_list_of_problems(
        rows in vec(vec(any_cell(), 0..6), 0..45),
        noise in vec(any::<u8>(), 0..40),
        header in prop_oneof![9 => Just("week,sales,tv,price\n"), 1 => Just("week,sales\n"), 1 => Just("")],
        at in any::<prop::sample::Index>(),
    ) {
        let mut bytes = header.as_bytes().to_vec();
        for row in rows {
            bytes.extend(row.join(",").into_bytes());
            bytes.push(b'\n');
        }
        let at = at.index(bytes.len().max(1)).min(bytes.len());
        bytes.splice(at..at, noise);
        let columns = mmm_core::data::csv::Columns::new("week", "sales").channel("tv").control("price");
        prop_assert!(reads_or_refuses(&columns, &bytes));
        // Sound files with one broken place are the harder half.
        let mut sound = sound_file().into_bytes();
        let at = at % sound.len();
        sound[at] = bytes.first().copied().unwrap_or(b'x');
        prop_assert!(reads_or_refuses(&columns, &sound));
    }

    #[test]
    fn a_density_is_a_number_or_says_that_it_is_none(scale in 0.0..200.0, shape in vec(-1.0..1.0, 18)) {
        let model = Model::new(ModelSpec::default(), market(1).data).unwrap();
        let size = model.layout().len();
        let point: Vec<f64> = shape.iter().cycle().take(size).map(|value| value * scale).collect();
        let mut gradient = vec![0.0; size];
        let value = model.posterior().log_density(&point, &mut gradient);
        prop_assert!(value < f64::INFINITY || value.is_nan());
    }

    #[test]
    fn effective_sizes_are_positive_and_bounded(draws in vec(-1e3..1e3, 80)) {
        let draws = Array2::from_shape_vec((4, 20), draws).unwrap();
        // No sequence can count for more than its length times the logarithm of it.
        let most = 80.0 * 80.0_f64.log10() + 1e-9;
        for size in [rank::ess_bulk(draws.view()), rank::ess_tail(draws.view()), rank::ess_mean(draws.view())] {
            prop_assert!(size > 0.0 && size <= most, "{size}");
        }
    }
}
