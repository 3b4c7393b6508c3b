//! Which model a run fits: a few choices, each of which stands for a whole description.

use mmm_core::model::{ChannelSpec, Knots, ModelSpec};
use serde::{Deserialize, Serialize};

use crate::ingest::{Frequency, Source};

/// What may be chosen about a run's model. The default is what converges on most data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelChoice {
    /// How a channel's effect flattens.
    pub saturation: Saturation,
    /// How the level moves that no channel explains.
    pub trend: Trend,
}

/// How a channel's effect flattens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Saturation {
    /// From the first unit on.
    #[default]
    Logistic,
    /// Maybe after a slow start, as an S.
    Hill,
}

/// How the level moves that no channel explains.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trend {
    /// Not at all.
    None,
    /// Along a straight line, so that growth is not credited to a channel that grew along.
    #[default]
    Linear,
    /// Along lines that bend every half year.
    Knots,
}

impl ModelChoice {
    /// The families, as they are kept with the run.
    pub const fn name(self) -> &'static str {
        match self.saturation {
            Saturation::Logistic => "geometric_logistic",
            Saturation::Hill => "geometric_hill",
        }
    }

    /// The description for a source. Controls are put on one scale, so that a price in cents and a flag
    /// get the same prior. Data that brings a control named `trend` is not given a second one.
    pub fn spec(self, source: &Source) -> ModelSpec {
        let half_year = match source.frequency {
            Frequency::Daily => 182,
            Frequency::Weekly => 26,
        };
        let brings_trend = source.controls.iter().any(|control| control.name == "trend");
        ModelSpec {
            trend: self.trend == Trend::Linear && !brings_trend,
            knots: if self.trend == Trend::Knots {
                Knots::Even(2 + source.dates.len() / half_year)
            } else {
                Knots::None
            },
            channel: match self.saturation {
                Saturation::Logistic => ChannelSpec::default(),
                Saturation::Hill => ChannelSpec::hill(),
            },
            ..ModelSpec::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::Series;

    fn source(periods: usize, frequency: Frequency) -> Source {
        let series = |name: &str| Series { name: name.to_owned(), values: vec![1.0; periods] };
        Source {
            frequency,
            dates: vec![jiff::civil::date(2024, 1, 1); periods],
            kpi: series("orders"),
            channels: Vec::new(),
            organic: Vec::new(),
            controls: vec![series("price")],
            kpi_value: None,
            geos: None,
        }
    }

    #[test]
    fn nothing_chosen_is_a_straight_trend_and_a_logistic_curve() {
        let chosen: ModelChoice = serde_json::from_str("{}").unwrap();
        assert_eq!(chosen, ModelChoice::default());
        let mut weekly = source(104, Frequency::Weekly);
        assert_eq!(chosen.spec(&weekly), ModelSpec { trend: true, ..ModelSpec::default() });
        weekly.controls[0].name = "trend".to_owned();
        assert_eq!(chosen.spec(&weekly), ModelSpec::default(), "the data brings one");
    }

    #[test]
    fn the_level_bends_every_half_year() {
        let chosen = ModelChoice { trend: Trend::Knots, ..ModelChoice::default() };
        let weekly = chosen.spec(&source(104, Frequency::Weekly));
        assert_eq!(weekly.knots, Knots::Even(6));
        assert!(!weekly.trend);
        assert_eq!(chosen.spec(&source(364, Frequency::Daily)).knots, Knots::Even(4));
    }

    #[test]
    fn what_cannot_be_chosen_is_named() {
        for (text, named) in
            [(r#"{"saturation": "cubic"}"#, "cubic"), (r#"{"adstock": "geometric"}"#, "adstock")]
        {
            let error = serde_json::from_str::<ModelChoice>(text).unwrap_err().to_string();
            assert!(error.contains(named), "{error}");
        }
    }
}
