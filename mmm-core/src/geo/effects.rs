//! What media of several geos brought, draw by draw: incremental outcome, returns, response curves, and
//! how close the model comes to the KPI.
//!
//! With the expected KPI `y`, its worth `v` and the spend of a channel,
//!
//! | figure                | formula                                                          |
//! |-----------------------|------------------------------------------------------------------|
//! | outcome at `f`        | `sum over g, t of beta[g] h(f x)[g,t] v[g,t]`, exposure times `f`; where effects multiply, `e^mu` less what it is without the channel |
//! | return                | outcome at 1 / spend                                             |
//! | marginal return       | (outcome at 1.01 - outcome at 1) / (0.01 spend)                  |
//! | cost per KPI          | spend / KPI brought                                              |
//!
//! # Source
//!
//! `Analyzer` of Meridian 2.1.

use ndarray::{Array2, Array3, ArrayView2};

use crate::{
    data::PanelMedium,
    effect::Interval,
    model::{ChannelMedia, ChannelWork},
};

use super::{
    GeoFit, GeoModel,
    posterior::GeoPosterior,
    term::{Medium, Source},
};

/// What a hundredth more of a channel with reach and frequency means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lever {
    /// More people, as often.
    Reach,
    /// As many people, more often.
    Frequency,
}

/// What each draw says about every paid channel, `(draws, channels)` in the order of the panel.
#[derive(Clone, Debug, PartialEq)]
pub struct GeoEffects {
    /// The outcome that would be missing without the channel, in money; in KPI units without a worth.
    pub outcome: Array2<f64>,
    /// That per unit of spend.
    pub roi: Array2<f64>,
    /// The outcome of the next hundredth of spend, per unit of that.
    pub marginal_roi: Array2<f64>,
    /// Spend per unit of the KPI that the channel brought.
    pub cost_per_kpi: Array2<f64>,
    /// The expected outcome of everything together, `(draws,)`.
    pub expected_outcome: Vec<f64>,
    /// The share of draws in which the KPI without media would be below zero in total.
    pub negative_baseline: f64,
    /// How close the mean of the draws comes to the KPI, in every geo.
    pub accuracy: GeoAccuracy,
    /// The same for all geos together.
    pub national_accuracy: GeoAccuracy,
}

/// How close an expectation comes to an outcome.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GeoAccuracy {
    /// One less the mean squared error as a share of the variance.
    pub r_squared: f64,
    /// The mean of absolute errors as shares of their outcome.
    pub mape: f64,
    /// The sum of absolute errors as a share of the sum of the outcome.
    pub wmape: f64,
}

/// The outcome of every paid channel at multiples of its spend.
#[derive(Clone, Debug, PartialEq)]
pub struct GeoResponse {
    /// Spend, `(multipliers, channels)`.
    pub spend: Array2<f64>,
    /// Outcome per draw, `(multipliers, draws, channels)`.
    pub outcome: Array3<f64>,
}

/// A paid channel at another exposure.
struct Rescaled<'m> {
    medium: &'m Medium,
    term: usize,
    geos: Vec<ChannelMedia>,
    work: Vec<ChannelWork>,
}

impl GeoModel {
    /// Effects of draws, one a row in the order of [`names`](Self::names).
    ///
    /// | name    | shape             | range                 |
    /// |---------|-------------------|-----------------------|
    /// | `draws` | `(draws, P)`      | as the priors allow   |
    ///
    /// Rows of another length give figures that are not numbers.
    pub fn effects_of(&self, draws: ArrayView2<'_, f64>, lever: Lever) -> GeoEffects {
        let spend = self.spend();
        let (rows, channels) = (draws.nrows(), spend.len());
        let mut posterior = self.posterior();
        let mut more = self.rescaled(1.01, lever);
        let empty = || Array2::zeros((rows, channels));
        let (mut outcome, mut marginal, mut kpi) = (empty(), empty(), empty());
        let (mut expected_outcome, mut negative) = (Vec::with_capacity(rows), 0_usize);
        let mut mean = vec![0.0; self.panel().kpi().len()];
        for (row, draw) in draws.rows().into_iter().enumerate() {
            posterior.log_density_of(&draw.to_vec());
            let mut baseline = 0.0;
            let predictors = posterior.predictors();
            let expected = posterior.expected_kpi(&predictors);
            for (mean, expected) in mean.iter_mut().zip(&expected) {
                *mean += expected / rows as f64;
                baseline += expected;
            }
            expected_outcome.push(self.worth_of(&expected).iter().sum());
            baseline -= posterior.contributions().sum::<f64>();
            negative += usize::from(baseline < 0.0);
            for (channel, contribution) in posterior.contributions().take(channels).enumerate() {
                kpi[[row, channel]] = contribution;
                outcome[[row, channel]] = posterior.outcome(channel, &predictors);
                let at_more = more[channel].outcome(&posterior, &predictors, &self.parts().worth);
                marginal[[row, channel]] = (at_more - outcome[[row, channel]]) / (0.01 * spend[channel]);
            }
        }
        let roi = Array2::from_shape_fn((rows, channels), |at| outcome[at] / spend[at.1]);
        let cost_per_kpi = Array2::from_shape_fn((rows, channels), |at| spend[at.1] / kpi[at]);
        let (seen, fitted) = (self.worth_of(self.panel().kpi()), self.worth_of(&mean));
        GeoEffects {
            roi,
            cost_per_kpi,
            marginal_roi: marginal,
            outcome,
            expected_outcome,
            negative_baseline: negative as f64 / rows as f64,
            accuracy: GeoAccuracy::of(&seen, &fitted),
            national_accuracy: GeoAccuracy::of(&self.over_geos(&seen), &self.over_geos(&fitted)),
        }
    }

