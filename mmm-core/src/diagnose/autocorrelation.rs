//! The effective sample size of several chains, by Geyer's initial monotone sequence.

use ndarray::ArrayView2;

/// How many independent draws tell as much about the mean as these, `(chains, draws)`.
///
/// The autocorrelation is summed in pairs until a pair is negative, each pair capped by the one
/// before it. Constant draws count in full; fewer than four draws per chain give NaN.
///
/// # Source
///
/// Vehtari et al. (2021), section 3; the same steps as `arviz` 0.23.
pub(super) fn effective_size(draws: ArrayView2<'_, f64>) -> f64 {
    let (chains, length) = draws.dim();
    if length < 4 || draws.iter().any(|value| !value.is_finite()) {
        return f64::NAN;
    }
    let total = (chains * length) as f64;
    let (low, high) =
        draws.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(*v), high.max(*v)));
    let spread = high - low;
    if spread < f64::EPSILON {
        return total;
    }
    let n = length as f64;
    let means: Vec<f64> = draws.rows().into_iter().map(|chain| chain.sum() / n).collect();
    let centred: Vec<Vec<f64>> = draws
        .rows()
        .into_iter()
        .zip(&means)
        .map(|(chain, mean)| chain.iter().map(|value| value - mean).collect())
        .collect();
    // The mean over the chains of the autocovariance at a lag, divided by the full length.
    let autocovariance = |lag: usize| {
        let sums = centred
            .iter()
            .map(|chain| chain.iter().zip(&chain[lag..]).map(|(early, late)| early * late).sum::<f64>() / n);
        sums.sum::<f64>() / chains as f64
    };
    let within = autocovariance(0) * n / (n - 1.0);
    let mut variance = within * (n - 1.0) / n;
    if chains > 1 {
        let grand = means.iter().sum::<f64>() / chains as f64;
        variance += means.iter().map(|mean| (mean - grand).powi(2)).sum::<f64>() / (chains as f64 - 1.0);
    }
    let correlation = |lag: usize| 1.0 - (within - autocovariance(lag)) / variance;

    // Pairs (0, 1), (2, 3), … as long as their sum is positive.
    let mut correlations = vec![1.0, correlation(1)];
    let (mut even, mut odd) = (1.0, correlations[1]);
    let mut lag = 1;
    while lag + 3 < length && even + odd > 0.0 {
        even = correlation(lag + 1);
        odd = correlation(lag + 2);
        let kept = if even + odd >= 0.0 { [even, odd] } else { [0.0, 0.0] };
        correlations.extend(kept);
        lag += 2;
    }
    // `lag` is odd, so the last pair starts at `lag - 1`; the half pair after the sum counts if positive.
    let last = lag.saturating_sub(2);
    correlations.resize(correlations.len().max(last + 2), 0.0);
    if even > 0.0 {
        correlations[last + 1] = even;
    }
    let mut lag = 1;
    while lag + 2 <= last {
        let before = correlations[lag - 1] + correlations[lag];
        if correlations[lag + 1] + correlations[lag + 2] > before {
            correlations[lag + 1] = before / 2.0;
            correlations[lag + 2] = before / 2.0;
        }
        lag += 2;
    }
    let time = -1.0 + 2.0 * correlations[..=last].iter().sum::<f64>() + correlations[last + 1];
    total / time.max(1.0 / total.log10())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    /// A fixed sequence without visible correlation.
    fn noise(count: usize) -> Vec<f64> {
        let mut state = 1_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
        };
        (0..count).map(|_| next()).collect()
    }

    #[test]
    fn independent_draws_count_nearly_in_full() {
        let draws = Array2::from_shape_vec((4, 1000), noise(4000)).unwrap();
        let size = effective_size(draws.view());
        assert!((3200.0..4800.0).contains(&size), "{size}");
    }

    #[test]
    fn a_slow_walk_counts_by_its_correlation_time() {
        let share = 0.9;
        let mut walk = noise(40_000);
        for place in 1..walk.len() {
            walk[place] += share * walk[place - 1];
        }
        let draws = Array2::from_shape_vec((4, 10_000), walk).unwrap();
        let ratio = effective_size(draws.view()) / 40_000.0 * (1.0 + share) / (1.0 - share);
        assert!((0.85..1.15).contains(&ratio), "{ratio}");
    }

    #[test]
    fn degenerate_draws_have_no_surprise() {
        assert!((effective_size(Array2::ones((2, 10)).view()) - 20.0).abs() < 1e-12);
        assert!(effective_size(Array2::ones((2, 3)).view()).is_nan());
        assert!(effective_size(Array2::from_elem((2, 10), f64::NAN).view()).is_nan());
    }
}
