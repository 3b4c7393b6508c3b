//! Reads amounts as people and their programs write them.
//!
//! Every cell is read twice, once with a decimal point and once with a decimal comma. Readings that
//! differ, as for `1.234`, are evidence of nothing; a cell that only one of them can read is evidence
//! for it. The column decides with its evidence, else the file does, because one program wrote all of
//! it, else the separator between cells; and where that leaves doubt nobody guesses:
//!
//! | cells                  | separator `,` | tab     | `;`     |
//! |------------------------|---------------|---------|---------|
//! | only such as `1.234`   | point         | point   | unknown |
//! | only such as `1,234`   | thousands     | unknown | unknown |
//!
//! Thousands may be grouped by the other sign, by blanks or by apostrophes, in groups of exactly
//! three. Currency signs and names are dropped but remembered; a percent sign is refused.

use std::borrow::Cow;

/// Currency signs and names, before or behind an amount.
const CURRENCIES: &[&str] = &[
    "€", "$", "£", "¥", "₹", "₺", "zł", "Kč", "kr", "Fr.", "EUR", "USD", "GBP", "CHF", "JPY", "SEK", "NOK",
    "DKK", "PLN", "CZK", "HUF", "AUD", "CAD", "NZD", "INR", "BRL", "TRY",
];

/// Words that stand for a value nobody knows.
const PLACEHOLDERS: &[&str] =
    &["na", "n/a", "#n/a", "#na", "null", "none", "nil", "missing", "k.a.", "-", "–", "—", ".", "?"];

const NOT_FINITE: &[&str] = &[
    "nan",
    "inf",
    "infinity",
    "+inf",
    "-inf",
    "+infinity",
    "-infinity",
    "∞",
    "-∞",
    "-nan",
    "1.#inf",
    "1.#qnan",
];

/// The sign between whole and decimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decimal {
    Point,
    Comma,
}

/// What a cell says when it is read as a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Reading {
    Empty,
    Placeholder,
    NotFinite,
    Percent,
    Amount(Amount),
    Other,
}

/// A number under both conventions; at least one of them can read it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Amount {
    point: Option<f64>,
    comma: Option<f64>,
    pub(super) currency: Option<&'static str>,
}

impl Amount {
    pub(super) fn under(self, decimal: Decimal) -> Option<f64> {
        match decimal {
            Decimal::Point => self.point,
            Decimal::Comma => self.comma,
        }
    }

    /// Both conventions read it, and differently.
    pub(super) fn is_unclear(self) -> bool {
        matches!((self.point, self.comma), (Some(point), Some(comma)) if point.to_bits() != comma.to_bits())
    }
}

/// Reads one cell.
pub(super) fn read(cell: &str) -> Reading {
    let cell = cell.trim();
    if cell.is_empty() {
        return Reading::Empty;
    }
    if cell.len() <= 12 && !cell.starts_with(|c: char| c.is_ascii_digit()) {
        let lower = cell.to_lowercase();
        if PLACEHOLDERS.contains(&lower.as_str()) {
            return Reading::Placeholder;
        }
        if NOT_FINITE.contains(&lower.as_str()) {
            return Reading::NotFinite;
        }
    }
    if let Some(rest) = cell.strip_suffix('%') {
        return if amount(rest.trim_end()).is_some() { Reading::Percent } else { Reading::Other };
    }
    amount(cell).map_or(Reading::Other, Reading::Amount)
}

fn amount(cell: &str) -> Option<Amount> {
    // Accountants put losses into parentheses.
    let (cell, in_parentheses) = match cell.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        Some(inner) => (inner.trim(), true),
        None => (cell, false),
    };
    let (cell, minus_first) = sign(cell);
    let bare = cell.bytes().next_back().is_some_and(|byte| byte.is_ascii_digit())
        && cell.bytes().next().is_some_and(|byte| byte.is_ascii_digit());
    let (digits, currency) = if bare { (cell, None) } else { without_currency(cell) };
    let (digits, minus_second) = if currency.is_some() { sign(digits) } else { (digits, None) };
    if (minus_first.is_some() && minus_second.is_some()) || (in_parentheses && minus_first.is_some()) {
        return None;
    }
    let negative = in_parentheses || minus_first == Some(true) || minus_second == Some(true);
    let signed = |value: f64| if negative { -value } else { value };
    let point = magnitude(digits, '.').map(signed);
    let comma = magnitude(digits, ',').map(signed);
    (point.is_some() || comma.is_some()).then_some(Amount { point, comma, currency })
}

/// What follows a sign, and whether the sign is a minus.
fn sign(text: &str) -> (&str, Option<bool>) {
    let mut chars = text.chars();
    match chars.next() {
        Some('-' | '\u{2212}') => (chars.as_str().trim_start(), Some(true)),
        Some('+') => (chars.as_str().trim_start(), Some(false)),
        _ => (text, None),
    }
}

