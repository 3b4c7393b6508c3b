//! Writes SVG: escaped text, short numbers, and long series as small relative steps.
//!
//! The writer has no way to set a style or a raw attribute from data, so nothing of the data
//! can become markup. Coordinates are units of the view box, which is close to CSS pixels.

use std::fmt::Write as _;

/// An SVG under construction.
#[derive(Debug)]
pub(crate) struct Canvas {
    out: String,
}

/// Where a text is tied to its point.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

impl Canvas {
    /// Opens a picture. `key` makes the ids of title and description unique on the page.
    pub(crate) fn open(key: &str, class: &str, width: f64, height: f64, title: &str, desc: &str) -> Self {
        let mut canvas = Self { out: String::with_capacity(8 * 1024) };
        let (w, h) = (num(width), num(height));
        canvas.raw(format_args!(
            "<svg class=\"chart {class}\" role=\"img\" aria-labelledby=\"{key}-t {key}-d\" \
             viewBox=\"0 0 {w} {h}\" width=\"{w}\" height=\"{h}\"><title id=\"{key}-t\">{}</title>\
             <desc id=\"{key}-d\">{}</desc>",
            escape(title),
            escape(desc)
        ));
        canvas
    }

    /// Opens a picture that adds nothing to the text beside it and is stretched to its place.
    pub(crate) fn ornament(class: &str, width: f64, height: f64) -> Self {
        let mut canvas = Self { out: String::with_capacity(512) };
        let (w, h) = (num(width), num(height));
        canvas.raw(format_args!(
            "<svg class=\"chart {class}\" aria-hidden=\"true\" preserveAspectRatio=\"none\" \
             viewBox=\"0 0 {w} {h}\" width=\"{w}\" height=\"{h}\">"
        ));
        canvas
    }

    /// Tells the script where a series of `n` rows lies, so that hovering can name exact values.
    pub(crate) fn hover_area(&mut self, left: f64, right: f64, top: f64, bottom: f64, n: usize) {
        self.raw(format_args!(
            "<rect class=\"hover\" data-rows=\"{n}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>",
            num(left),
            num(top),
            num((right - left).max(0.0)),
            num((bottom - top).max(0.0))
        ));
    }

    pub(crate) fn line(&mut self, from: (f64, f64), to: (f64, f64), class: &str) {
        self.raw(format_args!(
            "<path class=\"{class}\" d=\"M{} {}L{} {}\"/>",
            num(from.0),
            num(from.1),
            num(to.0),
            num(to.1)
        ));
    }

    pub(crate) fn rect(&mut self, x: f64, y: f64, width: f64, height: f64, class: &str) {
        let (w, h) = (num(width.max(0.0)), num(height.max(0.0)));
        self.raw(format_args!(
            "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{w}\" height=\"{h}\"/>",
            num(x),
            num(y)
        ));
    }

    pub(crate) fn circle(&mut self, x: f64, y: f64, r: f64, class: &str) {
        self.raw(format_args!(
            "<circle class=\"{class}\" cx=\"{}\" cy=\"{}\" r=\"{}\"/>",
            num(x),
            num(y),
            num(r)
        ));
    }

    /// A square on its corner, with its hover text.
    pub(crate) fn diamond(&mut self, x: f64, y: f64, r: f64, class: &str, title: &str) {
        let (left, right, top, bottom) = (num(x - r), num(x + r), num(y - r), num(y + r));
        let (x, y, title) = (num(x), num(y), escape(title));
        self.raw(format_args!(
            "<path class=\"{class}\" d=\"M{x} {top}L{right} {y}L{x} {bottom}L{left} {y}z\"><title>{title}</title></path>"
        ));
    }

    pub(crate) fn text(&mut self, x: f64, y: f64, anchor: Anchor, class: &str, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        self.raw(format_args!(
            "<text class=\"{class}\" x=\"{}\" y=\"{}\"{anchor}>{}</text>",
            num(x),
            num(y),
            escape(text)
        ));
    }

    /// Opens a group whose hover text is `title`.
    pub(crate) fn group(&mut self, class: &str, title: &str) {
        self.raw(format_args!("<g class=\"{class}\"><title>{}</title>", escape(title)));
    }

