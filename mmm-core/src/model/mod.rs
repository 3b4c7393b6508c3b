//! What is believed to drive the KPI, and how well a set of numbers explains it.
//!
//! ```text
//! kpi[t] / max(kpi) ~ Normal(mu[t], sigma)
//! mu[t] = level[t] + sum over c of beta[c] * saturation(adstock(x[c] / max(x[c])))[t]
//!                  + controls[t] . gamma + fourier[t] . phi
//! ```
//!
//! `x[c]` is the pressure of a medium: what its spend bought where that is known, else the spend. The level
//! is an intercept, or straight lines between knots; every channel has its own
//! [families](ChannelSpec) of adstock and saturation, in either order.
//!
//! * [`ModelSpec`] is the description: families, lags, seasonality, trend, priors. It can be stored.
//! * [`Model`] is a description bound to a data set; it can be fitted.
//! * [`Posterior`] is its log density with analytic gradient on PyMC's unconstrained scale. The
//!   sampler works in other coordinates (`coordinates.rs`) whose density equals this one up to the
//!   stated change of variables.

mod belief;
mod channel;
mod coordinates;
mod elicit;
mod layout;
mod lift;
mod lift_window;
mod linear;
mod media;
mod posterior;
mod prepared;
mod prior;
mod reaction;
mod response;
mod shapes;
mod soft;
mod spec;

pub(crate) use channel::Family;
pub use channel::{ChannelSpec, Shape};
pub use elicit::PriorFamily;
pub use layout::{Layout, ParameterKind};
pub use lift::{LiftLikelihood, LiftTest};
pub use lift_window::LiftWindow;
pub(crate) use media::{ChannelMedia, ChannelWork, Media, MediaWork, Shapes};
pub use posterior::Posterior;
pub use prepared::Model;
pub(crate) use prior::PreparedPrior;
pub use prior::{Prior, Support};
pub(crate) use reaction::{Draw, Reaction, Steps};
pub(crate) use response::Steady;
pub(crate) use shapes::ShapeValues;
pub(crate) use soft::Soft;
pub use spec::{Knots, ModelSpec, SpecError};
