//! A fit as one document: everything a results page shows, as plain finite numbers.
//!
//! A [`Summary`] is made for storage: it serialises to JSON, holds no draws, and can be read back by
//! later versions: what a later [`FORMAT`] added is absent in earlier documents. It never holds a number that JSON cannot
//! write; making one fails instead.

use serde::{Deserialize, Serialize};

use crate::{
    budget::{Budget, Planner, Recommendation},
    data::{Date, Frequency},
    diagnose::{Convergence, Diagnostics, QuantityDiagnostics},
    effect::{Accuracy, CarryOver, Effects, FitMeasures, Interval, MediaEffect, ResponseCurve},
    fit::{Fit, FitSettings},
    model::ModelSpec,
};

/// The version of the document's shape. Version 1 had no joint figures, version 2 no organic media; both can
/// still be read.
pub const FORMAT: u32 = 3;

/// Everything a results page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The version of the document's shape, [`FORMAT`].
    pub format: u32,
    /// Whether the fit may be acted upon, with the figures behind the verdict.
    pub convergence: Convergence,
    /// One entry per paid channel, in the order of the data.
    pub channels: Vec<ChannelSummary>,
    /// One entry per organic medium, in the order of the data.
    #[serde(default)]
    pub organic: Vec<OrganicSummary>,
    /// All paid channels together, from joint draws; absent in documents of version 1.
    #[serde(default)]
    pub media: Option<MediaEffect>,
    /// How today's budget is best split over the next 13 periods, each channel between half and one
    /// and a half times its observed mean; absent unless the fit converged.
    #[serde(default)]
    pub recommendation: Option<Recommendation>,
    /// What made the KPI, period by period.
    pub over_time: OverTime,
    /// How well the model explains the KPI.
    pub measures: FitMeasures,
    /// How far it is from the KPI, in the peers' measures; absent in documents of version 1.
    #[serde(default)]
    pub accuracy: Option<Accuracy>,
    /// Posterior figures of every parameter, on its own scale.
    pub parameters: Vec<QuantitySummary>,
    /// Posterior figures of every medium's contribution over all periods, in KPI units.
    pub contributions: Vec<QuantitySummary>,
    /// What was fitted, and how.
    pub model: ModelSummary,
}

/// One channel over all periods.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChannelSummary {
    /// The channel.
    pub name: String,
    /// Money spent.
    pub spend: f64,
    /// What a unit of exposure cost on average, and what planned spend is taken to buy at; absent where
    /// spend itself is the pressure.
    #[serde(default)]
    pub cost_per_unit: Option<f64>,
    /// Contribution in KPI units.
    pub contribution: Interval,
    /// Contribution as a share of the observed KPI.
    pub share: Interval,
    /// Contribution as a share of that of all paid channels, from joint draws; absent in documents of
    /// version 1.
    #[serde(default)]
    pub effect_share: Option<Interval>,
    /// Worth of the contribution per unit of spend; KPI units per unit of spend without a worth.
    pub roi: Interval,
    /// The probability of a return above break-even; absent without a worth of the KPI.
    pub p_above_break_even: Option<f64>,
    /// What more or less spend would have brought, and the return of the next unit; absent in
    /// documents of version 1.
    #[serde(default)]
    pub response: Option<ResponseCurve>,
    /// How the effect is spread over time; absent in documents of version 1.
    #[serde(default)]
    pub carry_over: Option<CarryOver>,
}

/// One organic medium over all periods; without spend it has no return.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrganicSummary {
    /// The medium.
    pub name: String,
    /// Contribution in KPI units.
    pub contribution: Interval,
    /// Contribution as a share of the observed KPI.
    pub share: Interval,
    /// How the effect is spread over time.
    pub carry_over: CarryOver,
}

/// What made the KPI, period by period, in KPI units. All lists are as long as `dates`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OverTime {
    /// The periods.
    pub dates: Vec<Date>,
    /// The observed KPI.
    pub actual: Vec<f64>,
    /// The expected KPI: posterior mean.
    pub fitted: Vec<f64>,
    /// Lower end of the 90 % predictive band of the KPI.
    pub band_low: Vec<f64>,
    /// Upper end of the 90 % predictive band of the KPI.
    pub band_high: Vec<f64>,
    /// Intercept, controls, trend and seasonality: posterior mean.
    pub baseline: Vec<f64>,
    /// Contributions, one entry per medium: the paid channels, then the organic ones.
    pub channels: Vec<ChannelSeries>,
}

/// A medium's contribution, period by period.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChannelSeries {
    /// The medium.
    pub name: String,
    /// Posterior mean.
    pub mean: Vec<f64>,
    /// The 5 % quantile.
    pub q5: Vec<f64>,
    /// The 95 % quantile.
    pub q95: Vec<f64>,
}

