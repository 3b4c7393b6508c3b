//! The description of a model, before it meets any data. It can be stored and read back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Prior, Support};

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
    /// Priors of every channel that has none of its own.
    pub channel: ChannelPriors,
    /// Priors of single channels, by name.
    pub overrides: BTreeMap<String, ChannelPriors>,
    /// Prior of the intercept, in units of the largest KPI.
    pub intercept: Prior,
    /// Prior of every control's coefficient, the trend's included.
    pub control: Prior,
    /// Prior of every Fourier coefficient.
    pub fourier: Prior,
    /// Prior of the noise, in units of the largest KPI.
    pub sigma: Prior,
}

/// What is believed about one channel.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelPriors {
    /// Share of the pressure kept from one period to the next.
    pub retention: Prior,
    /// How early the channel saturates, per largest spend.
    pub rate: Prior,
    /// The contribution at full saturation, in units of the largest KPI.
    pub beta: Prior,
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

impl Default for ChannelPriors {
    fn default() -> Self {
        Self {
            retention: Prior::Beta { alpha: 1.0, beta: 3.0 },
            rate: Prior::Gamma { shape: 3.0, rate: 1.0 },
            beta: Prior::HalfNormal { sd: 2.0 },
        }
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
            channel: ChannelPriors::default(),
            overrides: BTreeMap::new(),
            intercept: Prior::Normal { mean: 0.0, sd: 2.0 },
            control: Prior::Normal { mean: 0.0, sd: 2.0 },
            fourier: Prior::Laplace { location: 0.0, scale: 1.0 },
            sigma: Prior::HalfNormal { sd: 2.0 },
        }
    }

    /// The priors of a channel: its own, or those of all.
    pub fn channel_priors(&self, channel: &str) -> ChannelPriors {
        self.overrides.get(channel).copied().unwrap_or(self.channel)
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
        for priors in self.overrides.values().chain([&self.channel]) {
            check("retention", priors.retention, Support::Unit)?;
            check("rate", priors.rate, Support::Positive)?;
            check("beta", priors.beta, Support::Positive)?;
        }
        check("intercept", self.intercept, Support::Real)?;
        check("control", self.control, Support::Real)?;
        check("fourier", self.fourier, Support::Real)?;
        check("sigma", self.sigma, Support::Positive)
    }
}
