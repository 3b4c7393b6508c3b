//! Flexible budgets, conditions, prices, objectives and dates keep their promises.

use std::sync::OnceLock;

use approx::assert_relative_eq;
use mmm_core::{
    budget::{Budget, BudgetError, Flighting, Objective, Recommendation},
    data::Dataset,
    diagnose::ConvergedFit,
    fit::FitSettings,
    model::{ChannelSpec, Model, ModelSpec},
};

use crate::{market, model_of};

/// One fit for all tests; its media have exposures, so that units have a price.
fn fit() -> &'static ConvergedFit {
    static FIT: OnceLock<ConvergedFit> = OnceLock::new();
    FIT.get_or_init(|| {
        let data = market(1).data;
        let builder =
            Dataset::builder().dates(data.dates()).kpi("y", data.kpi().iter().copied()).kpi_value(2.0);
        let builder = data.channels().iter().fold(builder, |builder, channel| {
            let exposure = channel.spend().iter().map(|spend| spend * 10.0);
            builder.exposed_channel(channel.name(), channel.spend().iter().copied(), exposure)
        });
        let builder = data.controls().iter().fold(builder, |builder, control| {
            builder.control(control.name(), control.values().iter().copied())
        });
        let spec = ModelSpec { trend: true, ..ModelSpec::default() };
        let fit = Model::new(spec, builder.build().unwrap()).unwrap().fit(&FitSettings::seeded(1)).unwrap();
        fit.require_converged().unwrap()
    })
}

/// Today's total between wide bounds.
fn wide() -> Budget {
    wide_with(Budget::default())
}

fn wide_with(budget: Budget) -> Budget {
    let now = fit().optimize(&Budget::default()).unwrap();
    now.channels
        .iter()
        .fold(budget, |budget, channel| budget.bounds(&channel.name, 0.2 * channel.now, 3.0 * channel.now))
}

fn amounts(plan: &Recommendation) -> Vec<f64> {
    plan.channels.iter().map(|channel| channel.plan).collect()
}

/// Worth per unit of money.
fn returned(plan: &Recommendation) -> f64 {
    2.0 * plan.outcome.mean / (plan.horizon as f64 * plan.total)
}

#[test]
fn a_target_return_is_met_and_no_more_could_be_spent() {
    let most = returned(&fit().optimize(&wide_with(Budget::return_at_least(1e-6))).unwrap());
    let least = returned(
        &fit()
            .optimize(&wide_with(Budget::fixed(0.35 * fit().optimize(&Budget::default()).unwrap().total_now)))
            .unwrap(),
    );
    let target = 0.5 * (most + least);
    let plan = fit().optimize(&wide_with(Budget::return_at_least(target))).unwrap();
    assert_relative_eq!(returned(&plan), target, max_relative = 1e-3);
    assert!(returned(&plan) >= target);
    let more = fit().optimize(&wide_with(Budget::fixed(1.01 * plan.total))).unwrap();
    assert!(returned(&more) < target);
    let refused = fit().optimize(&wide_with(Budget::return_at_least(1e6))).unwrap_err();
    assert!(matches!(refused, BudgetError::OutOfReach { .. }), "{refused}");
}

#[test]
fn a_marginal_target_is_met_in_every_channel_that_is_free() {
    let now = fit().optimize(&Budget::default()).unwrap();
    let target = now.channels.iter().map(|channel| channel.marginal_roi_now).sum::<f64>() / 3.0;
    let plan = fit().optimize(&wide_with(Budget::marginal_return(target))).unwrap();
    let mut free = 0;
    for channel in &plan.channels {
        if channel.plan < 0.999 * channel.high && channel.plan > 1.001 * channel.low {
            assert_relative_eq!(channel.marginal_roi, target, max_relative = 1e-4);
            free += 1;
        } else if channel.plan >= 0.999 * channel.high {
            assert!(channel.marginal_roi > target * 0.999);
        } else {
            assert!(channel.marginal_roi < target * 1.001);
        }
    }
    assert!(free > 0, "{plan:?}");
}

