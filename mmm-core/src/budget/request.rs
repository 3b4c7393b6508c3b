//! What may be spent.

use std::collections::BTreeMap;

use super::planner::PlannedChannel;

/// Without bounds of its own a channel may move between these multiples of its observed mean spend.
const USUAL_BOUNDS: (f64, f64) = (0.5, 1.5);

/// A total per period, a horizon and bounds; [`Budget::default`] keeps today's total.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "nothing is planned until a fit is asked to optimise it"]
pub struct Budget {
    total: Option<f64>,
    horizon: usize,
    bounds: BTreeMap<String, (f64, f64)>,
}

/// Why a budget cannot be planned.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BudgetError {
    /// The total is not an amount.
    #[error("a budget of {0} per period is not a positive amount")]
    Total(f64),

    /// There is nothing to plan for.
    #[error("the horizon must be at least one period")]
    Horizon,

    /// Bounds name what is no paid channel of the model.
    #[error("there are bounds for {channel:?}, which is no paid channel of the model")]
    UnknownChannel {
        /// The channel.
        channel: String,
    },

    /// Bounds that no amount lies between.
    #[error("channel {channel:?} cannot be kept between {low} and {high}")]
    Bounds {
        /// The channel.
        channel: String,
        /// The least that was asked for.
        low: f64,
        /// The most that was asked for.
        high: f64,
    },

    /// The lower bounds together exceed the total.
    #[error("the least that the channels must get is {least} per period ({}), more than the budget of {total}", listed(.bounds))]
    TooLittle {
        /// The sum of the lower bounds.
        least: f64,
        /// The total.
        total: f64,
        /// The lower bound of every channel.
        bounds: Vec<(String, f64)>,
    },

    /// The upper bounds together stay below the total.
    #[error("the most that the channels may get is {most} per period ({}), less than the budget of {total}", listed(.bounds))]
    TooMuch {
        /// The sum of the upper bounds.
        most: f64,
        /// The total.
        total: f64,
        /// The upper bound of every channel.
        bounds: Vec<(String, f64)>,
    },

    /// The model gives figures that are not finite.
    #[error("the expected outcome is not a finite number for this budget")]
    NotFinite,
}

/// A budget that can be met: totals and bounds in money per period, channels in the data's order.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Limits {
    pub(super) total: f64,
    pub(super) horizon: usize,
    pub(super) low: Vec<f64>,
    pub(super) high: Vec<f64>,
}

impl Default for Budget {
    fn default() -> Self {
        Self { total: None, horizon: 13, bounds: BTreeMap::new() }
    }
}

impl Budget {
    /// This much per period, over all channels.
    pub fn fixed(per_period: f64) -> Self {
        Self { total: Some(per_period), ..Self::default() }
    }

    /// The number of periods the outcome is added up over; 13 unless set.
    pub const fn horizon(mut self, periods: usize) -> Self {
        self.horizon = periods;
        self
    }

    /// The least and the most one channel gets per period, in money; without them it stays between
    /// half and one and a half times its observed mean spend.
    pub fn bounds(mut self, channel: impl Into<String>, low: f64, high: f64) -> Self {
        self.bounds.insert(channel.into(), (low, high));
        self
    }

    /// Gives one channel exactly this much per period.
    pub fn lock(self, channel: impl Into<String>, per_period: f64) -> Self {
        self.bounds(channel, per_period, per_period)
    }

    /// Completes the request with what the channels get today and checks that it can be met.
    pub(super) fn limits(&self, channels: &[PlannedChannel]) -> Result<Limits, BudgetError> {
        let named = |name: &String| channels.iter().any(|channel| channel.name == *name);
        if let Some(channel) = self.bounds.keys().find(|name| !named(name)) {
            return Err(BudgetError::UnknownChannel { channel: channel.clone() });
        }
        if self.horizon == 0 {
            return Err(BudgetError::Horizon);
        }
        let total = self.total.unwrap_or_else(|| channels.iter().map(|channel| channel.now).sum());
        if !(total.is_finite() && total > 0.0) {
            return Err(BudgetError::Total(total));
        }
        let (mut low, mut high) = (Vec::new(), Vec::new());
        for channel in channels {
            let usual = (USUAL_BOUNDS.0 * channel.now, USUAL_BOUNDS.1 * channel.now);
            let (least, most) = self.bounds.get(&channel.name).copied().unwrap_or(usual);
            if !(least >= 0.0 && least <= most && most.is_finite()) {
                return Err(BudgetError::Bounds { channel: channel.name.clone(), low: least, high: most });
            }
            low.push(least);
            high.push(most);
        }
        // Sums of the same amounts in another order may differ in the last digits.
        let slack = 1e-9 * total;
        let (least, most) = (low.iter().sum::<f64>(), high.iter().sum::<f64>());
        let of_channels = |bounds: &[f64]| {
            channels.iter().zip(bounds).map(|(channel, bound)| (channel.name.clone(), *bound)).collect()
        };
        if least > total + slack {
            return Err(BudgetError::TooLittle { least, total, bounds: of_channels(&low) });
        }
        if most < total - slack {
            return Err(BudgetError::TooMuch { most, total, bounds: of_channels(&high) });
        }
        Ok(Limits { total: total.clamp(least, most), horizon: self.horizon, low, high })
    }
}

fn listed(bounds: &[(String, f64)]) -> String {
    let said: Vec<String> = bounds.iter().map(|(channel, bound)| format!("{channel} {bound}")).collect();
    said.join(", ")
}
