//! Two bars for a cell of a table: what is now, pale, above what is planned. The row says the numbers.

use super::scale::Scale;
use super::svg::Canvas;

/// The bars; `class` is the channel's and `most` what the longest bar of the table stands for.
pub fn pair_of_bars(class: &str, now: f64, plan: f64, most: f64) -> String {
    let (width, height) = (160.0, 20.0);
    let mut canvas = Canvas::ornament("pair", width, height);
    let x = Scale::linear((0.0, most), (0.0, width - 2.0));
    for (value, top, style) in [(now, 1.5, "bar pale"), (plan, 10.5, "bar")] {
        canvas.rect(1.0, top, x.at(value.max(0.0)), 7.0, &format!("{style} {class}"));
    }
    canvas.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_long_as_their_share_of_the_longest() {
        let svg = pair_of_bars("c1", 50.0, 100.0, 100.0);
        assert!(svg.contains("class=\"bar pale c1\" x=\"1\" y=\"1.5\" width=\"79\""), "{svg}");
        assert!(svg.contains("class=\"bar c1\" x=\"1\" y=\"10.5\" width=\"158\""), "{svg}");
        assert!(svg.contains("aria-hidden=\"true\""), "{svg}");
    }
}
