//! What a channel's money buys.

use super::{BudgetError, planner::PlannedChannel};

/// The spend below which a price is taken as that at this share of today's: a price that falls with the
/// spend would be zero at nothing.
const LEAST: f64 = 1e-6;

/// How much of today's buying power an amount has: `s f (today / s)^g`, with `f` the average cost per
/// unit in the data divided by the stated one.
///
/// # Source
///
/// `units = s^(1-g) reference^g / price`, as in the budget optimiser of PyMC-Marketing 1.3.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Price {
    factor: f64,
    response: f64,
    today: f64,
}

impl Price {
    pub(super) fn new(
        channel: &PlannedChannel,
        response: f64,
        cost_per_unit: Option<f64>,
    ) -> Result<Self, BudgetError> {
        let refuse = |problem| BudgetError::Price { channel: channel.name.clone(), problem };
        if !(0.0..1.0).contains(&response) {
            return Err(refuse("the response must be at least 0 and below 1"));
        }
        if response > 0.0 && channel.now <= 0.0 {
            return Err(refuse("a response needs a spend of today to start from"));
        }
        let factor = match (cost_per_unit, channel.cost_per_unit) {
            (None, _) => 1.0,
            (Some(_), None) => return Err(refuse("it is not known what its spend bought")),
            (Some(stated), _) if !(stated.is_finite() && stated > 0.0) => {
                return Err(refuse("a unit must cost more than nothing"));
            }
            (Some(stated), Some(average)) => average / stated,
        };
        Ok(Self { factor, response, today: channel.now })
    }

    /// The amount that would have bought as much at the prices of the data, and its slope.
    pub(super) fn at(self, spend: f64) -> (f64, f64) {
        if self.response == 0.0 {
            return (self.factor * spend, self.factor);
        }
        let level = (self.today / spend.max(LEAST * self.today)).powf(self.response);
        let slope = if spend > LEAST * self.today { 1.0 - self.response } else { 1.0 };
        (self.factor * level * spend, self.factor * level * slope)
    }
}
