//! The best split of a total over functions of one amount each, whatever their shape.
//!
//! 1. On a grid of amounts the best split is found by dynamic programming: exact for S-curves too,
//!    where following slopes would stop in the wrong valley.
//! 2. From there money moves between the two channels whose slopes differ most, by as much as pays,
//!    until no pair is left: at a maximum inside the bounds all slopes are equal.

use super::{planner::Curve, room::Room};

/// Steps of the grid over what is left after the lower bounds.
const STEPS: usize = 200;
/// The most exchanges between two channels.
const EXCHANGES: usize = 400;
/// Halvings that find how much an exchange moves.
const HALVINGS: usize = 40;
/// Slopes that differ by less than this share are equal.
const EQUAL: f64 = 1e-7;

/// The split of a total that maximises the sum of the curves; adds up to it, within bounds. Other
/// conditions of the room are not looked at, nor is a room without a total split.
pub(super) fn best_split(curves: &[impl Curve], room: &Room) -> Vec<f64> {
    let Some(total) = room.total else { return room.low.clone() };
    let limits = &Limits { total, low: &room.low, high: &room.high };
    let mut split = on_grid(curves, limits);
    settle(&mut split, limits);
    refine(&mut split, curves, limits);
    settle(&mut split, limits);
    split
}

/// What the split must keep to.
struct Limits<'a> {
    total: f64,
    low: &'a [f64],
    high: &'a [f64],
}

/// Dynamic programming: after each channel, the best value of every number of steps spent.
fn on_grid(curves: &[impl Curve], limits: &Limits<'_>) -> Vec<f64> {
    let free = limits.total - limits.low.iter().sum::<f64>();
    if free <= 0.0 {
        return limits.low.to_vec();
    }
    let step = free / STEPS as f64;
    let mut best = vec![f64::NEG_INFINITY; STEPS + 1];
    best[0] = 0.0;
    let mut choices: Vec<Vec<usize>> = Vec::with_capacity(curves.len());
    for (channel, curve) in curves.iter().enumerate() {
        let room = limits.high[channel] - limits.low[channel];
        // The last step may be a part of one, so that rounding never leaves money without a place.
        let most = ((room / step).ceil() as usize).min(STEPS);
        let amount = |steps: usize| limits.low[channel] + (steps as f64 * step).min(room);
        let values: Vec<f64> = (0..=most).map(|steps| curve.at(amount(steps)).0).collect();
        let mut next = vec![f64::NEG_INFINITY; STEPS + 1];
        let mut choice = vec![0; STEPS + 1];
        for (spent, value) in next.iter_mut().enumerate() {
            for (steps, gain) in values.iter().enumerate().take(spent + 1) {
                let candidate = best[spent - steps] + gain;
                if candidate > *value {
                    (*value, choice[spent]) = (candidate, steps);
                }
            }
        }
        best = next;
        choices.push(choice);
    }
    let mut left = STEPS;
    let mut split = limits.low.to_vec();
    for (channel, choice) in choices.iter().enumerate().rev() {
        let steps = choice[left];
        split[channel] = (limits.low[channel] + steps as f64 * step).min(limits.high[channel]);
        left -= steps.min(left);
    }
    split
}

/// Restores the total after rounding: what is missing or too much goes where there is room.
fn settle(split: &mut [f64], limits: &Limits<'_>) {
    for channel in 0..split.len() {
        let missing = limits.total - split.iter().sum::<f64>();
        split[channel] = (split[channel] + missing).clamp(limits.low[channel], limits.high[channel]);
    }
}

