//! Several experiments and a baseline, pooled into one prior of a family that a model can use.
//!
//! The product of the experiments' normal densities and the baseline's (flat above zero without one)
//! is computed on a grid between its 0.1 % and 99.9 % quantiles. Of the log-normal, the gamma and,
//! where the baseline allows losses, the normal distribution with its mean and deviation, the one of
//! least cross entropy is taken. (Meridian searches each family for the least cross entropy, starting
//! from there; in its single precision the search does not leave the start.)
//!
//! # Source
//!
//! `model/calibration/roi.py` of Meridian 2.1.

use std::f64::consts::{E, PI};

use serde::{Deserialize, Serialize};
use statrs::function::gamma::ln_gamma;

use crate::model::{PreparedPrior, Prior, Support};

use super::{Adjusted, CalibrationError, Experiment, Setting};

/// How many standard deviations the first grid reaches around every mean.
const REACH: f64 = 5.0;
const FIRST_POINTS: usize = 2000;
const POINTS: usize = 10_000;
/// The quantiles between which the second grid lies.
const QUANTILES: (f64, f64) = (0.001, 0.999);

/// A prior of a channel's return, and what it was made from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoiPrior {
    /// The prior.
    pub prior: Prior,
    /// The mean of what it stands for.
    pub mean: f64,
    /// Its standard deviation.
    pub sd: f64,
    /// Every experiment in terms of the model.
    pub experiments: Vec<Adjusted>,
}

/// Pools experiments into a prior of the channel's return.
///
/// # Errors
///
/// [`CalibrationError`] where a figure is out of range or nothing is possible.
pub fn roi_prior(
    experiments: &[Experiment],
    baseline: Option<Prior>,
    setting: &Setting,
) -> Result<RoiPrior, CalibrationError> {
    let adjust = |(index, experiment): (usize, &Experiment)| {
        experiment.adjusted(setting).map_err(|error| match error {
            CalibrationError::Experiment { problem, .. } => {
                CalibrationError::Experiment { number: index + 1, problem }
            }
            other => other,
        })
    };
    let adjusted: Vec<Adjusted> =
        experiments.iter().enumerate().map(adjust).collect::<Result<_, CalibrationError>>()?;
    if adjusted.is_empty() {
        return Err(CalibrationError::Nothing);
    }
    let belief = Belief { baseline: baseline.map(PreparedPrior::new), experiments: &adjusted };
    let first = belief.grid(belief.range(), FIRST_POINTS)?;
    let grid = belief.grid(first.between(QUANTILES), POINTS)?;
    let mean = grid.mean_of(|x| x);
    let sd = grid.mean_of(|x| (x - mean).powi(2)).sqrt();
    let prior = grid.nearest(mean, sd, baseline).ok_or(CalibrationError::Contradiction)?;
    Ok(RoiPrior { prior, mean, sd, experiments: adjusted })
}

/// What is believed before and after the experiments.
struct Belief<'a> {
    baseline: Option<PreparedPrior>,
    experiments: &'a [Adjusted],
}

/// Returns at equal distances, and their probabilities.
struct Grid {
    points: Vec<f64>,
    shares: Vec<f64>,
}

impl Belief<'_> {
    fn log_density(&self, x: f64) -> f64 {
        let baseline = match &self.baseline {
            Some(prior) => log_density(prior, x),
            None if x > 0.0 => 0.0,
            None => f64::NEG_INFINITY,
        };
        let of = |experiment: &Adjusted| {
            -0.5 * ((x - experiment.mean) / experiment.sd).powi(2) - experiment.sd.ln()
        };
        baseline + self.experiments.iter().map(of).sum::<f64>()
    }

    /// Where any of the parts has its mass.
    fn range(&self) -> (f64, f64) {
        let moments = self.baseline.as_ref().and_then(|prior| moments(prior.prior()));
        let parts = self.experiments.iter().map(|experiment| (experiment.mean, experiment.sd)).chain(moments);
        parts.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (mean, sd)| {
            (low.min(mean - REACH * sd), high.max(mean + REACH * sd))
        })
    }

    fn grid(&self, (low, high): (f64, f64), count: usize) -> Result<Grid, CalibrationError> {
        let step = (high - low) / (count - 1) as f64;
        let points: Vec<f64> = (0..count).map(|place| low + place as f64 * step).collect();
        let mut shares: Vec<f64> = points.iter().map(|x| self.log_density(*x)).collect();
        let highest = shares.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        for share in &mut shares {
            *share = (*share - highest).exp();
        }
        let total: f64 = shares.iter().sum();
        if !(total.is_finite() && total > 0.0 && step > 0.0) {
            return Err(CalibrationError::Contradiction);
        }
        for share in &mut shares {
            *share /= total;
        }
        Ok(Grid { points, shares })
    }
}

impl Grid {
    fn mean_of(&self, of: impl Fn(f64) -> f64) -> f64 {
        let held = self.points.iter().zip(&self.shares).filter(|(_, share)| **share > 0.0);
        held.map(|(x, share)| share * of(*x)).sum()
    }

    /// The points at which these shares of the mass are reached.
    fn between(&self, (low, high): (f64, f64)) -> (f64, f64) {
        let mut passed = 0.0;
        let reached: Vec<f64> = self
            .shares
            .iter()
            .map(|share| {
                passed += share;
                passed
            })
            .collect();
        let at =
            |share: f64| self.points[reached.partition_point(|sum| *sum < share).min(self.points.len() - 1)];
        (at(low), at(high))
    }

