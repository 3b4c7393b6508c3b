//! Importance ratios whose largest values are replaced by quantiles of a fitted Pareto tail.
//!
//! A few huge ratios make an importance-weighted mean useless without its showing. The shape `k` of
//! the tail says so: below 0.5 the ratios have a variance, up to 0.7 the smoothed mean is still
//! reliable, above it is not.
//!
//! # Source
//!
//! Vehtari, Simpson, Gelman, Yao, Gabry (2024), *Pareto smoothed importance sampling*; the tail's fit
//! is that of Zhang and Stephens (2009), *A new and efficient estimation method for the generalized
//! Pareto distribution*.

/// Above this shape a smoothed mean is not reliable.
pub(crate) const RELIABLE_BELOW: f64 = 0.7;

/// Weight of the prior that pulls the shape to one half, in observations of the tail.
const PRIOR_OBSERVATIONS: f64 = 10.0;
/// Fewer observations than this make no tail.
const SMALLEST_TAIL: usize = 5;

/// Smooths log ratios in place, normalises them so that their exponentials add up to one, and returns
/// the shape `k` of their tail.
///
/// | name                  | shape  | unit              | range              |
/// |-----------------------|--------|-------------------|--------------------|
/// | `log_ratios`          | `(S,)` | natural logarithm | finite; written    |
/// | `relative_efficiency` | scalar |                   | `> 0`, about 1     |
/// | result                | scalar |                   | `inf` without tail |
///
/// The tail are the largest `min(S / 5, 3 sqrt(S / efficiency))` ratios; ratios of equal size at its
/// border stay outside. `O(S log S)`.
pub fn smooth_log_ratios(log_ratios: &mut [f64], relative_efficiency: f64) -> f64 {
    let largest = log_ratios.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    for ratio in log_ratios.iter_mut() {
        *ratio -= largest;
    }
    let size = log_ratios.len();
    let mut order: Vec<usize> = (0..size).collect();
    order.sort_by(|a, b| log_ratios[*a].total_cmp(&log_ratios[*b]));
    let wanted = (size as f64 / 5.0).min(3.0 * (size as f64 / relative_efficiency).sqrt()).ceil() as usize;
    let border = size.checked_sub(wanted + 1).map_or(f64::NEG_INFINITY, |place| log_ratios[order[place]]);
    let cutoff = border.max(f64::MIN_POSITIVE.ln());
    let tail = &order[order.partition_point(|place| log_ratios[*place] <= cutoff)..];
    let shape = if tail.len() < SMALLEST_TAIL {
        f64::INFINITY
    } else {
        let excess: Vec<f64> = tail.iter().map(|place| log_ratios[*place].exp() - cutoff.exp()).collect();
        let pareto = Pareto::fit(&excess);
        if pareto.shape.is_finite() {
            for (rank, place) in tail.iter().enumerate() {
                let share = (rank as f64 + 0.5) / tail.len() as f64;
                log_ratios[*place] = (pareto.quantile(share) + cutoff.exp()).ln().min(0.0);
            }
        }
        pareto.shape
    };
    let total = log_sum_exp(log_ratios);
    for ratio in log_ratios.iter_mut() {
        *ratio -= total;
    }
    shape
}

/// `ln sum exp x` without overflow.
pub(crate) fn log_sum_exp(values: &[f64]) -> f64 {
    let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if !largest.is_finite() {
        return largest;
    }
    largest + values.iter().map(|value| (value - largest).exp()).sum::<f64>().ln()
}

/// A generalised Pareto distribution above zero.
#[derive(Clone, Copy, Debug)]
struct Pareto {
    shape: f64,
    scale: f64,
}

impl Pareto {
    /// Fits ascending positive observations: the mean of the profile likelihood over a grid that
    /// adapts to the data, and a weak prior on the shape.
    fn fit(ascending: &[f64]) -> Self {
        let count = ascending.len() as f64;
        let points = 30 + count.sqrt() as usize;
        let quartile = ascending[((count / 4.0 + 0.5) as usize).max(1) - 1];
        let largest = ascending[ascending.len() - 1];
        // With b fixed, the likelihood is largest at this shape.
        let shape_at = |b: f64| ascending.iter().map(|x| (-b * x).ln_1p()).sum::<f64>() / count;
        let grid: Vec<(f64, f64)> = (1..=points)
            .map(|point| {
                let b =
                    (1.0 - (points as f64 / (point as f64 - 0.5)).sqrt()) / (3.0 * quartile) + 1.0 / largest;
                let shape = shape_at(b);
                (b, count * ((-b / shape).ln() - shape - 1.0))
            })
            .collect();
        let logs: Vec<f64> = grid.iter().map(|(_, log_likelihood)| *log_likelihood).collect();
        let total = log_sum_exp(&logs);
        let weights = grid.iter().map(|(b, log)| (*b, (log - total).exp()));
        let kept = weights.filter(|(_, weight)| *weight >= 10.0 * f64::EPSILON);
        let (sum, mass) = kept.fold((0.0, 0.0), |(sum, mass), (b, weight)| (sum + b * weight, mass + weight));
        let b = sum / mass;
        let shape = shape_at(b);
        Self {
            scale: -shape / b,
            shape: (count * shape + PRIOR_OBSERVATIONS * 0.5) / (count + PRIOR_OBSERVATIONS),
        }
    }

    fn quantile(self, share: f64) -> f64 {
        let log_rest = (-share).ln_1p();
        let standard = if self.shape.abs() < f64::EPSILON {
            -log_rest
        } else {
            (-self.shape * log_rest).exp_m1() / self.shape
        };
        self.scale * standard
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    /// Log ratios of a Pareto tail of this shape.
    fn ratios(shape: f64) -> Vec<f64> {
        let pareto = Pareto { shape, scale: 1.0 };
        (0..4000).map(|place| pareto.quantile((f64::from(place) + 0.5) / 4000.0).ln_1p()).collect()
    }

    #[test]
    fn the_shape_of_the_tail_is_found() {
        for shape in [0.2, 0.5, 0.9] {
            let found = smooth_log_ratios(&mut ratios(shape), 1.0);
            assert_relative_eq!(found, shape, epsilon = 0.1);
        }
    }

    #[test]
    fn smoothed_ratios_add_up_to_one_and_keep_their_order() {
        let mut smoothed = ratios(0.6);
        smooth_log_ratios(&mut smoothed, 1.0);
        assert_relative_eq!(smoothed.iter().map(|ratio| ratio.exp()).sum::<f64>(), 1.0, max_relative = 1e-12);
        assert!(smoothed.windows(2).all(|pair| pair[0] <= pair[1]));
    }

    #[test]
    fn equal_ratios_have_no_tail_and_stay_equal() {
        let mut equal = vec![3.0; 200];
        assert!(smooth_log_ratios(&mut equal, 1.0).is_infinite());
        assert!(equal.iter().all(|ratio| (ratio - (1.0_f64 / 200.0).ln()).abs() < 1e-12));
    }
}
