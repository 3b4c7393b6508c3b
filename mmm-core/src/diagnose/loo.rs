//! How well a fit predicts a period it has not seen, without fitting again.
//!
//! | figure                 | formula                                                              |
//! |------------------------|----------------------------------------------------------------------|
//! | leave-one-out          | `sum_i ln sum_s w_is p(y_i, s)`, `w` smoothed ratios `1 / p(y_i, s)` |
//! | widely applicable      | `sum_i ln mean_s p(y_i, s) - var_s ln p(y_i, s)`                     |
//! | effective parameters   | `sum_i ln mean_s p(y_i, s)` less the above                           |
//! | standard error         | `sqrt(T var_i)` of the terms                                         |
//!
//! # Source
//!
//! Vehtari, Gelman, Gabry (2017), *Practical Bayesian model evaluation using leave-one-out
//! cross-validation and WAIC*; figures are those of `ArviZ` 0.23.

use ndarray::{Array2, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use crate::{effect::log_likelihood, fit::Fit};

use super::{
    psis::{RELIABLE_BELOW, log_sum_exp, smooth_log_ratios},
    rank,
};

/// The expected log density of unseen periods, in natural logarithms; higher is better.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PredictiveDensity {
    /// The sum over all periods.
    pub elpd: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// How many parameters the data had to choose, in effect.
    pub effective_parameters: f64,
    /// One term per period.
    pub by_period: Vec<f64>,
}

/// A [`PredictiveDensity`] by leaving one period out, and how far each of its terms can be trusted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeaveOneOut {
    /// The density.
    pub density: PredictiveDensity,
    /// The shape of the tail of each period's importance ratios; above 0.7 the term is not reliable.
    pub pareto_k: Vec<f64>,
}

impl LeaveOneOut {
    /// How many periods have a term that is not reliable.
    pub fn unreliable(&self) -> usize {
        self.pareto_k.iter().filter(|shape| **shape > RELIABLE_BELOW || shape.is_nan()).count()
    }
}

/// Leaves one observation out at a time.
///
/// | name                  | shape    | unit              | range        |
/// |-----------------------|----------|-------------------|--------------|
/// | `log_likelihood`      | `(S, T)` | natural logarithm | finite       |
/// | `relative_efficiency` | scalar   |                   | `> 0`, near 1|
///
/// The relative efficiency is the effective share of the `S` draws: it decides the length of the
/// tails. `O(T S log S)`.
pub fn leave_one_out(log_likelihood: ArrayView2<'_, f64>, relative_efficiency: f64) -> LeaveOneOut {
    let (mut by_period, mut pareto_k) = (Vec::new(), Vec::new());
    for observation in log_likelihood.columns() {
        let mut weights: Vec<f64> = observation.iter().map(|log| -log).collect();
        pareto_k.push(smooth_log_ratios(&mut weights, relative_efficiency));
        for (weight, log) in weights.iter_mut().zip(observation) {
            *weight += log;
        }
        by_period.push(log_sum_exp(&weights));
    }
    LeaveOneOut { density: PredictiveDensity::of(by_period, log_likelihood), pareto_k }
}

/// The widely applicable information criterion, on the scale of log densities.
///
/// | name             | shape    | unit              | range  |
/// |------------------|----------|-------------------|--------|
/// | `log_likelihood` | `(S, T)` | natural logarithm | finite |
pub fn waic(log_likelihood: ArrayView2<'_, f64>) -> PredictiveDensity {
    let penalties = log_likelihood.var_axis(Axis(0), 0.0);
    let means = log_means(log_likelihood);
    let by_period = means.iter().zip(&penalties).map(|(mean, penalty)| mean - penalty).collect();
    PredictiveDensity::of(by_period, log_likelihood)
}

/// `ln mean_s p(y_i, s)` of every observation.
fn log_means(log_likelihood: ArrayView2<'_, f64>) -> Vec<f64> {
    let draws = (log_likelihood.nrows() as f64).ln();
    log_likelihood.columns().into_iter().map(|column| log_sum_exp(&column.to_vec()) - draws).collect()
}

impl PredictiveDensity {
    fn of(by_period: Vec<f64>, log_likelihood: ArrayView2<'_, f64>) -> Self {
        let count = by_period.len() as f64;
        let elpd: f64 = by_period.iter().sum();
        let variance = by_period.iter().map(|term| (term - elpd / count).powi(2)).sum::<f64>() / count;
        let effective_parameters = log_means(log_likelihood).iter().sum::<f64>() - elpd;
        Self { elpd, standard_error: (count * variance).sqrt(), effective_parameters, by_period }
    }
}

impl Fit {
    /// The log density of the KPI of every period under every draw, in units of the largest KPI:
    /// `(kept, T)`.
    pub fn log_likelihood(&self) -> Array2<f64> {
        log_likelihood(self)
    }

    /// Leaves one period out at a time.
    pub fn leave_one_out(&self) -> LeaveOneOut {
        let parameters = self.parameters();
        let sizes: Vec<f64> = parameters.axis_iter(Axis(2)).map(rank::ess_mean).collect();
        let efficiency = sizes.iter().sum::<f64>() / (sizes.len() * self.kept()) as f64;
        let efficiency = if efficiency.is_finite() { efficiency } else { 1.0 };
        leave_one_out(self.log_likelihood().view(), efficiency)
    }

    /// The widely applicable information criterion.
    pub fn waic(&self) -> PredictiveDensity {
        waic(self.log_likelihood().view())
    }
}
