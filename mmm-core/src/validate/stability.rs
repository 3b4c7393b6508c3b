//! Whether findings stay where they should: with more data, with data measured a little wrong, and
//! where there is nothing to find.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

use crate::{
    data::{Dataset, DatasetBuilder},
    effect::Interval,
    fit::{Fit, FitSettings},
    model::Model,
};

use super::ValidateError;

/// The most draws a contribution over some periods is computed from; they are taken evenly from all.
const MOST_DRAWS: usize = 1000;
/// The random stream of perturbed data; chains use the streams from 0 up.
const PERTURBATION_STREAM: u64 = u64::MAX - 4;
const PLACEBO: &str = "placebo";

/// What two fits say about every medium.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stability {
    /// One entry per medium, in the order of the model.
    pub media: Vec<Drift>,
    /// Whether both fits converged.
    pub converged: bool,
}

/// What two fits say about a medium's contribution over the same periods, in KPI units.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    /// The medium.
    pub name: String,
    /// What the first fit says.
    pub before: Interval,
    /// What the second fit says.
    pub after: Interval,
    /// `after / before - 1` of the means.
    pub change: f64,
    /// Whether each mean lies in the other's 90 % interval.
    pub is_stable: bool,
}

/// What the model finds in a channel that never was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Placebo {
    /// The channel whose spend it has, half of the data later.
    pub imitates: String,
    /// What the model says it contributed over all periods, in KPI units; nothing would be right.
    pub contribution: Interval,
    /// What the model says the imitated channel contributed.
    pub imitated: Interval,
    /// The probability that it contributed less than the imitated one; near 1 where that works.
    pub p_below: f64,
    /// Whether the fit converged.
    pub converged: bool,
}

impl Stability {
    /// The largest change of any medium, as a share.
    pub fn worst_change(&self) -> f64 {
        self.media.iter().map(|drift| drift.change.abs()).fold(0.0, f64::max)
    }

    fn of(before: &Fit, after: &Fit, periods: usize) -> Self {
        let names = before.model().data().media().map(|medium| medium.name.to_owned());
        let (first, second) = (totals(before, periods), totals(after, periods));
        let drift = |(name, (mut before, mut after)): (String, (Vec<f64>, Vec<f64>))| {
            let (before, after) = (Interval::of(&mut before), Interval::of(&mut after));
            let inside = |value: f64, of: Interval| (of.q5..=of.q95).contains(&value);
            let is_stable = inside(before.mean, after) && inside(after.mean, before);
            Drift { name, before, after, change: after.mean / before.mean - 1.0, is_stable }
        };
        let media = names.zip(first.into_iter().zip(second)).map(drift).collect();
        Self { media, converged: before.convergence().converged && after.convergence().converged }
    }
}

impl Model {
    /// Fits without the last so many periods and with them, and compares the contributions over the
    /// periods that both have seen.
    ///
    /// # Errors
    ///
    /// [`ValidateError`] where the rest is no data set for this model, or a fit fails.
    pub fn refresh(&self, periods: usize, settings: &FitSettings) -> Result<Stability, ValidateError> {
        let seen = self.data().periods().checked_sub(periods).filter(|_| periods > 0);
        let seen =
            seen.ok_or(ValidateError::Settings("there must be periods to leave out, and some to fit"))?;
        let earlier = Self::new(self.spec().clone(), self.data().window(0..seen)?)?.fit(settings)?;
        Ok(Stability::of(&earlier, &self.fit(settings)?, seen))
    }

    /// Fits the data as they are and with every spend and exposure multiplied with `1 + share z`,
    /// `z ~ Normal(0, 1)`, never below zero, and compares the contributions.
    ///
    /// # Errors
    ///
    /// [`ValidateError`] where the share is not positive and finite, or a fit fails.
    pub fn perturb(&self, share: f64, settings: &FitSettings) -> Result<Stability, ValidateError> {
        if !(share.is_finite() && share > 0.0) {
            return Err(ValidateError::Settings("the perturbation must be a positive share"));
        }
        let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
        rng.set_stream(PERTURBATION_STREAM);
        let mut noisy = |values: &[f64]| -> Vec<f64> {
            let mut normal = || -> f64 { StandardNormal.sample(&mut rng) };
            values.iter().map(|value| value * (1.0 + share * normal()).max(0.0)).collect()
        };
        let other = rebuilt(self.data(), &mut noisy).build()?;
        let other = Self::new(self.spec().clone(), other)?.fit(settings)?;
        Ok(Stability::of(&self.fit(settings)?, &other, self.data().periods()))
    }

    /// Adds a channel that never was, with the spend of a real one half of the data later, and fits.
    ///
    /// # Errors
    ///
    /// [`ValidateError`] where there is no such channel, one is called `placebo`, or the fit fails.
    pub fn placebo(&self, imitates: &str, settings: &FitSettings) -> Result<Placebo, ValidateError> {
        let place = self.data().channels().iter().position(|channel| channel.name() == imitates);
        let place =
            place.ok_or(ValidateError::Settings("the placebo must imitate a paid channel of the data"))?;
        let mut later = self.data().channels()[place].spend().to_vec();
        later.rotate_left(self.data().periods() / 2);
        let data = rebuilt(self.data(), &mut <[f64]>::to_vec).channel(PLACEBO, later).build()?;
        let fit = Self::new(self.spec().clone(), data)?.fit(settings)?;
        let all = totals(&fit, self.data().periods());
        // The placebo is the last paid channel.
        let (mut real, mut fake) = (all[place].clone(), all[self.data().channels().len()].clone());
        let below = real.iter().zip(&fake).filter(|(real, fake)| fake < real).count();
        Ok(Placebo {
            imitates: imitates.to_owned(),
            p_below: below as f64 / real.len() as f64,
            contribution: Interval::of(&mut fake),
            imitated: Interval::of(&mut real),
            converged: fit.convergence().converged,
        })
    }
}

/// Every medium's contribution over the first periods, in some draws.
fn totals(fit: &Fit, periods: usize) -> Vec<Vec<f64>> {
    let (_, draws, _) = fit.parameters().dim();
    let step = fit.kept().div_ceil(MOST_DRAWS).max(1);
    let mut totals = vec![Vec::new(); fit.model().layout().channels()];
    for draw in (0..fit.kept()).step_by(step) {
        let Some(parts) = fit.decompose(draw / draws, draw % draws) else { continue };
        for (total, row) in totals.iter_mut().zip(parts.contributions.rows()) {
            total.push(row.iter().take(periods).sum());
        }
    }
    totals
}

/// The same data with every spend and exposure changed.
fn rebuilt(data: &Dataset, change: &mut dyn FnMut(&[f64]) -> Vec<f64>) -> DatasetBuilder {
    let mut builder = Dataset::builder().dates(data.dates()).kpi(data.kpi_name(), data.kpi().iter().copied());
    if let Some(worth) = data.kpi_value() {
        builder = builder.kpi_value(worth);
    }
    for channel in data.channels() {
        builder = match channel.exposure() {
            Some(exposure) => {
                builder.exposed_channel(channel.name(), channel.spend().iter().copied(), change(exposure))
            }
            None => builder.channel(channel.name(), change(channel.spend())),
        };
    }
    for organic in data.organic() {
        builder = builder.organic(organic.name(), change(organic.exposure()));
    }
    let controls = data.controls().iter();
    controls
        .fold(builder, |builder, control| builder.control(control.name(), control.values().iter().copied()))
}
