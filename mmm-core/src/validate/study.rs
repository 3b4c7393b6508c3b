//! Simulation-based calibration: whether intervals hold the truth as often as they say.
//!
//! 1. Draw a truth from the priors, and invent a KPI with it.
//! 2. Fit that KPI, and look where the truth lies among the draws.
//! 3. Over many such fits the truth has every rank alike if, and only if, prior, likelihood, coordinates
//!    and sampler belong together.
//!
//! # Source
//!
//! Talts, Betancourt, Simpson, Vehtari, Gelman (2018), *Validating Bayesian inference algorithms with
//! simulation-based calibration*.

use std::{
    num::NonZero,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use statrs::distribution::{Binomial, DiscreteCDF};

use crate::{
    effect::Interval,
    fit::{FitError, FitSettings},
    model::Model,
};

use super::{
    ValidateError,
    invent::invented,
    ranks::{rank, uniformity},
};

/// Draws that a truth is ranked among; one less than a multiple of the bins.
const RANKED: usize = 99;
/// Bins of ranks for many fits, and for few.
const BINS: (usize, usize) = (20, 10);
/// From so many fits on there are many.
const MANY: usize = 400;
/// What a 90 % interval holds.
const COVERED: f64 = 0.9;
/// The share of studies in which a right coverage lies in the band.
const BAND: f64 = 0.999;

/// Many fits to invented KPIs.
#[derive(Clone, Debug, PartialEq)]
pub struct Study {
    /// How many; at least 50.
    pub fits: usize,
    /// How each is made; its seed is that of the study. Keep at least 200 draws in all.
    pub settings: FitSettings,
    /// The most threads to use; `None` for as many as the machine offers. Never changes the answer.
    pub threads: Option<usize>,
}

/// The answer of a [`Study`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// How many fits there were.
    pub fits: usize,
    /// How many of them had divergences; all are counted.
    pub diverged: usize,
    /// Every parameter and every medium's contribution.
    pub quantities: Vec<Calibrated>,
    /// Share of all truths inside their 90 % intervals.
    pub pooled_coverage: f64,
    /// Where the coverage of one quantity lies in 99.9 % of all studies if its intervals are right.
    pub band: (f64, f64),
}

/// One quantity over all fits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibrated {
    /// The parameter's name, or `contribution[medium]`.
    pub name: String,
    /// Share of the truths inside their 90 % intervals.
    pub coverage: f64,
    /// The probability of ranks at least as uneven if all were alike.
    pub p_value: f64,
}

impl Calibration {
    /// The quantities whose coverage lies outside the band.
    pub fn outside(&self) -> impl Iterator<Item = &Calibrated> {
        self.quantities.iter().filter(|of| !(self.band.0..=self.band.1).contains(&of.coverage))
    }

    /// The least probable ranks of all quantities.
    pub fn worst_p_value(&self) -> f64 {
        self.quantities.iter().map(|of| of.p_value).fold(1.0, f64::min)
    }
}

/// What one fit says about every quantity: its rank, and whether the interval holds the truth.
struct Outcome {
    names: Vec<String>,
    ranks: Vec<usize>,
    inside: Vec<bool>,
    diverged: bool,
}

impl Study {
    /// This many fits of two short chains, which is enough for ranks.
    pub fn of(fits: usize, seed: u64) -> Self {
        let settings = FitSettings { chains: 2, tune: 500, draws: 500, ..FitSettings::seeded(seed) };
        Self { fits, settings, threads: None }
    }

