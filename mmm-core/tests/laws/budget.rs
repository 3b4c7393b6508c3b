//! A plan keeps its promises, and is good under the truth that the simulator hid.

use std::sync::OnceLock;

use approx::assert_relative_eq;
use mmm_core::{
    budget::{Budget, BudgetError, Planner},
    diagnose::ConvergedFit,
    fit::FitSettings,
    simulate::Truth,
    transform::saturation::Saturation,
};

use crate::{market, model_of};

fn fitted(seed: u64) -> ConvergedFit {
    let model = model_of(&market(seed));
    model.fit(&FitSettings::seeded(seed)).unwrap().require_converged().unwrap()
}

/// One fit for all tests that need any.
fn fit() -> &'static ConvergedFit {
    static FIT: OnceLock<ConvergedFit> = OnceLock::new();
    FIT.get_or_init(|| fitted(1))
}

#[test]
fn the_total_is_spent_and_bounds_are_kept() {
    let fit = fit();
    let today = fit.optimize(&Budget::default()).unwrap().total_now;
    for share in [0.6, 1.0, 1.4] {
        let plan = fit.optimize(&Budget::fixed(share * today).horizon(8)).unwrap();
        let sum: f64 = plan.channels.iter().map(|channel| channel.plan).sum();
        assert_relative_eq!(sum, share * today, max_relative = 1e-12);
        for channel in &plan.channels {
            assert!((channel.low..=channel.high).contains(&channel.plan), "{channel:?}");
            assert_relative_eq!(channel.low, 0.5 * channel.now, max_relative = 1e-12);
            assert_relative_eq!(channel.high, 1.5 * channel.now, max_relative = 1e-12);
        }
        let parts: f64 = plan.channels.iter().map(|channel| channel.outcome.mean).sum();
        assert_relative_eq!(parts, plan.outcome.mean, max_relative = 1e-9);
        let gain = plan.outcome.mean - plan.outcome_now.mean;
        assert_relative_eq!(plan.gain.mean, gain, epsilon = 1e-9 * plan.outcome.mean, max_relative = 1e-6);
    }
}

#[test]
fn with_the_same_money_a_plan_expects_no_less() {
    let plan = fit().optimize(&Budget::default()).unwrap();
    assert!(plan.gain.mean >= 0.0 && (0.0..=1.0).contains(&plan.p_improvement));
    // Money goes from where the next unit brings less to where it brings more.
    let inside: Vec<f64> = plan
        .channels
        .iter()
        .filter(|channel| channel.low * 1.000_001 < channel.plan && channel.plan < channel.high * 0.999_999)
        .map(|channel| channel.marginal_roi)
        .collect();
    for pair in inside.windows(2) {
        assert_relative_eq!(pair[0], pair[1], max_relative = 1e-5);
    }
}

#[test]
fn a_locked_channel_stays_and_what_was_never_spent_is_marked() {
    let fit = fit();
    let most = fit.model().data().channels()[0].spend().iter().copied().fold(0.0, f64::max);
    let budget = Budget::fixed(4.0 * most).lock("tv", 2.0 * most);
    let budget = budget.bounds("search", 0.0, 4.0 * most).bounds("social", 0.0, 4.0 * most);
    let plan = fit.optimize(&budget).unwrap();
    assert_relative_eq!(plan.channels[0].plan, 2.0 * most, max_relative = 1e-12);
    assert!(plan.extrapolated && plan.channels[0].extrapolated);
}

#[test]
fn a_planner_that_was_stored_plans_as_the_fit_does() {
    let fit = fit();
    let text = serde_json::to_string(&fit.planner().unwrap()).unwrap();
    let planner: Planner = serde_json::from_str(&text).unwrap();
    let total = fit.optimize(&Budget::default()).unwrap().total_now;
    for budget in [Budget::default(), Budget::fixed(0.8 * total).horizon(4)] {
        assert_eq!(planner.optimize(&budget), fit.optimize(&budget));
    }
    assert_eq!(planner.optimize(&Budget::default()).ok(), fit.summary().unwrap().recommendation);
    let bytes = text.len() as f64 / (fit.model().data().channels().len() * 1000) as f64;
    assert!(bytes < 48.0, "{bytes} bytes per channel and draw");
}

