//! One experiment, and how far it may be from what the model looks for.
//!
//! ```text
//! mean = estimate / p          sd = standard_error sqrt(1 + spend + recency + duration)
//! spend    = larger daily spend / smaller daily spend - 1     of channel and experiment
//! recency  = 2^(weeks / 52) - 1                               from its end to the end of the data
//! duration = max((1 - p) / p, 0)
//! p        = share of the adstock's mass within the experiment's whole number of periods
//! ```
//!
//! # Source
//!
//! `model/calibration/roi.py` of Meridian 2.1.

use serde::{Deserialize, Serialize};

use crate::{
    data::Date,
    transform::{adstock::Adstock, carryover::Carryover},
};

/// The weeks in which an experiment loses half of its weight.
const HALF_LIFE_WEEKS: f64 = 52.0;
/// The least share of the carry-over that counts as seen.
const LEAST_SHARE: f64 = 1e-6;
/// How many standard errors reach to the end of the 95 % interval.
const WITHIN_95: f64 = 1.96;

/// A return on investment that was measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// The measured return, in worth per unit of money.
    pub estimate: f64,
    /// Its standard error; above zero.
    pub standard_error: f64,
    /// Money spent in the experiment; above zero, and at most the channel's in the data.
    pub spend: f64,
    /// Its first day.
    pub start: Date,
    /// Its last day; after the first.
    pub end: Date,
}

/// What the model looks at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setting {
    /// Money spent on the channel over all periods of the data; above zero.
    pub channel_spend: f64,
    /// Days from the first day of the data to its last; at least 1.
    pub days: u32,
    /// Days of one period; at least 1.
    pub period_days: u32,
    /// The last day of the data.
    pub last: Date,
    /// Geometric, or Meridian's binomial ([`Adstock::BinomialClosed`]).
    pub adstock: Adstock,
    /// Its parameter, from 0 to 1; 0.5 in Meridian.
    pub alpha: f64,
    /// The number of periods after the first over which pressure is carried.
    pub max_lag: usize,
}

/// An experiment in terms of the model.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Adjusted {
    /// The estimate, for the carry-over that the experiment did not see.
    pub mean: f64,
    /// Its standard deviation.
    pub sd: f64,
    /// What another level of spend adds to the variance, as a share of it.
    pub spend: f64,
    /// What its age adds.
    pub recency: f64,
    /// What its length adds.
    pub duration: f64,
    /// What the estimate is multiplied with.
    pub scaling: f64,
}

/// Why experiments give no prior.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CalibrationError {
    /// A figure of an experiment is out of range.
    #[error("experiment {number} cannot be used: {problem}")]
    Experiment {
        /// Which one, counted from 1.
        number: usize,
        /// What is wrong with it.
        problem: &'static str,
    },

    /// A figure of the setting is out of range.
    #[error("the setting cannot be used: {0}")]
    Setting(&'static str),

    /// There is nothing to pool.
    #[error("there is no experiment; a prior alone needs no calibration")]
    Nothing,

    /// Experiments and baseline exclude each other.
    #[error("the experiments and the baseline leave no return possible; check them for contradictions")]
    Contradiction,
}

impl Experiment {
    /// The experiment in terms of a model's setting.
    ///
    /// # Errors
    ///
    /// [`CalibrationError`] where a figure is out of range.
    pub fn adjusted(&self, setting: &Setting) -> Result<Adjusted, CalibrationError> {
        setting.check()?;
        if let Some(problem) = self.problem(setting) {
            return Err(CalibrationError::Experiment { number: 1, problem });
        }
        let days = (self.end.days_since_epoch() - self.start.days_since_epoch()) as f64;
        let (own, channel) = (self.spend / days, setting.channel_spend / f64::from(setting.days));
        let spend = own.max(channel) / own.min(channel) - 1.0;
        let since = setting.last.days_since_epoch() - self.end.days_since_epoch();
        let recency = ((since.max(0) as f64 / 7.0) / HALF_LIFE_WEEKS).exp2() - 1.0;
        let seen = setting.share_within(days / f64::from(setting.period_days))?;
        let duration = ((1.0 - seen) / seen).max(0.0);
        Ok(Adjusted {
            mean: self.estimate / seen,
            sd: self.standard_error * (1.0 + spend + recency + duration).sqrt(),
            spend,
            recency,
            duration,
            scaling: 1.0 / seen,
        })
    }

