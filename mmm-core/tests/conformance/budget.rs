//! Utilities of PyMC-Marketing, the budget search of Meridian, the allocator of Robyn.

use mmm_core::budget::{Grid, Objective, RobynCurve, Stop, climb_grid, round_factor};
use serde_json::Value;

use crate::shared::{Table, deviation, json, say};

fn numbers(value: &Value) -> Vec<f64> {
    serde_json::from_value(value.clone()).unwrap()
}

#[test]
fn utilities_equal_pymc_marketing() {
    let Some(vectors) = json("vectors/pymc_components.json") else { return };
    let case = &vectors["utility"];
    let (samples, budgets) = (numbers(&case["samples"]), numbers(&case["budgets"]));
    let expected = case["values"].as_object().unwrap();
    let objectives = [
        ("average_response", Objective::Mean),
        // A spread: the sign is turned, so that more is better.
        ("tail_distance_.75", Objective::TailDistance { confidence: 0.75 }),
        ("mean_tightness_score_.5_.75", Objective::MeanTightness { confidence: 0.75, aversion: 0.5 }),
        ("value_at_risk_.95", Objective::ValueAtRisk { confidence: 0.95 }),
        ("conditional_value_at_risk_.95", Objective::ConditionalValueAtRisk { confidence: 0.95 }),
        ("sharpe_ratio_0", Objective::Sharpe { risk_free: 0.0 }),
        ("raroc_5", Objective::Raroc { risk_free: 5.0 }),
        (
            "adjusted_value_at_risk_score_.95_.8",
            Objective::AdjustedValueAtRisk { confidence: 0.95, aversion: 0.8 },
        ),
        ("portfolio_entropy", Objective::Entropy),
    ];
    assert_eq!(expected.len(), objectives.len());
    for (name, objective) in objectives {
        let sign = if matches!(objective, Objective::TailDistance { .. }) { -1.0 } else { 1.0 };
        let off =
            deviation([sign * objective.utility(&samples, &budgets)], [expected[name].as_f64().unwrap()]);
        assert!(off <= 1e-12, "{name}: off by {off:e}");
    }
    say(&format!("PyMC utilities: {} of {} samples", objectives.len(), samples.len()));
}

#[test]
fn the_search_on_a_grid_equals_meridian() {
    let Some(vectors) = json("vectors/meridian_calibration_and_optimizer.json") else { return };
    let case = &vectors["grid_search"];
    let (low, high) = (numbers(&case["lower"]), numbers(&case["upper"]));
    let step = case["step"].as_f64().unwrap();
    // The curves as the file describes them.
    let curves: [fn(f64) -> f64; 3] = [
        |s| 3000.0 * s / (s + 800.0),
        |s| 2500.0 * s.powf(1.3) / (s.powf(1.3) + 600_f64.powf(1.3)),
        |s| 900.0 * (s / 700.0).tanh(),
    ];
    assert_eq!(case["curves"].as_array().unwrap().len(), curves.len());
    let grids: Vec<Grid> =
        curves.iter().enumerate().map(|(at, curve)| Grid::of(low[at], high[at], step, curve)).collect();
    let expected = case["optimal_spend"].as_object().unwrap();
    let stops = [
        ("fixed_3000", Stop::Budget(3000.0)),
        ("flex_roi_1.2", Stop::Return(1.2)),
        ("flex_mroi_1.0", Stop::MarginalReturn(1.0)),
    ];
    assert_eq!(expected.len(), stops.len());
    for (name, stop) in stops {
        let off = deviation(climb_grid(&grids, stop), numbers(&expected[name]));
        assert!(off <= 1e-12, "{name}: off by {off:e}");
    }
    let factors = vectors["get_round_factor"].as_array().unwrap();
    for case in factors {
        let case = numbers(case);
        assert_eq!(f64::from(round_factor(case[0], case[1])).to_bits(), case[2].to_bits(), "{case:?}");
    }
    say(&format!("Meridian's budget search: {} searches, {} round factors", stops.len(), factors.len()));
}

#[test]
fn the_allocator_equals_robyn() {
    let Some(table) = Table::read("vectors/robyn_allocator.csv") else { return };
    let column = |name: &str| table.numbers(name);
    let (amounts, coefficients, alphas) = (column("x"), column("coeff"), column("alpha"));
    let (inflexions, carried) = (column("inflexion"), column("mean_hist_carryover"));
    let points = (0..amounts.len()).map(|row| {
        let curve = RobynCurve {
            coefficient: coefficients[row],
            alpha: alphas[row],
            inflexion: inflexions[row],
            carried: carried[row],
        };
        curve.at(amounts[row])
    });
    let (values, slopes): (Vec<f64>, Vec<f64>) = points.unzip();
    let off = deviation(values, column("objective"));
    assert!(off <= 1e-12, "objective: off by {off:e}");
    // Robyn minimises, so its gradient has the other sign; slopes are small, so they are compared relatively.
    let ratios = slopes.iter().zip(column("gradient_of_minus_objective")).map(|(slope, own)| -slope / own);
    let off = deviation(ratios, vec![1.0; slopes.len()]);
    assert!(off <= 1e-11, "gradient: off by {off:e}");
    assert_eq!(slopes.len(), 18);
    say(&format!("Robyn's allocator: {} objectives and gradients", slopes.len()));
}
