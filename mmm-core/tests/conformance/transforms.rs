//! Every adstock series and every saturation point of the peers.

use mmm_core::{
    design::{cyclic_fourier, even_knots, knot_weights},
    transform::{
        adstock::{Adstock, robyn_scale},
        carryover::{Carryover, Direction},
        recursive::recursive_adstock,
        saturation::{Saturation, inverse_michaelis_menten, robyn_inflexion},
    },
};
use ndarray::Array1;
use serde_json::Value;

use crate::shared::{Table, deviation, json, say};

const TOLERANCE: f64 = 1e-12;

/// Rows that belong together: one kind, one set of parameters, in order.
fn groups(table: &Table) -> Vec<(String, String, Vec<usize>)> {
    let mut groups: Vec<(String, String, Vec<usize>)> = Vec::new();
    for (row, (kind, params)) in table.texts("kind").into_iter().zip(table.texts("params")).enumerate() {
        match groups.iter_mut().find(|group| group.0 == kind && group.1 == params) {
            Some(group) => group.2.push(row),
            None => groups.push((kind, params, vec![row])),
        }
    }
    groups
}

fn number(params: &Value, name: &str) -> f64 {
    params[name].as_f64().unwrap_or_else(|| panic!("no {name} in {params}"))
}

fn count(params: &Value, name: &str) -> usize {
    usize::try_from(params[name].as_u64().unwrap()).unwrap()
}

#[test]
fn adstock_equals_pymc_marketing() {
    let (Some(cases), Some(series)) =
        (Table::read("vectors/pymc_adstock_cases.csv"), Table::read("vectors/pymc_adstock_series.csv"))
    else {
        return;
    };
    let (case_ids, xs, ys) = (series.texts("case_id"), series.numbers("x"), series.numbers("y"));
    let [id, kind, params] = ["case_id", "kind", "params"].map(|column| cases.place(column));
    let (mut values, mut worst) = (0, 0.0_f64);
    for case in &cases.rows {
        let params: Value = serde_json::from_str(&case[params]).unwrap();
        let (adstock, names): (_, &[&str]) = match &case[kind] {
            "geometric" => (Adstock::Geometric, &["alpha"]),
            "binomial" => (Adstock::Binomial, &["alpha"]),
            "delayed" => (Adstock::Delayed, &["alpha", "theta"]),
            "weibull_pdf" => (Adstock::WeibullPdf, &["lam", "k"]),
            "weibull_cdf" => (Adstock::WeibullCdf, &["lam", "k"]),
            other => panic!("unknown kind {other}"),
        };
        let parameters: Vec<f64> = names.iter().map(|name| number(&params, name)).collect();
        let direction = match params["mode"].as_str().unwrap() {
            "After" => Direction::After,
            "Before" => Direction::Before,
            "Overlap" => Direction::Overlap,
            other => panic!("unknown mode {other}"),
        };
        let mut carryover = Carryover::new(adstock, count(&params, "l_max")).toward(direction);
        if !params["normalize"].as_bool().unwrap() {
            carryover = carryover.unnormalized();
        }
        let rows: Vec<usize> = (0..xs.len()).filter(|row| case_ids[*row] == case[id]).collect();
        let pressure: Array1<f64> = rows.iter().map(|row| xs[*row]).collect();
        let carried = carryover.apply(pressure.view(), &parameters).unwrap();
        let off = deviation(carried, rows.iter().map(|row| ys[*row]));
        assert!(off <= TOLERANCE, "case {} ({}, {params}): {off:e}", &case[id], &case[kind]);
        worst = worst.max(off);
        values += rows.len();
    }
    assert_eq!((cases.rows.len(), values), (480, series.rows.len()));
    say(&format!("PyMC adstock: {} cases, {values} values, within {worst:.1e}", cases.rows.len()));
}