    /// The member of the families with the least cross entropy.
    fn nearest(&self, mean: f64, sd: f64, baseline: Option<Prior>) -> Option<Prior> {
        let mut candidates = Vec::with_capacity(3);
        if baseline.is_some_and(|prior| prior.support() == Support::Real) {
            candidates.push((0.5 * (2.0 * PI * E * sd * sd).ln(), Prior::Normal { mean, sd }));
        }
        let positive = self.points.iter().zip(&self.shares).all(|(x, share)| *x > 0.0 || *share <= 0.0);
        if positive {
            let log_mean = self.mean_of(f64::ln);
            let (shape, rate) = ((mean / sd).powi(2), mean / (sd * sd));
            let gamma = ln_gamma(shape) - shape * rate.ln() - (shape - 1.0) * log_mean + rate * mean;
            candidates.push((gamma, Prior::Gamma { shape, rate }));
            let variance = (sd / mean).powi(2).ln_1p();
            let (mu, sigma) = (mean.ln() - 0.5 * variance, variance.sqrt());
            let away = self.mean_of(|x| (x.ln() - mu).powi(2));
            let log_normal = log_mean + 0.5 * (2.0 * PI * variance).ln() + 0.5 * away / variance;
            candidates.push((log_normal, Prior::LogNormal { mu, sigma }));
        }
        let proper =
            candidates.into_iter().filter(|(entropy, prior)| entropy.is_finite() && prior.is_proper());
        proper.reduce(|best, other| if other.0 < best.0 { other } else { best }).map(|(_, prior)| prior)
    }
}

/// The log density of a value on its own scale.
fn log_density(prior: &PreparedPrior, x: f64) -> f64 {
    let support = prior.prior().support();
    let u = support.free(x);
    if u.is_finite() { prior.evaluate(u, x).0 - support.slope(x).ln() } else { f64::NEG_INFINITY }
}

/// Mean and standard deviation of the families whose mass may lie far from the experiments.
fn moments(prior: Prior) -> Option<(f64, f64)> {
    match prior {
        Prior::Normal { mean, sd } => Some((mean, sd)),
        Prior::HalfNormal { sd } => Some((sd * (2.0 / PI).sqrt(), sd * (1.0 - 2.0 / PI).sqrt())),
        Prior::Gamma { shape, rate } => Some((shape / rate, shape.sqrt() / rate)),
        Prior::LogNormal { mu, sigma } => {
            let mean = (mu + 0.5 * sigma * sigma).exp();
            Some((mean, mean * (sigma * sigma).exp_m1().sqrt()))
        }
        Prior::Uniform { low, high } => Some((0.5 * (low + high), (high - low) / 12_f64.sqrt())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transform::adstock::Adstock;
    use approx::assert_relative_eq;

    fn setting() -> Setting {
        Setting {
            channel_spend: 1000.0,
            days: 840,
            period_days: 7,
            last: "2024-03-25".parse().unwrap(),
            adstock: Adstock::BinomialClosed,
            alpha: 0.5,
            max_lag: 8,
        }
    }

    fn experiment(estimate: f64, standard_error: f64) -> Experiment {
        Experiment {
            estimate,
            standard_error,
            spend: 100.0,
            start: "2024-01-01".parse().unwrap(),
            end: "2024-03-25".parse().unwrap(),
        }
    }

    #[test]
    fn two_experiments_are_weighted_by_their_precision() {
        let pooled = roi_prior(&[experiment(2.0, 0.2), experiment(3.0, 0.4)], None, &setting()).unwrap();
        // 2 / 0.04 + 3 / 0.16 over the sum of precisions; cutting the tails narrows it by 1 %.
        assert_relative_eq!(pooled.mean, 68.75 / 31.25, max_relative = 1e-3);
        assert_relative_eq!(pooled.sd, 31.25_f64.powf(-0.5), max_relative = 0.015);
    }

    #[test]
    fn a_loss_is_only_possible_where_the_baseline_allows_it() {
        let weak = [experiment(0.1, 0.5)];
        let without = roi_prior(&weak, None, &setting()).unwrap();
        assert_eq!(without.prior.support(), Support::Positive);
        let baseline = Some(Prior::Normal { mean: 0.5, sd: 1.0 });
        let with = roi_prior(&weak, baseline, &setting()).unwrap();
        assert_eq!(with.prior.support(), Support::Real);
        assert!(with.mean < without.mean);
    }

    #[test]
    fn the_prior_has_the_mean_and_the_deviation_of_what_it_stands_for() {
        let pooled = roi_prior(&[experiment(2.0, 0.5)], None, &setting()).unwrap();
        let (mean, sd) = moments(pooled.prior).unwrap();
        assert_relative_eq!(mean, pooled.mean, max_relative = 1e-12);
        assert_relative_eq!(sd, pooled.sd, max_relative = 1e-12);
    }

    #[test]
    fn nothing_and_contradictions_are_errors() {
        assert_eq!(roi_prior(&[], None, &setting()), Err(CalibrationError::Nothing));
        let share = Some(Prior::Beta { alpha: 2.0, beta: 2.0 });
        let error = roi_prior(&[experiment(5.0, 0.01)], share, &setting());
        assert_eq!(error, Err(CalibrationError::Contradiction));
    }
}
