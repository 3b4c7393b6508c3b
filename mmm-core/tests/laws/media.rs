//! Exposure is what works, spend is what it costs, and what nobody paid for has no return.

use std::sync::OnceLock;

use approx::assert_relative_eq;
use mmm_core::{
    artifact::Summary,
    budget::{Budget, BudgetError, Recommendation},
    data::{Channel, Dataset},
    diagnose::ConvergedFit,
    fit::FitSettings,
    model::{Model, ModelSpec},
    simulate::{Scenario, Simulation},
};

use crate::{market, model_of, short};

/// A market whose channels state what their spend bought, beside a newsletter.
fn exposed_market(seed: u64) -> Simulation {
    let scenario = Scenario::weekly(["tv", "search", "social"]).exposed().organic(["newsletter"]);
    scenario.weeks(104).seed(seed).simulate().unwrap()
}

/// Seed 1 of [`exposed_market`], fitted.
fn fit() -> &'static ConvergedFit {
    static FIT: OnceLock<ConvergedFit> = OnceLock::new();
    FIT.get_or_init(|| {
        let model = model_of(&exposed_market(1));
        model.fit(&FitSettings::seeded(1)).unwrap().require_converged().unwrap()
    })
}

/// The same KPI with other channels, fitted, and planned as if it had converged long enough.
fn refitted(of: &Dataset, channel: impl Fn(&Channel) -> (Vec<f64>, Option<Vec<f64>>)) -> Summary {
    let builder =
        Dataset::builder().dates(of.dates()).kpi("revenue", of.kpi().iter().copied()).kpi_value(1.0);
    let builder = of.channels().iter().fold(builder, |builder, of| match channel(of) {
        (spend, Some(exposure)) => builder.exposed_channel(of.name(), spend, exposure),
        (spend, None) => builder.channel(of.name(), spend),
    });
    let model =
        Model::new(ModelSpec { trend: true, ..ModelSpec::default() }, builder.build().unwrap()).unwrap();
    let fit = model.fit(&FitSettings::seeded(1)).unwrap();
    assert!(fit.convergence().converged, "{}", fit.convergence());
    fit.summary().unwrap()
}

fn times(values: &[f64], factor: f64) -> Vec<f64> {
    values.iter().map(|value| factor * value).collect()
}

/// A power of two as the price changes no digit of any computation.
#[test]
fn exposure_at_one_price_says_the_same_as_spend() {
    let data = market(1).data;
    let spend = refitted(&data, |channel| (channel.spend().to_vec(), None));
    let exposure =
        refitted(&data, |channel| (channel.spend().to_vec(), Some(times(channel.spend(), 1024.0))));
    for (spend, mut exposure) in spend.channels.into_iter().zip(exposure.channels) {
        assert_eq!((spend.cost_per_unit, exposure.cost_per_unit.take()), (None, Some(1.0 / 1024.0)));
        assert_eq!(spend, exposure);
    }
    assert_eq!(spend.media, exposure.media);
    assert_eq!(spend.recommendation, exposure.recommendation);
    assert_ne!(spend.model.data_fingerprint, exposure.model.data_fingerprint);
}

#[test]
fn twice_the_price_is_half_the_return_of_the_same_effect() {
    let data = exposed_market(1).data;
    let at = |price: f64| {
        refitted(&data, |channel| (times(channel.spend(), price), channel.exposure().map(<[f64]>::to_vec)))
    };
    let (one, two) = (at(1.0), at(2.0));
    for (one, two) in one.channels.iter().zip(&two.channels) {
        assert_eq!(one.contribution, two.contribution);
        assert_eq!((one.spend * 2.0, one.roi.mean), (two.spend, two.roi.mean * 2.0));
        let (one, two) = (one.response.as_ref().unwrap(), two.response.as_ref().unwrap());
        assert_eq!(one.contribution, two.contribution);
        assert_eq!(times(&one.spend, 2.0), two.spend);
        assert_relative_eq!(one.marginal_roi.mean, two.marginal_roi.mean * 2.0, max_relative = 1e-12);
    }
    let (one, two) = (one.recommendation.unwrap(), two.recommendation.unwrap());
    assert_eq!((2.0 * one.total).to_bits(), two.total.to_bits());
    for (one, two) in one.channels.iter().zip(&two.channels) {
        assert_relative_eq!(2.0 * one.plan, two.plan, max_relative = 1e-6);
        assert_eq!(one.outcome_now, two.outcome_now);
        assert_relative_eq!(one.marginal_roi_now, 2.0 * two.marginal_roi_now, max_relative = 1e-12);
    }
}