#[test]
fn saturation_equals_pymc_marketing() {
    let Some(table) = Table::read("vectors/pymc_saturation.csv") else { return };
    let (xs, ys, slopes) = (table.numbers("x"), table.numbers("y"), table.texts("dy_dx"));
    let (mut values, mut infinite, mut worst) = (0, 0, 0.0_f64);
    for (kind, params, rows) in groups(&table) {
        let params: Value = serde_json::from_str(&params).unwrap();
        let of = |name| number(&params, name);
        // The curve, and the height that multiplies it.
        let (curve, parameters, height) = match kind.as_str() {
            "logistic" => (Saturation::Logistic, vec![of("lam")], 1.0),
            "inverse_scaled_logistic" => (Saturation::InverseScaledLogistic, vec![of("lam")], 1.0),
            "tanh" => (Saturation::Tanh, vec![of("b") * of("c")], of("b")),
            "tanh_baselined" => (Saturation::TanhBaselined, vec![of("x0"), of("r")], of("gain")),
            "michaelis_menten" => (Saturation::MichaelisMenten, vec![of("lam")], of("alpha")),
            "hill" => (Saturation::Hill, vec![of("slope"), of("kappa")], 1.0),
            "hill_sigmoid" => (Saturation::HillSigmoid, vec![of("lam"), of("beta")], of("sigma")),
            "root" => (Saturation::Root, vec![of("alpha")], 1.0),
            other => panic!("unknown kind {other}"),
        };
        for row in rows {
            let response = curve.response(xs[row], &parameters).unwrap();
            let mut off = deviation([height * response.value], [ys[row]]);
            let slope: f64 = slopes[row].parse().unwrap();
            if slope.is_finite() {
                off = off.max(deviation([height * response.by_pressure], [slope]));
            } else {
                infinite += 1;
            }
            assert!(off <= TOLERANCE, "{kind} {params} at {}: {off:e}", xs[row]);
            worst = worst.max(off);
            values += 1;
        }
    }
    assert_eq!(values, table.rows.len());
    say(&format!(
        "PyMC saturation: {values} points, value and slope ({infinite} infinite slopes left out), within {worst:.1e}"
    ));
}

#[test]
fn transforms_equal_meridian() {
    let Some(table) = Table::read("vectors/meridian_transforms.csv") else { return };
    let (xs, ys) = (table.numbers("x"), table.texts("y"));
    let (mut values, mut worst) = (0, 0.0_f64);
    for (kind, params, rows) in groups(&table) {
        let params: Value = serde_json::from_str(&params).unwrap();
        let pressure: Array1<f64> = rows.iter().map(|row| xs[*row]).collect();
        let lags = || (count(&params, "max_lag") + 1).min(rows.len());
        let carry = |adstock| {
            Carryover::new(adstock, lags()).apply(pressure.view(), &[number(&params, "alpha")]).unwrap()
        };
        let result = match kind.as_str() {
            "geometric" => carry(Adstock::Geometric),
            "binomial" => carry(Adstock::BinomialClosed),
            "hill" => {
                let parameters = [number(&params, "slope"), number(&params, "ec")];
                pressure.mapv(|x| Saturation::Hill.response(x, &parameters).unwrap().value)
            }
            other => panic!("unknown kind {other}"),
        };
        for (value, row) in result.iter().zip(&rows) {
            // A blank was not given out by Meridian: its memory reaches further than its output.
            if !ys[*row].is_empty() {
                let off = deviation([*value], [ys[*row].parse().unwrap()]);
                assert!(off <= TOLERANCE, "{kind} {params}: {off:e}");
                worst = worst.max(off);
            }
            values += 1;
        }
    }
    assert_eq!(values, table.rows.len());
    say(&format!("Meridian transforms: {values} rows, within {worst:.1e}"));
}

#[test]
fn transforms_equal_robyn() {
    let Some(table) = Table::read("vectors/robyn_transforms.csv") else { return };
    let (xs, ys) = (table.numbers("x"), table.numbers("y"));
    let (immediate, weight) = (table.texts("immediate"), table.texts("weight"));
    let (mut values, mut worst) = (0, 0.0_f64);
    for (kind, params, rows) in groups(&table) {
        let of = |name: &str| -> f64 {
            let pair = params.split(';').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
            pair.unwrap_or_else(|| panic!("no {name} in {params}")).parse().unwrap()
        };
        let pressure: Array1<f64> = rows.iter().map(|row| xs[*row]).collect();
        let periods = rows.len();
        let weibull = |adstock| {
            let parameters = [robyn_scale(periods, of("scale")), of("shape")];
            let carryover = Carryover::new(adstock, periods).unnormalized();
            let weights = carryover.weights(&parameters).unwrap();
            (carryover.apply(pressure.view(), &parameters).unwrap(), Some(weights))
        };
        let (result, weights) = match kind.as_str() {
            "adstock_geometric" => {
                let theta = of("theta");
                let weights = Array1::from_shape_fn(periods, |lag| f64::powf(theta, lag as f64 + 1.0));
                (recursive_adstock(pressure.view(), theta, false).unwrap(), Some(weights))
            }
            "adstock_weibull_cdf" => weibull(Adstock::WeibullCdf),
            "adstock_weibull_pdf" => weibull(Adstock::WeibullPdf),
            "saturation_hill" | "saturation_hill_marginal" => {
                // The inflexion comes from the whole pressure, also where only half of it is judged.
                let parameters = [of("alpha"), robyn_inflexion(pressure.as_slice().unwrap(), of("gamma"))];
                assert!(deviation([parameters[1]], [of("inflexion")]) <= TOLERANCE);
                let share = if kind.ends_with("marginal") { 0.5 } else { 1.0 };
                let hill = |x: f64| Saturation::Hill.response(share * x, &parameters).unwrap().value;
                (pressure.mapv(hill), None)
            }
            "mic_men" => {
                let curve = |x| Saturation::MichaelisMenten.response(x, &[of("Km")]).unwrap().value;
                (pressure.mapv(|x| of("Vmax") * curve(x)), None)
            }
            "mic_men_reverse" => (pressure.mapv(|y| inverse_michaelis_menten(y, of("Vmax"), of("Km"))), None),
            other => panic!("unknown kind {other}"),
        };
        for (period, row) in rows.iter().enumerate() {
            let mut off = deviation([result[period]], [ys[*row]]);
            if let (Some(weights), false) = (&weights, weight[*row].is_empty()) {
                off = off.max(deviation([weights[period]], [weight[*row].parse().unwrap()]));
                if !immediate[*row].is_empty() {
                    let now = if kind == "adstock_weibull_pdf" { weights[0] } else { 1.0 };
                    off = off.max(deviation([now * xs[*row]], [immediate[*row].parse().unwrap()]));
                }
            }
            assert!(off <= TOLERANCE, "{kind} {params} at {period}: {off:e}");
            worst = worst.max(off);
            values += 1;
        }
    }
    assert_eq!(values, table.rows.len());
    say(&format!("Robyn transforms: {values} rows, within {worst:.1e}"));
}

