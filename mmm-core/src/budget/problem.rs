//! The outcome of spend, draw by draw and on average.

use crate::{
    fit::Fit,
    model::{Media, MediaWork, Model, ShapeValues, Shapes},
};

/// The most draws that are averaged; they are taken evenly from all.
const MOST_DRAWS: usize = 1000;

/// The parameters of some draws, ready for evaluation.
pub(super) struct Outcomes<'m> {
    model: &'m Model,
    media: &'m Media,
    draws: Vec<Vec<ChannelDraw>>,
}

/// One channel in one draw.
struct ChannelDraw {
    shapes: ShapeValues,
    places: (usize, usize),
    /// KPI units per unit of the curve.
    height: f64,
    /// The sum of the adstock weights.
    reach: f64,
}

/// A function of one channel's spend.
pub(super) trait Curve {
    /// Value and slope at an amount of spend per period.
    fn at(&self, spend: f64) -> (f64, f64);
}

impl<'m> Outcomes<'m> {
    pub(super) fn new(fit: &'m Fit) -> Self {
        let (model, media) = (fit.model(), fit.model().parts().media());
        let mut work: MediaWork = media.work();
        let channel = |index: usize| {
            let places = model.layout().channel(index);
            let mut read = |parameters: ndarray::ArrayView1<'_, f64>| {
                let mut shapes = ShapeValues::default();
                media.forward(index, shapes.read_with(places, |place| parameters[place]), &mut work);
                ChannelDraw {
                    shapes,
                    places: (places.adstock.len(), places.saturation.len()),
                    height: parameters[places.beta] * model.kpi_scale(),
                    reach: work.weights(index).iter().sum(),
                }
            };
            fit.some_draws(MOST_DRAWS).map(&mut read).collect()
        };
        let draws = (0..model.layout().channels()).map(channel).collect();
        Self { model, media, draws }
    }

    /// The number of draws.
    pub(super) fn count(&self) -> usize {
        self.draws.first().map_or(0, Vec::len)
    }

    /// What a channel brings per period in one draw, and the derivative by its spend.
    pub(super) fn of_draw(&self, channel: usize, draw: usize, spend: f64) -> (f64, f64) {
        let of = &self.draws[channel][draw];
        let scale = self.media.scales()[channel];
        let shapes: Shapes<'_> = of.shapes.slices(of.places);
        let point = self.media.steady(channel, shapes, spend / scale, of.reach);
        (of.height * point.value, of.height * point.slope / scale)
    }

    /// A channel's outcome per period, averaged over the draws.
    pub(super) fn mean_of(&self, channel: usize) -> impl Curve + '_ {
        MeanCurve { outcomes: self, channel }
    }

    /// The model behind the outcomes.
    pub(super) const fn model(&self) -> &'m Model {
        self.model
    }
}

struct MeanCurve<'a> {
    outcomes: &'a Outcomes<'a>,
    channel: usize,
}

impl Curve for MeanCurve<'_> {
    fn at(&self, spend: f64) -> (f64, f64) {
        let count = self.outcomes.count();
        let (value, slope) = (0..count)
            .map(|draw| self.outcomes.of_draw(self.channel, draw, spend))
            .fold((0.0, 0.0), |sum, point| (sum.0 + point.0, sum.1 + point.1));
        (value / count as f64, slope / count as f64)
    }
}
