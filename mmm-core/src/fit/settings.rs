//! How much is drawn, and what can go wrong while drawing.

use serde::{Deserialize, Serialize};

/// How much is drawn. The defaults converge on every data set of this crate's tests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FitSettings {
    /// Independent chains; at least 2, so that they can be compared.
    pub chains: usize,
    /// Draws per chain that only adapt the sampler and are thrown away.
    pub tune: usize,
    /// Draws per chain that are kept; at least 4.
    pub draws: usize,
    /// The seed of all randomness: the same seed, data and model give the same draws.
    pub seed: u64,
    /// The share of proposals the step size aims to accept; higher is slower and safer.
    pub target_accept: f64,
    /// The most threads to use; `None` for as many as the machine offers. Never changes the draws.
    pub threads: Option<usize>,
    /// The space in which the sampler moves.
    pub metric: Metric,
}

/// The space in which the sampler moves. It changes how fast the draws come, not what they are draws
/// of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Along the axes of the posterior's curvature at its mode, each in units of its width; chains
    /// start around the mode. Where no mode is found, as [`Diagonal`](Self::Diagonal).
    #[default]
    Laplace,
    /// Along the model's coordinates, each in units of its width, from usual values on.
    Diagonal,
}

impl Default for FitSettings {
    fn default() -> Self {
        Self {
            chains: 4,
            tune: 1000,
            draws: 1000,
            seed: 0,
            target_accept: 0.93,
            threads: None,
            metric: Metric::Laplace,
        }
    }
}

/// The most values that may be kept, chains times draws times parameters: 160 MB of them.
const MOST_VALUES: usize = 20_000_000;

impl FitSettings {
    /// The defaults with another seed.
    pub fn seeded(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    pub(super) fn check(&self, parameters: usize) -> Result<(), FitError> {
        let values = self.chains.checked_mul(self.draws).and_then(|draws| draws.checked_mul(parameters));
        let problem = if self.chains < 2 {
            "at least two chains are needed"
        } else if self.draws < 4 {
            "at least four draws per chain are needed"
        } else if !(0.5..1.0).contains(&self.target_accept) {
            "the target acceptance must be at least 0.5 and below 1"
        } else if values.is_none_or(|values| values > MOST_VALUES) || self.tune > MOST_VALUES {
            "there are more draws than can be kept"
        } else {
            return Ok(());
        };
        Err(FitError::Settings(problem))
    }
}

/// Why a fit has no draws.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// The settings cannot be used.
    #[error("the fit cannot be started: {0}")]
    Settings(&'static str),

    /// No starting point with a finite density was found.
    #[error("chain {chain} found no starting point with a finite density; check the priors and the data")]
    NoStart {
        /// The chain, counted from 0.
        chain: usize,
    },

    /// The climb to the posterior's mode started where the density is not finite.
    #[error("the posterior has no mode that can be found; check the priors and the data")]
    NoMode,

    /// The sampler gave up.
    #[error("chain {chain} failed: {message}")]
    Sampler {
        /// The chain, counted from 0.
        chain: usize,
        /// What the sampler said.
        message: String,
    },

    /// A draw left the range of floating point numbers.
    #[error("chain {chain} drew a value that is not finite for {parameter}; use narrower priors")]
    NotFinite {
        /// The chain, counted from 0.
        chain: usize,
        /// The parameter.
        parameter: String,
    },

    /// The observer ended the fit.
    #[error("the fit was cancelled")]
    Cancelled,

    /// A chain or the observer panicked; a bug, but not the caller's process.
    #[error("the fit was interrupted by a panic")]
    Panicked,
}