#[test]
fn transforms_equal_lightweight_mmm() {
    let Some(table) = Table::read("vectors/lightweight_mmm_transforms.csv") else { return };
    let (xs, ys, channels) = (table.numbers("x"), table.numbers("y"), table.texts("channel"));
    let (mut values, mut worst) = (0, 0.0_f64);
    for (kind, params, rows) in groups(&table) {
        let params: Value = serde_json::from_str(&params).unwrap();
        let mut names: Vec<&String> = rows.iter().map(|row| &channels[*row]).collect();
        names.sort();
        names.dedup();
        for name in names {
            let rows: Vec<usize> = rows.iter().copied().filter(|row| channels[*row] == *name).collect();
            let pressure: Array1<f64> = rows.iter().map(|row| xs[*row]).collect();
            let curve = |curve: Saturation, parameters: &[f64]| {
                pressure.mapv(|x| curve.response(x, parameters).unwrap().value)
            };
            let of = |name| number(&params, name);
            let result = match kind.as_str() {
                "adstock" => {
                    let normalise = params["normalise"].as_bool().unwrap();
                    recursive_adstock(pressure.view(), of("lag_weight"), normalise).unwrap()
                }
                "carryover" => {
                    let carryover = Carryover::new(Adstock::Delayed, count(&params, "number_lags"));
                    let parameters = [of("ad_effect_retention_rate"), of("peak_effect_delay")];
                    carryover.apply(pressure.view(), &parameters).unwrap()
                }
                "hill" => curve(Saturation::Hill, &[of("slope"), of("half_max_effective_concentration")]),
                "exponent" => curve(Saturation::Root, &[of("exponent")]),
                other => panic!("unknown kind {other}"),
            };
            let off = deviation(result, rows.iter().map(|row| ys[*row]));
            assert!(off <= TOLERANCE, "{kind} {params}: {off:e}");
            worst = worst.max(off);
            values += rows.len();
        }
    }
    assert_eq!(values, table.rows.len());
    say(&format!("LightweightMMM transforms: {values} rows, within {worst:.1e}"));
}

#[test]
fn seasonality_equals_lightweight_mmm() {
    let Some(table) = Table::read("vectors/lightweight_mmm_seasonality.csv") else { return };
    // The header names sine and cosine weights of each of the two modes.
    let expected = table.numbers("seasonality__gamma=[[0.3,-0.2],[0.1,0.5]]_degrees=2_frequency=52");
    let season = cyclic_fourier(expected.len(), 52.0, 2).dot(&Array1::from(vec![0.3, 0.1, -0.2, 0.5]));
    let off = deviation(season, expected.iter().copied());
    assert!(off <= TOLERANCE, "{off:e}");
    say(&format!("LightweightMMM seasonality: {} rows, within {off:.1e}", expected.len()));
}

#[test]
fn knots_equal_meridian() {
    let Some(vectors) = json("vectors/meridian_knots.json") else { return };
    let cases = vectors.as_object().unwrap();
    for (name, case) in cases {
        let locations: Vec<usize> = serde_json::from_value(case["locations"].clone()).unwrap();
        let expected: Vec<Vec<f64>> = serde_json::from_value(case["weights"].clone()).unwrap();
        let periods = expected[0].len();
        if let Some((_, count)) = name.split_once("knots=").filter(|(_, count)| !count.starts_with('[')) {
            assert_eq!(even_knots(periods, count.parse().unwrap()), locations);
        }
        let off = deviation(knot_weights(periods, &locations), expected.into_iter().flatten());
        assert!(off <= TOLERANCE, "{name}: {off:e}");
    }
    say(&format!("Meridian knots: {} cases", cases.len()));
}
