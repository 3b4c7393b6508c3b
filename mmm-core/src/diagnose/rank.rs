//! R-hat, effective sample sizes and Monte Carlo errors of one quantity.
//!
//! Every function takes the draws as `(chains, draws)`, in any unit, and answers NaN where there are
//! fewer than four draws per chain or a value is not finite. Definitions and figures are those of
//! `ArviZ` 0.23.
//!
//! # Source
//!
//! Vehtari, Gelman, Simpson, Carpenter, Bürkner (2021), *Rank-normalization, folding, and
//! localization: an improved R-hat*.

use ndarray::{Array2, ArrayView2, Axis, Slice};

use super::{
    autocorrelation::effective_size,
    normal_scores::{normal_scores, quantile_of_sorted},
};

/// The tails whose effective sample size is reported.
const TAILS: [f64; 2] = [0.05, 0.95];

/// Rank-normalised split R-hat: the larger of those of the scores and of the folded scores.
pub fn r_hat(draws: ArrayView2<'_, f64>) -> f64 {
    let Some(halves) = split(draws) else { return f64::NAN };
    let bulk = r_hat_of_halves(scores(halves.view()).view());
    let median = quantile_of_sorted(&sorted(halves.view()), 0.5);
    let folded = halves.mapv(|value| (value - median).abs());
    bulk.max(r_hat_of_halves(scores(folded.view()).view()))
}

/// Split R-hat of the values themselves, without ranks: Gelman and Rubin's, for comparison.
pub fn split_r_hat(draws: ArrayView2<'_, f64>) -> f64 {
    split(draws).map_or(f64::NAN, |halves| r_hat_of_halves(halves.view()))
}

/// Effective sample size of the normal scores: how well the bulk is known.
pub fn ess_bulk(draws: ArrayView2<'_, f64>) -> f64 {
    split(draws).map_or(f64::NAN, |halves| effective_size(scores(halves.view()).view()))
}

/// The smaller of the effective sample sizes of the 5 % and 95 % quantiles.
pub fn ess_tail(draws: ArrayView2<'_, f64>) -> f64 {
    let [low, high] = TAILS.map(|share| ess_quantile(draws, share));
    if low.is_nan() || high.is_nan() { f64::NAN } else { low.min(high) }
}

/// Effective sample size of the `share`-quantile.
pub fn ess_quantile(draws: ArrayView2<'_, f64>, share: f64) -> f64 {
    let Some(halves) = split(draws) else { return f64::NAN };
    let quantile = quantile_of_sorted(&sorted(draws), share);
    effective_size(halves.mapv(|value| f64::from(u8::from(value <= quantile))).view())
}

/// Effective sample size of the mean.
pub fn ess_mean(draws: ArrayView2<'_, f64>) -> f64 {
    split(draws).map_or(f64::NAN, |halves| effective_size(halves.view()))
}

/// Effective sample size of the standard deviation: that of the squared distances from the mean.
pub fn ess_sd(draws: ArrayView2<'_, f64>) -> f64 {
    let mean = draws.mean().unwrap_or(f64::NAN);
    split(draws).map_or(f64::NAN, |halves| effective_size(halves.mapv(|value| (value - mean).powi(2)).view()))
}

/// Monte Carlo standard error of the mean, in the unit of the draws.
pub fn mcse_mean(draws: ArrayView2<'_, f64>) -> f64 {
    deviation(draws) / ess_mean(draws).sqrt()
}

/// The `share`-quantile of all draws, in their unit.
pub fn quantile(draws: ArrayView2<'_, f64>, share: f64) -> f64 {
    quantile_of_sorted(&sorted(draws), share)
}

/// The narrowest interval that holds this share of all draws, in their unit.
pub fn narrowest_interval(draws: ArrayView2<'_, f64>, share: f64) -> (f64, f64) {
    let sorted = sorted(draws);
    let inside = (share.clamp(0.0, 1.0) * sorted.len() as f64) as usize;
    let ends = sorted.iter().zip(sorted.iter().skip(inside)).map(|(low, high)| (*low, *high));
    ends.min_by(|a, b| (a.1 - a.0).total_cmp(&(b.1 - b.0))).unwrap_or((f64::NAN, f64::NAN))
}

