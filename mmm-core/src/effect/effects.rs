//! Contributions, returns, baseline and bands of a fit, each with its interval.

use ndarray::{Array2, Axis};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::{
    data::{Channel, Organic},
    fit::Fit,
};

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
    /// One entry per paid channel, in the order of the data.
    pub channels: Vec<ChannelEffect>,
    /// One entry per organic medium, in the order of the data.
    pub organic: Vec<OrganicEffect>,
    /// All paid channels together, from joint draws.
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
    /// Contribution as a share of that of all paid channels, draw by draw.
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

/// What a medium did that nobody paid for; without spend it has no return.
#[derive(Clone, Debug, PartialEq)]
pub struct OrganicEffect {
    /// The medium.
    pub name: String,
    /// Contribution over all periods, in KPI units.
    pub contribution: Interval,
    /// Contribution as a share of the observed KPI over all periods.
    pub share: Interval,
    /// Contribution per period, in KPI units.
    pub by_period: Vec<Interval>,
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
        let by_period = (0..model.layout().channels()).map(|medium| {
            for (draw, parameters) in each_draw() {
                part.set(draw, evaluator.contribution(medium, parameters));
            }
            total.add(&part);
            part.intervals()
        });
        let mut by_period = by_period.collect::<Vec<_>>().into_iter();
        let joint = self.paid_contributions();
        let effect_shares = effect_shares(joint.view());
        let mut carry_over = self.carry_over().into_iter();
        let shapes = self.response_curves().into_iter().zip(carry_over.by_ref()).zip(effect_shares);
        let paid = model.data().channels().iter().enumerate().zip(shapes).zip(by_period.by_ref());
        let channels = paid
            .map(|((channel, shapes), by_period)| self.channel_effect(channel, shapes, by_period))
            .collect();
        let organic = model.data().organic().iter().enumerate().zip(carry_over).zip(by_period);
        let organic = organic
            .map(|((organic, carry_over), by_period)| self.organic_effect(organic, carry_over, by_period))
            .collect();
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
        Effects { channels, organic, media, baseline, fitted, predictive, measures, accuracy }
    }

    /// The draws of all chains, one below the other: `(kept, paid channels)`.
    fn paid_contributions(&self) -> Array2<f64> {
        let paid = self.model().data().channels().len();
        let draws = self.contributions();
        let draws = draws.rows().into_iter().flat_map(|draw| draw.into_iter().take(paid).copied()).collect();
        Array2::from_shape_vec((self.kept(), paid), draws).unwrap_or_default()
    }

    /// The contribution of a medium over all periods, draw by draw.
    fn totals(&self, medium: usize) -> Vec<f64> {
        self.contributions().index_axis(Axis(2), medium).iter().copied().collect()
    }

    fn channel_effect(
        &self,
        (index, channel): (usize, &Channel),
        ((response, carry_over), effect_share): ((ResponseCurve, CarryOver), Interval),
        by_period: Vec<Interval>,
    ) -> ChannelEffect {
        let mut totals = self.totals(index);
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

    fn organic_effect(
        &self,
        (index, organic): (usize, &Organic),
        carry_over: CarryOver,
        by_period: Vec<Interval>,
    ) -> OrganicEffect {
        let medium = self.model().data().channels().len() + index;
        let contribution = Interval::of(&mut self.totals(medium));
        let share = self.yardstick().share(contribution);
        OrganicEffect { name: organic.name().to_owned(), contribution, share, by_period, carry_over }
    }

    fn yardstick(&self) -> Yardstick {
        let data = self.model().data();
        // Absolute values keep the denominator above zero; for a KPI that is never negative they
        // change nothing.
        Yardstick { observed: data.kpi().iter().map(|value| value.abs()).sum(), worth: data.kpi_value() }
    }
}
