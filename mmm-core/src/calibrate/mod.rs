//! What experiments have measured, in the words of a prior.
//!
//! An experiment's return on investment is not the one a model looks for: it was measured at another
//! level of spend, some time ago, over too few weeks to see all of the carry-over. [`Experiment`] says
//! what was measured, [`Setting`] what the model looks at, and [`roi_prior`] pools several experiments
//! into one prior of the channel's return.
//!
//! The other way of learning from experiments is as evidence beside the KPI:
//! [`LiftTest`](crate::model::LiftTest).

mod experiment;
mod roi;

pub use experiment::{Adjusted, CalibrationError, Experiment, Setting};
pub use roi::{RoiPrior, roi_prior};
