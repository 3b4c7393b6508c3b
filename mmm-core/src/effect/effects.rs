//! Contributions, returns, baseline and bands of a fit, each with its interval.

use ndarray::Axis;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::{data::Channel, fit::Fit};

use super::{FitMeasures, Interval, decompose::Evaluator, series::Series};

/// The random stream of predictive noise; chains use the streams from 0 up.
const PREDICTIVE_STREAM: u64 = u64::MAX;

/// What a fit says about its channels and its KPI.
#[derive(Clone, Debug, PartialEq)]
pub struct Effects {
    /// One entry per channel, in the order of the data.
    pub channels: Vec<ChannelEffect>,
    /// Intercept, controls, trend and seasonality per period, in KPI units.
    pub baseline: Vec<Interval>,
    /// The expected KPI per period.
    pub fitted: Vec<Interval>,
    /// The KPI itself per period, noise included: its central 90 % should hold nine of ten periods.
    pub predictive: Vec<Interval>,
    /// How well the model explains the KPI.
    pub measures: FitMeasures,
}

/// What one channel did.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelEffect {
    /// The channel.
    pub name: String,
    /// Money spent over all periods.
    pub spend: f64,
    /// Contribution over all periods, in KPI units.
    pub contribution: Interval,
    /// Contribution as a share of the observed KPI over all periods.
    pub share: Interval,
    /// Contribution times the worth of a KPI unit, per unit of spend; without a worth, KPI units per
    /// unit of spend.
    pub roi: Interval,
    /// The probability that a unit of spend returned more than itself; `None` without a worth of the
    /// KPI, because there is no break-even then.
    pub p_above_break_even: Option<f64>,
    /// Contribution per period, in KPI units.
    pub by_period: Vec<Interval>,
}

/// How a contribution becomes a return.
#[derive(Clone, Copy)]
struct Return {
    per_unit: f64,
    worth: Option<f64>,
}

impl Fit {
    /// Computes contributions, returns and bands from all draws.
    ///
    /// Takes `O(draws * T * channels)` time and keeps two numbers per draw and period meanwhile.
    pub fn effects(&self) -> Effects {
        let model = self.model();
        let periods = model.data().periods();
        let draws = self.parameters();
        let each_draw = || draws.rows().into_iter().enumerate();
        let mut evaluator = Evaluator::new(model);
        let mut total = Series::new(periods, self.kept());
        for (draw, parameters) in each_draw() {
            total.set(draw, evaluator.baseline(parameters).iter().copied());
        }
        let baseline = total.intervals();

        let mut part = Series::new(periods, self.kept());
        let mut channels = Vec::with_capacity(model.layout().channels());
        for (index, channel) in model.data().channels().iter().enumerate() {
            for (draw, parameters) in each_draw() {
                part.set(draw, evaluator.contribution(index, parameters));
            }
            channels.push(self.channel_effect(index, channel, part.intervals()));
            total.add(&part);
        }
        let fitted = total.intervals();

        let sigmas: Vec<f64> = each_draw().map(|(_, parameters)| evaluator.sigma(parameters)).collect();
        let mut rng = ChaCha8Rng::seed_from_u64(self.settings().seed);
        rng.set_stream(PREDICTIVE_STREAM);
        total.change(|draw, value| {
            let noise: f64 = StandardNormal.sample(&mut rng);
            value + sigmas[draw] * noise
        });
        let predictive = total.intervals();
        let measures = FitMeasures::of(model.data().kpi(), &fitted, &predictive);
        Effects { channels, baseline, fitted, predictive, measures }
    }

    fn channel_effect(&self, index: usize, channel: &Channel, by_period: Vec<Interval>) -> ChannelEffect {
        let data = self.model().data();
        let mut totals: Vec<f64> = self.contributions().index_axis(Axis(2), index).iter().copied().collect();
        let contribution = Interval::of(&mut totals);
        let spend = channel.total_spend();
        let returns = Return { per_unit: data.kpi_value().unwrap_or(1.0) / spend, worth: data.kpi_value() };
        // Absolute values keep the denominator above zero; for a KPI that is never negative they
        // change nothing.
        let observed: f64 = data.kpi().iter().map(|value| value.abs()).sum();
        ChannelEffect {
            name: channel.name().to_owned(),
            spend,
            contribution,
            share: contribution.scaled(1.0 / observed),
            roi: contribution.scaled(returns.per_unit),
            p_above_break_even: returns.p_above_break_even(&totals),
            by_period,
        }
    }
}

impl Return {
    /// The share of the draws in which a unit of spend returned more than itself.
    fn p_above_break_even(self, totals: &[f64]) -> Option<f64> {
        self.worth?;
        let above = totals.iter().filter(|total| **total * self.per_unit > 1.0).count();
        Some(above as f64 / totals.len() as f64)
    }
}
