//! Says numbers and uncertainty, so that every page and every answer says them alike.
//!
//! What is decided here, once:
//!
//! 1. A probability becomes one of four [`Confidence`] words; the thresholds live in one place.
//! 2. An [`Interval`] is never said without its level: `2.1 (90 %: 1.7 to 2.4)`.
//! 3. A number is rounded to what its interval supports: two significant digits of the interval's
//!    width. Zeros that all three numbers would end in are dropped.
//! 4. A channel whose interval spans break-even is "not reliably above break-even". Nothing here says
//!    that a channel loses money, since such an interval does not show that.
//!
//! A [`Finding`] holds the sentence and the numbers it was made from and serialises to both, so that
//! a page and its JSON cannot disagree. Missing and infinite numbers are said as an en dash.

mod number;

use serde::Serialize;

use number::{MINUS, NBSP, order, symbol};
pub use number::{capital, compact, count, counted, decimals_for, fixed, list, rough};

/// A mean with the 5 % and 95 % quantiles of its draws.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// Mean of the draws.
    pub mean: f64,
    /// 5 % quantile.
    pub q5: f64,
    /// 95 % quantile.
    pub q95: f64,
}

impl Interval {
    /// An interval from its three numbers.
    pub const fn new(mean: f64, q5: f64, q95: f64) -> Self {
        Self { mean, q5, q95 }
    }

    /// The same interval in another unit.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        let (a, b) = (self.q5 * factor, self.q95 * factor);
        Self { mean: self.mean * factor, q5: a.min(b), q95: a.max(b) }
    }

    /// Digits after the decimal point that its width supports; negative rounds to tens, hundreds, ….
    pub fn decimals(self) -> i32 {
        let width = (self.q95 - self.q5).abs();
        if width.is_finite() && width > 0.0 { 1 - order(width) } else { decimals_for(self.mean) }
    }

    /// `2.1 (90 %: 1.7 to 2.4)`, with the unit on the mean and, where short, on both ends.
    pub fn say(self, unit: &Unit) -> String {
        let digits = self.shared_decimals(unit);
        let [mean, low, high] = self.parts(unit, digits);
        format!("{} (90{NBSP}%: {low} to {high})", unit.long(&mean))
    }

    /// The mean alone, rounded as in [`say`](Self::say): the large figure of a tile.
    pub fn say_mean(self, unit: &Unit) -> String {
        let digits = self.shared_decimals(unit);
        unit.short(&fixed(self.mean * unit.factor(), digits))
    }

    /// `90 %: 1.7 to 2.4`: the line below the large figure of a tile.
    pub fn say_range(self, unit: &Unit) -> String {
        let digits = self.shared_decimals(unit);
        let [_, low, high] = self.parts(unit, digits);
        format!("90{NBSP}%: {low} to {high}")
    }

    fn parts(self, unit: &Unit, digits: i32) -> [String; 3] {
        let write = |value: f64| fixed(value * unit.factor(), digits);
        [write(self.mean), unit.short(&write(self.q5)), unit.short(&write(self.q95))]
    }

    /// [`decimals`](Self::decimals) in the unit shown, less the zeros that all three would end in.
    fn shared_decimals(self, unit: &Unit) -> i32 {
        let shown = self.scaled(unit.factor());
        let mut digits = shown.decimals();
        while digits > 0 {
            let fewer = [shown.mean, shown.q5, shown.q95]
                .iter()
                .all(|&value| fixed(value, digits).ends_with('0') || !value.is_finite());
            if !fewer {
                break;
            }
            digits -= 1;
        }
        digits
    }
}

impl From<&crate::effect::Interval> for Interval {
    fn from(of: &crate::effect::Interval) -> Self {
        Self::new(of.mean, of.q5, of.q95)
    }
}

/// What a number counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A bare number, such as a return per unit of spend.
    Plain,
    /// A share between 0 and 1, said in per cent.
    Percent,
    /// Money in an ISO 4217 currency.
    Money(String),
    /// Things with a name: `sales`, `orders`.
    Of(String),
}