#[test]
fn a_plan_buys_at_the_average_price_and_extrapolates_beyond_what_was_seen() {
    let fit = fit();
    let channel = &fit.model().data().channels()[0];
    let most_seen = channel.exposure().unwrap().iter().copied().fold(0.0, f64::max) * channel.cost_per_unit();
    let plan = |amount: f64| -> Recommendation {
        let rest = fit.optimize(&Budget::default()).unwrap();
        let others: f64 = rest.channels[1..].iter().map(|channel| channel.now).sum();
        fit.optimize(&Budget::fixed(amount + others).lock(channel.name(), amount)).unwrap()
    };
    assert!(!plan(0.999 * most_seen).channels[0].extrapolated);
    assert!(plan(1.001 * most_seen).channels[0].extrapolated);
}

#[test]
fn an_organic_medium_contributes_and_gets_neither_return_nor_budget() {
    let fit = fit();
    let (effects, summary) = (fit.effects(), fit.summary().unwrap());
    let names = ["tv", "search", "social"];
    assert!(summary.channels.iter().map(|channel| channel.name.as_str()).eq(names));
    assert_eq!(summary.organic.len(), 1);
    assert!(
        summary
            .over_time
            .channels
            .iter()
            .map(|series| series.name.as_str())
            .eq(names.into_iter().chain(["newsletter"]))
    );
    assert!(summary.contributions.iter().any(|quantity| quantity.name == "contribution[newsletter]"));
    let plan = summary.recommendation.unwrap();
    assert!(plan.channels.iter().map(|channel| channel.name.as_str()).eq(names));
    let refused = fit.optimize(&Budget::default().lock("newsletter", 1.0)).unwrap_err();
    assert_eq!(refused, BudgetError::UnknownChannel { channel: "newsletter".to_owned() });

    // It is part of what makes the KPI, and of no figure about money.
    for period in 0..104 {
        let paid: f64 = effects.channels.iter().map(|channel| channel.by_period[period].mean).sum();
        let sum = effects.baseline[period].mean + paid + effects.organic[0].by_period[period].mean;
        assert_relative_eq!(sum, effects.fitted[period].mean, max_relative = 1e-9);
    }
    let paid: f64 = effects.channels.iter().map(|channel| channel.contribution.mean).sum();
    assert_relative_eq!(effects.media.contribution.mean, paid, max_relative = 1e-12);
    let shares: f64 = effects.channels.iter().map(|channel| channel.effect_share.mean).sum();
    assert_relative_eq!(shares, 1.0, max_relative = 1e-12);
}

/// Five markets: the 90 % intervals hold at least 15 of 20 truths (18 expected), and beside an organic
/// medium the total of the channels is met within a quarter.
#[test]
fn the_truth_behind_exposure_and_organic_media_is_found() {
    let (mut inside, mut all) = (0, 0);
    for seed in 0..5 {
        let simulation = exposed_market(seed);
        let fit = model_of(&simulation).fit(&FitSettings::seeded(seed)).unwrap();
        assert!(fit.convergence().converged, "market {seed}: {}", fit.convergence());
        let (effects, truth) = (fit.effects(), &simulation.truth);
        for (channel, truth) in effects.channels.iter().zip(&truth.channels) {
            all += 1;
            inside += u32::from((channel.roi.q5..=channel.roi.q95).contains(&truth.roi));
        }
        let (organic, hidden) = (&effects.organic[0], &truth.organic[0]);
        all += 1;
        inside += u32::from((organic.contribution.q5..=organic.contribution.q95).contains(&hidden.total));
        let hidden: f64 = truth.channels.iter().map(|channel| channel.total).sum();
        let found = effects.media.contribution.mean / hidden;
        assert!((0.75..1.25).contains(&found), "market {seed}: {found}");
    }
    assert!(inside >= 15, "{inside} of {all}");
}

#[test]
fn a_document_of_version_two_has_no_organic_media() {
    let summary = model_of(&market(1)).fit(&short(1)).unwrap().summary().unwrap();
    let mut value = serde_json::to_value(&summary).unwrap();
    value.as_object_mut().unwrap().remove("organic");
    assert_eq!(serde_json::from_value::<Summary>(value).unwrap(), summary);
}
