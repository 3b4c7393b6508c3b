//! What any series of pressure would do in a channel, forward and backward; before beta.

use crate::{
    transform::{Order, saturation::Saturation},
    vector::add_scaled,
};

use super::media::convolve;

/// How a channel turns scaled pressure into an effect: adstock and saturation in its order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Reaction {
    pub(crate) order: Order,
    pub(crate) saturation: Saturation,
}

/// The parameters of a channel in one draw.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draw<'a> {
    /// The adstock weights.
    pub(crate) weights: &'a [f64],
    /// The parameters of the saturation.
    pub(crate) shape: &'a [f64],
}

/// What the first and the second step make of a series.
#[derive(Clone, Debug, Default)]
pub(crate) struct Steps {
    pub(crate) inner: Vec<f64>,
    /// The effect per period.
    pub(crate) outer: Vec<f64>,
}

impl Reaction {
    /// The effect of a series per period; the first `weights - 1` entries are the time before.
    pub(crate) fn forward(self, draw: Draw<'_>, series: &[f64], steps: &mut Steps) {
        let periods = series.len() + 1 - draw.weights.len();
        steps.outer.resize(periods, 0.0);
        match self.order {
            Order::AdstockFirst => {
                steps.inner.resize(periods, 0.0);
                convolve(draw.weights, series, &mut steps.inner);
                self.saturation.apply(draw.shape, &steps.inner, &mut steps.outer);
            }
            Order::SaturationFirst => {
                steps.inner.resize(series.len(), 0.0);
                self.saturation.apply(draw.shape, series, &mut steps.inner);
                convolve(draw.weights, &steps.inner, &mut steps.outer);
            }
        }
    }

    /// Adds the derivatives by the series, given those by the effect, which are overwritten; after
    /// [`forward`](Self::forward) of the same series and draw.
    pub(crate) fn backward(
        self,
        draw: Draw<'_>,
        series: &[f64],
        steps: &Steps,
        by_effect: &mut [f64],
        by_series: &mut [f64],
    ) {
        match self.order {
            Order::AdstockFirst => {
                self.saturation.pull_back(draw.shape, &steps.inner, &steps.outer, by_effect);
                spread_back(draw.weights, by_effect, by_series);
            }
            Order::SaturationFirst => {
                let mut by_inner = vec![0.0; series.len()];
                spread_back(draw.weights, by_effect, &mut by_inner);
                self.saturation.pull_back(draw.shape, series, &steps.inner, &mut by_inner);
                add_scaled(by_series, 1.0, &by_inner);
            }
        }
    }
}

/// The adjoint of the convolution.
fn spread_back(weights: &[f64], by_carried: &[f64], by_series: &mut [f64]) {
    for (lag, weight) in weights.iter().enumerate() {
        add_scaled(&mut by_series[weights.len() - 1 - lag..], *weight, by_carried);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn slopes_are_limits_of_differences() {
        let series: Vec<f64> = (0..17).map(|at| 0.6 + 0.5 * f64::sin(f64::from(at) * 1.9)).collect();
        let draw = Draw { weights: &[0.5, 0.3, 0.2], shape: &[1.4, 0.6] };
        for order in [Order::AdstockFirst, Order::SaturationFirst] {
            let reaction = Reaction { order, saturation: Saturation::Hill };
            let value = |series: &[f64]| {
                let mut steps = Steps::default();
                reaction.forward(draw, series, &mut steps);
                steps.outer.iter().enumerate().map(|(at, effect)| (at as f64 + 1.0) * effect).sum::<f64>()
            };
            let (mut steps, mut slopes) = (Steps::default(), vec![0.0; series.len()]);
            reaction.forward(draw, &series, &mut steps);
            assert_eq!(steps.outer.len(), 15);
            let mut by_effect: Vec<f64> = (1..=15).map(f64::from).collect();
            reaction.backward(draw, &series, &steps, &mut by_effect, &mut slopes);
            for (at, slope) in slopes.iter().enumerate() {
                let moved = |step: f64| {
                    let mut moved = series.clone();
                    moved[at] += step;
                    value(&moved)
                };
                let numeric = (moved(1e-6) - moved(-1e-6)) / 2e-6;
                assert_relative_eq!(*slope, numeric, max_relative = 1e-6);
            }
        }
    }
}