impl Unit {
    /// Money where the currency is known, otherwise things called `name`.
    pub fn money_or(currency: Option<&str>, name: &str) -> Self {
        currency.map_or_else(|| Self::Of(name.to_owned()), |code| Self::Money(code.to_owned()))
    }

    /// The unit in a heading or a column: `%`, `EUR`, `sales`; empty for a bare number.
    pub fn name(&self) -> &str {
        match self {
            Self::Plain => "",
            Self::Percent => "%",
            Self::Money(code) => code,
            Self::Of(name) => name,
        }
    }

    const fn factor(&self) -> f64 {
        if matches!(self, Self::Percent) { 100.0 } else { 1.0 }
    }

    /// A number with its unit, the name of counted things left out.
    fn short(&self, number: &str) -> String {
        match self {
            Self::Plain | Self::Of(_) => number.to_owned(),
            Self::Percent => format!("{number}{NBSP}%"),
            Self::Money(code) => match symbol(code) {
                Some(sign) => number
                    .strip_prefix(MINUS)
                    .map_or_else(|| format!("{sign}{number}"), |rest| format!("{MINUS}{sign}{rest}")),
                None => format!("{code}{NBSP}{number}"),
            },
        }
    }

    fn long(&self, number: &str) -> String {
        match self {
            Self::Of(name) if !name.is_empty() => format!("{number} {name}"),
            _ => self.short(number),
        }
    }

    /// A measured number short enough for a tile: `946,006` or `€10.52M`.
    pub fn say_short(&self, value: f64) -> String {
        let shown = value * self.factor();
        if shown.abs() < 1e6 { self.short(&trimmed(shown)) } else { self.short(&compact(shown)) }
    }

    /// A measured number, which has no interval, at three to four significant digits.
    pub fn say(&self, value: f64) -> String {
        self.long(&trimmed(value * self.factor()))
    }
}

/// How sure a statement is, in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// Probability of at least 0.95.
    AlmostCertainly,
    /// Probability of at least 0.8.
    Probably,
    /// Probability of at least 0.6.
    MoreLikelyThanNot,
    /// Less than that.
    Unclear,
}

impl Confidence {
    /// The word for a probability; anything that is not a probability is unclear.
    pub fn of(probability: f64) -> Self {
        match probability {
            p if p >= 0.95 => Self::AlmostCertainly,
            p if p >= 0.8 => Self::Probably,
            p if p >= 0.6 => Self::MoreLikelyThanNot,
            _ => Self::Unclear,
        }
    }

    /// "almost certainly", "probably", "more likely than not" or "unclear".
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AlmostCertainly => "almost certainly",
            Self::Probably => "probably",
            Self::MoreLikelyThanNot => "more likely than not",
            Self::Unclear => "unclear",
        }
    }
}

/// One statement: the sentence, and the numbers it was made from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// The statement as a person reads it.
    pub sentence: String,
    /// What it is about: a channel, or `media`.
    pub subject: String,
    /// The quantity in [`unit`](Self::unit).
    pub value: Interval,
    /// Level of the interval, always 0.9.
    pub level: f64,
    /// Unit of the quantity.
    pub unit: Unit,
    /// Probability of the statement, where it has one.
    pub probability: Option<f64>,
    /// The word used for that probability.
    pub confidence: Option<Confidence>,
}

impl Finding {
    /// What a channel returned, and whether that is more than it cost. Without `p_above` a unit of
    /// `kpi` has no value, and the return is counted in `kpi`.
    pub fn return_on_spend(channel: &str, roi: Interval, p_above: Option<f64>, kpi: &str) -> Self {
        let confidence = p_above.map(Confidence::of);
        let unit = if p_above.is_some() { Unit::Plain } else { Unit::Of(kpi.to_owned()) };
        let said = roi.say(&unit);
        let sentence = match confidence {
            None => format!("{channel} brought {said} per unit of spend."),
            Some(Confidence::AlmostCertainly) if roi.q5 > 1.0 => {
                format!("{channel} almost certainly returns more than it costs: {said}.")
            }
            Some(
                word @ (Confidence::Probably | Confidence::MoreLikelyThanNot | Confidence::AlmostCertainly),
            ) => {
                format!("{channel} is {} above break-even, not reliably so: {said}.", word.as_str())
            }
            Some(Confidence::Unclear) if roi.q95 < 1.0 && p_above.is_some_and(|p| p <= 0.05) => {
                format!("{channel} is almost certainly below break-even: {said}.")
            }
            Some(Confidence::Unclear) => format!("{channel} is not reliably above break-even: {said}."),
        };
        Self::new(channel, sentence, roi, unit).with_probability(p_above)
    }

