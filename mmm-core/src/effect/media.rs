//! All paid channels together, and each channel's part of what they do.
//!
//! Contributions of channels are correlated: where one is overrated another is underrated. Their sum
//! is therefore known better than the sum of their intervals says, and is summarised from the sums
//! of the draws.

use serde::{Deserialize, Serialize};

use ndarray::{ArrayView2, Axis};

use super::Interval;

/// What all paid channels did together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MediaEffect {
    /// Money spent over all periods and channels.
    pub spend: f64,
    /// Contribution of all paid channels over all periods, in KPI units.
    pub contribution: Interval,
    /// That contribution as a share of the observed KPI.
    pub share: Interval,
    /// Worth of the contribution per unit of spend; KPI units per unit of spend without a worth.
    pub roi: Interval,
    /// The probability that all spend together returned more than itself; `None` without a worth of
    /// the KPI.
    pub p_above_break_even: Option<f64>,
}

/// What turns contributions into shares and returns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Yardstick {
    /// The observed KPI over all periods, above zero.
    pub(super) observed: f64,
    /// What a unit of the KPI is worth, where it is known.
    pub(super) worth: Option<f64>,
}

impl Yardstick {
    /// A contribution as a share of the KPI.
    pub(super) fn share(self, contribution: Interval) -> Interval {
        contribution.scaled(1.0 / self.observed)
    }

    /// Share of the KPI, return and the probability of a return above break-even.
    pub(super) fn measure(
        self,
        contribution: Interval,
        draws: &[f64],
        spend: f64,
    ) -> (Interval, Interval, Option<f64>) {
        let per_unit = self.worth.unwrap_or(1.0) / spend;
        let above = |_| {
            let above = draws.iter().filter(|total| **total * per_unit > 1.0).count();
            above as f64 / draws.len() as f64
        };
        (self.share(contribution), contribution.scaled(per_unit), self.worth.map(above))
    }
}

impl MediaEffect {
    /// Summarises contributions `(draws, channels)`.
    pub(super) fn of(contributions: ArrayView2<'_, f64>, spend: f64, yardstick: Yardstick) -> Self {
        let mut totals = contributions.sum_axis(Axis(1)).to_vec();
        let contribution = Interval::of(&mut totals);
        let (share, roi, p_above_break_even) = yardstick.measure(contribution, &totals, spend);
        Self { spend, contribution, share, roi, p_above_break_even }
    }
}

/// Each channel's share of the contribution of all, draw by draw; the means add up to one.
///
/// | name            | shape             | unit      | range    |
/// |-----------------|-------------------|-----------|----------|
/// | `contributions` | `(draws, C)`      | KPI units | `>= 0`   |
/// | result          | `(C,)`            | share     | `[0, 1]` |
///
/// A draw in which no channel contributes anything gives every channel the same share.
pub(super) fn effect_shares(contributions: ArrayView2<'_, f64>) -> Vec<Interval> {
    let totals = contributions.sum_axis(Axis(1));
    let equal = 1.0 / contributions.ncols().max(1) as f64;
    let share = |(own, total): (&f64, &f64)| if *total > 0.0 { own / total } else { equal };
    contributions
        .columns()
        .into_iter()
        .map(|column| Interval::of(&mut column.iter().zip(&totals).map(share).collect::<Vec<f64>>()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use ndarray::array;

    #[test]
    fn opposite_errors_cancel_in_the_total() {
        let draws = array![[1.0, 9.0], [3.0, 7.0], [5.0, 5.0], [9.0, 1.0]];
        let all = MediaEffect::of(draws.view(), 5.0, Yardstick { observed: 40.0, worth: Some(1.0) });
        assert_relative_eq!(all.contribution.q5, 10.0);
        assert_relative_eq!(all.contribution.q95, 10.0);
        assert_relative_eq!(all.share.mean, 0.25);
        assert_relative_eq!(all.roi.mean, 2.0);
        assert_eq!(all.p_above_break_even, Some(1.0));
    }

    #[test]
    fn mean_shares_add_up_to_one() {
        let draws = array![[1.0, 9.0, 2.0], [3.0, 7.0, 0.0], [0.0, 0.0, 0.0]];
        let shares = effect_shares(draws.view());
        assert_relative_eq!(shares.iter().map(|share| share.mean).sum::<f64>(), 1.0, max_relative = 1e-12);
        assert!(shares.iter().all(|share| (0.0..=1.0).contains(&share.q5) && share.q95 <= 1.0));
    }
}
