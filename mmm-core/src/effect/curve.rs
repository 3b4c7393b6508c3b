//! What each channel would have brought with more or less spend, and what its next unit brings.

use serde::{Deserialize, Serialize};

use ndarray::ArrayView1;

use crate::{fit::Fit, model::ShapeValues};

use super::Interval;

/// The most draws a curve is computed from; they are taken evenly from all.
const MOST_DRAWS: usize = 1000;
/// Multipliers `0, 0.1, …, 2`.
const STEPS: usize = 20;

/// A channel's response to more or less spend in the observed flighting, at the cost per unit of then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResponseCurve {
    /// What every period's spend is multiplied with; `1` is what happened.
    pub multipliers: Vec<f64>,
    /// Spend over all periods at each multiplier, in money.
    pub spend: Vec<f64>,
    /// Contribution over all periods at each multiplier, in KPI units.
    pub contribution: Vec<Interval>,
    /// Worth of the next unit of spend at the observed spend, spread like all others; KPI units per
    /// unit of spend without a worth of the KPI.
    pub marginal_roi: Interval,
}

/// How a channel's effect is spread over time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CarryOver {
    /// The share of the pressure that works after the period it was bought in.
    pub later_share: Interval,
    /// Periods until half of the pressure has worked, the first one included and taken as even
    /// within each period.
    pub half_time: Interval,
}

impl Fit {
    /// Response curves of all paid channels, in the order of the data.
    ///
    /// Multipliers `0, 0.1, …, 2` of the observed spend, from at most a thousand evenly chosen draws.
    /// The marginal return is exact: the derivative by the multiplier at `1`, divided by the spend.
    pub fn response_curves(&self) -> Vec<ResponseCurve> {
        let model = self.model();
        let (media, worth) = (model.parts().media(), model.data().kpi_value().unwrap_or(1.0));
        let multipliers: Vec<f64> = (0..=STEPS).map(|step| 2.0 * step as f64 / STEPS as f64).collect();
        let mut work = media.work();
        let mut curves = Vec::with_capacity(model.data().channels().len());
        for (index, channel) in model.data().channels().iter().enumerate() {
            let (places, spend) = (model.layout().channel(index), channel.total_spend());
            let mut values = vec![Vec::new(); multipliers.len()];
            let mut marginal = Vec::new();
            for parameters in self.some_draws(MOST_DRAWS) {
                let mut shapes = ShapeValues::default();
                let shapes = shapes.read_with(places, |place| parameters[place]);
                media.forward(index, shapes, &mut work);
                let beta = parameters[places.beta] * model.kpi_scale();
                for (values, multiplier) in values.iter_mut().zip(&multipliers) {
                    values.push(beta * media.multiplied(index, shapes, *multiplier, &work).value);
                }
                marginal.push(beta * worth * media.multiplied(index, shapes, 1.0, &work).slope / spend);
            }
            curves.push(ResponseCurve {
                spend: multipliers.iter().map(|multiplier| multiplier * spend).collect(),
                multipliers: multipliers.clone(),
                contribution: values.iter_mut().map(|draws| Interval::of(draws)).collect(),
                marginal_roi: Interval::of(&mut marginal),
            });
        }
        curves
    }

    /// How the effect of every medium is spread over time, in the order of the model.
    pub fn carry_over(&self) -> Vec<CarryOver> {
        let (model, media) = (self.model(), self.model().parts().media());
        let mut work = media.work();
        let of_channel = |index| {
            let places = model.layout().channel(index);
            let (mut later, mut half): (Vec<f64>, Vec<f64>) = self
                .some_draws(MOST_DRAWS)
                .map(|parameters| {
                    let mut shapes = ShapeValues::default();
                    media.forward(index, shapes.read_with(places, |place| parameters[place]), &mut work);
                    spread(work.weights(index))
                })
                .unzip();
            CarryOver { later_share: Interval::of(&mut later), half_time: Interval::of(&mut half) }
        };
        (0..model.layout().channels()).map(of_channel).collect()
    }

    /// At most this many draws over all chains, evenly chosen: every `k`-th.
    pub(crate) fn some_draws(&self, most: usize) -> impl Iterator<Item = ArrayView1<'_, f64>> {
        let step = self.kept().div_ceil(most.max(1)).max(1);
        self.parameters.rows().into_iter().step_by(step)
    }
}

/// The share of the weights after the first, and the time by which half of them has passed.
fn spread(weights: &[f64]) -> (f64, f64) {
    let all: f64 = weights.iter().sum();
    let mut left = 0.5 * all;
    let mut time = 0.0;
    for weight in weights {
        if *weight >= left {
            time += left / weight;
            break;
        }
        left -= weight;
        time += 1.0;
    }
    (1.0 - weights.first().map_or(0.0, |first| first / all), time)
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn half_of_the_pressure_passes_where_the_weights_say() {
        let (later, half) = spread(&[1.0]);
        assert_relative_eq!(later, 0.0);
        assert_relative_eq!(half, 0.5);
        let (later, half) = spread(&[0.25, 0.25, 0.25, 0.25]);
        assert_relative_eq!(later, 0.75);
        assert_relative_eq!(half, 2.0);
    }
}
