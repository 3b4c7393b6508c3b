//! Windows, adstock curves and forecasts agree with contributions and with each other.

use std::sync::OnceLock;

use approx::assert_relative_eq;
use mmm_core::{
    data::Dataset,
    effect::{EffectError, Outlook, Window},
    fit::Fit,
    model::{ChannelSpec, Model, ModelSpec},
    transform::Order,
};

use crate::{market, model_of, short};

/// One fit for all tests; all its 400 draws are looked at.
fn fit() -> &'static Fit {
    static FIT: OnceLock<Fit> = OnceLock::new();
    FIT.get_or_init(|| model_of(&market(1)).fit(&short(1)).unwrap())
}

#[test]
fn over_all_periods_both_estimands_are_the_contribution_up_to_what_outlasts_the_data() {
    let last = fit().model().data().periods() - 1;
    let effects = fit().effects();
    for (window, whole) in
        fit().window_effects(&Window::without(0..=last)).unwrap().iter().zip(&effects.channels)
    {
        assert_relative_eq!(window.removed.mean, whole.contribution.mean, max_relative = 1e-9);
        assert_relative_eq!(window.during.mean, whole.contribution.mean, max_relative = 1e-9);
        assert_relative_eq!(window.carried_in.mean, 0.0);
        assert!(window.after.mean > 0.0);
        let both = window.during.mean + window.after.mean;
        assert_relative_eq!(window.incremental.mean, both, max_relative = 1e-9);
        assert_relative_eq!(window.spend, whole.spend, max_relative = 1e-12);
        // The simulated KPI is worth one.
        let roi = window.roi.unwrap();
        assert_relative_eq!(roi.mean, window.incremental.mean / window.spend, max_relative = 1e-9);
        let cost = window.cost_per_kpi.unwrap();
        // The quantiles of a reciprocal are the reciprocals of the quantiles, from the other end.
        assert_relative_eq!(cost.median, 1.0 / roi.median, max_relative = 1e-4);
        assert!(cost.q5 < cost.median && cost.median < cost.q95);
    }
}

#[test]
fn a_window_separates_what_comes_in_from_what_goes_out() {
    let window = fit().window_effects(&Window::without(30..=40)).unwrap();
    for channel in &window {
        // What is removed inside is what earlier spend did there and what this spend did there.
        let inside = channel.carried_in.mean + channel.during.mean;
        assert_relative_eq!(channel.removed.mean, inside, max_relative = 1e-9);
        assert!(channel.carried_in.mean > 0.0 && channel.after.mean > 0.0);
    }
    let marginal = fit().window_effects(&Window::at_percent(30..=40, 101)).unwrap();
    for (one, all) in marginal.iter().zip(&window) {
        assert_relative_eq!(one.spend, -0.01 * all.spend, max_relative = 1e-9);
        // The next unit returns less than the average one.
        assert!(one.roi.unwrap().mean < all.roi.unwrap().mean && one.roi.unwrap().q5 > 0.0);
    }
}

#[test]
fn exposure_has_an_effectiveness() {
    let data = market(1).data;
    let builder = Dataset::builder().dates(data.dates()).kpi("y", data.kpi().iter().copied());
    let builder = data.channels().iter().fold(builder, |builder, channel| {
        let spend = channel.spend().iter().copied();
        builder.exposed_channel(channel.name(), spend.clone(), spend.map(|spend| 4.0 * spend))
    });
    let model = Model::new(ModelSpec::default(), builder.build().unwrap()).unwrap();
    for channel in model.fit(&short(1)).unwrap().window_effects(&Window::without(0..=50)).unwrap() {
        let (roi, effectiveness) = (channel.roi.unwrap(), channel.effectiveness.unwrap());
        assert_relative_eq!(roi.mean, 4.0 * effectiveness.mean, max_relative = 1e-9);
    }
    assert!(
        fit().window_effects(&Window::without(0..=50)).unwrap().iter().all(|c| c.effectiveness.is_none())
    );
}

#[test]
fn windows_that_are_none_are_refused() {
    let periods = fit().model().data().periods();
    for window in [Window::without(5..=periods), Window::without(std::ops::RangeInclusive::new(6, 5))] {
        let error = fit().window_effects(&window).unwrap_err();
        assert!(matches!(error, EffectError::Window { .. }), "{error}");
    }
    assert_eq!(fit().window_effects(&Window::at_percent(0..=5, 100)), Err(EffectError::Comparison));
}

