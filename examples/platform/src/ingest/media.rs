//! Media: spend and exposure of one channel find each other by the channel's name.
//!
//! | a channel has          | becomes                                                        |
//! |------------------------|----------------------------------------------------------------|
//! | spend                  | a channel whose spend works                                    |
//! | spend and exposure     | a channel whose exposure works and whose spend is what it cost |
//! | exposure               | a problem: whose spend bought it?                              |
//! | either of them twice   | a problem                                                      |
//!
//! What works must vary, or its effect cannot be told from the baseline.

use super::columns;
use super::problem::{Code, Problem, Problems, quoted};
use super::series::Rows;

/// A channel with its spend and perhaps what that bought.
#[derive(Debug)]
pub(super) struct Paid<'a> {
    pub(super) spend: Rows<'a>,
    pub(super) exposure: Option<Rows<'a>>,
}

impl<'a> Paid<'a> {
    /// What the model carries over and saturates.
    pub(super) fn pressure(&self) -> &Rows<'a> {
        self.exposure.as_ref().unwrap_or(&self.spend)
    }
}

/// Pairs columns by channel, in the order of the spend columns.
pub(super) fn pair<'a>(
    spends: Vec<Rows<'a>>,
    exposures: Vec<Rows<'a>>,
    problems: &mut Problems,
    warnings: &mut Problems,
) -> Vec<Paid<'a>> {
    let mut channels: Vec<Paid<'a>> = Vec::with_capacity(spends.len());
    for spend in spends {
        match channels.iter().find(|channel| channel.spend.name == spend.name) {
            Some(first) => {
                let what = format!(
                    "{} has the spend of the channel {} already. Name another channel, or add the two up.",
                    quoted(&first.spend.column.name),
                    quoted(&spend.name)
                );
                problems.push(Problem::column(Code::TwoSpends, &spend.column.name, what));
            }
            None => channels.push(Paid { spend, exposure: None }),
        }
    }
    for exposure in exposures {
        let column = &exposure.column.name;
        match channels.iter_mut().find(|channel| channel.spend.name == exposure.name) {
            Some(Paid { exposure: Some(first), .. }) => {
                let what = format!(
                    "{} has the exposure of the channel {} already. Choose one, and “ignore” for the other.",
                    quoted(&first.column.name),
                    quoted(&exposure.name)
                );
                problems.push(Problem::column(Code::TwoExposures, column, what));
            }
            Some(channel) => channel.exposure = Some(exposure),
            None => {
                let what = format!(
                    "no column has the spend of its channel {}. Name the channel that paid for it, or choose “organic_media”.",
                    quoted(&exposure.name)
                );
                problems.push(Problem::column(Code::ExposureWithoutSpend, column, what));
            }
        }
    }
    for channel in &channels {
        columns::check_pressure(channel.pressure(), problems, warnings);
    }
    channels
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "sums of small whole numbers are exact")]
mod tests {
    use std::fmt::Write as _;

    use super::super::{Roles, Validated, read, validate};
    use super::*;

    /// Forty weeks with the roles of their columns.
    fn validated(roles: &str) -> Result<Validated, Vec<Problem>> {
        let mut text = "week,y,fb_eur,fb_imp,fb_clicks,tv,mail,flat\n".to_owned();
        for week in 0..40_i64 {
            let day = jiff::civil::date(2023, 1, 2).checked_add(jiff::Span::new().weeks(week)).unwrap();
            let (spend, seen) = (week % 7, 1000 * (week % 7) + week);
            let (kpi, clicks, tv, mail) = (100 + week % 9, week % 4, week % 5, week % 6);
            writeln!(text, "{day},{kpi},{spend},{seen},{clicks},{tv},{mail},5").unwrap();
        }
        validate(&read(text.as_bytes())?, &Roles::from_json(roles)?, None)
    }

    fn roles(of_media: &str) -> String {
        format!(r#"{{"week": "date", "y": "kpi", "tv": "media_spend", {of_media}}}"#)
    }

    #[test]
    fn spend_and_exposure_of_a_channel_become_one() {
        let said = roles(
            r#""fb_imp": {"role": "media_exposure", "channel": "facebook"}, "fb_eur": {"role": "media_spend", "channel": "facebook"},
               "mail": "organic_media""#,
        );
        let source = validated(&said).unwrap().source;
        assert_eq!(source.extent().to_string(), "40 weeks, 2 channels, 1 organic medium, no gaps");
        let [facebook, tv] = source.channels.as_slice() else { panic!("{:?}", source.channels) };
        assert_eq!((facebook.name.as_str(), facebook.spend[2]), ("facebook", 2.0));
        assert_eq!(facebook.exposure.as_ref().unwrap()[2], 2002.0);
        assert_eq!((tv.name.as_str(), &tv.exposure), ("tv", &None));
        assert_eq!((source.organic[0].name.as_str(), source.organic[0].values[3]), ("mail", 3.0));
    }

    #[test]
    fn a_pair_that_is_none_is_named() {
        let exposure = |column: &str, channel: &str| {
            format!(r#""{column}": {{"role": "media_exposure", "channel": "{channel}"}}"#)
        };
        let spend = |column: &str, channel: &str| {
            format!(r#""{column}": {{"role": "media_spend", "channel": "{channel}"}}"#)
        };
        for (said, expected) in [
            (exposure("fb_imp", "facebook"), vec![(Code::ExposureWithoutSpend, "fb_imp")]),
            (r#""fb_imp": "media_exposure""#.to_owned(), vec![(Code::ExposureWithoutSpend, "fb_imp")]),
            (
                [exposure("fb_imp", "tv"), exposure("fb_clicks", "tv")].join(","),
                vec![(Code::TwoExposures, "fb_clicks")],
            ),
            (spend("fb_eur", "tv"), vec![(Code::TwoSpends, "tv")]),
            (spend("fb_eur", "y"), vec![(Code::SameName, "fb_eur")]),
            (
                format!(
                    r#"{}, "mail": {{"role": "organic_media", "channel": "tv"}}"#,
                    spend("fb_eur", "facebook")
                ),
                vec![(Code::SameName, "mail")],
            ),
            (
                [spend("fb_eur", "mail"), r#""mail": "control""#.to_owned()].join(","),
                vec![(Code::SameName, "mail")],
            ),
            (exposure("flat", "tv"), vec![(Code::Constant, "flat")]),
            (r#""flat": "media_spend""#.to_owned(), vec![(Code::Constant, "flat")]),
            // Spend that never changes is no matter where what it bought does.
            ([spend("flat", "web"), exposure("fb_imp", "web")].join(","), vec![]),
        ] {
            let problems = validated(&roles(&said)).err().unwrap_or_default();
            let found: Vec<_> = problems
                .iter()
                .map(|problem| (problem.code, problem.column.as_deref().unwrap_or_default()))
                .collect();
            assert_eq!(found, expected, "{said}");
        }
    }
}
