//! What is left of a fit for planning: small enough to be stored, so that a budget can be planned
//! again long after the draws are gone.

use serde::{Deserialize, Serialize};

use crate::{
    diagnose::ConvergedFit,
    effect::Interval,
    fit::Fit,
    model::{ShapeValues, Steady},
    transform::{MOST_PARAMETERS, saturation::Saturation},
};

use super::{BudgetError, price::Price};

/// The most draws that are kept; they are taken evenly from all.
const MOST_DRAWS: usize = 1000;

/// Plans budgets. [`ConvergedFit::planner`] makes one; it can be stored and read back.
///
/// It holds what every channel spent and brings: in at most a thousand draws two numbers of single
/// precision and one for each parameter of the curve.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Planner {
    pub(super) worth: Option<f64>,
    pub(super) channels: Vec<PlannedChannel>,
    /// Why the fit is acted upon although it did not converge.
    #[serde(default)]
    pub(super) overruled: Option<String>,
}

/// One channel of a [`Planner`]; amounts are money per period.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct PlannedChannel {
    pub(super) name: String,
    /// The observed mean.
    pub(super) now: f64,
    /// What the smallest and the largest pressure of any observed period costs on average.
    pub(super) observed: (f64, f64),
    /// What a unit of exposure costs on average; absent where spend is the pressure.
    #[serde(default)]
    pub(super) cost_per_unit: Option<f64>,
    saturation: Saturation,
    /// Pressure per unit of money, one entry per draw.
    inside: Vec<f32>,
    /// KPI units per unit of the curve.
    height: Vec<f32>,
    /// The parameters of the curve, one list per parameter.
    shape: Vec<Vec<f32>>,
}

/// A function of one channel's spend.
pub(super) trait Curve {
    /// Value and slope at an amount of spend per period.
    fn at(&self, spend: f64) -> (f64, f64);
}

impl ConvergedFit {
    /// What plans budgets after this fit is gone.
    ///
    /// # Errors
    ///
    /// [`BudgetError::NotFinite`] where the draws are too large or too small to be kept.
    pub fn planner(&self) -> Result<Planner, BudgetError> {
        Ok(Planner { overruled: self.overruled().map(str::to_owned), ..Planner::of(self)? })
    }
}

impl Planner {
    /// As [`ConvergedFit::planner`], for a caller that has looked at the convergence itself.
    pub(crate) fn of(fit: &Fit) -> Result<Self, BudgetError> {
        let data = fit.model().data();
        let channels: Vec<_> =
            (0..data.channels().len()).map(|index| PlannedChannel::of(fit, index)).collect();
        if channels.iter().all(PlannedChannel::is_finite) {
            Ok(Self { worth: data.kpi_value(), channels, overruled: None })
        } else {
            Err(BudgetError::NotFinite)
        }
    }

    /// The number of draws.
    pub(super) fn draws(&self) -> usize {
        self.channels.first().map_or(0, |channel| channel.height.len())
    }
}

impl PlannedChannel {
    fn of(fit: &Fit, index: usize) -> Self {
        let (model, media) = (fit.model(), fit.model().parts().media());
        let (channel, places) = (&model.data().channels()[index], model.layout().channel(index));
        let cost = channel.cost_per_unit();
        let (scale, saturation) = (cost * media.scales()[index], media.steady(index, 1.0).saturation);
        let (mut inside, mut height) = (Vec::new(), Vec::new());
        let mut shape = vec![Vec::new(); places.saturation.len()];
        let mut work = media.work();
        for parameters in fit.some_draws(MOST_DRAWS) {
            let mut shapes = ShapeValues::default();
            media.forward(index, shapes.read_with(places, |place| parameters[place]), &mut work);
            let steady = media.steady(index, work.weights(index).iter().sum());
            inside.push((steady.inside / scale) as f32);
            height.push((parameters[places.beta] * model.kpi_scale() * steady.outside) as f32);
            for (values, place) in shape.iter_mut().zip(&places.saturation) {
                values.push(parameters[*place] as f32);
            }
        }
        let ends = |(least, most): (f64, f64), seen: &f64| (least.min(cost * seen), most.max(cost * seen));
        Self {
            name: channel.name().to_owned(),
            now: channel.total_spend() / model.data().periods() as f64,
            observed: channel.pressure().iter().fold((f64::INFINITY, 0.0), ends),
            cost_per_unit: channel.exposure().map(|_| cost),
            saturation,
            inside,
            height,
            shape,
        }
    }

    fn is_finite(&self) -> bool {
        let draws = self.inside.iter().chain(&self.height).chain(self.shape.iter().flatten());
        draws.copied().all(f32::is_finite) && self.now.is_finite() && self.observed.1.is_finite()
    }

    /// What the channel brings per period in one draw, and the derivative by its spend.
    pub(super) fn of_draw(&self, draw: usize, spend: f64) -> (f64, f64) {
        let mut shape = [0.0; MOST_PARAMETERS];
        for (value, values) in shape.iter_mut().zip(&self.shape) {
            *value = f64::from(values[draw]);
        }
        let (inside, outside) = (f64::from(self.inside[draw]), f64::from(self.height[draw]));
        let steady = Steady { saturation: self.saturation, inside, outside };
        let point = steady.at(spend, &shape[..self.shape.len()]);
        (point.value, point.slope)
    }
}

/// A channel at the prices of a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Priced<'a> {
    pub(super) channel: &'a PlannedChannel,
    pub(super) price: Price,
}

impl Priced<'_> {
    /// What it brings per period in one draw, and the derivative by its spend.
    pub(super) fn of_draw(&self, draw: usize, spend: f64) -> (f64, f64) {
        let (bought, by_spend) = self.price.at(spend);
        let (value, slope) = self.channel.of_draw(draw, bought);
        (value, slope * by_spend)
    }

    /// What it brings over some periods, draw by draw.
    pub(super) fn over(&self, periods: f64, spend: f64) -> Vec<f64> {
        (0..self.channel.height.len()).map(|draw| periods * self.of_draw(draw, spend).0).collect()
    }

    /// The interval of what it brings per period at each amount.
    pub(super) fn curve(&self, spend: &[f64]) -> Vec<Interval> {
        spend.iter().map(|spend| Interval::of(&mut self.over(1.0, *spend))).collect()
    }
}

/// The average over the draws.
impl Curve for Priced<'_> {
    fn at(&self, spend: f64) -> (f64, f64) {
        let count = self.channel.height.len();
        let (value, slope) = (0..count)
            .map(|draw| self.of_draw(draw, spend))
            .fold((0.0, 0.0), |sum, point| (sum.0 + point.0, sum.1 + point.1));
        (value / count as f64, slope / count as f64)
    }
}
