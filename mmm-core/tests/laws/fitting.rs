//! What a caller can rely on while a fit runs.

use std::{
    ops::ControlFlow,
    sync::atomic::{AtomicUsize, Ordering},
};

use mmm_core::{
    data::Dataset,
    fit::{Fit, FitError, FitSettings, Metric},
    model::{LiftLikelihood, LiftTest, Model, ModelSpec, Prior, SpecError},
};

use crate::{market, model_of, short};

const fn assert_send<T: Send + Sync>() {}

#[test]
fn models_and_fits_may_cross_threads() {
    assert_send::<Model>();
    assert_send::<Fit>();
}

#[test]
fn the_same_seed_gives_the_same_draws_on_any_number_of_threads() {
    let model = model_of(&market(1));
    let draws = |threads, seed| {
        let settings = FitSettings { threads: Some(threads), ..short(seed) };
        model.fit(&settings).unwrap().parameters().to_owned()
    };
    let one = draws(1, 3);
    for threads in [2, 3, 9] {
        assert_eq!(one, draws(threads, 3), "{threads} threads");
    }
    assert_ne!(one, draws(1, 4));
}

#[test]
fn a_preview_is_near_the_fit_and_says_how_near() {
    let simulation = market(1);
    let model = model_of(&simulation);
    let preview = model.preview(7, 1000).unwrap();
    // How far it can be trusted is said, and is not far off here.
    assert!(preview.pareto_k() < 0.8, "Pareto k is {}", preview.pareto_k());
    assert_eq!(preview.is_reliable(), preview.pareto_k() <= 0.7);
    let fit = model.fit(&FitSettings { draws: 400, ..short(7) }).unwrap();
    let (rough, exact) = (preview.effects(), fit.effects());
    for (rough, exact) in rough.channels.iter().zip(&exact.channels) {
        let width = exact.contribution.q95 - exact.contribution.q5;
        let off = (rough.contribution.mean - exact.contribution.mean).abs() / width;
        assert!(off < 0.25, "{}: off by {off} of the interval", exact.name);
    }
    let again = model.preview(7, 1000).unwrap();
    assert_eq!(preview.mean("sigma").map(f64::to_bits), again.mean("sigma").map(f64::to_bits));
    assert!(matches!(model.preview(7, 24), Err(FitError::Settings(_))));
}

#[test]
fn nothing_nearby_is_more_probable_than_the_mode() {
    let model = model_of(&market(2));
    let mode = model.mode().unwrap();
    let fit = model.fit(&short(1)).unwrap();
    // The mode of the noise is where the draws of the noise are.
    let sigma = fit.parameter("sigma").unwrap();
    let found = mode.parameters[model.layout().len() - 1];
    assert!((found - sigma.mean().unwrap()).abs() < 3.0 * sigma.std(1.0), "{found}");
    assert!(mode.log_density.is_finite());
}

#[test]
fn both_metrics_draw_from_the_same_posterior() {
    let model = model_of(&market(3));
    let fit = |metric| model.fit(&FitSettings { metric, draws: 500, ..short(5) }).unwrap().diagnostics();
    let (laplace, diagonal) = (fit(Metric::Laplace), fit(Metric::Diagonal));
    for (a, b) in laplace.all().zip(diagonal.all()) {
        let error = a.mcse_mean.hypot(b.mcse_mean);
        assert!((a.mean - b.mean).abs() < 5.0 * error, "{}: {} and {} with {error}", a.name, a.mean, b.mean);
    }
}

#[test]
fn the_energy_of_every_draw_is_known_and_moves_freely() {
    let fit = model_of(&market(1)).fit(&FitSettings { draws: 400, ..short(2) }).unwrap();
    assert_eq!(fit.energies().dim(), (4, 400));
    let mobility = fit.energy_mobility();
    assert!(mobility.len() == 4 && mobility.iter().all(|chain| (0.3..2.5).contains(chain)), "{mobility:?}");
    // A draw costs several gradients, a whole fit not more than the longest trajectories.
    assert!((2400..2400 * 1023).contains(&fit.gradient_evaluations()));
}

#[test]
fn chains_are_different_from_each_other() {
    let fit = model_of(&market(1)).fit(&short(3)).unwrap();
    let draws = fit.parameters();
    for chain in 1..fit.settings().chains {
        assert_ne!(draws.index_axis(ndarray::Axis(0), 0), draws.index_axis(ndarray::Axis(0), chain));
    }
}

