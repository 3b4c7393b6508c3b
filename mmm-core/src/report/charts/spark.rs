//! A small line for a tile: the shape of a series without axes. The tile says the numbers.

use super::scale::{Scale, extent};
use super::svg::{Canvas, Trace};

/// The line; `title` says what it shows.
pub fn sparkline(key: &str, title: &str, values: &[f64]) -> String {
    let (width, height) = (160.0, 36.0);
    let mut canvas = Canvas::open(key, "spark", width, height, title, "A line without axes.");
    let (low, high) = extent(values.iter().copied());
    let y = Scale::linear((low, high), (height - 3.0, 3.0));
    let x = Scale::linear((0.0, values.len().saturating_sub(1) as f64), (2.0, width - 2.0));
    let points = values.iter().enumerate().map(|(at, value)| (x.at(at as f64), y.at(*value)));
    canvas.trace(&Trace::line(points), "spark-line");
    canvas.finish()
}
