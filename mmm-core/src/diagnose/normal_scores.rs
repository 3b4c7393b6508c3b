//! Ranks turned into normal scores, and the quantiles of a sample.

use std::cmp::Ordering;

use statrs::distribution::{ContinuousCDF, Normal};

/// Blom's offset for the expected normal score of a rank.
const OFFSET: f64 = 3.0 / 8.0;

/// Replaces every value by the normal score of its average rank among all.
pub(super) fn normal_scores(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|a, b| values[*a].total_cmp(&values[*b]));
    let normal = Normal::standard();
    let size = values.len() as f64;
    let mut scores = vec![0.0; values.len()];
    let mut start = 0;
    while start < order.len() {
        let value = values[order[start]];
        let is_tied = |place: &&usize| values[**place].partial_cmp(&value).is_some_and(Ordering::is_eq);
        let tied = order[start..].iter().take_while(is_tied).count();
        let end = start + tied.max(1);
        // Ranks count from 1; tied values share the mean of theirs.
        let rank = (start + 1 + end) as f64 / 2.0;
        let score = normal.inverse_cdf((rank - OFFSET) / (size - 2.0 * OFFSET + 1.0));
        for place in &order[start..end] {
            scores[*place] = score;
        }
        start = end;
    }
    scores
}

/// The `share`-quantile of ascending values, interpolated linearly (R's type 7).
///
/// An empty sample has no quantile: NaN.
pub(crate) fn quantile_of_sorted(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let place = share.clamp(0.0, 1.0) * last as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(last);
    sorted[below] + (place - below as f64) * (sorted[above] - sorted[below])
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn scores_are_symmetric_and_ties_share_theirs() {
        let scores = normal_scores(&[3.0, 1.0, 2.0, 2.0]);
        assert_relative_eq!(scores[2], 0.0, epsilon = 1e-12);
        assert_relative_eq!(scores[2], scores[3]);
        assert_relative_eq!(scores[0], -scores[1], epsilon = 1e-12);
    }

    #[test]
    fn quantiles_interpolate_between_neighbours() {
        let sorted = [1.0, 2.0, 4.0];
        for (share, value) in [(0.0, 1.0), (0.25, 1.5), (0.5, 2.0), (0.75, 3.0), (1.0, 4.0)] {
            assert_relative_eq!(quantile_of_sorted(&sorted, share), value);
        }
        assert!(quantile_of_sorted(&[], 0.5).is_nan());
    }
}
