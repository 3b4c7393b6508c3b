//! Contributions, returns, baseline and bands of a fit, each with its interval.

use ndarray::{Array2, Axis};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::{data::Channel, fit::Fit};

use super::{
    Accuracy, CarryOver, FitMeasures, Interval, MediaEffect, ResponseCurve,
    decompose::Evaluator,
    media::{Yardstick, effect_shares},
    series::Series,
};

/// The random stream of predictive noise; chains use the streams from 0 up.
const PREDICTIVE_STREAM: u64 = u64::MAX;

/// What a fit says about its channels and its KPI.
#[derive(Clone, Debug, PartialEq)]
pub struct Effects {
    /// One entry per channel, in the order of the data.
    pub channels: Vec<ChannelEffect>,
    /// All channels together, from joint draws.
    pub media: MediaEffect,
    /// Level, controls, trend and seasonality per period, in KPI units.
    pub baseline: Vec<Interval>,
    /// The expected KPI per period.
    pub fitted: Vec<Interval>,
    /// The KPI itself per period, noise included: its central 90 % should hold nine of ten periods.
    pub predictive: Vec<Interval>,
    /// How well the model explains the KPI.
    pub measures: FitMeasures,
    /// How far it is from the KPI, in the peers' measures.
    pub accuracy: Accuracy,
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
    /// Contribution as a share of that of all channels, draw by draw.
    pub effect_share: Interval,
    /// Contribution times the worth of a KPI unit, per unit of spend; without a worth, KPI units per
    /// unit of spend.
    pub roi: Interval,
    /// The probability that a unit of spend returned more than itself; `None` without a worth of the
    /// KPI, because there is no break-even then.
    pub p_above_break_even: Option<f64>,
    /// Contribution per period, in KPI units.
    pub by_period: Vec<Interval>,
    /// What more or less spend would have brought, and what the next unit brings.
    pub response: ResponseCurve,
    /// How the effect is spread over time.
    pub carry_over: CarryOver,
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
        let joint = self.joint_contributions();
        let effect_shares = effect_shares(joint.view());
        let mut channels = Vec::with_capacity(model.layout().channels());
        let shapes = self.response_curves().into_iter().zip(self.carry_over());
        let of_data = model.data().channels().iter().enumerate();
        for ((index, channel), (response, carry_over)) in of_data.zip(shapes) {
            for (draw, parameters) in each_draw() {
                part.set(draw, evaluator.contribution(index, parameters));
            }
            let joint = (effect_shares[index], part.intervals());
            channels.push(self.channel_effect((index, channel), joint, response, carry_over));
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
        let accuracy = Accuracy::of(model.data().kpi(), &fitted, total.mean_crps(model.data().kpi()));
        let spend = model.data().channels().iter().map(Channel::total_spend).sum();
        let media = MediaEffect::of(joint.view(), spend, self.yardstick());
        Effects { channels, media, baseline, fitted, predictive, measures, accuracy }
    }

    /// The draws of all chains, one below the other: `(kept, channels)`.
    fn joint_contributions(&self) -> Array2<f64> {
        let width = self.model().layout().channels();
        let draws = self.contributions().iter().copied().collect();
        Array2::from_shape_vec((self.kept(), width), draws).unwrap_or_default()
    }

    fn channel_effect(
        &self,
        (index, channel): (usize, &Channel),
        (effect_share, by_period): (Interval, Vec<Interval>),
        response: ResponseCurve,
        carry_over: CarryOver,
    ) -> ChannelEffect {
        let mut totals: Vec<f64> = self.contributions().index_axis(Axis(2), index).iter().copied().collect();
        let contribution = Interval::of(&mut totals);
        let spend = channel.total_spend();
        let (share, roi, p_above_break_even) = self.yardstick().measure(contribution, &totals, spend);
        ChannelEffect {
            name: channel.name().to_owned(),
            spend,
            contribution,
            share,
            effect_share,
            roi,
            p_above_break_even,
            by_period,
            response,
            carry_over,
        }
    }

    fn yardstick(&self) -> Yardstick {
        let data = self.model().data();
        // Absolute values keep the denominator above zero; for a KPI that is never negative they
        // change nothing.
        Yardstick { observed: data.kpi().iter().map(|value| value.abs()).sum(), worth: data.kpi_value() }
    }
}
