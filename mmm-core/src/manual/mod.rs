//! Guides: from a file to a decision, and from the packages that you may come from.
//!
//! Every piece of code in them is compiled and run as a test.

#[cfg(feature = "csv")]
pub mod from_a_file_to_a_decision;
pub mod from_meridian;
pub mod from_pymc_marketing;