#[test]
fn every_draw_is_reported_once() {
    let settings = short(1);
    let (calls, last, tuning) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    let fit = model_of(&market(1)).fit_observed(&settings, |progress| {
        calls.fetch_add(1, Ordering::Relaxed);
        last.fetch_max(progress.draws_done, Ordering::Relaxed);
        tuning.fetch_add(usize::from(progress.tuning), Ordering::Relaxed);
        assert_eq!(progress.draws_total, 1200);
        assert!((0.0..=1.0).contains(&progress.share()) && progress.chain < 4);
        ControlFlow::Continue(())
    });
    assert!(fit.is_ok());
    assert_eq!((calls.into_inner(), last.into_inner(), tuning.into_inner()), (1200, 1200, 800));
}

#[test]
fn a_break_ends_all_chains_within_a_draw() {
    let calls = AtomicUsize::new(0);
    let outcome = model_of(&market(1)).fit_observed(&short(1), |progress| {
        calls.fetch_add(1, Ordering::Relaxed);
        if progress.draws_done >= 50 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!(outcome.unwrap_err(), FitError::Cancelled);
    assert!(calls.into_inner() <= 50 + 4, "the observer is not asked again for long");
}

#[test]
fn a_panicking_observer_is_an_error() {
    let outcome = model_of(&market(1)).fit_observed(&short(1), |progress| {
        assert!(progress.draws_done < 20, "this panic is part of the test");
        ControlFlow::Continue(())
    });
    assert_eq!(outcome.unwrap_err(), FitError::Panicked);
}

#[test]
fn settings_that_cannot_work_are_errors() {
    let model = model_of(&market(1));
    for settings in [
        FitSettings { chains: 1, ..short(1) },
        FitSettings { draws: 3, ..short(1) },
        FitSettings { target_accept: f64::NAN, ..short(1) },
        FitSettings { target_accept: 1.0, ..short(1) },
        FitSettings { draws: usize::MAX, ..short(1) },
        FitSettings { tune: usize::MAX, ..short(1) },
    ] {
        assert!(matches!(model.fit(&settings), Err(FitError::Settings(_))), "{settings:?}");
    }
}

#[test]
fn a_fit_without_tuning_is_no_panic() {
    let settings = FitSettings { tune: 0, draws: 4, ..short(1) };
    let fit = model_of(&market(1)).fit(&settings).unwrap();
    assert!(!fit.convergence().converged);
    assert!(fit.summary().is_ok());
}

#[test]
fn an_absurd_prior_is_an_error_and_no_panic() {
    let spec = ModelSpec { sigma: Prior::LogNormal { mu: 1e300, sigma: 1e-300 }, ..ModelSpec::default() };
    let model = Model::new(spec, market(1).data).unwrap();
    assert!(matches!(model.fit(&short(1)), Err(FitError::NoStart { .. })));
}

#[test]
fn a_description_that_contradicts_itself_or_the_data_is_refused() {
    let refused = |spec: ModelSpec| Model::new(spec, market(1).data).map(|_| ()).unwrap_err();
    let default = ModelSpec::default;
    assert!(matches!(refused(ModelSpec { max_lag: 0, ..default() }), SpecError::MaxLag { .. }));
    assert!(matches!(refused(ModelSpec { max_lag: 105, ..default() }), SpecError::MaxLag { .. }));
    let huge = ModelSpec { fourier_order: usize::MAX, ..default() };
    assert!(matches!(refused(huge), SpecError::TooManyParameters { .. }));
    let negative = ModelSpec { sigma: Prior::Normal { mean: 0.0, sd: 1.0 }, ..default() };
    assert!(matches!(refused(negative), SpecError::Prior { .. }));
    let mut unknown = default();
    unknown.overrides.insert("print".to_owned(), unknown.channel.clone());
    assert_eq!(refused(unknown), SpecError::UnknownChannel { channel: "print".to_owned() });
    let lift = LiftTest {
        channel: "tv".to_owned(),
        level: 10.0,
        change: 5.0,
        effect: 1.0,
        standard_error: 0.5,
        likelihood: LiftLikelihood::Normal,
    };
    for wrong in [
        LiftTest { channel: "print".to_owned(), ..lift.clone() },
        LiftTest { change: -11.0, ..lift.clone() },
        LiftTest { standard_error: 0.0, ..lift.clone() },
        LiftTest { effect: f64::NAN, ..lift.clone() },
    ] {
        let refusal = refused(ModelSpec { lift_tests: vec![lift.clone(), wrong], ..default() });
        assert!(matches!(refusal, SpecError::LiftTest { number: 2, .. }), "{refusal}");
    }
    let data = market(1).data;
    let named = Dataset::builder()
        .dates(data.dates())
        .kpi("y", data.kpi().iter().copied())
        .channel("tv", data.channels()[0].spend().iter().copied())
        .control("trend", data.controls()[1].values().iter().copied());
    let named = Model::new(ModelSpec { trend: true, ..default() }, named.build().unwrap());
    assert!(matches!(named.unwrap_err(), SpecError::NameTaken { .. }));
}
