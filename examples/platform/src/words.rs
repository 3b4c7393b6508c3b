//! Says numbers and uncertainty as [`mmm_core::report::words`] does, and reads amounts and says waiting
//! times besides.

pub use mmm_core::report::words::*;

/// No-break space, which some people group thousands with.
const NBSP: char = '\u{a0}';

/// Reads an amount of at least zero as pages write it: `12000`, `12,000` or `12 000.50`. What could be
/// read two ways, such as `12,5`, is none.
pub fn read_amount(text: &str) -> Option<f64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let groups: Vec<&str> = whole.split([',', ' ', '\'', NBSP]).collect();
    let digits = |text: &&str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let grouped = match groups.as_slice() {
        [_] => true,
        [first, rest @ ..] => first.len() <= 3 && rest.iter().all(|group| group.len() == 3),
        [] => false,
    };
    let plain = grouped && groups.iter().all(digits) && digits(&fraction);
    plain.then(|| format!("{}.{fraction}", groups.concat()).parse().ok()).flatten()
}

/// A waiting time as people say it: "about 40 seconds", "about 3 minutes".
pub fn duration(seconds: u64) -> String {
    match seconds {
        0..=4 => "a few seconds".to_owned(),
        5..=89 => format!("about {} seconds", seconds.div_ceil(5) * 5),
        90..=5399 => format!("about {} minutes", (seconds + 30) / 60),
        _ => format!("about {} hours", (seconds + 1800) / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_they_are_written_and_never_two_ways() {
        for (text, value) in
            [("12000", 12_000.0), ("12,000", 12_000.0), ("1 234 567.5", 1_234_567.5), ("0", 0.0)]
        {
            assert_eq!(read_amount(text), Some(value), "{text}");
        }
        for text in [
            "", "12,5", "1,2345", "12.", ".5", "-3", "+3", "1e3", "NaN", "inf", "1,,000", "12,000,",
            "\u{664}",
        ] {
            assert_eq!(read_amount(text), None, "{text}");
        }
    }
}
