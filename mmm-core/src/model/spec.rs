//! The description of a model, before it meets any data. It can be stored and read back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::design::even_knots;

use super::{ChannelSpec, LiftTest, LiftWindow, Prior, Support};

/// Lags, seasonality, trend and priors of a model. See the [module docs](super) for the formula.
///
/// [`ModelSpec::default`] is [`ModelSpec::pymc`] with standardised controls, which is what most
/// data wants: a prior of width two means the same for a price in euros and for one in cents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelSpec {
    /// Over how many periods pressure is carried, the current one included; at least 1.
    pub max_lag: usize,
    /// How many yearly Fourier modes describe the seasonality; 0 for none.
    pub fourier_order: usize,
    /// Whether a straight line from 0 to 1 is added to the controls, named `trend`.
    pub trend: bool,
    /// Whether controls are centred and scaled to unit variance first.
    pub standardize_controls: bool,
    /// Where the level of the KPI may bend; with knots there is no intercept.
    pub knots: Knots,
    /// How every channel works that has no description of its own.
    pub channel: ChannelSpec,
    /// How single channels work, by name.
    pub overrides: BTreeMap<String, ChannelSpec>,
    /// Prior of the intercept, in units of the largest KPI.
    pub intercept: Prior,
    /// Prior of the level at every knot, in units of the largest KPI.
    pub knot: Prior,
    /// Prior of every control's coefficient, the trend's included.
    pub control: Prior,
    /// Prior of every Fourier coefficient.
    pub fourier: Prior,
    /// Prior of the noise, in units of the largest KPI.
    pub sigma: Prior,
    /// What experiments have measured between two settled levels.
    pub lift_tests: Vec<LiftTest>,
    /// What experiments have measured between two dates.
    pub lift_windows: Vec<LiftWindow>,
}

/// Where the level of the KPI may bend.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Knots {
    /// Nowhere: one intercept.
    #[default]
    None,
    /// At this many periods, evenly from the first to the last.
    Even(usize),
    /// At these periods, counted from 0, ascending.
    At(Vec<usize>),
}

/// Why a description makes no model, alone or with the data it was given.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SpecError {
    /// The memory of the adstock is out of bounds.
    #[error("a memory of {max_lag} periods is outside 1 to {periods}, the length of the data")]
    MaxLag {
        /// What was asked for.
        max_lag: usize,
        /// The most this data allows.
        periods: usize,
    },

    /// A prior allows values its parameter cannot take, or its figures are out of range.
    #[error("the prior of {parameter} must be a proper distribution over {expected:?} numbers")]
    Prior {
        /// The parameter.
        parameter: String,
        /// The values the parameter can take.
        expected: Support,
    },

    /// Priors were given for a channel that the data does not have.
    #[error("there are priors for channel {channel:?}, which the data does not have")]
    UnknownChannel {
        /// The channel.
        channel: String,
    },

    /// An experiment on a channel that the data does not have, or with figures out of range.
    #[error(
        "lift test {number} on {channel:?} cannot be used: the channel must be in the data, the standard error above \
         zero, the change not zero and the level at least zero before and after"
    )]
    LiftTest {
        /// Which one, counted from 1.
        number: usize,
        /// The channel it names.
        channel: String,
    },

    /// An experiment with dates on a channel that the data does not have, or with figures out of range.
    #[error(
        "lift window {number} on {channel:?} cannot be used: channel and periods must be in the data, in order, the \
         standard error above zero, the change not zero and no more than was spent"
    )]
    LiftWindow {
        /// Which one, counted from 1.
        number: usize,
        /// The channel it names.
        channel: String,
    },

    /// A prior was given for something its family has no parameter for.
    #[error("{parameter} is not a parameter of its family; remove its prior or correct the name")]
    UnknownParameter {
        /// What was named.
        parameter: String,
    },

    /// What is believed about an effect cannot be.
    #[error("the effect of {name} cannot be described like this: {reason}")]
    Effect {
        /// The medium or column.
        name: String,
        /// Why, and what to do.
        reason: &'static str,
    },

    /// The likelihood cannot have given the KPI.
    #[error("the likelihood does not suit the KPI: {reason}")]
    Likelihood {
        /// Why, and what to do.
        reason: &'static str,
    },

    /// The seasonality never comes back.
    #[error("the cycle of the seasonality must be a number of periods above zero")]
    Cycle,

    /// The knots are not ascending periods of the data.
    #[error("the knots must be ascending periods below {periods}, and at least one")]
    Knots {
        /// The length of the data.
        periods: usize,
    },

    /// A control has the name of the trend that the description adds.
    #[error("the control {name:?} has the name of the model's own trend; rename it or turn the trend off")]
    NameTaken {
        /// The name.
        name: String,
    },

    /// There are more parameters than periods.
    #[error(
        "{parameters} parameters cannot be learnt from {periods} periods; drop controls, channels or seasonality"
    )]
    TooManyParameters {
        /// Parameters of the model.
        parameters: usize,
        /// Periods of the data.
        periods: usize,
    },
}

