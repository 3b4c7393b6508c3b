//! Contributions, baseline and fitted values belong together, draw by draw.

use approx::assert_relative_eq;
use mmm_core::{
    data::Dataset,
    model::{Model, ModelSpec},
};
use ndarray::Axis;

use crate::{market, model_of, short};

#[test]
fn contributions_and_baseline_add_up_to_the_fitted_kpi_in_every_draw() {
    let simulation = market(1);
    let fit = model_of(&simulation).fit(&short(1)).unwrap();
    for chain in 0..4 {
        for draw in (0..100).step_by(9) {
            let parts = fit.decompose(chain, draw).unwrap();
            for period in 0..simulation.data.periods() {
                let sum = parts.baseline[period] + parts.contributions.column(period).sum();
                assert_relative_eq!(sum, parts.fitted[period], max_relative = 1e-9);
            }
            // The totals that diagnostics see are those of the decomposition.
            let totals = parts.contributions.sum_axis(Axis(1));
            for (channel, total) in totals.iter().enumerate() {
                assert_relative_eq!(fit.contributions()[[chain, draw, channel]], *total, max_relative = 1e-9);
            }
        }
    }
    assert!(fit.decompose(4, 0).is_none() && fit.decompose(0, 100).is_none());
}

#[test]
fn means_over_time_add_up_to_totals_and_to_the_fitted_kpi() {
    let simulation = market(1);
    let effects = model_of(&simulation).fit(&short(1)).unwrap().effects();
    for channel in &effects.channels {
        let sum: f64 = channel.by_period.iter().map(|interval| interval.mean).sum();
        assert_relative_eq!(sum, channel.contribution.mean, max_relative = 1e-9);
        assert_relative_eq!(channel.roi.mean, channel.contribution.mean / channel.spend, max_relative = 1e-9);
    }
    for period in 0..simulation.data.periods() {
        let channels: f64 = effects.channels.iter().map(|channel| channel.by_period[period].mean).sum();
        let sum = effects.baseline[period].mean + channels;
        assert_relative_eq!(sum, effects.fitted[period].mean, max_relative = 1e-9);
        let (inner, outer) = (effects.fitted[period], effects.predictive[period]);
        assert!(outer.q5 < inner.q5 && inner.q95 < outer.q95, "noise widens the band");
    }
}

#[test]
fn without_a_worth_there_is_no_break_even() {
    let data = market(1).data;
    let plain = data.channels().iter().fold(
        Dataset::builder().dates(data.dates()).kpi("orders", data.kpi().iter().copied()),
        |builder, channel| builder.channel(channel.name(), channel.spend().iter().copied()),
    );
    let model = Model::new(ModelSpec::default(), plain.build().unwrap()).unwrap();
    let effects = model.fit(&short(1)).unwrap().effects();
    assert!(effects.channels.iter().all(|channel| channel.p_above_break_even.is_none()));
}

#[test]
fn worth_scales_the_return_and_nothing_else() {
    let data = market(1).data;
    let effects = |worth: f64| {
        let builder =
            Dataset::builder().dates(data.dates()).kpi("orders", data.kpi().iter().copied()).kpi_value(worth);
        let builder = data.channels().iter().fold(builder, |builder, channel| {
            builder.channel(channel.name(), channel.spend().iter().copied())
        });
        let model = Model::new(ModelSpec::default(), builder.build().unwrap()).unwrap();
        model.fit(&short(1)).unwrap().effects()
    };
    let (one, ten) = (effects(1.0), effects(10.0));
    for (one, ten) in one.channels.iter().zip(&ten.channels) {
        assert_eq!(one.contribution, ten.contribution);
        assert_relative_eq!(10.0 * one.roi.q95, ten.roi.q95, max_relative = 1e-12);
        assert!(one.p_above_break_even <= ten.p_above_break_even);
    }
}

#[test]
fn curves_start_at_nothing_and_pass_through_what_happened() {
    let effects = model_of(&market(1)).fit(&short(1)).unwrap().effects();
    for channel in &effects.channels {
        let curve = &channel.response;
        assert_eq!((curve.multipliers.len(), curve.contribution.len()), (21, 21));
        assert_relative_eq!(curve.contribution[0].q95, 0.0);
        // All 400 draws are used, so the middle of the curve is the contribution itself.
        assert_relative_eq!(curve.multipliers[10], 1.0);
        assert_relative_eq!(curve.contribution[10].mean, channel.contribution.mean, max_relative = 1e-9);
        assert!(curve.contribution.windows(2).all(|pair| pair[0].mean < pair[1].mean));
        // The curve bends down, so the next unit returns less than the average one.
        assert!(0.0 < curve.marginal_roi.mean && curve.marginal_roi.mean < channel.roi.mean);
        let around = (curve.contribution[11].mean - curve.contribution[9].mean) / (0.2 * channel.spend);
        assert_relative_eq!(curve.marginal_roi.mean, around, max_relative = 0.02);
        let carry_over = channel.carry_over;
        assert!((0.0..1.0).contains(&carry_over.later_share.mean) && carry_over.half_time.mean >= 0.5);
    }
}
