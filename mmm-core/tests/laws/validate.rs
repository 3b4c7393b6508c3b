//! Validation tells good models from bad ones.

use mmm_core::{
    fit::FitSettings,
    model::{ChannelSpec, Model, ModelSpec, Prior},
    simulate::Scenario,
    validate::{RollingOrigin, Study, ValidateError},
};

use crate::{market, model_of};

fn settings(seed: u64) -> FitSettings {
    FitSettings { tune: 500, draws: 500, ..FitSettings::seeded(seed) }
}

/// The small run of every build: 100 fits. The large one is the example `calibration`.
#[test]
fn the_truth_has_every_rank_alike() {
    let data = Scenario::weekly(["tv", "search"]).weeks(60).seed(1).simulate().unwrap().data;
    let spec = ModelSpec {
        fourier_order: 1,
        channel: ChannelSpec { beta: Prior::HalfNormal { sd: 0.3 }, ..ChannelSpec::default() },
        intercept: Prior::Normal { mean: 0.5, sd: 0.2 },
        control: Prior::Normal { mean: 0.0, sd: 0.1 },
        fourier: Prior::Laplace { location: 0.0, scale: 0.05 },
        sigma: Prior::HalfNormal { sd: 0.1 },
        ..ModelSpec::default()
    };
    let model = Model::new(spec, data).unwrap();
    let result = Study::of(100, 3).run(&model, |_| ()).unwrap();
    assert_eq!(result.quantities.len(), model.layout().len() + 2);
    for of in &result.quantities {
        assert!(of.p_value > 1e-4, "{}: p {:e}", of.name, of.p_value);
        assert!((result.band.0..=result.band.1).contains(&of.coverage), "{}: {}", of.name, of.coverage);
    }
    assert!((0.86..0.94).contains(&result.pooled_coverage), "{}", result.pooled_coverage);
}

#[test]
fn a_study_is_the_same_on_any_number_of_threads_and_refuses_to_be_too_small() {
    let data = Scenario::weekly(["tv"]).weeks(40).seed(1).simulate().unwrap().data;
    let spec = ModelSpec { fourier_order: 0, ..ModelSpec::default() };
    let model = Model::new(spec, data).unwrap();
    let short = FitSettings { chains: 2, tune: 100, draws: 100, ..FitSettings::seeded(4) };
    let study = |threads| Study { fits: 50, settings: short.clone(), threads: Some(threads) };
    assert_eq!(study(1).run(&model, |_| ()).unwrap(), study(3).run(&model, |_| ()).unwrap());
    let few = Study { fits: 49, ..study(1) };
    assert!(matches!(few.run(&model, |_| ()), Err(ValidateError::Settings(_))));
    let thin = Study { settings: FitSettings { draws: 50, ..short.clone() }, ..study(1) };
    assert!(matches!(thin.run(&model, |_| ()), Err(ValidateError::Settings(_))));
}

#[test]
fn unseen_periods_are_predicted_better_than_by_last_year() {
    let simulation = Scenario::weekly(["tv", "search", "social"]).weeks(130).seed(2).simulate().unwrap();
    let model = model_of(&simulation);
    let plan = RollingOrigin { folds: 2, horizon: 13 };
    let result = model.roll(&plan, &settings(1)).unwrap();
    let seen: Vec<usize> = result.folds.iter().map(|fold| fold.seen).collect();
    assert_eq!(seen, [104, 117]);
    for fold in &result.folds {
        assert_eq!(fold.dates, &simulation.data.dates()[fold.seen..fold.seen + 13]);
        assert_eq!(fold.actual, &simulation.data.kpi()[fold.seen..fold.seen + 13]);
        assert!(fold.unseen.wmape < fold.unseen.naive_wmape, "{:?}", fold.unseen);
        assert!(fold.unseen.crps < 0.1 * simulation.data.kpi()[0] && fold.unseen.log_density.is_finite());
    }
    assert!(result.mean.band_coverage > 0.6, "{:?}", result.mean);
    // The last fold is a holdout of its own.
    assert_eq!(model.holdout(13, &settings(1)).unwrap(), result.folds[1]);
}

/// A model that lacks the season of the data must score worse where it has not looked.
#[test]
fn a_model_without_the_season_predicts_worse() {
    let simulation = market(4);
    let with = model_of(&simulation).holdout(26, &settings(1)).unwrap();
    let spec =
        ModelSpec { fourier_order: 0, trend: true, standardize_controls: true, ..ModelSpec::default() };
    let without = Model::new(spec, simulation.data).unwrap().holdout(26, &settings(1)).unwrap();
    assert!(with.unseen.crps < without.unseen.crps, "{:?} and {:?}", with.unseen, without.unseen);
}

#[test]
fn findings_stay_with_more_data_and_with_data_measured_a_little_wrong() {
    let model = model_of(&market(1));
    let refreshed = model.refresh(8, &settings(1)).unwrap();
    let perturbed = model.perturb(0.03, &settings(1)).unwrap();
    for stability in [refreshed, perturbed] {
        assert_eq!(stability.media.len(), 3);
        for drift in &stability.media {
            assert!(drift.is_stable, "{drift:?}");
        }
        assert!(stability.worst_change() < 0.5, "{stability:?}");
    }
    assert!(matches!(model.perturb(f64::NAN, &settings(1)), Err(ValidateError::Settings(_))));
    assert!(matches!(model.refresh(0, &settings(1)), Err(ValidateError::Settings(_))));
    assert!(matches!(model.refresh(90, &settings(1)), Err(ValidateError::Data(_))));
    assert!(matches!(model.holdout(500, &settings(1)), Err(ValidateError::Settings(_))));
}

#[test]
fn a_channel_that_never_was_contributes_less_than_the_one_it_imitates() {
    let model = model_of(&market(1));
    let placebo = model.placebo("tv", &settings(1)).unwrap();
    assert!(placebo.p_below > 0.95, "{placebo:?}");
    assert!(placebo.contribution.mean < 0.3 * placebo.imitated.mean, "{placebo:?}");
    assert!(matches!(model.placebo("print", &settings(1)), Err(ValidateError::Settings(_))));
}

#[test]
fn a_model_finds_again_what_it_was_told() {
    let fit = model_of(&market(1)).fit(&settings(1)).unwrap();
    let recovery = fit.recover(&settings(2)).unwrap();
    assert_eq!(recovery.quantities.len(), fit.model().layout().len() + 3);
    assert!(recovery.coverage > 0.75, "{recovery:?}");
    let again = fit.recover(&settings(2)).unwrap();
    assert_eq!(again, recovery);
}
