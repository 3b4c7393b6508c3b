//! The linear part of a model: intercept, controls, trend and seasonality as columns.

mod columns;
mod fourier;

pub(crate) use columns::Columns;
pub use fourier::{cyclic_fourier, yearly_fourier};
