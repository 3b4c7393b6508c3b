//! How far the model is from the observed KPI, in the measures that the peers report.

use serde::{Deserialize, Serialize};

use super::Interval;

/// Errors of the posterior mean, and the score of the whole prediction.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Accuracy {
    /// Sum of absolute errors as a share of the sum of the KPI's absolute values.
    pub wmape: f64,
    /// Root of the mean squared error as a share of the KPI's range.
    pub nrmse: f64,
    /// Continuously ranked probability score of the predictive draws, in KPI units; the mean over
    /// periods. It is the mean absolute error of a prediction without any spread.
    pub crps: f64,
}

impl Accuracy {
    /// `crps` is the mean over periods.
    pub(super) fn of(actual: &[f64], fitted: &[Interval], crps: f64) -> Self {
        let errors = || actual.iter().zip(fitted).map(|(value, fitted)| value - fitted.mean);
        let (low, high) = actual.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(*value), high.max(*value))
        });
        let squares: f64 = errors().map(|error| error * error).sum();
        Self {
            wmape: errors().map(f64::abs).sum::<f64>() / actual.iter().map(|value| value.abs()).sum::<f64>(),
            nrmse: (squares / actual.len() as f64).sqrt() / (high - low),
            crps,
        }
    }
}

/// The continuously ranked probability score of draws for one observation.
///
/// `mean |x - y| - sum of i (n - i) (x[i+1] - x[i]) / n^2` over ascending draws `x`, `i` from 1.
///
/// | name       | shape  | unit | range  |
/// |------------|--------|------|--------|
/// | `observed` | scalar | KPI  | finite |
/// | `draws`    | `(n,)` | KPI  | finite |
/// | result     | scalar | KPI  | `>= 0` |
///
/// Sorts the draws in place; NaN where there are none.
///
/// # Source
///
/// `crps` of PyMC-Marketing 0.19.
pub fn crps(observed: f64, draws: &mut [f64]) -> f64 {
    draws.sort_unstable_by(f64::total_cmp);
    let count = draws.len() as f64;
    let distance: f64 = draws.iter().map(|draw| (draw - observed).abs()).sum();
    let spread = |(place, pair): (usize, &[f64])| {
        let below = place as f64 + 1.0;
        below * (count - below) * (pair[1] - pair[0])
    };
    let spread: f64 = draws.windows(2).enumerate().map(spread).sum();
    distance / count - spread / (count * count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn it_is_the_mean_distance_less_half_the_mean_distance_among_draws() {
        let mut draws = [3.0, -1.0, 0.5, 2.0, 2.0];
        let among: f64 = draws.iter().flat_map(|a| draws.iter().map(move |b| f64::abs(a - b))).sum();
        let distance: f64 = draws.iter().map(|draw: &f64| (draw - 1.2).abs()).sum();
        let expected = distance / 5.0 - among / 50.0;
        assert_relative_eq!(crps(1.2, &mut draws), expected, max_relative = 1e-12);
    }

    #[test]
    fn a_prediction_without_spread_scores_its_error() {
        assert_relative_eq!(crps(1.0, &mut [4.0, 4.0]), 3.0);
    }
}