fn refine(split: &mut [f64], curves: &[impl Curve], limits: &Limits<'_>) {
    // A channel that rounding left this close to its bound is at its bound.
    let crumb = 1e-10 * limits.total;
    let mut slopes: Vec<f64> =
        curves.iter().zip(split.iter()).map(|(curve, amount)| curve.at(*amount).1).collect();
    for _ in 0..EXCHANGES {
        let by_slope = |a: &usize, b: &usize| slopes[*a].total_cmp(&slopes[*b]);
        let gets = (0..split.len()).filter(|c| split[*c] + crumb < limits.high[*c]).max_by(by_slope);
        let gives = (0..split.len()).filter(|c| split[*c] - crumb > limits.low[*c]).min_by(by_slope);
        let (Some(gets), Some(gives)) = (gets, gives) else { return };
        if slopes[gets] - slopes[gives] <= EQUAL * slopes[gets].abs() {
            return;
        }
        let most = (limits.high[gets] - split[gets]).min(split[gives] - limits.low[gives]);
        let advantage =
            |moved: f64| curves[gets].at(split[gets] + moved).1 - curves[gives].at(split[gives] - moved).1;
        let (mut enough, mut too_much) = (0.0, most);
        if advantage(most) >= 0.0 {
            enough = most;
        } else {
            for _ in 0..HALVINGS {
                let middle = 0.5 * (enough + too_much);
                if advantage(middle) > 0.0 { enough = middle } else { too_much = middle }
            }
        }
        let value =
            |moved: f64| curves[gets].at(split[gets] + moved).0 + curves[gives].at(split[gives] - moved).0;
        if enough <= 1e-2 * crumb || value(enough) <= value(0.0) {
            return;
        }
        split[gets] += enough;
        split[gives] -= enough;
        for channel in [gets, gives] {
            slopes[channel] = curves[channel].at(split[channel]).1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transform::saturation::Saturation;
    use approx::assert_relative_eq;

    struct Height(f64, Saturation, Vec<f64>);

    impl Curve for Height {
        fn at(&self, spend: f64) -> (f64, f64) {
            let point = self.1.evaluate(spend, &self.2);
            (self.0 * point.value, self.0 * point.by_pressure)
        }
    }

    fn limits(total: f64, low: &[f64], high: &[f64]) -> Room {
        let (low, high, sizes) = (low.to_vec(), high.to_vec(), vec![1.0; low.len()]);
        Room { low, high, total: Some(total), sums: Vec::new(), sizes }
    }

    fn value(curves: &[Height], split: &[f64]) -> f64 {
        curves.iter().zip(split).map(|(curve, amount)| curve.at(*amount).0).sum()
    }

    /// The best of all splits in thousandths of what is free, for three channels.
    fn brute_force(curves: &[Height], limits: &Room) -> f64 {
        let free = limits.total.unwrap() - limits.low.iter().sum::<f64>();
        let mut best = f64::NEG_INFINITY;
        for first in 0..=1000 {
            for second in 0..=1000 - first {
                let add = [first, second, 1000 - first - second].map(|part| free * f64::from(part) / 1000.0);
                let split: Vec<f64> = limits.low.iter().zip(add).map(|(low, add)| low + add).collect();
                if split.iter().zip(&limits.high).all(|(amount, high)| *amount <= high + 1e-9) {
                    best = best.max(value(curves, &split));
                }
            }
        }
        best
    }

    #[test]
    fn it_equals_brute_force_on_concave_and_on_s_shaped_curves() {
        let hill = |height, slope, kappa| Height(height, Saturation::Hill, vec![slope, kappa]);
        let logistic = |height, lam| Height(height, Saturation::Logistic, vec![lam]);
        for (curves, limits) in [
            (
                vec![logistic(2.0, 1.0), logistic(1.0, 3.0), logistic(1.5, 0.5)],
                limits(3.0, &[0.0; 3], &[3.0; 3]),
            ),
            (
                vec![hill(2.0, 4.0, 1.0), hill(1.9, 4.0, 1.2), hill(1.0, 3.0, 0.9)],
                limits(2.0, &[0.0; 3], &[2.0; 3]),
            ),
            (
                vec![hill(2.0, 1.0, 0.4), hill(1.0, 6.0, 1.4), logistic(1.0, 2.0)],
                limits(2.5, &[0.2; 3], &[1.5; 3]),
            ),
            (
                vec![logistic(9.0, 2.0), hill(1.0, 2.0, 0.5), hill(1.0, 1.0, 0.5)],
                limits(2.0, &[0.1; 3], &[0.9; 3]),
            ),
        ] {
            let split = best_split(&curves, &limits);
            assert_relative_eq!(split.iter().sum::<f64>(), limits.total.unwrap(), max_relative = 1e-12);
            for (channel, amount) in split.iter().enumerate() {
                assert!((limits.low[channel]..=limits.high[channel]).contains(amount), "{split:?}");
            }
            let (found, best) = (value(&curves, &split), brute_force(&curves, &limits));
            assert!(found >= best * (1.0 - 1e-3), "{found} for {best} with {split:?}");
        }
    }

    #[test]
    fn inside_the_bounds_all_slopes_are_equal() {
        let curves = [0.7, 1.3, 2.9].map(|lam| Height(1.0 + lam, Saturation::MichaelisMenten, vec![lam]));
        let split = best_split(&curves, &limits(4.0, &[0.0; 3], &[4.0; 3]));
        let slope = curves[0].at(split[0]).1;
        for (curve, amount) in curves.iter().zip(split) {
            assert_relative_eq!(curve.at(amount).1, slope, max_relative = 1e-6);
        }
    }

    #[test]
    fn a_total_at_the_bounds_leaves_no_choice() {
        let curves = [1.0, 2.0].map(|lam| Height(1.0, Saturation::Logistic, vec![lam]));
        for total in [0.5, 3.0] {
            let split = best_split(&curves, &limits(total, &[0.2, 0.3], &[1.0, 2.0]));
            assert_relative_eq!(split.iter().sum::<f64>(), total, max_relative = 1e-12);
        }
    }
}
