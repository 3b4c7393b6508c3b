//! What may be spent, on what, and to what end.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Objective,
    planner::PlannedChannel,
    price::Price,
    room::{Room, Sum},
};

/// Without bounds of its own a channel may move between these multiples of its observed mean spend.
const USUAL_BOUNDS: (f64, f64) = (0.5, 1.5);
/// Sums of the same amounts in another order may differ by this share.
const SLACK: f64 = 1e-9;

/// How much is spent, a horizon, conditions and an objective; [`Budget::default`] keeps today's total.
///
/// Stored as JSON it is an object whose members are all optional, named as the methods here:
///
/// ```json
/// {"amount": {"return_at_least": 1.2}, "horizon": 13, "bounds": {"tv": [0, 9000]},
///  "groups": [{"channels": ["search", "social"], "low": 0, "high": 5000}],
///  "ratios": [{"one": "tv", "other": "search", "low": 0.5, "high": 2}],
///  "price_response": {"search": 0.2}, "cost_per_unit": {"tv": 11.5},
///  "objective": {"objective": "conditional_value_at_risk", "confidence": 0.9}}
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[must_use = "nothing is planned until a fit is asked to optimise it"]
pub struct Budget {
    amount: Amount,
    horizon: usize,
    bounds: BTreeMap<String, (f64, f64)>,
    groups: Vec<Group>,
    ratios: Vec<Ratio>,
    price_response: BTreeMap<String, f64>,
    cost_per_unit: BTreeMap<String, f64>,
    objective: Objective,
}

/// How much is spent per period over all channels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Amount {
    #[default]
    Today,
    Fixed(f64),
    ReturnAtLeast(f64),
    MarginalReturn(f64),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    channels: Vec<String>,
    low: f64,
    high: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ratio {
    one: String,
    other: String,
    low: f64,
    high: f64,
}

/// Why a budget cannot be planned.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BudgetError {
    /// The total is not an amount.
    #[error("a budget of {0} per period is not a positive amount")]
    Total(f64),

    /// A target of a flexible budget is no return.
    #[error("a target of {0} per unit of money is not a positive return")]
    Target(f64),

    /// Even the least that must be spent does not return the target.
    #[error(
        "no split that the bounds allow returns {target}; the best returns {best}: lower the target or the bounds"
    )]
    OutOfReach {
        /// What was asked for.
        target: f64,
        /// The best return there is.
        best: f64,
    },

    /// There is nothing to plan for.
    #[error("the horizon must be at least one period")]
    Horizon,

    /// A condition names what is no paid channel of the model.
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

    /// A group or a ratio whose bounds no amounts meet.
    #[error("{channels} cannot be kept between {low} and {high}")]
    Together {
        /// The channels of the group, or the two of the ratio.
        channels: String,
        /// The least that was asked for.
        low: f64,
        /// The most that was asked for.
        high: f64,
    },

    /// Bounds, groups and ratios contradict each other or the total.
    #[error(
        "bounds, groups, ratios and total cannot be met together; the closest plan misses them by {missed:.1} %"
    )]
    Contradiction {
        /// By how much, in percent of what is spent today.
        missed: f64,
    },

    /// A price is out of range, or the channel has no units that could have one.
    #[error("the price of channel {channel:?} cannot be used: {problem}")]
    Price {
        /// The channel.
        channel: String,
        /// What is wrong with it.
        problem: &'static str,
    },

    /// The objective's figures are out of range, or it cannot be compared with money.
    #[error(
        "the objective {0:?} cannot be used here: a probability must lie between 0.5 and 1, a weight between 0 and 1, \
             and a flexible budget needs an objective in KPI units"
    )]
    Objective(Objective),

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

/// A request that can be met: amounts in money per period, channels in the data's order.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Limits {
    pub(super) aim: Aim,
    pub(super) horizon: usize,
    /// With a total where the aim has one.
    pub(super) room: Room,
    pub(super) prices: Vec<Price>,
    pub(super) objective: Objective,
}

