//! How well the expected KPI explains the observed one.

use serde::{Deserialize, Serialize};

use super::Interval;

/// How well the model explains the KPI.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FitMeasures {
    /// Share of the KPI's variance that the posterior mean explains, at most 1.
    pub r_squared: f64,
    /// Mean absolute error of the posterior mean as a share of the KPI, over periods whose KPI is
    /// not zero.
    pub mape: f64,
    /// Share of periods whose KPI lies in the 90 % predictive band; near 0.9 where the noise is
    /// described well.
    pub band_coverage: f64,
}

impl FitMeasures {
    /// Compares the observed KPI with its expectation and its predictive band, period by period.
    pub(super) fn of(actual: &[f64], fitted: &[Interval], predictive: &[Interval]) -> Self {
        let count = actual.len() as f64;
        let mean = actual.iter().sum::<f64>() / count;
        let total: f64 = actual.iter().map(|value| (value - mean).powi(2)).sum();
        let errors = || actual.iter().zip(fitted).map(|(value, fitted)| value - fitted.mean);
        let squares: f64 = errors().map(|error| error * error).sum();
        let (sum, used) = errors()
            .zip(actual)
            .filter(|(_, value)| **value != 0.0)
            .fold((0.0, 0_u32), |(sum, used), (error, value)| (sum + (error / value).abs(), used + 1));
        let covered = actual
            .iter()
            .zip(predictive)
            .filter(|(value, band)| (band.q5..=band.q95).contains(value))
            .count();
        Self {
            r_squared: 1.0 - squares / total,
            mape: sum / f64::from(used.max(1)),
            band_coverage: covered as f64 / count,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(values: &[f64]) -> Vec<Interval> {
        values.iter().map(|&mean| Interval { mean, median: mean, q5: mean - 1.0, q95: mean + 1.0 }).collect()
    }

    #[test]
    fn a_perfect_explanation_has_no_error() {
        let actual = [3.0, 5.0, 9.0];
        let measures = FitMeasures::of(&actual, &flat(&actual), &flat(&actual));
        assert_eq!(measures, FitMeasures { r_squared: 1.0, mape: 0.0, band_coverage: 1.0 });
    }

    #[test]
    fn the_mean_explains_nothing_and_zeros_do_not_count_as_errors() {
        let actual = [0.0, 4.0, 8.0];
        let measures = FitMeasures::of(&actual, &flat(&[4.0; 3]), &flat(&[4.0; 3]));
        assert_eq!(measures, FitMeasures { r_squared: 0.0, mape: 0.25, band_coverage: 1.0 / 3.0 });
    }
}