/// How freely each chain moves between energies: the mean square of its steps over its variance.
///
/// The draws are the energies of a Hamiltonian sampler. Below 0.3 a chain may not reach the tails; a
/// chain of independent draws has about 2.
pub fn energy_mobility(energies: ArrayView2<'_, f64>) -> Vec<f64> {
    let of_chain = |chain: ndarray::ArrayView1<'_, f64>| {
        let count = chain.len() as f64;
        let steps: f64 = chain.windows(2).into_iter().map(|pair| (pair[1] - pair[0]).powi(2)).sum();
        steps / (count - 1.0) / chain.var(0.0)
    };
    energies.rows().into_iter().map(of_chain).collect()
}

/// Sample standard deviation over all draws, in their unit.
pub(crate) fn deviation(draws: ArrayView2<'_, f64>) -> f64 {
    let count = draws.len() as f64;
    let mean = draws.sum() / count;
    (draws.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0)).sqrt()
}

/// All draws in ascending order.
pub(crate) fn sorted(draws: ArrayView2<'_, f64>) -> Vec<f64> {
    let mut values: Vec<f64> = draws.iter().copied().collect();
    values.sort_unstable_by(f64::total_cmp);
    values
}

/// Every chain in two halves, without the middle draw of an odd number.
fn split(draws: ArrayView2<'_, f64>) -> Option<Array2<f64>> {
    let (chains, length) = draws.dim();
    if chains == 0 || length < 4 || draws.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let half = length / 2;
    let mut halves = Array2::zeros((2 * chains, half));
    for (chain, values) in draws.rows().into_iter().enumerate() {
        halves.row_mut(2 * chain).assign(&values.slice_axis(Axis(0), Slice::from(..half)));
        halves.row_mut(2 * chain + 1).assign(&values.slice_axis(Axis(0), Slice::from(length - half..)));
    }
    Some(halves)
}

fn scores(draws: ArrayView2<'_, f64>) -> Array2<f64> {
    let flat: Vec<f64> = draws.iter().copied().collect();
    let mut scores = normal_scores(&flat).into_iter();
    draws.map(|_| scores.next().unwrap_or(f64::NAN))
}

fn r_hat_of_halves(halves: ArrayView2<'_, f64>) -> f64 {
    let n = halves.ncols() as f64;
    let means = halves.map_axis(Axis(1), |half| half.sum() / n);
    let within = halves.var_axis(Axis(1), 1.0).sum() / halves.nrows() as f64;
    let between = n * means.var(1.0);
    ((between / within + n - 1.0) / n).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Draws that walk through their range in a scattered order.
    fn scattered(chain: usize, draw: usize) -> f64 {
        ((draw * 7919 + chain * 104_729) % 1000) as f64 / 1000.0
    }

    #[test]
    fn chains_in_different_places_are_seen() {
        let together = Array2::from_shape_fn((4, 500), |(chain, draw)| scattered(chain, draw));
        let apart = Array2::from_shape_fn((4, 500), |(chain, draw)| scattered(chain, draw) + chain as f64);
        assert!(r_hat(together.view()) < 1.01);
        assert!(r_hat(apart.view()) > 1.5);
    }

    #[test]
    fn chains_of_different_width_are_seen_although_their_means_agree() {
        let draws = Array2::from_shape_fn((4, 500), |(chain, draw)| {
            (scattered(chain, draw) - 0.5) * (1.0 + 9.0 * chain as f64)
        });
        assert!(split_r_hat(draws.view()) < 1.01);
        assert!(r_hat(draws.view()) > 1.05);
    }

    #[test]
    fn what_cannot_be_judged_is_not_a_number() {
        for draws in [Array2::zeros((4, 3)), Array2::from_elem((4, 50), f64::NAN), Array2::zeros((0, 50))] {
            let draws = draws.view();
            assert!(r_hat(draws).is_nan() && ess_bulk(draws).is_nan() && ess_tail(draws).is_nan());
        }
    }

    #[test]
    fn ranks_do_not_care_about_units() {
        let draws = Array2::from_shape_fn((4, 500), |(chain, draw)| scattered(chain, draw));
        let other = draws.mapv(|value| (3.0 * value).exp());
        assert!((ess_bulk(draws.view()) - ess_bulk(other.view())).abs() < 1e-9);
        assert!((ess_tail(draws.view()) - ess_tail(other.view())).abs() < 1e-9);
    }
}
