//! A quantity with its uncertainty.

use serde::{Deserialize, Serialize};

use crate::diagnose::quantile_of_sorted;

/// Mean, median and the central 90 % of a quantity's posterior.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Posterior mean.
    pub mean: f64,
    /// Posterior median.
    pub median: f64,
    /// The 5 % quantile.
    pub q5: f64,
    /// The 95 % quantile.
    pub q95: f64,
}

impl Interval {
    /// Summarises draws; sorts them in place. All figures are NaN where there are none.
    pub fn of(draws: &mut [f64]) -> Self {
        draws.sort_unstable_by(f64::total_cmp);
        Self {
            mean: draws.iter().sum::<f64>() / draws.len() as f64,
            median: quantile_of_sorted(draws, 0.5),
            q5: quantile_of_sorted(draws, 0.05),
            q95: quantile_of_sorted(draws, 0.95),
        }
    }

    /// The interval of the quantity times a constant.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        let (low, high) = if factor < 0.0 { (self.q95, self.q5) } else { (self.q5, self.q95) };
        Self { mean: self.mean * factor, median: self.median * factor, q5: low * factor, q95: high * factor }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_the_draws_does_not_matter() {
        let mut ascending: Vec<f64> = (0..101).map(f64::from).collect();
        let mut descending: Vec<f64> = (0..101).rev().map(f64::from).collect();
        let interval = Interval::of(&mut ascending);
        assert_eq!(interval, Interval::of(&mut descending));
        assert_eq!(interval, Interval { mean: 50.0, median: 50.0, q5: 5.0, q95: 95.0 });
    }

    #[test]
    fn a_negative_factor_swaps_the_ends() {
        let interval = Interval { mean: 1.0, median: 1.0, q5: 0.0, q95: 3.0 }.scaled(-2.0);
        assert!(interval.q5 < interval.q95);
    }
}
