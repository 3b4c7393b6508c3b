//! The linear part of a model: intercept, controls, trend and seasonality as columns.

mod columns;
mod fourier;
mod knots;

pub(crate) use columns::{Columns, Controls};
pub use fourier::{cyclic_fourier, yearly_fourier};
pub use knots::{even_knots, knot_weights};
