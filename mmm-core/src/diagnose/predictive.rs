//! Whether the fit would have produced a KPI like the one that was observed.
//!
//! Every draw invents a KPI, and a figure of the invented ones is compared with the observed one's:
//!
//! | statistic                | formula                                                                |
//! |--------------------------|------------------------------------------------------------------------|
//! | mean, spread, least, most| of the KPI itself, in KPI units                                        |
//! | residual autocorrelation | `sum r[t] r[t+1] / sum r[t]²` with `r[t] = kpi[t] - mu[t]` of the draw |
//!
//! The p-value is the share of draws whose invented figure is at least the observed one. Near 0 or 1 the
//! model misses that side of the data: a residual autocorrelation that is never invented means a trend, a
//! season or a carry-over that is not in the model.
//!
//! # Source
//!
//! Gelman, Meng, Stern (1996), *Posterior predictive assessment of model fitness via realized
//! discrepancies*.

use ndarray::{Array1, Array2, ArrayView1, Axis};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

use crate::{effect::Interval, fit::Fit};

/// The random stream of invented KPIs; chains use the streams from 0 up.
const REPLICATION_STREAM: u64 = u64::MAX - 3;
/// The most draws that are replicated; they are taken evenly from all.
const MOST_DRAWS: usize = 1000;
/// A p-value this near to 0 or 1 is extreme.
const EXTREME: f64 = 0.01;

/// One figure of the observed KPI beside those of invented ones.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PredictiveCheck {
    /// Which figure.
    pub statistic: Statistic,
    /// That of the observed KPI; the mean over draws where it depends on the draw.
    pub observed: f64,
    /// Those of the invented ones.
    pub replicated: Interval,
    /// The share of draws whose invented figure is at least the observed one; equal ones count half.
    pub p_value: f64,
}

/// A figure of a KPI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Statistic {
    /// The mean over periods.
    Mean,
    /// The standard deviation over periods.
    Spread,
    /// The smallest value.
    Least,
    /// The largest value.
    Most,
    /// How much a period's error says about the next one's.
    ResidualAutocorrelation,
}

impl PredictiveCheck {
    /// Whether the model misses this side of the data.
    pub fn is_extreme(&self) -> bool {
        !(EXTREME..=1.0 - EXTREME).contains(&self.p_value)
    }
}

/// The expected KPI and an invented one for some draws, `(draws, T)` each, in KPI units.
pub(crate) struct Replications {
    pub(crate) expected: Array2<f64>,
    pub(crate) invented: Array2<f64>,
    /// What all is without media, summed over the periods, one per draw.
    pub(crate) baseline: Vec<f64>,
}

impl Replications {
    /// Takes at most a thousand draws, evenly, and invents one KPI with each.
    pub(crate) fn of(fit: &Fit) -> Self {
        let (_, draws, _) = fit.parameters().dim();
        let step = fit.kept().div_ceil(MOST_DRAWS).max(1);
        let chosen: Vec<usize> = (0..fit.kept()).step_by(step).collect();
        let shape = (chosen.len(), fit.model().data().periods());
        let (mut expected, mut invented) = (Array2::zeros(shape), Array2::zeros(shape));
        let mut baseline = Vec::with_capacity(chosen.len());
        let mut rng = ChaCha8Rng::seed_from_u64(fit.settings().seed);
        rng.set_stream(REPLICATION_STREAM);
        for (row, draw) in chosen.into_iter().enumerate() {
            let Some(parts) = fit.decompose(draw / draws, draw % draws) else { continue };
            baseline.push(parts.baseline.sum());
            invented.row_mut(row).assign(&parts.fitted.mapv(|value| {
                let noise: f64 = StandardNormal.sample(&mut rng);
                value + parts.sigma * noise
            }));
            expected.row_mut(row).assign(&parts.fitted);
        }
        Self { expected, invented, baseline }
    }

    /// The invented values of one period.
    pub(crate) fn of_period(&self, period: usize) -> Vec<f64> {
        self.invented.column(period).to_vec()
    }
}

