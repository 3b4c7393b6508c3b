//! The amounts that a request leaves open, and the way back into them.
//!
//! Amounts are divided by a usual size of their own before distances are measured, so that a small
//! channel counts like a large one.
//!
//! # Source
//!
//! Boyle and Dykstra (1986), *A method for finding projections onto the intersection of convex sets in
//! Hilbert spaces*.

use crate::vector::dot;

/// Sweeps over all conditions until a projection is given up; it then misses them by what is left.
const MOST_SWEEPS: usize = 2000;
/// Halvings that find how much all amounts move together.
const HALVINGS: usize = 100;
/// A projection that moves by less than this share, and misses no condition by more than that, is done.
const STILL: f64 = 1e-11;
const MET: f64 = 1e-10;

/// Amounts between bounds that add up to a total and meet some sums.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Room {
    pub(super) low: Vec<f64>,
    pub(super) high: Vec<f64>,
    /// Absent where the total is free.
    pub(super) total: Option<f64>,
    pub(super) sums: Vec<Sum>,
    /// The usual size of every amount, above zero.
    pub(super) sizes: Vec<f64>,
}

/// `low <= sum of weight * amount <= high`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sum {
    pub(super) weights: Vec<f64>,
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Room {
    /// Moves amounts to the nearest ones that are allowed.
    pub(super) fn project(&self, amounts: &mut [f64]) {
        if self.sums.is_empty() {
            self.keep_bounds(amounts);
            return;
        }
        let mut corrections = vec![vec![0.0; amounts.len()]; self.sums.len() + 1];
        let mut before = amounts.to_vec();
        for _ in 0..MOST_SWEEPS {
            before.copy_from_slice(amounts);
            for (condition, correction) in corrections.iter_mut().enumerate() {
                for (amount, owed) in amounts.iter_mut().zip(correction.iter_mut()) {
                    *amount += *owed;
                    *owed = *amount;
                }
                match self.sums.get(condition) {
                    Some(sum) => self.keep_sum(sum, amounts),
                    None => self.keep_bounds(amounts),
                }
                for (amount, owed) in amounts.iter().zip(correction.iter_mut()) {
                    *owed -= amount;
                }
            }
            let moved = |((now, before), size): ((&f64, &f64), &f64)| ((now - before) / size).abs();
            let still = amounts.iter().zip(&before).zip(&self.sizes).map(moved).all(|moved| moved < STILL);
            // The amounts may rest while the corrections still grow, so resting alone is no end.
            if still && self.missed(amounts) < MET {
                break;
            }
        }
    }

    /// By how much amounts miss the conditions, as a share of their usual size.
    pub(super) fn missed(&self, amounts: &[f64]) -> f64 {
        let size: f64 = self.sizes.iter().sum();
        let beyond = |value: f64, low: f64, high: f64| (low - value).max(value - high).max(0.0);
        let bounds = amounts.iter().zip(&self.low).zip(&self.high);
        let bounds = bounds.map(|((amount, low), high)| beyond(*amount, *low, *high));
        let sums = self.sums.iter().map(|sum| beyond(dot(&sum.weights, amounts), sum.low, sum.high));
        let total = self.total.map(|total| (amounts.iter().sum::<f64>() - total).abs());
        bounds.chain(sums).chain(total).fold(0.0, f64::max) / size
    }

    /// The nearest amounts within the bounds that add up to the total: all move alike, in units of
    /// their size, as far as their bounds let them.
    fn keep_bounds(&self, amounts: &mut [f64]) {
        let Some(total) = self.total else {
            for (place, amount) in amounts.iter_mut().enumerate() {
                *amount = amount.clamp(self.low[place], self.high[place]);
            }
            return;
        };
        let at = |shift: f64, place: usize, amount: f64| {
            // Nearest in units of the size: the multiplier of the total weighs with its square.
            (amount + shift * self.sizes[place] * self.sizes[place]).clamp(self.low[place], self.high[place])
        };
        let sum = |shift: f64| -> f64 {
            amounts.iter().enumerate().map(|(place, amount)| at(shift, place, *amount)).sum()
        };
        let reach = |bounds: &[f64], pick: fn(f64, f64) -> f64| {
            let needed = amounts.iter().zip(bounds).zip(&self.sizes);
            needed.map(|((amount, bound), size)| (bound - amount) / (size * size)).reduce(pick).unwrap_or(0.0)
        };
        let (mut below, mut above) = (reach(&self.low, f64::min), reach(&self.high, f64::max));
        for _ in 0..HALVINGS {
            let middle = 0.5 * (below + above);
            if middle <= below || middle >= above {
                break;
            }
            if sum(middle) < total { below = middle } else { above = middle }
        }
        let shift = 0.5 * (below + above);
        for (place, amount) in amounts.iter_mut().enumerate() {
            *amount = at(shift, place, *amount);
        }
    }

    fn keep_sum(&self, sum: &Sum, amounts: &mut [f64]) {
        let value = dot(&sum.weights, amounts);
        let missing = value.clamp(sum.low, sum.high) - value;
        if missing == 0.0 {
            return;
        }
        let scaled = |place: usize| sum.weights[place] * self.sizes[place] * self.sizes[place];
        let length: f64 = (0..amounts.len()).map(|place| sum.weights[place] * scaled(place)).sum();
        for (place, amount) in amounts.iter_mut().enumerate() {
            *amount += missing * scaled(place) / length;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    fn room(sums: Vec<Sum>) -> Room {
        Room {
            low: vec![0.0, 1.0, 0.0],
            high: vec![5.0, 9.0, 2.0],
            total: Some(8.0),
            sums,
            sizes: vec![1.0, 2.0, 0.5],
        }
    }

    fn distance(room: &Room, a: &[f64], b: &[f64]) -> f64 {
        (0..a.len()).map(|place| ((a[place] - b[place]) / room.sizes[place]).powi(2)).sum()
    }

    #[test]
    fn the_way_back_is_the_shortest() {
        let group = Sum { weights: vec![1.0, 0.0, 1.0], low: 2.5, high: 3.0 };
        let ratio = Sum { weights: vec![1.0, -0.25, 0.0], low: 0.0, high: f64::INFINITY };
        for room in [room(Vec::new()), room(vec![group.clone()]), room(vec![group, ratio])] {
            for start in [[9.0, 0.0, 0.0], [-3.0, 20.0, 4.0], [2.0, 5.0, 1.0]] {
                let mut nearest = start;
                room.project(&mut nearest);
                assert!(room.missed(&nearest) < 1e-10, "{nearest:?}");
                let own = distance(&room, &start, &nearest);
                for first in 0..=100 {
                    for second in 0..=100 {
                        let (first, second) = (0.05 * f64::from(first), 0.09 * f64::from(second));
                        let other = [first, second, 8.0 - first - second];
                        if room.missed(&other) < 1e-12 {
                            assert!(own <= distance(&room, &start, &other) + 1e-9, "{other:?} is nearer");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_met_is_missed() {
        let both = room(vec![
            Sum { weights: vec![1.0, 0.0, 0.0], low: 4.0, high: 5.0 },
            Sum { weights: vec![1.0, 0.0, 0.0], low: 0.0, high: 3.0 },
        ]);
        let mut amounts = [2.0, 5.0, 1.0];
        both.project(&mut amounts);
        assert!(both.missed(&amounts) > 1e-2);
    }

    #[test]
    fn a_free_total_leaves_only_the_bounds() {
        let mut amounts = [7.0, 0.0, 1.0];
        Room { total: None, ..room(Vec::new()) }.project(&mut amounts);
        for (amount, expected) in amounts.iter().zip([5.0, 1.0, 1.0]) {
            assert_relative_eq!(*amount, expected);
        }
    }
}