fn without_currency(text: &str) -> (&str, Option<&'static str>) {
    for mark in CURRENCIES {
        if let Some(rest) = text.strip_prefix(mark).or_else(|| text.strip_suffix(mark)) {
            return (rest.trim(), Some(mark));
        }
    }
    (text, None)
}

/// The value of unsigned digits with the given decimal sign.
fn magnitude(digits: &str, decimal: char) -> Option<f64> {
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == decimal) {
        return None;
    }
    let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (digits, None),
    };
    let (grouped, fraction) = mantissa.split_once(decimal).unwrap_or((mantissa, ""));
    let whole = ungroup(grouped, decimal)?;
    if !all_digits(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    let unsigned = exponent.map(|exponent| exponent.strip_prefix(['+', '-']).unwrap_or(exponent));
    if unsigned.is_some_and(|digits| digits.is_empty() || digits.len() > 4 || !all_digits(digits)) {
        return None;
    }
    // Most amounts are written as the standard library reads them.
    if whole == grouped && (decimal == '.' || fraction.is_empty()) && !digits.contains(',') {
        return digits.parse().ok();
    }
    format!("{whole}.{fraction}e{}", exponent.unwrap_or("0")).parse().ok()
}

/// Digits without their thousands separators, if those stand where they may.
fn ungroup(whole: &str, decimal: char) -> Option<Cow<'_, str>> {
    if all_digits(whole) {
        return Some(Cow::Borrowed(whole));
    }
    let separator = whole.chars().find(|c| !c.is_ascii_digit())?;
    let allowed = match separator {
        '.' | ',' => separator != decimal,
        ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}' | '\'' | '’' => true,
        _ => false,
    };
    let mut groups = whole.split(separator);
    let first = groups.next()?;
    let well_formed = allowed
        && (1..=3).contains(&first.len())
        && !first.starts_with('0')
        && all_digits(first)
        && groups.all(|group| group.len() == 3 && all_digits(group));
    well_formed.then(|| Cow::Owned(whole.split(separator).collect()))
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// What the cells of a column, or of a file, say about their decimal sign.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Evidence {
    point: usize,
    comma: usize,
    unclear_point: usize,
    unclear_comma: usize,
}

