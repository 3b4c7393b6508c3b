//! What spend in a window of time did: everything that would not have happened without it.
//!
//! Two questions have different answers, and both are asked:
//!
//! * **Spend counterfactual**: had nothing been spent from the first to the last period of the window,
//!   how much less would the KPI have been, then and as long as the spend worked on, beyond the end of
//!   the data where need be? Spend before and after stays as it was, so what it still did is no part.
//! * **Removal of the effect**: how much of the KPI inside the window was the channel's doing? What
//!   earlier spend still did is a part, what this spend did later is none.
//!
//! Over all periods the first exceeds the second by the carry-over out of the data.
//!
//! # Source
//!
//! `incrementality.py` of PyMC-Marketing for the first; `incremental_outcome` of Meridian for both.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::{
    fit::Fit,
    model::{Draw, ShapeValues, Steps},
};

use super::{EffectError, Interval};

/// The most draws that are looked at; they are taken evenly from all.
const MOST_DRAWS: usize = 1000;

/// Periods of the data, and what their spend is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    periods: RangeInclusive<usize>,
    percent: u32,
}

/// What a channel's spend in a window did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WindowEffect {
    /// The channel.
    pub name: String,
    /// Money spent in the window, above that of the comparison.
    pub spend: f64,
    /// The spend counterfactual, in KPI units.
    pub incremental: Interval,
    /// The part of it inside the window.
    pub during: Interval,
    /// The part of it after the window.
    pub after: Interval,
    /// The channel's whole effect inside the window, in KPI units.
    pub removed: Interval,
    /// What earlier spend still did inside the window.
    pub carried_in: Interval,
    /// Worth of the incremental KPI per unit of spend; KPI units per unit of spend without a worth.
    /// Absent without spend.
    pub roi: Option<Interval>,
    /// Spend per incremental unit of the KPI. Absent without spend, or where a draw has no effect.
    pub cost_per_kpi: Option<Interval>,
    /// Incremental KPI per unit of exposure; absent where exposure is not known or there was none.
    pub effectiveness: Option<Interval>,
}

impl Window {
    /// These periods, counted from 0, compared with no spend in them.
    pub const fn without(periods: RangeInclusive<usize>) -> Self {
        Self { periods, percent: 0 }
    }

    /// These periods, compared with so many percent of their spend; 101 asks for the marginal effect.
    pub const fn at_percent(periods: RangeInclusive<usize>, percent: u32) -> Self {
        Self { periods, percent }
    }
}

impl Fit {
    /// What every paid channel's spend in a window did, in the order of the data.
    ///
    /// # Errors
    ///
    /// [`EffectError::Window`] where the window is no part of the data, [`EffectError::Comparison`]
    /// where it is compared with itself.
    pub fn window_effects(&self, window: &Window) -> Result<Vec<WindowEffect>, EffectError> {
        let (first, last) = (*window.periods.start(), *window.periods.end());
        let periods = self.model().data().periods();
        if first > last || last >= periods {
            return Err(EffectError::Window { first, last, periods });
        }
        if window.percent == 100 {
            return Err(EffectError::Comparison);
        }
        let multiplier = f64::from(window.percent) / 100.0;
        let channels = 0..self.model().data().channels().len();
        Ok(channels.map(|index| self.window_effect(index, (first, last), multiplier)).collect())
    }

    fn window_effect(&self, index: usize, (first, last): (usize, usize), multiplier: f64) -> WindowEffect {
        let (model, media) = (self.model(), self.model().parts().media());
        let (channel, places) = (&model.data().channels()[index], model.layout().channel(index));
        let reaction = media.reaction(index);
        let mut happened = media.history(index).to_vec();
        let memory = happened.len() - model.data().periods();
        happened.resize(happened.len() + memory, 0.0);
        let in_window = memory + first..=memory + last;
        let (mut otherwise, mut alone) = (happened.clone(), happened.clone());
        for pressure in &mut otherwise[in_window.clone()] {
            *pressure *= multiplier;
        }
        alone[in_window].fill(0.0);

        let (mut work, mut steps) = (media.work(), Steps::default());
        let [mut incremental, mut during, mut after, mut removed, mut carried_in] =
            std::array::from_fn::<Vec<f64>, 5, _>(|_| Vec::new());
        for parameters in self.some_draws(MOST_DRAWS) {
            let mut shapes = ShapeValues::default();
            let shapes = shapes.read_with(places, |place| parameters[place]);
            media.forward(index, shapes, &mut work);
            let draw = Draw { weights: work.weights(index), shape: shapes.saturation };
            let height = parameters[places.beta] * model.kpi_scale();
            let mut sums = |series: &[f64]| {
                reaction.forward(draw, series, &mut steps);
                let (inside, later) = (&steps.outer[first..=last], &steps.outer[last + 1..]);
                (height * inside.iter().sum::<f64>(), height * later.iter().sum::<f64>())
            };
            let (with, other, before) = (sums(&happened), sums(&otherwise), sums(&alone));
            during.push(with.0 - other.0);
            after.push(with.1 - other.1);
            incremental.push(with.0 - other.0 + (with.1 - other.1));
            removed.push(with.0);
            carried_in.push(before.0);
        }
        let inside = |values: &[f64]| (1.0 - multiplier) * values[first..=last].iter().sum::<f64>();
        let spend = inside(channel.spend());
        let worth = model.data().kpi_value().unwrap_or(1.0);
        let per = |amount: f64, factor: f64| {
            (amount != 0.0).then(|| Interval::of(&mut incremental.clone()).scaled(factor / amount))
        };
        let costs = || incremental.iter().map(|kpi| spend / kpi).collect::<Vec<f64>>();
        WindowEffect {
            name: channel.name().to_owned(),
            spend,
            roi: per(spend, worth),
            cost_per_kpi: (spend != 0.0 && incremental.iter().all(|kpi| *kpi != 0.0))
                .then(|| Interval::of(&mut costs())),
            effectiveness: channel.exposure().and_then(|exposure| per(inside(exposure), 1.0)),
            incremental: Interval::of(&mut incremental),
            during: Interval::of(&mut during),
            after: Interval::of(&mut after),
            removed: Interval::of(&mut removed),
            carried_in: Interval::of(&mut carried_in),
        }
    }
}
