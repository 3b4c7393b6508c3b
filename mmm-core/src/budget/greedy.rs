//! Meridian's budget search: from the lower bounds up, a jump at a time, on a grid of amounts.
//!
//! At every step the amount of one channel is raised to the one whose average return per added unit of
//! money is the largest, over all channels and all higher amounts; that handles curves that start
//! flat. It is here for comparison with Meridian: [`Planner`](super::Planner) finds splits that are no
//! worse, off the grid, and knows the other objectives.
//!
//! # Source
//!
//! `BudgetOptimizer` of Meridian 2.1.

/// Where the search ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Stop {
    /// Before the amounts add up to more than this.
    Budget(f64),
    /// Where all amounts together, and the last step, would return less than this per unit of money.
    Return(f64),
    /// Where the last step would return less than this per unit of money.
    MarginalReturn(f64),
}

/// Amounts of one channel, ascending from its lower bound, and what each of them brings.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// Money.
    pub amounts: Vec<f64>,
    /// In the same money, at each amount.
    pub outcomes: Vec<f64>,
}

impl Grid {
    /// The grid from `low` to `high` in steps, and a curve's values on it.
    ///
    /// Empty where the step is not above zero or `high` is below `low`.
    pub fn of(low: f64, high: f64, step: f64, curve: impl Fn(f64) -> f64) -> Self {
        let steps = ((high - low) / step).round();
        let count = if step > 0.0 && steps >= 0.0 { steps as usize + 1 } else { 0 };
        let amounts: Vec<f64> = (0..count).map(|place| low + place as f64 * step).collect();
        Self { outcomes: amounts.iter().map(|amount| curve(*amount)).collect(), amounts }
    }
}

/// The power of ten that amounts are rounded to, so that rounding moves a budget by at most the share
/// `tolerance`: `-(floor(log10(budget * tolerance)) + 1)`, and 0 where that is above zero.
pub fn round_factor(budget: f64, tolerance: f64) -> i32 {
    let allowed = budget * tolerance;
    -((allowed.log10().floor() as i32 + 1).max(0))
}

/// One amount per channel; channels without a grid get nothing.
///
/// | name     | shape        | unit                  | range                              |
/// |----------|--------------|-----------------------|------------------------------------|
/// | `grids`  | `(channels,)`| money                 | finite, amounts ascending          |
/// | result   | `(channels,)`| money                 | amounts of the grids               |
///
/// `O(steps channels amounts)`.
pub fn climb_grid(grids: &[Grid], stop: Stop) -> Vec<f64> {
    let mut places = vec![0; grids.len()];
    loop {
        let jumps = grids.iter().enumerate().filter_map(|(channel, grid)| {
            let from = places[channel];
            let average = |to: usize| {
                (grid.outcomes[to] - grid.outcomes[from]) / (grid.amounts[to] - grid.amounts[from])
            };
            // Of equal returns the smaller jump, as that leaves more open.
            let best = (from + 1..grid.amounts.len()).map(|to| (average(to), channel, to));
            best.reduce(|best, other| if other.0 > best.0 { other } else { best })
        });
        let best = jumps.reduce(|best, other| if other.0 > best.0 { other } else { best });
        let Some((step_return, channel, to)) = best else { break };
        let before = std::mem::replace(&mut places[channel], to);
        let sum = |of: fn(&Grid) -> &Vec<f64>| -> f64 {
            grids.iter().zip(&places).filter_map(|(grid, place)| of(grid).get(*place)).sum()
        };
        let (spent, brought) = (sum(|grid| &grid.amounts), sum(|grid| &grid.outcomes));
        let ends = match stop {
            Stop::Budget(budget) => spent > budget,
            Stop::Return(target) => brought < target * spent && step_return * spent < brought,
            Stop::MarginalReturn(target) => step_return < target,
        };
        if ends {
            places[channel] = before;
            break;
        }
    }
    let amount = |(grid, place): (&Grid, usize)| grid.amounts.get(place).copied().unwrap_or(0.0);
    grids.iter().zip(places).map(amount).collect()
}
