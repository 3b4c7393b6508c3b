//! What a fit says, drawn and in words: charts as SVG with their numbers, and a report as one HTML file
//! that needs nothing else.
//!
//! * [`charts`] draws. Every picture has a table, a CSV and a JSON twin made from the same input.
//! * [`words`] says numbers, and never without their interval.
//! * [`decomposition`], [`returns`], [`shares`], [`curves`] and [`quality`] make the charts of a
//!   [`Summary`](crate::artifact::Summary).
//! * [`Report`] puts all of it on one page, light and dark, for a screen, a phone and paper.
//!
//! A fit that did not converge has no findings: its report shows the data, the checks that failed and
//! what to do about them.

pub mod charts;
mod figures;
mod html;
mod page;
mod sections;
pub mod words;

pub use figures::{curves, decomposition, period, quality, returns, shares};
pub use page::{CHART_STYLE, Report};