    /// Which part of the KPI came from media.
    pub fn media_share(kpi: &str, share: Interval) -> Self {
        let sentence = format!("Media drove {} of {kpi}.", share.say(&Unit::Percent));
        Self::new("media", sentence, share, Unit::Percent)
    }

    /// A statement of your own about a quantity.
    pub fn new(subject: &str, sentence: String, value: Interval, unit: Unit) -> Self {
        let subject = subject.to_owned();
        Self { sentence, subject, value, level: 0.9, unit, probability: None, confidence: None }
    }

    /// The same statement with its probability and the word for it.
    #[must_use]
    pub fn with_probability(mut self, probability: Option<f64>) -> Self {
        self.probability = probability;
        self.confidence = probability.map(Confidence::of);
        self
    }
}

/// Four significant digits, or all of a whole number.
fn trimmed(value: f64) -> String {
    fixed(value, if value.fract() == 0.0 { 0 } else { decimals_for(value) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(mean: f64, q5: f64, q95: f64, unit: &Unit) -> String {
        Interval::new(mean, q5, q95).say(unit).replace(NBSP, " ")
    }

    #[test]
    fn intervals_name_their_level_and_keep_what_the_width_supports() {
        let cases = [
            (2.1, 1.7, 2.4, Unit::Plain, "2.1 (90 %: 1.7 to 2.4)"),
            (2.1437, 1.7214, 2.4331, Unit::Plain, "2.14 (90 %: 1.72 to 2.43)"),
            (0.2412, 0.1987, 0.2823, Unit::Percent, "24.1 % (90 %: 19.9 % to 28.2 %)"),
            (
                412_345.0,
                406_111.0,
                418_999.0,
                Unit::Money("EUR".into()),
                "€412,000 (90 %: €406,000 to €419,000)",
            ),
            (1234.0, 900.0, 1600.0, Unit::Of("orders".into()), "1,230 orders (90 %: 900 to 1,600)"),
            (-5.0, -9.0, -1.0, Unit::Money("CHF".into()), "CHF −5 (90 %: CHF −9 to CHF −1)"),
            (f64::NAN, f64::NAN, f64::NAN, Unit::Plain, "– (90 %: – to –)"),
        ];
        for (mean, q5, q95, unit, expected) in cases {
            assert_eq!(said(mean, q5, q95, &unit), expected);
        }
    }

    #[test]
    fn probabilities_become_the_four_words() {
        let cases = [
            (1.0, "almost certainly"),
            (0.95, "almost certainly"),
            (0.949, "probably"),
            (0.8, "probably"),
            (0.6, "more likely than not"),
            (0.599, "unclear"),
            (f64::NAN, "unclear"),
        ];
        for (probability, word) in cases {
            assert_eq!(Confidence::of(probability).as_str(), word, "P = {probability}");
        }
    }

    #[test]
    fn an_interval_across_break_even_is_never_called_a_loss() {
        for p in [0.0, 0.3, 0.55, 0.7, 0.9, 0.96] {
            let finding = Finding::return_on_spend("Display", Interval::new(1.1, 0.7, 1.6), Some(p), "sales");
            assert!(finding.sentence.contains("not reliably"), "{}", finding.sentence);
            assert!(!finding.sentence.contains("lose"));
        }
    }

    #[test]
    fn a_sentence_and_its_json_come_from_one_value() {
        let finding = Finding::return_on_spend("Search", Interval::new(2.1, 1.7, 2.4), Some(0.99), "sales");
        let json = serde_json::to_value(&finding).unwrap();
        assert_eq!(json["sentence"], finding.sentence.as_str());
        assert_eq!(json["confidence"], "almost_certainly");
        assert_eq!(json["value"]["mean"], 2.1);
    }
}
