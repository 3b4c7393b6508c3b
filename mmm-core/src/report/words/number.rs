//! Writes numbers: grouped thousands, the typographic minus, short forms for axes, and lists of names. What is not a finite number is written as an en dash.

/// No-break space between a number and its sign.
pub(super) const NBSP: char = '\u{a0}';
/// The typographic minus, as wide as a digit.
pub(super) const MINUS: char = '\u{2212}';

/// A number with exactly `decimals` digits after the point and grouped thousands; negative
/// `decimals` round to tens, hundreds, ….
pub fn fixed(value: f64, decimals: i32) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let digits = decimals.clamp(0, 12).unsigned_abs() as usize;
    let step = 10_f64.powi(-decimals.min(0));
    let text = format!("{:.digits$}", (value.abs() / step).round_if(decimals < 0) * step);
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let sign = if value < 0.0 && text.bytes().any(|b| (b'1'..=b'9').contains(&b)) { "−" } else { "" };
    format!("{sign}{}{rest}", grouped(whole))
}

/// A count with grouped thousands.
pub fn count(value: u64) -> String {
    grouped(&value.to_string())
}

/// `1 week`, `104 weeks`.
pub fn counted(value: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(value), if value == 1 { one } else { many })
}

/// A number short enough for an axis: `1.2k`, `3M`.
pub fn compact(value: f64) -> String {
    let size = value.abs();
    let (divisor, suffix) = match size {
        s if s >= 1e9 => (1e9, "B"),
        s if s >= 1e6 => (1e6, "M"),
        s if s >= 1e3 => (1e3, "k"),
        _ => (1.0, ""),
    };
    let text = fixed(value / divisor, if size >= 1.0 || size == 0.0 { 2 } else { 1 - order(size) });
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text}{suffix}")
}

/// A measured or planned amount rounded to two significant digits, which is what a sentence needs.
pub fn rough(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let step = 10_f64.powi(order(value.abs()) - 1);
    // Dividing by a whole power of ten is exact where multiplying by a decimal fraction is not.
    if step < 1.0 { (value / step).round() / (1.0 / step).round() } else { (value / step).round() * step }
}

/// "Search", "Search and TV", "Search, TV and Radio".
pub fn list(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// The text with a capital first letter.
pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// Digits that show a measured number with four significant ones, and never cut a whole number.
pub fn decimals_for(value: f64) -> i32 {
    let size = value.abs();
    if !size.is_finite() || size == 0.0 {
        0
    } else {
        (3 - order(size)).clamp(0, 12).min(if size >= 100.0 { 0 } else { 12 })
    }
}

pub(super) fn order(size: f64) -> i32 {
    size.log10().floor() as i32
}

fn grouped(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

pub(super) fn symbol(code: &str) -> Option<&'static str> {
    match code {
        "EUR" => Some("€"),
        "USD" => Some("$"),
        "GBP" => Some("£"),
        _ => None,
    }
}

trait RoundIf {
    fn round_if(self, yes: bool) -> f64;
}

impl RoundIf for f64 {
    fn round_if(self, yes: bool) -> f64 {
        if yes { self.round() } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rough_amounts_have_two_digits() {
        for (value, expected) in
            [(12_345.0, 12_000.0), (-987.0, -990.0), (0.0453, 0.045), (7.0, 7.0), (0.0, 0.0), (99.6, 100.0)]
        {
            assert!((rough(value) - expected).abs() < 1e-12, "{value}: {}", rough(value));
        }
    }

    #[test]
    fn axis_numbers_are_short_and_counts_are_grouped() {
        let cases =
            [(0.0, "0"), (1500.0, "1.5k"), (-2e6, "−2M"), (0.25, "0.25"), (1e9, "1B"), (100.0, "100")];
        for (value, text) in cases {
            assert_eq!(compact(value), text);
        }
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(fixed(-0.0001, 2), "0.00");
    }
}
