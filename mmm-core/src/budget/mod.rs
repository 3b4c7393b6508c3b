//! How a budget is best split, and how sure that is.
//!
//! [`ConvergedFit::optimize`](crate::diagnose::ConvergedFit::optimize) answers a [`Budget`] with a
//! [`Recommendation`]; a [`Planner`] does the same after the fit is gone. A fit that did not converge can
//! only be asked after somebody [overruled](crate::diagnose::NotConverged::overrule) the verdict, and the
//! recommendation says so.
//!
//! * Spend is constant over the horizon, and was before it: carry-over into the horizon equals
//!   carry-over out of it. Today's split is judged by the same rule, so the gain compares splits and
//!   not flightings.
//! * Organic media get no budget. Where it is known what a channel's spend bought, planned spend buys
//!   at the average cost per unit of the data, or at the price that the request states.
//! * The total is fixed, or as large as a target return or marginal return allows; channels keep to
//!   bounds, groups and ratios; what is maximised is the expected outcome or another [`Objective`].
//! * The expected outcome of a fixed total is a sum of one function per channel, so the search is exact
//!   on a grid whatever the shape of the curves, and is then refined with exact slopes; everything else
//!   is climbed with exact slopes from several starts.
//! * [`ConvergedFit::schedule`](crate::diagnose::ConvergedFit::schedule) plans with dates instead: it
//!   starts from what was spent last, counts what outlasts the plan, and may put the money of a channel
//!   where in time it brings most.
//! * Intervals and probabilities compare plan and today within each draw.
//! * [`climb_grid`] is Meridian's search and [`robyn_allocation`] Robyn's, for comparison.

mod climb;
mod dated;
mod greedy;
mod objective;
mod planner;
mod price;
mod recommend;
mod request;
mod robyn;
mod room;
mod schedule;
mod search;
mod solve;

pub use greedy::{Grid, Stop, climb_grid, round_factor};
pub use objective::Objective;
pub use planner::Planner;
pub use recommend::{ChannelMove, Recommendation, SteadyCurve};
pub use request::{Budget, BudgetError};
pub use robyn::{RobynCurve, robyn_allocation};
pub use schedule::{Flighting, Schedule, ScheduledChannel};
