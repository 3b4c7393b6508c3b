//! Which model a run fits: a few choices, each of which stands for a whole description.

use mmm_core::model::{ChannelSpec, Knots, ModelSpec};
use serde::{Deserialize, Serialize};

use crate::ingest::Frequency;

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

    /// The description. Controls are put on one scale, so that a price in cents and a flag get the
    /// same prior.
    pub fn spec(self, periods: usize, frequency: Frequency) -> ModelSpec {
        let half_year = match frequency {
            Frequency::Daily => 182,
            Frequency::Weekly => 26,
        };
        ModelSpec {
            trend: self.trend == Trend::Linear,
            knots: if self.trend == Trend::Knots {
                Knots::Even(2 + periods / half_year)
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

    #[test]
    fn nothing_chosen_is_a_straight_trend_and_a_logistic_curve() {
        let chosen: ModelChoice = serde_json::from_str("{}").unwrap();
        assert_eq!(chosen, ModelChoice::default());
        let spec = chosen.spec(104, Frequency::Weekly);
        assert_eq!(spec, ModelSpec { trend: true, ..ModelSpec::default() });
    }

    #[test]
    fn the_level_bends_every_half_year() {
        let chosen = ModelChoice { trend: Trend::Knots, ..ModelChoice::default() };
        assert_eq!(chosen.spec(104, Frequency::Weekly).knots, Knots::Even(6));
        assert_eq!(chosen.spec(364, Frequency::Daily).knots, Knots::Even(4));
        assert!(!chosen.spec(104, Frequency::Weekly).trend);
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