/// The posterior of one quantity, and how well the draws know it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QuantitySummary {
    /// The parameter's name, or `contribution[channel]`.
    pub name: String,
    /// Posterior mean.
    pub mean: f64,
    /// Posterior standard deviation.
    pub sd: f64,
    /// The 5 % quantile.
    pub q5: f64,
    /// The 95 % quantile.
    pub q95: f64,
    /// Rank-normalised split R-hat; absent where the chains are stuck and it cannot be computed.
    pub r_hat: Option<f64>,
    /// Effective sample size of the bulk; absent likewise.
    pub ess_bulk: Option<f64>,
    /// Effective sample size of the tails; absent likewise.
    pub ess_tail: Option<f64>,
    /// Monte Carlo standard error of the mean; absent likewise.
    pub mcse_mean: Option<f64>,
}

/// What was fitted, and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelSummary {
    /// The version of this crate.
    pub crate_version: String,
    /// The description of the model, priors included.
    pub spec: ModelSpec,
    /// Chains, draws and seed.
    pub settings: FitSettings,
    /// What the KPI is called.
    pub kpi: String,
    /// What a unit of the KPI is worth, where it is known.
    pub kpi_value: Option<f64>,
    /// The distance between two periods.
    pub frequency: Frequency,
    /// The number of periods.
    pub periods: usize,
    /// The controls, in the order of the data.
    pub controls: Vec<String>,
    /// The data's fingerprint in hexadecimal.
    pub data_fingerprint: String,
}

/// Why a fit cannot be written down.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SummaryError {
    /// A figure is infinite or not a number.
    #[error("{figure} is not a finite number; the figures of this fit cannot be used")]
    NotFinite {
        /// Which figure.
        figure: String,
    },
}

impl Fit {
    /// Computes diagnostics and effects and writes them down.
    ///
    /// # Errors
    ///
    /// [`SummaryError::NotFinite`] names the first figure that JSON cannot hold; only draws near the
    /// end of the range of floating point numbers have one.
    pub fn summary(&self) -> Result<Summary, SummaryError> {
        Summary::new(self, &self.diagnostics(), &self.effects())
    }
}

impl Summary {
    /// Writes down figures that were computed before.
    ///
    /// # Errors
    ///
    /// As [`Fit::summary`].
    pub fn new(fit: &Fit, diagnostics: &Diagnostics, effects: &Effects) -> Result<Self, SummaryError> {
        let convergence = Convergence::of(diagnostics);
        let recommendation = if convergence.converged { planned(fit) } else { None };
        let summary = Self {
            format: FORMAT,
            convergence,
            recommendation,
            channels: effects
                .channels
                .iter()
                .zip(fit.model().data().channels())
                .map(|(channel, data)| ChannelSummary {
                    name: channel.name.clone(),
                    spend: channel.spend,
                    cost_per_unit: data.exposure().map(|_| data.cost_per_unit()),
                    contribution: channel.contribution,
                    share: channel.share,
                    effect_share: Some(channel.effect_share),
                    roi: channel.roi,
                    p_above_break_even: channel.p_above_break_even,
                    response: Some(channel.response.clone()),
                    carry_over: Some(channel.carry_over),
                })
                .collect(),
            organic: effects
                .organic
                .iter()
                .map(|organic| OrganicSummary {
                    name: organic.name.clone(),
                    contribution: organic.contribution,
                    share: organic.share,
                    carry_over: organic.carry_over,
                })
                .collect(),
            media: Some(effects.media),
            over_time: OverTime::new(fit, effects),
            measures: effects.measures,
            accuracy: Some(effects.accuracy),
            parameters: diagnostics.parameters.iter().map(QuantitySummary::of).collect(),
            contributions: diagnostics.contributions.iter().map(QuantitySummary::of).collect(),
            model: ModelSummary::of(fit),
        };
        summary.require_finite()?;
        Ok(summary)
    }