impl Fit {
    /// Compares the observed KPI with invented ones; see [`PredictiveCheck`].
    pub fn predictive_checks(&self) -> Vec<PredictiveCheck> {
        Replications::of(self).checks(self.model().data().kpi())
    }
}

impl Replications {
    pub(super) fn checks(&self, kpi: &[f64]) -> Vec<PredictiveCheck> {
        let kpi = ArrayView1::from(kpi);
        let own = |statistic, figure: fn(ArrayView1<'_, f64>) -> f64| {
            let observed = figure(kpi);
            let replicated = self.invented.rows().into_iter().map(|row| (observed, figure(row)));
            check(statistic, replicated.collect())
        };
        let residuals =
            self.expected.rows().into_iter().zip(self.invented.rows()).map(|(expected, invented)| {
                (autocorrelation(&(&kpi - &expected)), autocorrelation(&(&invented - &expected)))
            });
        vec![
            own(Statistic::Mean, |values| values.mean().unwrap_or(f64::NAN)),
            own(Statistic::Spread, |values| values.std(0.0)),
            own(Statistic::Least, |values| values.fold(f64::INFINITY, |least, value| least.min(*value))),
            own(Statistic::Most, |values| values.fold(f64::NEG_INFINITY, |most, value| most.max(*value))),
            check(Statistic::ResidualAutocorrelation, residuals.collect()),
        ]
    }
}

/// Compares pairs of an observed and an invented figure.
fn check(statistic: Statistic, pairs: Vec<(f64, f64)>) -> PredictiveCheck {
    let count = pairs.len() as f64;
    let above: f64 = pairs
        .iter()
        .map(|(observed, invented)| match invented.total_cmp(observed) {
            std::cmp::Ordering::Less => 0.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Greater => 1.0,
        })
        .sum();
    let observed = pairs.iter().map(|pair| pair.0).sum::<f64>() / count;
    let mut invented: Vec<f64> = pairs.into_iter().map(|pair| pair.1).collect();
    PredictiveCheck { statistic, observed, replicated: Interval::of(&mut invented), p_value: above / count }
}

fn autocorrelation(residuals: &Array1<f64>) -> f64 {
    let next = residuals.iter().zip(residuals.iter().skip(1));
    next.map(|(now, next)| now * next).sum::<f64>()
        / residuals.map_axis(Axis(0), |all| all.dot(&all)).into_scalar()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four draws of three periods around nothing.
    fn replications() -> Replications {
        let invented =
            ndarray::array![[1.0, -1.0, 0.0], [2.0, 0.0, -2.0], [0.5, 0.5, -1.0], [-1.0, 2.0, 0.0]];
        Replications { expected: Array2::zeros((4, 3)), invented, baseline: Vec::new() }
    }

    #[test]
    fn p_values_are_shares_of_draws() {
        let checks = replications().checks(&[1.5, 0.0, -1.5]);
        let p = |statistic| checks.iter().find(|check| check.statistic == statistic).unwrap().p_value;
        assert!((p(Statistic::Most) - 0.5).abs() < 1e-12);
        assert!((p(Statistic::Least) - 0.75).abs() < 1e-12);
        // Means are 0, 0, 0 and 1/3 beside an observed 0.
        assert!((p(Statistic::Mean) - 0.625).abs() < 1e-12);
        assert!(checks.iter().all(|check| !check.is_extreme()));
    }

    #[test]
    fn what_was_never_invented_is_extreme() {
        let checks = replications().checks(&[50.0, 0.0, 0.0]);
        assert!(checks.iter().any(|check| check.statistic == Statistic::Most && check.is_extreme()));
    }

    #[test]
    fn errors_that_go_on_are_seen() {
        assert!(autocorrelation(&ndarray::array![1.0, 1.0, 1.0, -1.0, -1.0, -1.0]) > 0.4);
        assert!(autocorrelation(&ndarray::array![1.0, -1.0, 1.0, -1.0]) < -0.7);
    }
}