impl Default for ModelSpec {
    fn default() -> Self {
        Self { standardize_controls: true, ..Self::pymc() }
    }
}

impl ModelSpec {
    /// The defaults of PyMC-Marketing 1.3: eight lags, yearly seasonality of order two, controls as
    /// they are given.
    pub fn pymc() -> Self {
        Self {
            max_lag: 8,
            fourier_order: 2,
            trend: false,
            standardize_controls: false,
            knots: Knots::None,
            channel: ChannelSpec::default(),
            overrides: BTreeMap::new(),
            intercept: Prior::Normal { mean: 0.0, sd: 2.0 },
            knot: Prior::Normal { mean: 0.0, sd: 2.0 },
            control: Prior::Normal { mean: 0.0, sd: 2.0 },
            fourier: Prior::Laplace { location: 0.0, scale: 1.0 },
            sigma: Prior::HalfNormal { sd: 2.0 },
            lift_tests: Vec::new(),
            lift_windows: Vec::new(),
        }
    }

    /// How a channel works: as its own description says, or as that of all.
    pub fn channel_spec(&self, channel: &str) -> &ChannelSpec {
        self.overrides.get(channel).unwrap_or(&self.channel)
    }

    /// The periods at which the level may bend; none for one intercept.
    pub(crate) fn knot_periods(&self, periods: usize) -> Result<Vec<usize>, SpecError> {
        let knots = match &self.knots {
            Knots::None => return Ok(Vec::new()),
            // More knots than periods are counted as too many parameters, not laid out.
            Knots::Even(count) => even_knots(periods, *count),
            Knots::At(knots) => knots.clone(),
        };
        let ascending = knots.windows(2).all(|pair| pair[0] < pair[1]);
        let inside = knots.last().is_some_and(|last| *last < periods);
        if ascending && inside { Ok(knots) } else { Err(SpecError::Knots { periods }) }
    }

    /// Checks every prior against the values its parameter can take.
    pub(super) fn check_priors(&self) -> Result<(), SpecError> {
        let check = |parameter: &str, prior: Prior, expected| {
            if prior.is_proper() && prior.support() == expected {
                Ok(())
            } else {
                Err(SpecError::Prior { parameter: parameter.to_owned(), expected })
            }
        };
        for channel in self.overrides.values().chain([&self.channel]) {
            channel.adstock.check("adstock")?;
            channel.saturation.check("saturation")?;
            check("beta", channel.beta, Support::Positive)?;
        }
        check("knot", self.knot, Support::Real)?;
        check("intercept", self.intercept, Support::Real)?;
        check("control", self.control, Support::Real)?;
        check("fourier", self.fourier, Support::Real)?;
        check("sigma", self.sigma, Support::Positive)
    }
}