impl Evidence {
    pub(super) fn note(&mut self, amount: Amount) {
        match (amount.point, amount.comma) {
            (Some(_), None) => self.point += 1,
            (None, Some(_)) => self.comma += 1,
            // The smaller reading is the one in which the sign is a decimal sign.
            (Some(point), Some(comma)) if amount.is_unclear() => {
                if point.abs() < comma.abs() {
                    self.unclear_point += 1;
                } else {
                    self.unclear_comma += 1;
                }
            }
            _ => {}
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.point += other.point;
        self.comma += other.comma;
    }

    /// The sign of a column with this evidence in a file with `file`'s; `None` is "cannot be told".
    pub(super) fn decide(self, file: Self, delimiter: u8) -> Option<Decimal> {
        if self.point + self.comma > 0 {
            return Some(if self.comma > self.point { Decimal::Comma } else { Decimal::Point });
        }
        if self.unclear_point + self.unclear_comma == 0 {
            return Some(Decimal::Point);
        }
        match (file.point > 0, file.comma > 0, delimiter) {
            (true, false, _) | (false, false, b',') => Some(Decimal::Point),
            (false, true, _) => Some(Decimal::Comma),
            (false, false, b'\t') if self.unclear_comma == 0 => Some(Decimal::Point),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(cell: &str) -> (Option<f64>, Option<f64>) {
        match read(cell) {
            Reading::Amount(amount) => (amount.point, amount.comma),
            _ => (None, None),
        }
    }

    #[test]
    fn amounts_are_read_under_both_conventions() {
        let table = [
            ("0", Some(0.0), Some(0.0)),
            ("1234", Some(1234.0), Some(1234.0)),
            ("1234.5", Some(1234.5), None),
            ("1234,5", None, Some(1234.5)),
            ("1,234.50", Some(1234.5), None),
            ("1.234,50", None, Some(1234.5)),
            ("1.234.567", None, Some(1_234_567.0)),
            ("1,234,567", Some(1_234_567.0), None),
            ("1.234", Some(1.234), Some(1234.0)),
            ("1,234", Some(1234.0), Some(1.234)),
            ("0.123", Some(0.123), None),
            ("1234.567", Some(1234.567), None),
            (".5", Some(0.5), None),
            ("1 234,56", None, Some(1234.56)),
            ("1\u{202f}234,56", None, Some(1234.56)),
            ("1'234.50", Some(1234.5), None),
            ("€ 1.234,50", None, Some(1234.5)),
            ("$-3.5", Some(-3.5), None),
            ("-$3.5", Some(-3.5), None),
            ("12 EUR", Some(12.0), Some(12.0)),
            ("(1,234.50)", Some(-1234.5), None),
            ("\u{2212}7", Some(-7.0), Some(-7.0)),
            ("1e3", Some(1000.0), Some(1000.0)),
            ("2.5E-05", Some(2.5e-5), None),
        ];
        for (cell, point, comma) in table {
            assert_eq!(both(cell), (point, comma), "{cell:?}");
        }
    }

    #[test]
    fn what_is_no_amount_is_named() {
        for cell in [
            "abc", "1,23,4", "12.34.56", "1..2", "--1", "(-1)", "e5", "1e", "0x10", "1_000", "#DIV/0!", "1 2",
        ] {
            assert_eq!(read(cell), Reading::Other, "{cell:?}");
        }
        for cell in ["NaN", "inf", "-Infinity", "∞"] {
            assert_eq!(read(cell), Reading::NotFinite, "{cell:?}");
        }
        for cell in ["NA", "n/a", "#N/A", "null", "-", "–"] {
            assert_eq!(read(cell), Reading::Placeholder, "{cell:?}");
        }
        assert_eq!(read("12,5 %"), Reading::Percent);
        assert_eq!(read("  "), Reading::Empty);
    }

    /// A stream of numbers that is the same in each run.
    fn numbers() -> impl Iterator<Item = u64> {
        std::iter::successors(Some(0x9E37_79B9_7F4A_7C15_u64), |x| {
            let x = x ^ (x << 13);
            let x = x ^ (x >> 7);
            Some(x ^ (x << 17))
        })
    }

    fn grouped(whole: u64, separator: char) -> String {
        let digits = whole.to_string();
        let mut text = String::new();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                text.push(separator);
            }
            text.push(digit);
        }
        text
    }

    #[test]
    fn every_amount_survives_every_way_of_writing_it() {
        for n in numbers().take(20_000) {
            let (whole, cents) = (n % 1_000_000_000, (n >> 40) % 100);
            let value = format!("{whole}.{cents:02}").parse::<f64>().unwrap();
            let negative = n % 3 == 0;
            let expected = if negative { -value } else { value };
            let sign = if negative { "-" } else { "" };
            for separator in [',', ' ', '\'', '\u{a0}'] {
                let text = format!("{sign}{}.{cents:02}", grouped(whole, separator));
                assert_eq!(both(&text).0, Some(expected), "{text}");
            }
            for separator in ['.', ' ', '’', '\u{202f}'] {
                let text = format!("{sign}€{},{cents:02}", grouped(whole, separator));
                assert_eq!(both(&text).1, Some(expected), "{text}");
            }
        }
    }

    #[test]
    fn any_text_is_read_without_harm() {
        let alphabet: Vec<char> = "0123456789.,-+eE€$()%' \u{a0}’∞NaN\u{2212}ä".chars().collect();
        for n in numbers().take(50_000) {
            let text: String = (0..n % 12)
                .map(|k| alphabet[(n.rotate_left(k as u32 * 5) % alphabet.len() as u64) as usize])
                .collect();
            if let Reading::Amount(amount) = read(&text) {
                assert!(amount.point.is_some() || amount.comma.is_some(), "{text:?}");
            }
        }
    }

    #[test]
    fn doubt_is_never_settled_by_a_guess() {
        let evidence = |cells: &[&str]| {
            let mut evidence = Evidence::default();
            for cell in cells {
                if let Reading::Amount(amount) = read(cell) {
                    evidence.note(amount);
                }
            }
            evidence
        };
        let (points, commas) = (evidence(&["1.234", "99"]), evidence(&["1,234", "99"]));
        let nothing = Evidence::default();
        let table = [
            (points, nothing, b',', Some(Decimal::Point)),
            (points, nothing, b'\t', Some(Decimal::Point)),
            (points, nothing, b';', None),
            (points, evidence(&["1,5"]), b';', Some(Decimal::Comma)),
            (points, evidence(&["1.5"]), b';', Some(Decimal::Point)),
            (points, evidence(&["1.5", "1,5"]), b';', None),
            (commas, nothing, b',', Some(Decimal::Point)),
            (commas, nothing, b'\t', None),
            (commas, nothing, b';', None),
            (evidence(&["1,234", "0,5"]), evidence(&["1.5"]), b',', Some(Decimal::Comma)),
            (evidence(&["7"]), nothing, b';', Some(Decimal::Point)),
        ];
        for (case, (column, file, delimiter, expected)) in table.into_iter().enumerate() {
            assert_eq!(column.decide(file, delimiter), expected, "case {case}");
        }
    }
}
