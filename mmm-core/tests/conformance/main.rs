//! Comparisons with the peers' own numbers, read from the reference folder.
//!
//! The folder is `$TENANCY_SHARED`, or `shared` beside the workspace. Where it is missing these tests
//! say so and pass, unless `TENANCY_REQUIRE=all` asks them to fail.

mod analyzer;
mod budget;
mod calibration;
mod density;
mod design;
mod diagnostics;
mod fits;
mod geo;
mod ridge;
mod shared;
mod transforms;