#[test]
fn immediate_and_carried_effect_are_the_contribution() {
    for order in [Order::AdstockFirst, Order::SaturationFirst] {
        let spec =
            ModelSpec { channel: ChannelSpec { order, ..ChannelSpec::default() }, ..ModelSpec::default() };
        let fit = Model::new(spec, market(1).data).unwrap().fit(&short(1)).unwrap();
        for (curve, effect) in fit.adstock_curves().iter().zip(&fit.effects().channels) {
            assert_eq!((curve.name.as_str(), curve.weights.len()), (effect.name.as_str(), 8));
            let both = curve.immediate.mean + curve.carried.mean;
            assert_relative_eq!(both, effect.contribution.mean, max_relative = 1e-9);
            assert!(curve.immediate.q5 > 0.0 && curve.carried.q5 >= 0.0);
            let weights: f64 = curve.weights.iter().map(|weight| weight.mean).sum();
            assert_relative_eq!(weights, 1.0, max_relative = 1e-9);
            assert!(curve.weights.windows(2).all(|pair| pair[1].mean <= pair[0].mean));
            let later: f64 = curve.weights[1..].iter().map(|weight| weight.mean).sum();
            assert_relative_eq!(later, effect.carry_over.later_share.mean, max_relative = 1e-9);
        }
    }
}

/// What the model would have said about the last periods, had their media and controls been a plan.
#[test]
fn a_forecast_continues_the_model() {
    let whole = market(1).data;
    let seen = whole.periods() - 10;
    let cut = |values: &[f64]| values[..seen].to_vec();
    let builder = Dataset::builder().dates(&whole.dates()[..seen]).kpi("kpi", cut(whole.kpi()));
    let builder = whole
        .channels()
        .iter()
        .fold(builder, |builder, channel| builder.channel(channel.name(), cut(channel.spend())));
    let builder = whole
        .controls()
        .iter()
        .fold(builder, |builder, control| builder.control(control.name(), cut(control.values())));
    let spec = ModelSpec { trend: true, ..ModelSpec::default() };
    let fit = Model::new(spec, builder.build().unwrap()).unwrap().fit(&short(1)).unwrap();
    let rest = |values: &[f64]| values[seen..].to_vec();
    let outlook = Outlook {
        media: whole
            .channels()
            .iter()
            .map(|channel| (channel.name().to_owned(), rest(channel.spend())))
            .collect(),
        controls: whole.controls().iter().map(|own| (own.name().to_owned(), rest(own.values()))).collect(),
    };
    let forecast = fit.forecast(10, &outlook).unwrap();
    assert_eq!(forecast.dates, whole.dates()[seen..]);
    let covered = forecast.predictive.iter().zip(&whole.kpi()[seen..]);
    let covered = covered.filter(|(band, kpi)| (band.q5..=band.q95).contains(kpi)).count();
    assert!(covered >= 6, "{covered} of 10 inside the 90 % band");
    for period in 0..10 {
        let media: f64 = forecast.media.iter().map(|(_, parts)| parts[period].mean).sum();
        let both = forecast.baseline[period].mean + media;
        assert_relative_eq!(both, forecast.expected[period].mean, max_relative = 1e-9);
        let (inner, outer) = (forecast.expected[period], forecast.predictive[period]);
        assert!(outer.q5 < inner.q5 && inner.q95 < outer.q95, "noise widens the band");
    }
    assert_eq!(fit.forecast(10, &outlook), Ok(forecast.clone()));
    // Without a plan, media fade out as far as they are remembered, and then do nothing.
    let silent = fit.forecast(10, &Outlook { media: [].into(), ..outlook.clone() }).unwrap();
    for (_, parts) in &silent.media {
        assert!(parts[0].mean > 0.0 && parts[7..].iter().all(|part| part.q95 == 0.0));
    }

    let refused = |outlook: Outlook| fit.forecast(10, &outlook).unwrap_err();
    let column = |name: &str| EffectError::Outlook { column: name.to_owned() };
    let name = whole.controls()[0].name();
    assert_eq!(refused(Outlook { controls: [].into(), ..outlook.clone() }), column(name));
    let other = |values: Vec<f64>, name: &str| {
        let mut other = outlook.clone();
        other.media.insert(name.to_owned(), values);
        other
    };
    assert_eq!(refused(other(vec![1.0; 9], "tv")), column("tv"));
    assert_eq!(refused(other(vec![-1.0; 10], "tv")), column("tv"));
    assert_eq!(refused(other(vec![f64::NAN; 10], "tv")), column("tv"));
    assert_eq!(refused(other(vec![1.0; 10], "print")), column("print"));
    assert!(matches!(fit.forecast(0, &outlook), Err(EffectError::Dates { .. })));
    assert!(matches!(fit.forecast(usize::MAX, &outlook), Err(EffectError::Dates { .. })));
}