    pub(crate) fn end_group(&mut self) {
        self.out.push_str("</g>");
    }

    /// A path in half units, as [`Trace`] writes it.
    pub(crate) fn trace(&mut self, trace: &Trace, class: &str) {
        self.raw(format_args!("<path class=\"{class}\" transform=\"scale(.5)\" d=\"{}\"/>", trace.d));
    }

    pub(crate) fn finish(mut self) -> String {
        self.out.push_str("</svg>");
        self.out
    }

    fn raw(&mut self, arguments: std::fmt::Arguments<'_>) {
        // Writing into a `String` cannot fail.
        let _ = self.out.write_fmt(arguments);
    }
}

/// A path of many points. Points are rounded to half a unit and written as steps from the last one,
/// which takes about five bytes a point.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    d: String,
    at: (i64, i64),
}

impl Trace {
    /// An open line. A point that is not finite interrupts it.
    pub(crate) fn line(points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let mut trace = Self::default();
        let mut pen_down = false;
        for (x, y) in points {
            if x.is_finite() && y.is_finite() {
                trace.step((x, y), pen_down);
                pen_down = true;
            } else {
                pen_down = false;
            }
        }
        trace
    }

    /// A closed area between an upper and a lower edge.
    pub(crate) fn area(upper: &[(f64, f64)], lower: &[(f64, f64)]) -> Self {
        let mut trace = Self::line(upper.iter().copied().chain(lower.iter().rev().copied()));
        trace.d.push('z');
        trace
    }

    /// Separate vertical strokes, each from `y0` to its point.
    pub(crate) fn strokes(points: impl IntoIterator<Item = (f64, f64)>, y0: f64) -> Self {
        let mut trace = Self::default();
        for (x, y) in points.into_iter().filter(|(x, y)| x.is_finite() && y.is_finite()) {
            trace.step((x, y0), false);
            let dy = half(y) - trace.at.1;
            let _ = write!(trace.d, "v{dy}");
            trace.at.1 += dy;
        }
        trace
    }

    fn step(&mut self, point: (f64, f64), pen_down: bool) {
        let to = (half(point.0), half(point.1));
        let (dx, dy) = (to.0 - self.at.0, to.1 - self.at.1);
        let command = if !pen_down {
            "m"
        } else if dx < 0 {
            ""
        } else {
            " "
        };
        // After the first `m` further pairs are steps of a line, so a space is enough.
        let gap = if dy < 0 { "" } else { " " };
        let _ = write!(self.d, "{command}{dx}{gap}{dy}");
        self.at = to;
    }
}

fn half(value: f64) -> i64 {
    (value * 2.0).round() as i64
}

/// A coordinate with at most one decimal.
pub(crate) fn num(value: f64) -> String {
    if !value.is_finite() {
        return "0".to_owned();
    }
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// Text as the content of an element.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other if other.is_control() => out.push(' '),
            other => out.push(other),
        }
    }
    out
}

/// At most `width` units of 12 px text, cut with an ellipsis; the whole name stays in the title.
pub(crate) fn fit_text(text: &str, width: f64) -> String {
    let most = (width / 7.0).floor().max(2.0) as usize;
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let cut: String = text.chars().take(most - 1).collect();
    format!("{}…", cut.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_become_markup() {
        let mut canvas = Canvas::open("k", "c", 10.0, 10.0, "<script>", "a\"b'&\u{0}");
        canvas.text(0.0, 0.0, Anchor::Start, "t", "</text><script>alert(1)</script>");
        let svg = canvas.finish();
        assert!(!svg.contains("<script"));
        assert!(svg.contains("a&quot;b&#39;&amp; "));
    }

    #[test]
    fn series_are_written_as_relative_half_units_and_break_at_gaps() {
        let trace = Trace::line([(0.0, 1.0), (2.0, 0.5), (f64::NAN, 0.0), (3.0, 3.0)]);
        assert_eq!(trace.d, "m0 2 4-1m2 5");
    }

    #[test]
    fn long_names_are_cut_with_an_ellipsis() {
        assert_eq!(fit_text("Suchmaschinenwerbung", 70.0), "Suchmasch…");
        assert_eq!(fit_text("TV", 70.0), "TV");
    }
}