#[test]
fn today_and_the_plan_lie_on_the_curve() {
    let plan = fit().optimize(&Budget::default()).unwrap();
    for channel in &plan.channels {
        let curve = channel.curve.as_ref().unwrap();
        assert_relative_eq!(curve.spend[0], 0.0);
        assert_relative_eq!(curve.outcome[0].q95, 0.0);
        assert!(curve.spend.is_sorted() && *curve.spend.last().unwrap() >= channel.plan);
        let today = curve.spend.iter().position(|spend| (spend / channel.now - 1.0).abs() < 1e-9).unwrap();
        let outcome = curve.outcome[today].scaled(plan.horizon as f64);
        assert_relative_eq!(outcome.mean, channel.outcome_now.mean, max_relative = 1e-9);
        assert_relative_eq!(outcome.q5, channel.outcome_now.q5, max_relative = 1e-9);
        let above = curve.spend.iter().position(|spend| *spend >= channel.plan).unwrap();
        let (below, above) = (curve.outcome[above.max(1) - 1].mean, curve.outcome[above].mean);
        let planned = channel.outcome.mean / plan.horizon as f64;
        assert!(below * (1.0 - 1e-9) <= planned && planned <= above * (1.0 + 1e-9), "{channel:?}");
    }
}

#[test]
fn a_budget_that_cannot_be_met_says_why() {
    let fit = fit();
    let refused = |budget: Budget| fit.optimize(&budget).unwrap_err();
    assert!(matches!(refused(Budget::fixed(0.0)), BudgetError::Total(_)));
    assert!(matches!(refused(Budget::fixed(f64::NAN)), BudgetError::Total(_)));
    assert!(matches!(refused(Budget::fixed(1.0)), BudgetError::TooLittle { .. }));
    assert!(matches!(refused(Budget::fixed(1e12)), BudgetError::TooMuch { .. }));
    let said = refused(Budget::fixed(1e12)).to_string();
    assert!(fit.model().data().channels().iter().all(|channel| said.contains(channel.name())), "{said}");
    assert_eq!(refused(Budget::default().horizon(0)), BudgetError::Horizon);
    let unknown = refused(Budget::default().lock("print", 1.0));
    assert_eq!(unknown, BudgetError::UnknownChannel { channel: "print".to_owned() });
    for (low, high) in [(2.0, 1.0), (-1.0, 1.0), (0.0, f64::INFINITY), (f64::NAN, 1.0)] {
        let error = refused(Budget::default().bounds("tv", low, high));
        assert!(matches!(error, BudgetError::Bounds { channel, .. } if channel == "tv"));
    }
}

/// What a split of constant spend really brings per week.
fn true_outcome(fit: &ConvergedFit, truth: &Truth, split: &[f64]) -> f64 {
    let one = |(index, channel): (usize, &mmm_core::simulate::ChannelTruth)| {
        let x = split[index] / fit.model().channel_scales()[index];
        channel.beta * Saturation::Logistic.response(x, &[channel.rate]).unwrap().value
    };
    truth.channels.iter().enumerate().map(one).sum()
}

/// Five markets: the plan's true outcome is at least today's, and within 2 % of what the best split
/// of the same money under the truth would bring.
#[test]
fn the_advice_is_good_under_the_hidden_truth() {
    for seed in 0..5 {
        let truth = market(seed).truth;
        let fit = fitted(seed);
        let plan = fit.optimize(&Budget::default()).unwrap();
        let amounts = |of: fn(&mmm_core::budget::ChannelMove) -> f64| {
            plan.channels.iter().map(of).collect::<Vec<f64>>()
        };
        let (now, low, high) = (amounts(|c| c.now), amounts(|c| c.low), amounts(|c| c.high));
        let mut best = f64::NEG_INFINITY;
        for first in 0..=200 {
            for second in 0..=200 {
                let at = |channel: usize, part: i32| {
                    low[channel] + (high[channel] - low[channel]) * f64::from(part) / 200.0
                };
                let (first, second) = (at(0, first), at(1, second));
                let third = plan.total - first - second;
                if (low[2]..=high[2]).contains(&third) {
                    best = best.max(true_outcome(&fit, &truth, &[first, second, third]));
                }
            }
        }
        let (advised, today) =
            (true_outcome(&fit, &truth, &amounts(|c| c.plan)), true_outcome(&fit, &truth, &now));
        assert!(advised >= today, "market {seed}: {advised} after {today}");
        assert!(advised >= 0.98 * best, "market {seed}: {advised} of {best}");
    }
}