    /// Invents and fits. `observe` is called after every fit with the number of those done.
    ///
    /// The model's data give media, controls and dates; its KPI only the unit.
    ///
    /// # Errors
    ///
    /// [`ValidateError`] for fewer than 50 fits or 200 draws, or where a fit fails.
    pub fn run(&self, model: &Model, observe: impl Fn(usize) + Sync) -> Result<Calibration, ValidateError> {
        if self.fits < 50 {
            return Err(ValidateError::Settings("a calibration needs at least 50 fits"));
        }
        if self.settings.chains.saturating_mul(self.settings.draws) < 200 {
            return Err(ValidateError::Settings("a calibration needs at least 200 draws a fit"));
        }
        let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let outcomes = Mutex::new(Vec::with_capacity(self.fits));
        let offered = thread::available_parallelism().map_or(1, NonZero::get);
        let threads = self.threads.unwrap_or(offered).clamp(1, self.fits);
        let joined: Vec<_> = thread::scope(|scope| {
            let work = || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= self.fits {
                        return;
                    }
                    let outcome = self.one(model, index);
                    if outcome.is_err() {
                        // The others need not go on.
                        next.store(self.fits, Ordering::Relaxed);
                    }
                    if let Ok(mut outcomes) = outcomes.lock() {
                        outcomes.push((index, outcome));
                    }
                    observe(done.fetch_add(1, Ordering::Relaxed) + 1);
                }
            };
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            workers.into_iter().map(thread::ScopedJoinHandle::join).collect()
        });
        if joined.iter().any(Result::is_err) {
            return Err(FitError::Panicked.into());
        }
        let mut outcomes = outcomes.into_inner().map_err(|_| FitError::Panicked)?;
        outcomes.sort_by_key(|(index, _)| *index);
        let outcomes: Vec<Outcome> =
            outcomes.into_iter().map(|(_, outcome)| outcome).collect::<Result<_, _>>()?;
        Ok(self.summed_up(&outcomes))
    }

    fn one(&self, model: &Model, index: usize) -> Result<Outcome, ValidateError> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.settings.seed);
        rng.set_stream(index as u64);
        let truth = model.draw_prior(&mut rng);
        let (model, truth) = invented(model, truth, &mut rng)?;
        let seed = self.settings.seed.wrapping_add(1 + index as u64);
        let fit = model.fit(&FitSettings { seed, threads: Some(1), ..self.settings.clone() })?;
        let diverged = fit.divergences().iter().any(|count| *count > 0);
        let mut outcome = Outcome { names: Vec::new(), ranks: Vec::new(), inside: Vec::new(), diverged };
        for (name, truth, mut draws) in truth.beside(&fit) {
            outcome.names.push(name);
            outcome.ranks.push(rank(truth, &draws, RANKED));
            let interval = Interval::of(&mut draws);
            outcome.inside.push((interval.q5..=interval.q95).contains(&truth));
        }
        Ok(outcome)
    }

    fn summed_up(&self, outcomes: &[Outcome]) -> Calibration {
        let bins = if self.fits >= MANY { BINS.0 } else { BINS.1 };
        let names = outcomes.first().map_or(&[][..], |outcome| &outcome.names);
        let of = |(at, name): (usize, &String)| {
            let ranks: Vec<usize> = outcomes.iter().map(|outcome| outcome.ranks[at]).collect();
            let inside = outcomes.iter().filter(|outcome| outcome.inside[at]).count();
            Calibrated {
                name: name.clone(),
                coverage: inside as f64 / self.fits as f64,
                p_value: uniformity(&ranks, RANKED, bins),
            }
        };
        let quantities: Vec<Calibrated> = names.iter().enumerate().map(of).collect();
        let coverage: f64 = quantities.iter().map(|of| of.coverage).sum();
        Calibration {
            fits: self.fits,
            diverged: outcomes.iter().filter(|outcome| outcome.diverged).count(),
            pooled_coverage: coverage / quantities.len().max(1) as f64,
            quantities,
            band: band(self.fits),
        }
    }
}

/// The central shares of a binomial distribution.
fn band(fits: usize) -> (f64, f64) {
    let outside = 0.5 * (1.0 - BAND);
    Binomial::new(COVERED, fits as u64).map_or((0.0, 1.0), |binomial| {
        let share = |tail: f64| binomial.inverse_cdf(tail) as f64 / fits as f64;
        (share(outside), share(1.0 - outside))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_band_of_a_thousand_fits_is_that_of_the_binomial_distribution() {
        let (low, high) = band(1000);
        assert!((low - 0.868).abs() < 0.003 && (high - 0.930).abs() < 0.003, "{low} to {high}");
    }
}