    fn require_finite(&self) -> Result<(), SummaryError> {
        let quantities = self
            .parameters
            .iter()
            .chain(&self.contributions)
            .flat_map(|q| [q.mean, q.sd, q.q5, q.q95].map(|figure| (q.name.as_str(), figure)));
        let intervals = |name, interval: &Interval| {
            [interval.mean, interval.median, interval.q5, interval.q95].map(|figure| (name, figure))
        };
        let channels = self.channels.iter().flat_map(|channel| {
            let name = channel.name.as_str();
            [&channel.contribution, &channel.share, &channel.roi]
                .into_iter()
                .chain(&channel.effect_share)
                .chain(channel.response.iter().flat_map(|r| r.contribution.iter().chain([&r.marginal_roi])))
                .chain(channel.carry_over.iter().flat_map(|c| [&c.later_share, &c.half_time]))
                .flat_map(move |interval| intervals(name, interval))
                .chain(
                    [channel.spend]
                        .into_iter()
                        .chain(channel.cost_per_unit)
                        .map(move |figure| (name, figure)),
                )
        });
        let organic = self.organic.iter().flat_map(|organic| {
            let carry_over = organic.carry_over;
            [organic.contribution, organic.share, carry_over.later_share, carry_over.half_time]
                .into_iter()
                .flat_map(|interval| intervals(organic.name.as_str(), &interval))
        });
        let media = self.media.iter().flat_map(|media| {
            [&media.contribution, &media.share, &media.roi]
                .into_iter()
                .flat_map(move |interval| intervals("all channels", interval))
                .chain([("all channels", media.spend)])
        });
        let FitMeasures { r_squared, mape, band_coverage } = self.measures;
        let measures = [("R²", r_squared), ("MAPE", mape), ("band coverage", band_coverage)];
        let accuracy = self.accuracy.iter().flat_map(|a| [a.wmape, a.nrmse, a.crps]).map(|f| ("accuracy", f));
        let over_time = &self.over_time;
        let lines = [
            ("fitted", &over_time.fitted),
            ("band_low", &over_time.band_low),
            ("band_high", &over_time.band_high),
            ("baseline", &over_time.baseline),
        ];
        let of_channels = over_time.channels.iter().flat_map(|channel| {
            [&channel.mean, &channel.q5, &channel.q95].map(|line| (channel.name.as_str(), line))
        });
        let lines = lines
            .into_iter()
            .chain(of_channels)
            .flat_map(|(name, line)| line.iter().map(move |v| (name, *v)));
        match quantities
            .chain(channels)
            .chain(organic)
            .chain(media)
            .chain(measures)
            .chain(accuracy)
            .chain(lines)
            .find(|(_, figure)| !figure.is_finite())
        {
            Some((figure, _)) => Err(SummaryError::NotFinite { figure: figure.to_owned() }),
            None => Ok(()),
        }
    }
}

/// Today's budget split anew; none where the draws are too large or too small to plan with.
fn planned(fit: &Fit) -> Option<Recommendation> {
    Planner::of(fit).and_then(|planner| planner.optimize(&Budget::default())).ok()
}

impl QuantitySummary {
    fn of(figures: &QuantityDiagnostics) -> Self {
        let finite = |figure: f64| Some(figure).filter(|figure| figure.is_finite());
        Self {
            name: figures.name.clone(),
            mean: figures.mean,
            sd: figures.sd,
            q5: figures.q5,
            q95: figures.q95,
            r_hat: finite(figures.r_hat),
            ess_bulk: finite(figures.ess_bulk),
            ess_tail: finite(figures.ess_tail),
            mcse_mean: finite(figures.mcse_mean),
        }
    }
}

impl OverTime {
    fn new(fit: &Fit, effects: &Effects) -> Self {
        let line =
            |intervals: &[Interval], figure: fn(&Interval) -> f64| intervals.iter().map(figure).collect();
        let paid = effects.channels.iter().map(|channel| (&channel.name, &channel.by_period));
        let organic = effects.organic.iter().map(|organic| (&organic.name, &organic.by_period));
        Self {
            dates: fit.model().data().dates().to_vec(),
            actual: fit.model().data().kpi().to_vec(),
            fitted: line(&effects.fitted, |interval| interval.mean),
            band_low: line(&effects.predictive, |interval| interval.q5),
            band_high: line(&effects.predictive, |interval| interval.q95),
            baseline: line(&effects.baseline, |interval| interval.mean),
            channels: paid
                .chain(organic)
                .map(|(name, by_period)| ChannelSeries {
                    name: name.clone(),
                    mean: line(by_period, |interval| interval.mean),
                    q5: line(by_period, |interval| interval.q5),
                    q95: line(by_period, |interval| interval.q95),
                })
                .collect(),
        }
    }
}

impl ModelSummary {
    fn of(fit: &Fit) -> Self {
        let data = fit.model().data();
        Self {
            crate_version: env!("CARGO_PKG_VERSION").to_owned(),
            spec: fit.model().spec().clone(),
            settings: fit.settings().clone(),
            kpi: data.kpi_name().to_owned(),
            kpi_value: data.kpi_value(),
            frequency: data.frequency(),
            periods: data.periods(),
            controls: data.controls().iter().map(|control| control.name().to_owned()).collect(),
            data_fingerprint: format!("{:016x}", data.fingerprint()),
        }
    }
}