    fn problem(&self, setting: &Setting) -> Option<&'static str> {
        let numbers = [self.estimate, self.standard_error, self.spend];
        if numbers.iter().any(|number| !number.is_finite()) {
            Some("a figure is not finite")
        } else if self.standard_error <= 0.0 {
            Some("the standard error must be above zero")
        } else if self.estimate + WITHIN_95 * self.standard_error < 0.0 {
            Some("it shows a loss at the 95 % level, which no prior of a return above zero can say")
        } else if self.spend <= 0.0 || self.spend > setting.channel_spend {
            Some("the spend must be above zero and at most the channel's in the data")
        } else if self.start >= self.end {
            Some("it must end after it starts")
        } else {
            None
        }
    }
}

impl Setting {
    fn check(&self) -> Result<(), CalibrationError> {
        let problem = if !(self.channel_spend > 0.0 && self.channel_spend.is_finite()) {
            "the channel's spend must be above zero"
        } else if self.days == 0 || self.period_days == 0 {
            "data and periods last a day at least"
        } else if !matches!(self.adstock, Adstock::Geometric | Adstock::BinomialClosed) {
            "the adstock must be geometric or Meridian's binomial"
        } else if !(0.0..=1.0).contains(&self.alpha) {
            "alpha must be between 0 and 1"
        } else {
            return Ok(());
        };
        Err(CalibrationError::Setting(problem))
    }

    /// The share of the adstock's mass within so many periods, rounded to whole ones (halves to even).
    ///
    /// Longer than the memory, a geometric adstock counts on beyond it: the share is then above one.
    fn share_within(&self, periods: f64) -> Result<f64, CalibrationError> {
        let (periods, memory) = (periods.round_ties_even() as usize, self.max_lag + 1);
        if periods == 0 {
            return Ok(LEAST_SHARE);
        }
        let mass = |lags: usize| {
            let weights = Carryover::new(self.adstock, lags).unnormalized().weights(&[self.alpha]);
            weights.map_err(|_| CalibrationError::Setting("alpha must be between 0 and 1"))
        };
        let all = mass(memory)?;
        let seen = if periods <= memory {
            all.iter().take(periods).sum::<f64>()
        } else if self.adstock == Adstock::Geometric {
            mass(periods)?.sum()
        } else {
            all.sum()
        };
        Ok((seen / all.sum()).max(LEAST_SHARE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn experiment() -> Experiment {
        Experiment {
            estimate: 2.0,
            standard_error: 0.4,
            spend: 100.0,
            start: date("2024-01-01"),
            end: date("2024-03-25"),
        }
    }

    fn setting() -> Setting {
        Setting {
            channel_spend: 1000.0,
            days: 840,
            period_days: 7,
            last: date("2024-03-25"),
            adstock: Adstock::BinomialClosed,
            alpha: 0.5,
            max_lag: 8,
        }
    }

    #[test]
    fn a_long_recent_experiment_at_the_usual_spend_is_taken_as_it_is() {
        let adjusted = experiment().adjusted(&setting()).unwrap();
        assert_relative_eq!(adjusted.mean, 2.0, max_relative = 1e-12);
        assert_relative_eq!(adjusted.sd, 0.4, max_relative = 1e-12);
    }

    #[test]
    fn age_distance_and_shortness_widen_it() {
        let exact = experiment().adjusted(&setting()).unwrap().sd;
        let old = Setting { last: date("2026-03-25"), ..setting() };
        let far = Setting { channel_spend: 9000.0, ..setting() };
        let short = Experiment { end: date("2024-01-08"), ..experiment() };
        assert!(experiment().adjusted(&old).unwrap().sd > exact);
        assert!(experiment().adjusted(&far).unwrap().sd > exact);
        let short = short.adjusted(&setting()).unwrap();
        assert!(short.sd > exact && short.mean > 2.0);
    }

    #[test]
    fn figures_out_of_range_are_refused_by_name() {
        for wrong in [
            Experiment { standard_error: 0.0, ..experiment() },
            Experiment { estimate: f64::NAN, ..experiment() },
            Experiment { estimate: -5.0, ..experiment() },
            Experiment { spend: 2000.0, ..experiment() },
            Experiment { end: date("2024-01-01"), ..experiment() },
        ] {
            let error = wrong.adjusted(&setting());
            assert!(matches!(error, Err(CalibrationError::Experiment { .. })), "{wrong:?}");
        }
        for wrong in [
            Setting { channel_spend: 0.0, ..setting() },
            Setting { days: 0, ..setting() },
            Setting { alpha: 1.5, ..setting() },
            Setting { adstock: Adstock::Delayed, ..setting() },
        ] {
            let error = experiment().adjusted(&wrong);
            assert!(matches!(error, Err(CalibrationError::Setting(_))), "{wrong:?}");
        }
    }
}
