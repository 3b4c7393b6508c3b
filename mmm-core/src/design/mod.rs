//! The linear part of a model: intercept, controls, trend and seasonality as columns.

mod automatic;
mod columns;
mod fourier;
mod hsgp;
mod knots;

pub use automatic::automatic_knots;
pub(crate) use columns::{Columns, Controls, mean_and_sd};
pub use fourier::{cyclic_fourier, yearly_fourier};
pub use hsgp::{Covariance, hsgp_basis, hsgp_weights};
pub use knots::{even_knots, knot_weights};
