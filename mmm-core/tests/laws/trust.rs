//! What a fit says about itself.

use mmm_core::{
    budget::Budget,
    data::Dataset,
    diagnose::{HealthName, Influence, Statistic},
    fit::FitSettings,
    model::{ChannelSpec, Model, ModelSpec, Prior},
    simulate::Scenario,
};

use crate::{market, model_of, short};

fn settings(seed: u64) -> FitSettings {
    FitSettings { tune: 600, draws: 600, ..FitSettings::seeded(seed) }
}

#[test]
fn a_model_that_is_right_would_have_produced_the_data() {
    let fit = model_of(&market(1)).fit(&settings(1)).unwrap();
    let checks = fit.predictive_checks();
    assert_eq!(checks.len(), 5);
    for check in &checks {
        assert!(!check.is_extreme(), "{check:?}");
    }
    assert_eq!(checks, fit.predictive_checks());
    let health = fit.health();
    assert!(health.converged && health.score > 80.0, "{health:?}");
}

#[test]
fn a_missing_season_shows_in_the_errors_and_costs_health() {
    let simulation = market(4);
    let spec = ModelSpec { fourier_order: 0, ..ModelSpec::default() };
    let fit = Model::new(spec, simulation.data).unwrap().fit(&settings(1)).unwrap();
    let checks = fit.predictive_checks();
    let errors = checks.iter().find(|check| check.statistic == Statistic::ResidualAutocorrelation).unwrap();
    assert!(errors.is_extreme() && errors.observed > 0.2, "{errors:?}");
    let health = fit.health();
    let prediction = health.components.iter().find(|of| of.name == HealthName::Prediction).unwrap();
    assert!(prediction.score < 95.0, "{prediction:?}");
}

/// A channel with three small bursts says nothing: its contribution is what was assumed. One that drives
/// the KPI says nearly all.
#[test]
fn what_was_learnt_and_what_was_merely_assumed_are_told_apart() {
    let base = Scenario::weekly(["tv"]).weeks(104).seed(5).noise(0.02).simulate().unwrap().data;
    let silent = (0..104).map(|week| if week % 40 == 5 { 1.0 } else { 0.0 });
    let data = Dataset::builder()
        .dates(base.dates())
        .kpi("sales", base.kpi().iter().copied())
        .channel("tv", base.channels()[0].spend().iter().copied())
        .channel("silent", silent);
    let data = base
        .controls()
        .iter()
        .fold(data, |data, control| data.control(control.name(), control.values().iter().copied()));
    let mut spec = ModelSpec { trend: true, ..ModelSpec::default() };
    spec.overrides.insert(
        "silent".to_owned(),
        ChannelSpec { beta: Prior::HalfNormal { sd: 0.003 }, ..ChannelSpec::default() },
    );
    let fit = Model::new(spec, data.build().unwrap()).unwrap().fit(&settings(1)).unwrap();
    let [tv, silent] = fit.prior_shift().try_into().unwrap();
    assert!(tv.is_learnt() && tv.distance > 0.5, "{tv:?}");
    assert!(!silent.is_learnt() && silent.is_expected, "{silent:?}");
    let [tv, silent] = fit.sensitivity().try_into().unwrap();
    assert!(silent.prior > 2.0 * silent.likelihood && silent.influence != Influence::Data, "{silent:?}");
    assert!(tv.likelihood > tv.prior, "{tv:?}");
}

#[test]
fn a_verdict_is_only_overruled_with_a_reason_that_stays() {
    let failing = || model_of(&market(1)).fit(&short(1)).unwrap().require_converged().unwrap_err();
    let refused = failing().overrule("  ").unwrap_err();
    assert!(!refused.convergence.converged);
    let accepted = failing().overrule("a pilot; the budget moves by 1 % at most").unwrap();
    assert!(!accepted.convergence().converged);
    let reason = accepted.overruled();
    assert_eq!(reason, Some("a pilot; the budget moves by 1 % at most"));
    let plan = accepted.optimize(&Budget::default()).unwrap();
    assert_eq!(plan.overruled.as_deref(), reason);
    let stored = serde_json::to_string(&accepted.planner().unwrap()).unwrap();
    let planner: mmm_core::budget::Planner = serde_json::from_str(&stored).unwrap();
    assert_eq!(planner.optimize(&Budget::default()).unwrap().overruled.as_deref(), reason);
}
