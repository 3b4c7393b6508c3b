//! Every suite in one program, so that they share a database server and one build.

// The kit is spoken of as `tests`, here and in the benches.
extern crate self as tests;

pub mod kit;
pub use kit::*;

mod access;
mod advice;
mod bad_input;
mod branding;
mod browser;
mod cached;
mod coverage;
mod demo;
mod isolation;
mod people;
mod processes;
mod runs;
mod uploads;
mod usage;
mod walk;
