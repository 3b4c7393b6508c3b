//! What a channel would do with more or less pressure than it had.
//!
//! Everything here is before the multiplication with beta.

use crate::transform::{Order, saturation::Saturation};

use super::{
    media::{Media, MediaWork, Shapes},
    reaction::Reaction,
};

/// A value and its derivative by the amount it was computed for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Point {
    pub(crate) value: f64,
    pub(crate) slope: f64,
}

/// A channel at constant pressure `x`: `outside * f(inside * x)` with the curve `f`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Steady {
    pub(crate) saturation: Saturation,
    pub(crate) inside: f64,
    pub(crate) outside: f64,
}

impl Media {
    /// The effect over all periods where every period's pressure is multiplied, and its derivative by
    /// the multiplier; after [`forward`](Self::forward) of the same channel and parameters.
    ///
    /// Adstock first: `sum of f(m s[t])` with carried pressure `s`. Saturation first:
    /// `sum of W[t] f(m x[t])` with `W[t]` the weights that still fall into the data.
    pub(crate) fn multiplied(
        &self,
        channel: usize,
        shapes: Shapes<'_>,
        multiplier: f64,
        work: &MediaWork,
    ) -> Point {
        let (of, work) = (&self.channels[channel], &work.channels[channel]);
        let mut point = Point::default();
        let mut add = |pressure: f64, weight: f64| {
            let response = of.saturation.evaluate(multiplier * pressure, shapes.saturation);
            point.value += weight * response.value;
            point.slope += weight * response.by_pressure * pressure;
        };
        match of.order {
            Order::AdstockFirst => work.inner.iter().for_each(|carried| add(*carried, 1.0)),
            Order::SaturationFirst => {
                let mut reaching = 0.0;
                let mut lags = work.weights.iter();
                for pressure in of.pressure().iter().rev() {
                    reaching += lags.next().copied().unwrap_or(0.0);
                    add(*pressure, reaching);
                }
            }
        }
        point
    }

    /// The scaled pressure of a channel: `max_lag - 1` zeros for the time before the data, then the data.
    pub(crate) fn history(&self, channel: usize) -> &[f64] {
        self.channels[channel].history()
    }

    /// How a channel reacts to a series of its own.
    pub(crate) fn reaction(&self, channel: usize) -> Reaction {
        let of = &self.channels[channel];
        Reaction { order: of.order, saturation: of.saturation }
    }

    /// A channel whose every period, those before the data included, has the same scaled pressure; with
    /// `reach` the sum of the adstock weights.
    pub(crate) fn steady(&self, channel: usize, reach: f64) -> Steady {
        let of = &self.channels[channel];
        let (inside, outside) = match of.order {
            Order::AdstockFirst => (reach, 1.0),
            Order::SaturationFirst => (1.0, reach),
        };
        Steady { saturation: of.saturation, inside, outside }
    }
}

impl Steady {
    /// The effect per period, and its derivative by the pressure.
    pub(crate) fn at(self, pressure: f64, shape: &[f64]) -> Point {
        let response = self.saturation.evaluate(self.inside * pressure, shape);
        Point {
            value: self.outside * response.value,
            slope: self.outside * self.inside * response.by_pressure,
        }
    }
}

impl MediaWork {
    /// A channel's adstock weights.
    pub(crate) fn weights(&self, channel: usize) -> &[f64] {
        &self.channels[channel].weights
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        data::Dataset,
        model::{ChannelSpec, Media, Shapes},
        simulate::Scenario,
        transform::{Order, adstock::Adstock, saturation::Saturation},
    };
    use approx::assert_relative_eq;

    fn both_orders() -> [(Dataset, ChannelSpec); 2] {
        let data = Scenario::weekly(["tv"]).weeks(40).seed(3).simulate().unwrap().data;
        [Order::AdstockFirst, Order::SaturationFirst].map(|order| {
            let spec = ChannelSpec { order, ..ChannelSpec::of(Adstock::Geometric, Saturation::Hill) };
            (data.clone(), spec)
        })
    }

    const SHAPES: Shapes<'static> = Shapes { adstock: &[0.4], saturation: &[1.3, 0.5] };

    #[test]
    fn the_multiplier_one_is_what_happened() {
        for (data, spec) in both_orders() {
            let media = Media::new(&data, &[spec], 6);
            let mut work = media.work();
            let happened = media.forward(0, SHAPES, &mut work);
            assert_relative_eq!(
                media.multiplied(0, SHAPES, 1.0, &work).value,
                happened,
                max_relative = 1e-12
            );
        }
    }

    #[test]
    fn slopes_are_limits_of_differences() {
        for (data, spec) in both_orders() {
            let media = Media::new(&data, &[spec], 6);
            let mut work = media.work();
            media.forward(0, SHAPES, &mut work);
            for at in [0.3, 1.0, 1.7] {
                let numeric = |value: &dyn Fn(f64) -> f64| (value(at + 1e-6) - value(at - 1e-6)) / 2e-6;
                let multiplied = numeric(&|m| media.multiplied(0, SHAPES, m, &work).value);
                assert_relative_eq!(
                    media.multiplied(0, SHAPES, at, &work).slope,
                    multiplied,
                    max_relative = 1e-6
                );
                let steady = media.steady(0, 0.8);
                let numeric = numeric(&|x| steady.at(x, SHAPES.saturation).value);
                assert_relative_eq!(steady.at(at, SHAPES.saturation).slope, numeric, max_relative = 1e-6);
            }
        }
    }

    #[test]
    fn steady_spend_has_the_effect_of_a_long_constant_series() {
        for (_, spec) in both_orders() {
            let constant = (0..60).map(|period| if period == 0 { 1.999_999 } else { 2.0 });
            let more = Scenario::weekly(["tv"]).weeks(60).simulate().unwrap().data;
            let data = Dataset::builder()
                .dates(more.dates())
                .kpi("kpi", more.kpi().iter().copied())
                .channel("tv", constant)
                .build()
                .unwrap();
            let media = Media::new(&data, &[spec], 6);
            let mut work = media.work();
            media.forward(0, SHAPES, &mut work);
            let last = work.effect(0)[59];
            assert_relative_eq!(
                media.steady(0, work.weights(0).iter().sum()).at(1.0, SHAPES.saturation).value,
                last,
                max_relative = 1e-12
            );
        }
    }
}
