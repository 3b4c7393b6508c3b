//! Meridian's way from experiments to a prior of the return.

use mmm_core::{
    calibrate::{Experiment, Setting, roi_prior},
    data::Date,
    model::Prior,
    transform::adstock::Adstock,
};
use serde_json::Value;

use crate::shared::{deviation, json, say};

const FILE: &str = "vectors/meridian_calibration_and_optimizer.json";

fn date(text: &str) -> Date {
    text.parse().unwrap()
}

fn rows(vectors: &Value, name: &str) -> Vec<Value> {
    vectors[name].as_array().unwrap().clone()
}

/// A setting in which an experiment of two years up to the last day needs no adjustment.
fn setting() -> Setting {
    Setting {
        channel_spend: 1e6,
        days: 730,
        period_days: 7,
        last: date("2024-12-30"),
        adstock: Adstock::Geometric,
        alpha: 0.5,
        max_lag: 8,
    }
}

fn experiment(start: &str, end: &str) -> Experiment {
    Experiment { estimate: 1.0, standard_error: 0.1, spend: 1000.0, start: date(start), end: date(end) }
}

#[test]
fn every_adjustment_equals_meridian() {
    let Some(vectors) = json(FILE) else { return };
    let mut compared = 0;
    let mut check = |actual: f64, expected: f64, what: &dyn std::fmt::Debug| {
        let off = deviation([actual], [expected]);
        assert!(off <= 1e-12, "{what:?}: off by {off:e}");
        compared += 1;
    };
    let spends = rows(&vectors, "spend_adjustment");
    for row in &spends {
        let row: [f64; 3] = serde_json::from_value(row.clone()).unwrap();
        // Ten days each, so that the rates are those of the file.
        let own = Experiment { spend: row[1] * 10.0, ..experiment("2024-12-01", "2024-12-11") };
        let setting = Setting { channel_spend: row[0] * 1000.0, days: 1000, ..setting() };
        check(own.adjusted(&setting).unwrap().spend, row[2], &row);
    }
    let ages = rows(&vectors, "recency_adjustment(last_modeled_date=2024-12-30)");
    for row in &ages {
        let end = row[0].as_str().unwrap();
        let adjusted = experiment("2020-01-01", end).adjusted(&setting()).unwrap();
        check(adjusted.recency, row[1].as_f64().unwrap(), row);
    }
    let lengths = rows(&vectors, "duration_adjustment");
    for row in &lengths {
        let number = |place: usize| row[place].as_f64().unwrap();
        let adstock = match row[2].as_str().unwrap() {
            "geometric" => Adstock::Geometric,
            "binomial" => Adstock::BinomialClosed,
            other => panic!("{other}"),
        };
        // Tenths of a period are ten days long, so that every length is a whole number of days.
        let days = (number(0) * 10.0).round() as i64;
        let start = date("2024-01-01");
        let end = Date::from_days_since_epoch(start.days_since_epoch() + days).unwrap();
        let own = Experiment { start, end, ..experiment("2024-01-01", "2024-01-02") };
        let setting =
            Setting { adstock, max_lag: number(1) as usize, alpha: number(3), period_days: 10, ..setting() };
        let adjusted = own.adjusted(&setting).unwrap();
        check(adjusted.scaling, number(4), row);
        check(adjusted.duration, number(5), row);
    }
    assert_eq!((spends.len(), ages.len(), lengths.len(), compared), (3, 4, 24, 55));
    say(&format!("Meridian's adjustments: {} rows, {compared} figures", 3 + 4 + 24));
}

#[test]
fn pooled_priors_equal_meridian() {
    let Some(vectors) = json(FILE) else { return };
    let name = "calibrated_prior(total_spend=1e6,max_lag=8,interval_days=7,model_duration_days=730,alpha=.5)";
    let cases = rows(&vectors, name);
    for case in &cases {
        let text = |value: &Value, place: usize| value[place].as_str().unwrap().to_owned();
        let number = |value: &Value, place: usize| text(value, place).parse::<f64>().unwrap();
        let experiments: Vec<Experiment> = rows(case, "experiments")
            .iter()
            .map(|row| Experiment {
                estimate: number(row, 0),
                standard_error: number(row, 1),
                spend: number(row, 2),
                start: date(&text(row, 3)),
                end: date(&text(row, 4)),
            })
            .collect();
        let baseline = match case["baseline"].as_str() {
            None => None,
            Some("LogNormal(0.2,0.9)") => Some(Prior::LogNormal { mu: 0.2, sigma: 0.9 }),
            Some(other) => panic!("{other}"),
        };
        let pooled = roi_prior(&experiments, baseline, &setting()).unwrap();
        for (adjusted, expected) in pooled.experiments.iter().zip(rows(case, "adjusted")) {
            let expected: Vec<f64> = serde_json::from_value(expected).unwrap();
            let own = [
                adjusted.mean,
                adjusted.sd,
                adjusted.spend,
                adjusted.recency,
                adjusted.duration,
                adjusted.scaling,
            ];
            let off = deviation(own, expected);
            assert!(off <= 1e-12, "off by {off:e}");
        }
        // Meridian picks the ends of its grid in single precision, a point earlier or later.
        let mean = case["grid_mean"].as_f64().unwrap();
        let sd = case["grid_sd"].as_f64().unwrap();
        let off = deviation([pooled.mean / mean, pooled.sd / sd], [1.0, 1.0]);
        assert!(off <= 1e-3, "mean and deviation: off by {off:e}");
        let Prior::Gamma { shape, rate } = pooled.prior else { panic!("{:?}", pooled.prior) };
        assert_eq!(case["fitted"], "Gamma");
        let fitted = &case["params"];
        let of = |name: &str| fitted[name].as_f64().unwrap();
        let off = deviation([shape / of("concentration"), rate / of("rate")], [1.0, 1.0]);
        assert!(off <= 3e-3, "{:?} for {fitted}: off by {off:e}", pooled.prior);
    }
    assert_eq!(cases.len(), 4);
    say(&format!("Meridian's calibrated priors: {} cases", cases.len()));
}