#[test]
fn groups_and_ratios_hold_and_cost_what_they_cost() {
    let free = fit().optimize(&wide()).unwrap();
    let pair = free.channels[1].plan + free.channels[2].plan;
    let grouped = fit().optimize(&wide().group(["search", "social"], 0.0, 0.8 * pair)).unwrap();
    assert!(grouped.channels[1].plan + grouped.channels[2].plan <= 0.8 * pair * (1.0 + 1e-9));
    assert_relative_eq!(grouped.total, free.total, max_relative = 1e-9);
    assert!(grouped.outcome.mean < free.outcome.mean);
    let ratio = fit().optimize(&wide().ratio("tv", "search", 2.0, 2.0)).unwrap();
    assert_relative_eq!(ratio.channels[0].plan, 2.0 * ratio.channels[1].plan, max_relative = 1e-6);
    assert!(ratio.outcome.mean <= free.outcome.mean * (1.0 + 1e-9));
    // Of all splits with that ratio it is the best.
    let fits = |at: usize, amount: f64| (ratio.channels[at].low..=ratio.channels[at].high).contains(&amount);
    let mut others = 0;
    for step in 0..=40 {
        let social =
            ratio.channels[2].low + (ratio.channels[2].high - ratio.channels[2].low) * f64::from(step) / 40.0;
        let search = (ratio.total - social) / 3.0;
        if !(fits(1, search) && fits(0, 2.0 * search)) {
            continue;
        }
        let other = wide().lock("social", social).lock("search", search).lock("tv", 2.0 * search);
        let other = fit().optimize(&other).unwrap();
        assert!(other.outcome.mean <= ratio.outcome.mean * (1.0 + 1e-7), "{other:?} beats {ratio:?}");
        others += 1;
    }
    assert!(others >= 5, "only {others} other splits have that ratio");
    let impossible = wide().group(["tv"], 0.0, 0.1 * free.channels[0].low);
    assert!(matches!(fit().optimize(&impossible).unwrap_err(), BudgetError::Contradiction { .. }));
    let backwards = wide().ratio("tv", "search", 2.0, 1.0);
    assert!(matches!(fit().optimize(&backwards).unwrap_err(), BudgetError::Together { .. }));
}

#[test]
fn every_objective_is_served_best_by_its_own_plan() {
    let objectives = [
        Objective::Mean,
        Objective::ValueAtRisk { confidence: 0.9 },
        Objective::ConditionalValueAtRisk { confidence: 0.9 },
        Objective::AdjustedValueAtRisk { confidence: 0.9, aversion: 0.5 },
        Objective::Sharpe { risk_free: 0.0 },
    ];
    let utility = |plan: &Recommendation, objective: Objective| {
        let locked = plan
            .channels
            .iter()
            .fold(Budget::fixed(plan.total), |budget, channel| budget.lock(&channel.name, channel.plan));
        fit().optimize(&locked.objective(objective)).unwrap().utility.unwrap()
    };
    let plans: Vec<Recommendation> =
        objectives.iter().map(|objective| fit().optimize(&wide().objective(*objective)).unwrap()).collect();
    for (own, objective) in plans.iter().zip(objectives) {
        let best = utility(own, objective);
        for other in &plans {
            let value = utility(other, objective);
            assert!(value <= best + 1e-4 * best.abs(), "{objective:?}: {value} above {best}");
        }
    }
    let even = fit().optimize(&wide().objective(Objective::Entropy)).unwrap();
    let shares: Vec<f64> = amounts(&even).iter().map(|amount| amount / even.total).collect();
    let free = |at: usize| even.channels[at].plan < 0.999 * even.channels[at].high;
    if (0..3).all(free) {
        assert!(shares.iter().all(|share| (share - 1.0 / 3.0).abs() < 1e-3), "{shares:?}");
    }
    let refused = Budget::marginal_return(1.0).objective(Objective::Sharpe { risk_free: 0.0 });
    assert!(matches!(fit().optimize(&refused).unwrap_err(), BudgetError::Objective(_)));
}

#[test]
fn prices_change_what_money_buys() {
    let plain = fit().optimize(&wide()).unwrap();
    let tv = &plain.channels[0];
    // Half the price of a unit is twice the money.
    let cheaper = fit().optimize(&wide().lock("tv", tv.now).cost_per_unit("tv", 0.05)).unwrap();
    let double =
        fit().optimize(&wide_with(Budget::fixed(plain.total + tv.now)).lock("tv", 2.0 * tv.now)).unwrap();
    assert_relative_eq!(
        cheaper.channels[0].outcome.mean,
        double.channels[0].outcome.mean,
        max_relative = 1e-6
    );
    // At today's spend a price response changes nothing but the next unit.
    let rising = fit().optimize(&wide().lock("tv", tv.now).price_response("tv", 0.3)).unwrap();
    assert_relative_eq!(rising.channels[0].outcome.mean, tv.outcome_now.mean, max_relative = 1e-9);
    assert_relative_eq!(rising.channels[0].marginal_roi, 0.7 * tv.marginal_roi_now, max_relative = 1e-9);
    for refused in [wide().price_response("tv", 1.0), wide().cost_per_unit("tv", 0.0)] {
        assert!(matches!(fit().optimize(&refused).unwrap_err(), BudgetError::Price { .. }));
    }
}

#[test]
fn regret_is_small_where_little_can_be_won() {
    let plan = fit().optimize(&wide()).unwrap();
    let regret = plan.regret.unwrap();
    assert!(regret.q5 >= 0.0 && regret.mean > 0.0);
    let locked = amounts(&plan)
        .iter()
        .zip(&plan.channels)
        .fold(Budget::fixed(plan.total), |budget, (amount, channel)| budget.lock(&channel.name, *amount));
    let without_choice = fit().optimize(&locked).unwrap().regret.unwrap();
    assert!(without_choice.q95.abs() < 1e-9 * plan.outcome.mean);
    // Today's split regrets no less than the plan on average: the plan is the best bet.
    let today = plan.channels.iter().fold(Budget::default(), |budget, channel| {
        budget.bounds(&channel.name, channel.now * 0.999, channel.now * 1.001)
    });
    assert!(fit().optimize(&today).unwrap().outcome.mean <= plan.outcome.mean);
}

