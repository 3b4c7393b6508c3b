//! The parameters of a model of a panel: names, priors and usual values, in the order in which they were
//! added.

use crate::model::{PreparedPrior, Prior, Soft};

/// Where a number comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Slot {
    /// It never changes.
    Fixed(f64),
    /// From this place of the parameters.
    Place(usize),
}

/// The parameters of a model.
#[derive(Clone, Debug, Default)]
pub(super) struct Parameters {
    pub(super) names: Vec<String>,
    pub(super) priors: Vec<PreparedPrior>,
}

impl Slot {
    pub(super) fn value(self, values: &[f64]) -> f64 {
        match self {
            Self::Fixed(value) => value,
            Self::Place(place) => values[place],
        }
    }

    /// Adds to a list with one entry per parameter; nothing where the number never changes.
    pub(super) fn add(self, list: &mut [f64], amount: f64) {
        if let Self::Place(place) = self {
            list[place] += amount;
        }
    }
}

impl Parameters {
    /// Adds a parameter, or none where the prior is a fixed number.
    pub(super) fn add(&mut self, name: String, prior: Prior) -> Slot {
        if let Prior::Fixed { value } = prior {
            return Slot::Fixed(value);
        }
        self.names.push(name);
        self.priors.push(PreparedPrior::new(prior));
        Slot::Place(self.names.len() - 1)
    }

    /// Adds one parameter for every owner; the place of the first.
    pub(super) fn add_each(&mut self, names: impl Iterator<Item = String>, prior: Prior) -> usize {
        let first = self.names.len();
        for name in names {
            self.names.push(name);
            self.priors.push(PreparedPrior::new(prior));
        }
        first
    }

    /// The lines on which bounded parameters are sampled.
    pub(super) fn soft(&self) -> Soft {
        Soft::of_priors(self.priors.iter().map(PreparedPrior::prior).enumerate())
    }

    /// A usual value of every parameter on the unconstrained scale.
    pub(super) fn usual(&self) -> Vec<f64> {
        self.priors.iter().map(|prior| usual(prior.prior())).collect()
    }
}

/// A value in the middle of a prior, on the unconstrained scale.
fn usual(prior: Prior) -> f64 {
    let support = prior.support();
    match prior {
        Prior::Normal { mean, .. } => mean,
        Prior::Laplace { location, .. } | Prior::StudentT { location, .. } => location,
        Prior::Exponential { rate } => -rate.ln(),
        // Small, so that a climb starts where geos hardly differ.
        Prior::HalfNormal { sd } => (0.1 * sd).ln(),
        Prior::Beta { alpha, beta } => support.near(alpha / (alpha + beta)),
        Prior::Gamma { shape, rate } => (shape / rate).ln(),
        Prior::LogNormal { mu, .. } | Prior::ShiftedLogNormal { mu, .. } => mu,
        Prior::InverseGamma { shape, scale } => (scale / shape).ln(),
        Prior::Uniform { .. } | Prior::Fixed { .. } => 0.0,
        Prior::TruncatedNormal { mean, .. } => support.near(mean),
    }
}
