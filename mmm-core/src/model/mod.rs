//! What is believed to drive the KPI, and how well a set of numbers explains it.
//!
//! ```text
//! kpi[t] / max(kpi) ~ Normal(mu[t], sigma)
//! mu[t] = intercept + sum over c of beta[c] * logistic(adstock(spend[c] / max(spend[c])), rate[c])[t]
//!                   + controls[t] . gamma + fourier[t] . phi
//! ```
//!
//! * [`ModelSpec`] is the description: lags, seasonality, trend, priors. It can be stored.
//! * [`Model`] is a description bound to a data set; it can be fitted.
//! * [`Posterior`] is its log density with analytic gradient on PyMC's unconstrained scale. The
//!   sampler works in other coordinates (`coordinates.rs`) whose density equals this one up to the
//!   stated change of variables.

mod coordinates;
mod layout;
mod linear;
mod media;
mod posterior;
mod prepared;
mod prior;
mod spec;

pub(crate) use coordinates::{Coordinates, SamplingDensity};
pub use layout::{Layout, ParameterKind};
pub(crate) use media::{Media, MediaWork};
pub use posterior::Posterior;
pub use prepared::Model;
pub use prior::{Prior, Support};
pub use spec::{ChannelPriors, ModelSpec, SpecError};