#[test]
fn a_stored_request_plans_the_same() {
    let budget = wide()
        .group(["search", "social"], 0.0, 1e9)
        .ratio("tv", "search", 0.1, 10.0)
        .objective(Objective::ConditionalValueAtRisk { confidence: 0.9 });
    let text = serde_json::to_string(&budget).unwrap();
    let read: Budget = serde_json::from_str(&text).unwrap();
    assert_eq!(budget, read);
    assert_eq!(fit().optimize(&budget), fit().optimize(&read));
    assert_eq!(serde_json::from_str::<Budget>("{}").unwrap(), Budget::default());
    assert!(serde_json::from_str::<Budget>(r#"{"totale": 3}"#).is_err());
}

#[test]
fn an_even_schedule_far_from_its_ends_is_the_steady_plan() {
    let budget = wide().horizon(52);
    let (steady, dated) =
        (fit().optimize(&budget).unwrap(), fit().schedule(&budget, Flighting::Even).unwrap());
    for (steady, dated) in steady.channels.iter().zip(&dated.channels) {
        assert_eq!(dated.spend.len(), 52);
        assert_relative_eq!(dated.spend[0], steady.plan, max_relative = 0.05);
        assert!(dated.spend.iter().all(|amount| amount.to_bits() == dated.spend[0].to_bits()));
    }
    assert_relative_eq!(dated.total, 52.0 * steady.total, max_relative = 1e-9);
    // Carry-over out of the plan is counted beside what came in.
    assert!(dated.after.mean > 0.0 && dated.carried_in.mean > 0.0);
    assert_relative_eq!(dated.outcome.mean, steady.outcome.mean, max_relative = 0.1);
}

#[test]
fn free_dates_bring_no_less_and_cost_the_same() {
    let budget = wide().horizon(8);
    let even = fit().schedule(&budget, Flighting::Even).unwrap();
    let free = fit().schedule(&budget, Flighting::Free).unwrap();
    assert_relative_eq!(free.total, even.total, max_relative = 1e-7);
    assert!(free.outcome.mean >= even.outcome.mean * (1.0 - 1e-6));
    assert!(free.channels.iter().all(|channel| channel.spend.len() == 8));
    assert!(free.channels.iter().flat_map(|channel| &channel.spend).all(|amount| *amount >= 0.0));
    for (channel, limits) in free.channels.iter().zip(&fit().optimize(&budget).unwrap().channels) {
        let mean = channel.spend.iter().sum::<f64>() / 8.0;
        assert!((limits.low * 0.999_999..=limits.high * 1.000_001).contains(&mean), "{channel:?}");
    }
}

/// Where a curve is an S, pulses beat evenness, and the search finds that.
#[test]
fn an_s_curve_is_flown_in_pulses() {
    let simulation = market(1);
    let hill = ChannelSpec::hill();
    let steep = mmm_core::model::Prior::Uniform { low: 3.5, high: 4.0 };
    let late = mmm_core::model::Prior::Uniform { low: 0.8, high: 1.0 };
    let short = mmm_core::model::Prior::Uniform { low: 0.0, high: 0.1 };
    let channel = ChannelSpec {
        saturation: hill.saturation.with("slope", steep).with("kappa", late),
        adstock: hill.adstock.with("alpha", short),
        ..ChannelSpec::hill()
    };
    let spec = ModelSpec { channel, trend: true, ..ModelSpec::default() };
    let settings = FitSettings { target_accept: 0.95, ..FitSettings::seeded(2) };
    let fit = Model::new(spec, simulation.data).unwrap().fit(&settings).unwrap().require_converged().unwrap();
    let budget = Budget::default().horizon(8);
    let even = fit.schedule(&budget, Flighting::Even).unwrap();
    let free = fit.schedule(&budget, Flighting::Free).unwrap();
    assert!(
        free.outcome.mean > 1.05 * even.outcome.mean,
        "{} after {}",
        free.outcome.mean,
        even.outcome.mean
    );
}

#[test]
fn a_request_for_what_is_not_there_is_refused_by_name() {
    let model = model_of(&market(1));
    assert!(model.data().channels().iter().all(|channel| channel.exposure().is_none()));
    for refused in [
        Budget::default().group(["print"], 0.0, 1.0),
        Budget::default().ratio("tv", "print", 0.0, 1.0),
        Budget::default().price_response("print", 0.1),
        Budget::default().cost_per_unit("print", 0.1),
    ] {
        let error = fit().optimize(&refused).unwrap_err();
        assert_eq!(error, BudgetError::UnknownChannel { channel: "print".to_owned() });
    }
    for target in [0.0, f64::NAN, f64::INFINITY] {
        let error = fit().optimize(&Budget::return_at_least(target)).unwrap_err();
        assert!(matches!(error, BudgetError::Target(_)));
    }
}
