//! Marketing mix modelling in pure Rust: what each channel contributed, what it returned, and how
//! sure one can be.
//!
//! The way of a data set through this crate, one module a step:
//!
//! 1. [`data`] checks the columns once and lists every problem;
//! 2. [`model`] binds a description (carry-over, saturation, season, trend, priors) to the data;
//! 3. [`fit`] draws from the posterior with the No-U-Turn sampler and exact gradients;
//! 4. [`diagnose`] says whether the draws can be trusted;
//! 5. [`effect`] turns draws into contributions and returns with intervals;
//! 6. [`budget`] says how the money is best split, and asks for a fit that converged;
//! 7. [`validate`] asks whether all that holds for data the model has not seen;
//! 8. [`artifact`] writes everything a results page shows into one document.
//!
//! Features, both off unless asked for: `csv` reads data sets from files, `report` draws charts and writes
//! a report as one HTML file.
//!
//! [`geo`] does steps 2 to 5 for several geos at once, and holds Meridian's own model of a nation too.
//! [`calibrate`] turns experiments into priors, [`ridge`] searches as Robyn does, [`transform`] and
//! [`design`] hold the formulas, [`simulate`] invents data whose truth is known.
//!
//! The [`manual`] has a guide from a CSV file to a decision, and one for those who come from
//! PyMC-Marketing or Meridian.
//!
//! A fit is a blocking call without hidden state: the seed decides every draw, on any number of
//! threads; the clock is never read; bad input is an error and never a panic.
//!
//! ```
//! use std::ops::ControlFlow;
//! use mmm_core::{fit::FitSettings, model::{Model, ModelSpec}, simulate::Scenario};
//!
//! # fn main() -> Result<(), mmm_core::Error> {
//! // Your own data comes in through `Dataset::builder()`.
//! let data = Scenario::weekly(["tv", "search"]).weeks(104).seed(7).simulate()?.data;
//! let model = Model::new(ModelSpec { trend: true, ..ModelSpec::default() }, data)?;
//!
//! let fit = model.fit_observed(&FitSettings::seeded(7), |progress| {
//!     // Called after every draw; show `progress.share()`, or answer `Break` to cancel.
//!     if progress.divergences > 1000 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
//! })?;
//!
//! let summary = fit.summary()?;
//! println!("converged: {} ({})", summary.convergence.converged, summary.convergence);
//! for channel in &summary.channels {
//!     println!("{}: {:.2} ({:.2} to {:.2})", channel.name, channel.roi.mean, channel.roi.q5, channel.roi.q95);
//! }
//! # Ok(())
//! # }
//! ```

#![allow(clippy::needless_pass_by_value, reason = "a view of an array is a pointer and is passed as one")]

pub mod artifact;
pub mod budget;
pub mod calibrate;
pub mod data;
pub mod design;
pub mod diagnose;
pub mod effect;
mod error;
mod fingerprint;
pub mod fit;
pub mod geo;
pub mod manual;
pub mod model;
#[cfg(feature = "report")]
pub mod report;
pub mod ridge;
pub mod simulate;
pub mod transform;
pub mod validate;
mod vector;

pub use error::Error;
