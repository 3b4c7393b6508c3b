//! A fit is brought up to date by weighting its draws where that is allowed, and drawn again where not;
//! experiments with dates move what they measured.

use mmm_core::{
    data::Dataset,
    fit::{FitSettings, Refresh},
    model::{LiftLikelihood, LiftWindow, Model, ModelSpec, SpecError},
};

use crate::{market, short};

/// The first weeks of a market.
fn up_to(weeks: usize, spec: ModelSpec) -> Model {
    let whole = market(1).data;
    let cut = |values: &[f64]| values[..weeks].to_vec();
    let builder = Dataset::builder().dates(&whole.dates()[..weeks]).kpi("kpi", cut(whole.kpi()));
    let builder = whole
        .channels()
        .iter()
        .fold(builder, |builder, channel| builder.channel(channel.name(), cut(channel.spend())));
    let builder = whole
        .controls()
        .iter()
        .fold(builder, |builder, control| builder.control(control.name(), cut(control.values())));
    Model::new(spec, builder.build().unwrap()).unwrap()
}

#[test]
fn one_more_week_is_weighed_and_agrees_with_a_new_fit() {
    let before = up_to(103, ModelSpec::default()).fit(&FitSettings::seeded(1)).unwrap();
    let model = up_to(104, ModelSpec::default());
    let refreshed = before.refresh(&model, &FitSettings::seeded(2)).unwrap();
    let Refresh::Reweighted { pareto_k, effective } = refreshed.way else { panic!("{:?}", refreshed.way) };
    assert!(pareto_k <= 0.7 && effective >= 400.0);
    assert_eq!(refreshed.fit.kept(), before.kept());
    let (weighed, drawn) =
        (refreshed.fit.diagnostics(), model.fit(&FitSettings::seeded(3)).unwrap().diagnostics());
    for (weighed, drawn) in weighed.all().zip(drawn.all()) {
        let error = weighed.mcse_mean.hypot(drawn.mcse_mean) + 0.05 * drawn.sd;
        let apart = (weighed.mean - drawn.mean).abs();
        assert!(apart < 4.0 * error, "{}: {} and {}", drawn.name, weighed.mean, drawn.mean);
    }
}

#[test]
fn much_new_data_or_another_model_is_drawn_again() {
    let before = up_to(60, ModelSpec::default()).fit(&short(1)).unwrap();
    let settings = short(2);
    for (spec, same) in
        [(ModelSpec::default(), true), (ModelSpec { fourier_order: 1, ..ModelSpec::default() }, false)]
    {
        let model = up_to(104, spec);
        let refreshed = before.refresh(&model, &settings).unwrap();
        let Refresh::Refitted { pareto_k } = refreshed.way else { panic!("{:?}", refreshed.way) };
        assert_eq!(pareto_k.is_some(), same);
        assert_eq!(refreshed.fit.parameters(), model.fit(&settings).unwrap().parameters());
    }
}

fn experiment(effect: f64, standard_error: f64) -> LiftWindow {
    LiftWindow {
        channel: "tv".to_owned(),
        first: 40,
        last: 47,
        until: 50,
        change: -200.0,
        effect,
        standard_error,
        likelihood: LiftLikelihood::Normal,
    }
}

#[test]
fn a_sure_experiment_moves_the_channel_and_a_vague_one_does_not() {
    let fitted = |lift_windows: Vec<LiftWindow>| {
        let model = up_to(104, ModelSpec { lift_windows, ..ModelSpec::default() });
        let diagnostics =
            model.fit(&FitSettings { draws: 500, ..FitSettings::seeded(1) }).unwrap().diagnostics();
        diagnostics.contributions.into_iter().find(|quantity| quantity.name == "contribution[tv]").unwrap()
    };
    let plain = fitted(Vec::new());
    let vague = fitted(vec![experiment(-1.0, 1e9)]);
    let error = plain.mcse_mean.hypot(vague.mcse_mean);
    assert!((plain.mean - vague.mean).abs() < 5.0 * error, "{} and {}", plain.mean, vague.mean);
    // Being held back by so much is said to have cost nothing: tv does less than was believed.
    let sure = fitted(vec![experiment(0.0, 1.0)]);
    assert!(sure.mean < plain.mean - 5.0 * error, "{} after {}", sure.mean, plain.mean);
}

#[test]
fn an_experiment_that_cannot_have_happened_is_refused() {
    let data = market(1).data;
    for wrong in [
        LiftWindow { channel: "print".to_owned(), ..experiment(1.0, 1.0) },
        LiftWindow { until: 104, ..experiment(1.0, 1.0) },
        LiftWindow { change: 1e12, ..experiment(1.0, 1.0) },
    ] {
        let spec = ModelSpec { lift_windows: vec![experiment(1.0, 1.0), wrong], ..ModelSpec::default() };
        let error = Model::new(spec, data.clone()).unwrap_err();
        assert!(matches!(error, SpecError::LiftWindow { number: 2, .. }), "{error}");
    }
}
