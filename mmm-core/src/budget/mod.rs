//! How a budget is best split over the channels, and how sure that is.
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
//!   at the average cost per unit of the data.
//! * What is maximised is the posterior mean of the expected outcome. It is a sum of one function per
//!   channel, so the search is exact on a grid whatever the shape of the curves, and is then refined
//!   with exact slopes.
//! * Intervals and probabilities compare plan and today within each draw.

mod planner;
mod recommend;
mod request;
mod search;

pub use planner::Planner;
pub use recommend::{ChannelMove, Recommendation, SteadyCurve};
pub use request::{Budget, BudgetError};