/// What decides how much is spent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Aim {
    Total,
    ReturnAtLeast(f64),
    MarginalReturn(f64),
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            amount: Amount::Today,
            horizon: 13,
            bounds: BTreeMap::new(),
            groups: Vec::new(),
            ratios: Vec::new(),
            price_response: BTreeMap::new(),
            cost_per_unit: BTreeMap::new(),
            objective: Objective::Mean,
        }
    }
}

impl Budget {
    /// This much per period, over all channels.
    pub fn fixed(per_period: f64) -> Self {
        Self { amount: Amount::Fixed(per_period), ..Self::default() }
    }

    /// As much as can be spent while all of it together returns at least this, in worth per unit of
    /// money; KPI units per unit of money without a worth.
    pub fn return_at_least(target: f64) -> Self {
        Self { amount: Amount::ReturnAtLeast(target), ..Self::default() }
    }

    /// As much as can be spent while the next unit of money returns at least this, in every channel.
    pub fn marginal_return(target: f64) -> Self {
        Self { amount: Amount::MarginalReturn(target), ..Self::default() }
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

    /// The least and the most that several channels get together per period.
    pub fn group<N: Into<String>>(
        mut self,
        channels: impl IntoIterator<Item = N>,
        low: f64,
        high: f64,
    ) -> Self {
        let channels = channels.into_iter().map(Into::into).collect();
        self.groups.push(Group { channels, low, high });
        self
    }

    /// Keeps what `one` channel gets between these multiples of what the `other` gets.
    pub fn ratio(mut self, one: impl Into<String>, other: impl Into<String>, low: f64, high: f64) -> Self {
        self.ratios.push(Ratio { one: one.into(), other: other.into(), low, high });
        self
    }

    /// Says how a channel's price rises with its spend: `s` buys what `s^(1-g) today^g` bought before,
    /// with `g` from 0, where prices stay as they are, to below 1.
    pub fn price_response(mut self, channel: impl Into<String>, g: f64) -> Self {
        self.price_response.insert(channel.into(), g);
        self
    }

    /// Says what a unit of a channel's exposure will cost; without it, the average of the data.
    pub fn cost_per_unit(mut self, channel: impl Into<String>, cost: f64) -> Self {
        self.cost_per_unit.insert(channel.into(), cost);
        self
    }

    /// What is maximised; the expected outcome unless set.
    pub const fn objective(mut self, objective: Objective) -> Self {
        self.objective = objective;
        self
    }

    /// Completes the request with what the channels get today and checks that it can be met.
    pub(super) fn limits(&self, channels: &[PlannedChannel]) -> Result<Limits, BudgetError> {
        let place = |name: &String| {
            let unknown = || BudgetError::UnknownChannel { channel: name.clone() };
            channels.iter().position(|channel| channel.name == *name).ok_or_else(unknown)
        };
        for name in self.bounds.keys().chain(self.price_response.keys()).chain(self.cost_per_unit.keys()) {
            place(name)?;
        }
        if self.horizon == 0 {
            return Err(BudgetError::Horizon);
        }
        let flexible = matches!(self.amount, Amount::ReturnAtLeast(_) | Amount::MarginalReturn(_));
        if !self.objective.is_valid() || (flexible && !self.objective.is_in_kpi_units()) {
            return Err(BudgetError::Objective(self.objective));
        }
        let (low, high) = self.channel_bounds(channels)?;
        let today: f64 = channels.iter().map(|channel| channel.now).sum();
        let (aim, total) = match self.amount {
            Amount::Today => (Aim::Total, Some(today)),
            Amount::Fixed(total) => (Aim::Total, Some(total)),
            Amount::ReturnAtLeast(target) => (Aim::ReturnAtLeast(target), None),
            Amount::MarginalReturn(target) => (Aim::MarginalReturn(target), None),
        };
        if let Aim::ReturnAtLeast(target) | Aim::MarginalReturn(target) = aim
            && !(target.is_finite() && target > 0.0)
        {
            return Err(BudgetError::Target(target));
        }
        let total = total.map(|total| affordable(total, &low, &high, channels)).transpose()?;
        // A channel without any spend is measured by what an even split would give it.
        let even = (total.unwrap_or(today) / channels.len() as f64).max(f64::MIN_POSITIVE);
        let sizes = channels.iter().map(|channel| if channel.now > 0.0 { channel.now } else { even });
        let room = Room { low, high, total, sums: self.sums(channels, place)?, sizes: sizes.collect() };
        let mut closest: Vec<f64> = channels.iter().map(|channel| channel.now).collect();
        room.project(&mut closest);
        let missed = room.missed(&closest);
        if missed > SLACK {
            return Err(BudgetError::Contradiction { missed: 100.0 * missed });
        }
        let price = |channel: &PlannedChannel| {
            let response = self.price_response.get(&channel.name).copied().unwrap_or(0.0);
            Price::new(channel, response, self.cost_per_unit.get(&channel.name).copied())
        };
        let prices = channels.iter().map(price).collect::<Result<_, _>>()?;
        Ok(Limits { aim, horizon: self.horizon, room, prices, objective: self.objective })
    }

    fn channel_bounds(&self, channels: &[PlannedChannel]) -> Result<(Vec<f64>, Vec<f64>), BudgetError> {
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
        Ok((low, high))
    }

    fn sums(
        &self,
        channels: &[PlannedChannel],
        place: impl Fn(&String) -> Result<usize, BudgetError>,
    ) -> Result<Vec<Sum>, BudgetError> {
        let nothing = vec![0.0; channels.len()];
        let possible = |channels: String, low: f64, high: f64| {
            let possible = low >= 0.0 && low <= high && low.is_finite();
            if possible { Ok(()) } else { Err(BudgetError::Together { channels, low, high }) }
        };
        let mut sums = Vec::new();
        for group in &self.groups {
            possible(group.channels.join(" and "), group.low, group.high)?;
            let mut weights = nothing.clone();
            for name in &group.channels {
                weights[place(name)?] = 1.0;
            }
            sums.push(Sum { weights, low: group.low, high: group.high });
        }
        for ratio in &self.ratios {
            possible(format!("{} per {}", ratio.one, ratio.other), ratio.low, ratio.high)?;
            // One condition where the ratio is fixed, one for each end otherwise.
            let ends = if ratio.low >= ratio.high {
                vec![(ratio.low, 0.0, 0.0)]
            } else {
                vec![(ratio.low, 0.0, f64::INFINITY), (ratio.high, f64::NEG_INFINITY, 0.0)]
            };
            for (factor, low, high) in ends.into_iter().filter(|(factor, ..)| factor.is_finite()) {
                let mut weights = nothing.clone();
                weights[place(&ratio.one)?] += 1.0;
                weights[place(&ratio.other)?] -= factor;
                sums.push(Sum { weights, low, high });
            }
        }
        Ok(sums)
    }
}

/// A total that the bounds allow.
fn affordable(
    total: f64,
    low: &[f64],
    high: &[f64],
    channels: &[PlannedChannel],
) -> Result<f64, BudgetError> {
    if !(total.is_finite() && total > 0.0) {
        return Err(BudgetError::Total(total));
    }
    let (least, most) = (low.iter().sum::<f64>(), high.iter().sum::<f64>());
    let of_channels = |bounds: &[f64]| {
        channels.iter().zip(bounds).map(|(channel, bound)| (channel.name.clone(), *bound)).collect()
    };
    if least > total * (1.0 + SLACK) {
        return Err(BudgetError::TooLittle { least, total, bounds: of_channels(low) });
    }
    if most < total * (1.0 - SLACK) {
        return Err(BudgetError::TooMuch { most, total, bounds: of_channels(high) });
    }
    Ok(total.clamp(least, most))
}

fn listed(bounds: &[(String, f64)]) -> String {
    let said: Vec<String> = bounds.iter().map(|(channel, bound)| format!("{channel} {bound}")).collect();
    said.join(", ")
}
