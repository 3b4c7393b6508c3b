//! R-hat, effective sample sizes, Monte Carlo errors and quantiles of `ArviZ`.

use mmm_core::{diagnose::rank, effect::crps};
use ndarray::Array2;

use crate::shared::{Table, deviation, json, say};

#[test]
fn figures_equal_arviz() {
    let (Some(table), Some(expected)) =
        (Table::read("vectors/diagnostics_draws.csv"), json("vectors/diagnostics_expected.json"))
    else {
        return;
    };
    let chains = 1 + table.numbers("chain").into_iter().fold(0.0, f64::max) as usize;
    let mut compared = 0;
    for name in ["iid", "ar08", "shifted_chain", "cauchy"] {
        let values = table.numbers(name);
        let draws = Array2::from_shape_vec((chains, values.len() / chains), values).unwrap();
        let draws = draws.view();
        for (figure, actual) in [
            ("rhat_rank", rank::r_hat(draws)),
            ("rhat_split", rank::split_r_hat(draws)),
            ("ess_bulk", rank::ess_bulk(draws)),
            ("ess_tail", rank::ess_tail(draws)),
            ("ess_mean", rank::ess_mean(draws)),
            ("ess_quantile_05", rank::ess_quantile(draws, 0.05)),
            ("mcse_mean", rank::mcse_mean(draws)),
            ("q05", rank::quantile(draws, 0.05)),
            ("q95", rank::quantile(draws, 0.95)),
        ] {
            let worst = deviation([actual], [expected[name][figure].as_f64().unwrap()]);
            assert!(worst <= 1e-6, "{figure} of {name}: {actual}, off by {worst:e}");
            compared += 1;
        }
    }
    say(&format!("ArviZ: {compared} figures"));
}

#[test]
fn the_probability_score_equals_pymc_marketing() {
    let Some(vectors) = json("vectors/pymc_components.json") else { return };
    let case = &vectors["crps"];
    let observed: Vec<f64> = serde_json::from_value(case["y_true"].clone()).unwrap();
    let predicted: Vec<Vec<f64>> = serde_json::from_value(case["y_pred"].clone()).unwrap();
    let score = |period: usize| {
        crps(observed[period], &mut predicted.iter().map(|draw| draw[period]).collect::<Vec<f64>>())
    };
    let mean = (0..observed.len()).map(score).sum::<f64>() / observed.len() as f64;
    let off = deviation([mean], [case["crps"].as_f64().unwrap()]);
    assert!(off <= 1e-12, "{off:e}");
    say(&format!("PyMC probability score: {} periods, within {off:.1e}", observed.len()));
}
