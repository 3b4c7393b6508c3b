//! What the data changed: each medium's contribution before and after they were seen.

use ndarray::Axis;
use serde::{Deserialize, Serialize};

use crate::{effect::Interval, fit::Fit};

use super::quantile_of_sorted;

/// Draws from the priors.
const DRAWS: usize = 4000;
/// Below this distance the data have said next to nothing.
const NOTHING_LEARNT: f64 = 0.15;
/// The prior's central share in which a posterior mean is expected.
const EXPECTED: (f64, f64) = (0.01, 0.99);

/// A medium's contribution over all periods in KPI units, before and after the data.
///
/// A return is the contribution times its worth by the spend, so what holds here holds for returns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PriorShift {
    /// The medium.
    pub name: String,
    /// What the priors say.
    pub prior: Interval,
    /// What the fit says.
    pub posterior: Interval,
    /// How far the two are apart: the largest difference of their distribution functions, from 0 where
    /// the data changed nothing to 1 where they left nothing of the prior.
    pub distance: f64,
    /// Whether the posterior mean lies in the central 98 % of the prior; otherwise prior and data
    /// contradict each other.
    pub is_expected: bool,
}

impl PriorShift {
    /// Whether the data have said anything about this medium.
    pub fn is_learnt(&self) -> bool {
        self.distance >= NOTHING_LEARNT
    }
}

impl Fit {
    /// What the data changed for every medium, in the order of the model.
    pub fn prior_shift(&self) -> Vec<PriorShift> {
        let prior = Self::of_prior(self.model(), self.settings().seed, DRAWS);
        let sorted = |fit: &Self, medium: usize| {
            let mut draws: Vec<f64> =
                fit.contributions().index_axis(Axis(2), medium).iter().copied().collect();
            draws.sort_unstable_by(f64::total_cmp);
            draws
        };
        let of = |(medium, named): (usize, crate::data::Medium<'_>)| {
            let (mut before, mut after) = (sorted(&prior, medium), sorted(self, medium));
            let (low, high) =
                (quantile_of_sorted(&before, EXPECTED.0), quantile_of_sorted(&before, EXPECTED.1));
            let distance = largest_gap(&before, &after);
            let (prior, posterior) = (Interval::of(&mut before), Interval::of(&mut after));
            let is_expected = (low..=high).contains(&posterior.mean);
            PriorShift { name: named.name.to_owned(), prior, posterior, distance, is_expected }
        };
        self.model().data().media().enumerate().map(of).collect()
    }
}

/// The largest difference of two ascending samples' distribution functions (Kolmogorov and Smirnov's).
fn largest_gap(a: &[f64], b: &[f64]) -> f64 {
    let share =
        |sample: &[f64], x: f64| sample.partition_point(|value| *value <= x) as f64 / sample.len() as f64;
    a.iter().chain(b).map(|x| (share(a, *x) - share(b, *x)).abs()).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gap_is_none_for_equal_and_one_for_separate_samples() {
        let sample: Vec<f64> = (0..50).map(f64::from).collect();
        assert!(largest_gap(&sample, &sample).abs() < 1e-12);
        let far: Vec<f64> = sample.iter().map(|value| value + 100.0).collect();
        assert!((largest_gap(&sample, &far) - 1.0).abs() < 1e-12);
        let half: Vec<f64> = sample.iter().map(|value| value + 25.0).collect();
        assert!((largest_gap(&sample, &half) - 0.5).abs() < 1e-12);
    }
}
