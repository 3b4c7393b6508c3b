//! How a channel's effect is spread over time, and how much of it comes at once.

use serde::{Deserialize, Serialize};

use crate::{
    fit::Fit,
    model::{Draw, ShapeValues, Steps},
};

use super::Interval;

/// The most draws that are looked at; they are taken evenly from all.
const MOST_DRAWS: usize = 1000;

/// A medium's effect over time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AdstockCurve {
    /// The medium.
    pub name: String,
    /// The share of a period's pressure that works `0, 1, …` periods later, as the model weighs it.
    pub weights: Vec<Interval>,
    /// What the spend of each period did in that period, over all periods in KPI units.
    pub immediate: Interval,
    /// What the spend of earlier periods did.
    pub carried: Interval,
}

impl Fit {
    /// The adstock curves of all media, in the order of the model.
    ///
    /// Where carried pressure saturates, the carried part is what it would have done alone and the
    /// immediate part the rest, as Robyn counts it; where saturated pressure is carried, both are
    /// sums. Immediate and carried part add up to the contribution in every draw.
    pub fn adstock_curves(&self) -> Vec<AdstockCurve> {
        let media = self.model().data().media().map(|medium| medium.name.to_owned());
        media.enumerate().map(|(index, name)| self.adstock_curve(index, name)).collect()
    }

    fn adstock_curve(&self, index: usize, name: String) -> AdstockCurve {
        let (model, media) = (self.model(), self.model().parts().media());
        let (places, reaction) = (model.layout().channel(index), media.reaction(index));
        let history = media.history(index);
        let memory = history.len() - model.data().periods();
        let (mut work, mut steps) = (media.work(), Steps::default());
        let mut weights = vec![Vec::new(); memory + 1];
        let (mut immediate, mut carried) = (Vec::new(), Vec::new());
        let mut without_first = vec![0.0; memory + 1];
        for parameters in self.some_draws(MOST_DRAWS) {
            let mut shapes = ShapeValues::default();
            let shapes = shapes.read_with(places, |place| parameters[place]);
            media.forward(index, shapes, &mut work);
            let own = work.weights(index);
            for (values, weight) in weights.iter_mut().zip(own) {
                values.push(*weight);
            }
            let height = parameters[places.beta] * model.kpi_scale();
            let mut total = |weights: &[f64]| {
                reaction.forward(Draw { weights, shape: shapes.saturation }, history, &mut steps);
                height * steps.outer.iter().sum::<f64>()
            };
            without_first.copy_from_slice(own);
            without_first[0] = 0.0;
            let (whole, later) = (total(own), total(&without_first));
            immediate.push(whole - later);
            carried.push(later);
        }
        AdstockCurve {
            name,
            weights: weights.iter_mut().map(|values| Interval::of(values)).collect(),
            immediate: Interval::of(&mut immediate),
            carried: Interval::of(&mut carried),
        }
    }
}