    /// The outcome of every paid channel where every exposure of it is multiplied; shapes as in
    /// [`effects_of`](Self::effects_of).
    pub fn response_of(&self, draws: ArrayView2<'_, f64>, multipliers: &[f64], lever: Lever) -> GeoResponse {
        let spend = self.spend();
        let mut posterior = self.posterior();
        let mut at: Vec<_> = multipliers.iter().map(|factor| self.rescaled(*factor, lever)).collect();
        let mut outcome = Array3::zeros((multipliers.len(), draws.nrows(), spend.len()));
        for (row, draw) in draws.rows().into_iter().enumerate() {
            posterior.log_density_of(&draw.to_vec());
            let predictors = posterior.predictors();
            for (step, channels) in at.iter_mut().enumerate() {
                for (channel, rescaled) in channels.iter_mut().enumerate() {
                    outcome[[step, row, channel]] =
                        rescaled.outcome(&posterior, &predictors, &self.parts().worth);
                }
            }
        }
        let of_step = |(step, channel): (usize, usize)| multipliers[step] * spend[channel];
        GeoResponse { spend: Array2::from_shape_fn((multipliers.len(), spend.len()), of_step), outcome }
    }

    /// What was spent on every paid channel.
    fn spend(&self) -> Vec<f64> {
        let paid = self.panel().media().iter().filter_map(PanelMedium::spend);
        paid.map(|spend| spend.iter().sum()).collect()
    }

    fn rescaled(&self, factor: f64, lever: Lever) -> Vec<Rescaled<'_>> {
        let paid = self.panel().media().iter().filter(|medium| medium.spend().is_some()).count();
        let terms = self.parts().terms.iter().enumerate().take(paid);
        let periods = self.panel().periods();
        let mut found = Vec::with_capacity(paid);
        for (term, of) in terms {
            if let Source::Medium(medium) = &of.source {
                let geos: Vec<ChannelMedia> = medium
                    .geos
                    .iter()
                    .map(|series| series.multiplied(factor, lever == Lever::Reach))
                    .collect();
                let work = geos.iter().map(|series| series.work(periods)).collect();
                found.push(Rescaled { medium: medium.as_ref(), term, geos, work });
            }
        }
        found
    }

    /// A series of the KPI in money.
    fn worth_of(&self, kpi: &[f64]) -> Vec<f64> {
        match self.panel().worth() {
            Some(worth) => kpi.iter().zip(worth).map(|(kpi, worth)| kpi * worth).collect(),
            None => kpi.to_vec(),
        }
    }

    fn over_geos(&self, values: &[f64]) -> Vec<f64> {
        let mut sums = vec![0.0; self.panel().periods()];
        for geo in values.chunks_exact(sums.len()) {
            sums.iter_mut().zip(geo).for_each(|(sum, value)| *sum += value);
        }
        sums
    }
}

impl GeoFit {
    /// Effects of all kept draws.
    pub fn effects(&self, lever: Lever) -> GeoEffects {
        let parameters = self.parameters();
        let (chains, draws, size) = parameters.dim();
        let rows = Array2::from_shape_fn((chains * draws, size), |(row, place)| {
            parameters[[row / draws, row % draws, place]]
        });
        self.model().effects_of(rows.view(), lever)
    }
}

impl Rescaled<'_> {
    fn outcome(&mut self, posterior: &GeoPosterior, predictors: &[f64], worth: &[f64]) -> f64 {
        let shapes = self.medium.values(posterior.values());
        let shapes = self.medium.shapes(&shapes);
        for (series, work) in self.geos.iter().zip(&mut self.work) {
            series.forward(shapes, work);
        }
        posterior.brought(self.term, |geo| self.work[geo].effect(), predictors, worth)
    }
}

impl GeoEffects {
    /// The returns of a paid channel over all draws; `None` where there is no such channel.
    pub fn roi_of(&self, channel: usize) -> Option<Interval> {
        (channel < self.roi.ncols()).then(|| Interval::of(&mut self.roi.column(channel).to_vec()))
    }
}

impl GeoAccuracy {
    fn of(seen: &[f64], fitted: &[f64]) -> Self {
        let count = seen.len() as f64;
        let mean = seen.iter().sum::<f64>() / count;
        let errors = || seen.iter().zip(fitted).map(|(seen, fitted)| (seen - fitted).abs());
        let squares: f64 = errors().map(|error| error * error).sum();
        let spread: f64 = seen.iter().map(|value| (value - mean).powi(2)).sum();
        Self {
            r_squared: 1.0 - squares / spread,
            mape: errors().zip(seen).map(|(error, seen)| error / seen.abs()).sum::<f64>() / count,
            wmape: errors().sum::<f64>() / seen.iter().sum::<f64>(),
        }
    }
}
