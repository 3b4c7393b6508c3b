//! Robyn's allocator: every channel's mean carry-over of the past is added to what it gets.
//!
//! ```text
//! maximise  sum of c H(x + h)    with    H(z) = z^a / (z^a + k^a)    and    sum of x = total
//! ```
//!
//! It is here for comparison with Robyn; the response is a point, without any uncertainty.
//!
//! # Source
//!
//! `robyn_allocator` of Robyn 3.12.1, objective "max response".

use serde::{Deserialize, Serialize};

use crate::transform::saturation::Saturation;

use super::{planner::Curve, room::Room, search::best_split};

/// One channel as Robyn's allocator sees it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RobynCurve {
    /// The coefficient `c` of the saturated series.
    pub coefficient: f64,
    /// The shape `a` of the curve.
    pub alpha: f64,
    /// The amount `k` of half saturation.
    pub inflexion: f64,
    /// The mean `h` of what was carried over in the past.
    pub carried: f64,
}

impl RobynCurve {
    /// The response to an amount per period, and its derivative by that.
    pub fn at(&self, amount: f64) -> (f64, f64) {
        let point = Saturation::Hill.evaluate(amount + self.carried, &[self.alpha, self.inflexion]);
        (self.coefficient * point.value, self.coefficient * point.by_pressure)
    }
}

impl Curve for RobynCurve {
    fn at(&self, spend: f64) -> (f64, f64) {
        self.at(spend)
    }
}

/// The amounts per period within `(low, high)` of every channel that add up to the total and bring the
/// most; `None` where the bounds do not allow the total or are not one pair per channel.
pub fn robyn_allocation(curves: &[RobynCurve], total: f64, bounds: &[(f64, f64)]) -> Option<Vec<f64>> {
    let (low, high): (Vec<f64>, Vec<f64>) = bounds.iter().copied().unzip();
    let (least, most) = (low.iter().sum::<f64>(), high.iter().sum::<f64>());
    let allowed = bounds.iter().all(|(low, high)| low <= high) && least <= total && total <= most;
    (allowed && curves.len() == bounds.len()).then(|| {
        let sizes = vec![1.0; curves.len()];
        best_split(curves, &Room { low, high, total: Some(total), sums: Vec::new(), sizes })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn two_channels_are_split_where_their_slopes_meet() {
        let curves = [
            RobynCurve { coefficient: 2.0, alpha: 1.0, inflexion: 300.0, carried: 50.0 },
            RobynCurve { coefficient: 1.5, alpha: 0.8, inflexion: 500.0, carried: 0.0 },
        ];
        let bounds = [(10.0, 900.0), (10.0, 900.0)];
        let split = robyn_allocation(&curves, 800.0, &bounds).unwrap();
        assert_relative_eq!(split.iter().sum::<f64>(), 800.0, max_relative = 1e-12);
        assert_relative_eq!(curves[0].at(split[0]).1, curves[1].at(split[1]).1, max_relative = 1e-5);
        assert_eq!(robyn_allocation(&curves, 5.0, &bounds), None);
    }
}
