//! Columns and priors that PyMC-Marketing and Meridian compute before a model is fitted.

use mmm_core::{
    data::Date,
    design::{Covariance, hsgp_basis, hsgp_weights, yearly_fourier},
    model::{Prior, PriorFamily},
};
use serde_json::Value;

use crate::shared::{deviation, flat, json, say};

#[test]
fn smooth_curves_equal_pymc_marketing() {
    let Some(vectors) = json("vectors/pymc_components.json") else { return };
    let mut compared = 0;
    for (name, covariance) in [
        ("hsgp_expquad", Covariance::ExponentiatedQuadratic),
        ("hsgp_matern52", Covariance::Matern52),
        ("hsgp_matern32", Covariance::Matern32),
    ] {
        let case = &vectors[name];
        let number = |what: &str| case[what].as_f64().unwrap();
        let (count, half_width) = (case["m"].as_u64().unwrap() as usize, number("L"));
        let rows = case["phi"].as_array().unwrap().len();
        let places: Vec<f64> = (0..rows as u32).map(f64::from).collect();
        let basis = hsgp_basis(&places, number("X_mid"), half_width, count);
        let weights = hsgp_weights(covariance, number("eta"), number("ls"), half_width, count);
        compared += basis.len() + weights.len();
        let off = deviation(basis, flat(&case["phi"])).max(deviation(weights, flat(&case["sqrt_psd"])));
        assert!(off <= 1e-12, "{name}: {off:e}");
    }
    assert_eq!(compared, 3 * (40 * 6 + 6));
    say(&format!("PyMC smooth curves: {compared} values within 1e-12"));
}

#[test]
fn fourier_modes_equal_pymc_marketing() {
    let Some(vectors) = json("vectors/pymc_components.json") else { return };
    let case = &vectors["fourier_n3"];
    // Periods are days of the year as shares of 365.25 days.
    let days: Vec<f64> = flat(&case["periods"]).into_iter().map(|share| share * 365.25).collect();
    let dates: Vec<Date> = days
        .iter()
        .map(|day| {
            // The first of January is day one; 2024 has all 366 of them.
            let first = Date::new(2024, 1, 1).unwrap().days_since_epoch();
            Date::from_days_since_epoch(first + day.round() as i64 - 1).unwrap()
        })
        .collect();
    assert!(days.iter().all(|day| (day - day.round()).abs() < 1e-9));
    let off = deviation(yearly_fourier(&dates, 3), flat(&case["modes"]));
    assert!(off <= 1e-12, "{off:e}");
    say(&format!("PyMC Fourier modes: {} days, within {off:.1e}", days.len()));
}

#[test]
fn log_normal_priors_from_what_people_say_equal_meridian() {
    let Some(vectors) = json("vectors/meridian_lognormal_helpers.json") else { return };
    let cases = vectors.as_object().unwrap();
    for (name, figures) in cases {
        let (helper, numbers) = name.trim_end_matches(')').split_once('(').unwrap();
        let numbers: Vec<f64> = numbers.split(',').map(|number| number.parse().unwrap()).collect();
        let prior = match (helper, numbers.as_slice()) {
            ("from_mean_std", [mean, sd]) => PriorFamily::LogNormal.from_mean_sd(*mean, *sd),
            ("from_range", [low, high, mass]) => PriorFamily::LogNormal.from_range(*low, *high, *mass),
            other => panic!("no helper {other:?}"),
        };
        let Some(Prior::LogNormal { mu, sigma }) = prior else { panic!("{prior:?}") };
        let text = |figure: &Value| figure.as_str().unwrap().parse::<f64>().unwrap();
        let off = deviation([mu, sigma], figures.as_array().unwrap().iter().map(text));
        assert!(off <= 1e-12, "{name}: {off:e}");
    }
    assert_eq!(cases.len(), 2);
    say("Meridian log-normal helpers: 2 cases within 1e-12");
}
