//! Marketing mix modelling in pure Rust.

pub mod data;
pub mod design;
pub mod model;
pub mod transform;
pub mod fit;
pub mod diagnose;
pub mod effect;
pub mod artifact;
pub mod simulate;
mod error;
pub use error::Error;
