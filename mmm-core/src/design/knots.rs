//! A level that bends at given periods: straight lines between knots.

use ndarray::Array2;

/// The weight of every knot in every period: one at the knot, falling linearly to zero at its
/// neighbours; before the first and after the last knot their weight stays one.
///
/// | name      | shape    | unit   | range                            |
/// |-----------|----------|--------|----------------------------------|
/// | `periods` | scalar   | period | any                              |
/// | `knots`   | `(K,)`   | period | ascending, below `periods`       |
/// | result    | `(K, T)` |        | `[0, 1]`, columns add up to one  |
///
/// # Source
///
/// `l1_distance_weights` of Meridian 2.1.
pub fn knot_weights(periods: usize, knots: &[usize]) -> Array2<f64> {
    let mut weights = Array2::zeros((knots.len(), periods));
    for period in 0..periods {
        let after = knots.partition_point(|knot| *knot <= period);
        match (after.checked_sub(1), knots.get(after)) {
            (Some(left), Some(next)) => {
                let share = (period - knots[left]) as f64 / (next - knots[left]) as f64;
                weights[[left, period]] = 1.0 - share;
                weights[[after, period]] = share;
            }
            (Some(last), None) => weights[[last, period]] = 1.0,
            (None, Some(_)) => weights[[0, period]] = 1.0,
            (None, None) => {}
        }
    }
    weights
}

/// This many knots from the first period to the last, as evenly as whole periods allow: rounded down.
///
/// # Source
///
/// `get_knot_info` of Meridian 2.1; a single knot sits in the first period.
pub fn even_knots(periods: usize, count: usize) -> Vec<usize> {
    let last = periods.saturating_sub(1);
    let place = |index: usize| (index * last).checked_div(count.max(2) - 1).unwrap_or(0);
    let mut knots: Vec<usize> = (0..count.min(periods)).map(place).collect();
    knots.dedup();
    knots
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn the_weights_of_a_period_add_up_to_one() {
        for knots in [vec![0], vec![0, 9], vec![2, 5, 8], even_knots(10, 4)] {
            for column in knot_weights(10, &knots).columns() {
                assert_relative_eq!(column.sum(), 1.0, max_relative = 1e-15);
            }
        }
    }

    #[test]
    fn a_line_through_the_knots_is_restored() {
        let knots = [0, 4, 5, 11];
        let weights = knot_weights(12, &knots);
        for (period, column) in weights.columns().into_iter().enumerate() {
            let value: f64 = column.iter().zip(knots).map(|(weight, knot)| weight * knot as f64).sum();
            assert_relative_eq!(value, period as f64, epsilon = 1e-12);
        }
    }

    #[test]
    fn even_knots_reach_both_ends() {
        assert_eq!(even_knots(20, 5), [0, 4, 9, 14, 19]);
        assert_eq!(even_knots(20, 1), [0]);
        assert_eq!(even_knots(3, 3), [0, 1, 2]);
    }
}
