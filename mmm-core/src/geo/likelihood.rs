//! How the KPI scatters around what is expected of it.
//!
//! With the linear predictor `mu`, the location `m = mu` (identity) or `m = e^mu` (log), the noise `s` and the
//! KPI `y`, both in scaled units:
//!
//! | likelihood        | KPI                                                        | `m` is   |
//! |-------------------|------------------------------------------------------------|----------|
//! | normal            | `y ~ Normal(m, s)`                                         | the mean |
//! | Student's t       | `y ~ StudentT(nu, m, s)`                                   | the mean |
//! | log-normal        | `ln y ~ Normal(ln m, s)`                                   | the median |
//! | negative binomial | counts of mean `c = unit m` and variance `c + s^2 c^2`     | the mean |
//!
//! The log density of the negative binomial is that of the counts themselves, `unit y`.

use std::f64::consts::{PI, TAU};

use serde::{Deserialize, Serialize};
use statrs::function::gamma::{digamma, ln_gamma};

/// How the KPI scatters; see the formulas in `likelihood.rs`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Likelihood {
    /// Symmetric, with short tails.
    #[default]
    Normal,
    /// Symmetric, with heavy tails: single periods may be far off.
    StudentT {
        /// Degrees of freedom, above zero.
        nu: f64,
    },
    /// Above zero, relative to its size.
    LogNormal,
    /// Counts, more scattered than chance alone would.
    NegativeBinomial,
}

/// How the linear predictor becomes the location of the KPI.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    /// Effects add up.
    #[default]
    Identity,
    /// Effects multiply.
    Log,
}

/// Likelihood and link, with what does not depend on any parameter computed once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Observation {
    likelihood: Likelihood,
    pub(super) link: Link,
    constant: f64,
}

/// One cell's log density and its derivatives by location and noise.
struct Cell {
    value: f64,
    by_location: f64,
    by_sigma: f64,
}

impl Likelihood {
    /// Whether a KPI can have come from it.
    pub(super) fn allows(self, kpi: f64) -> bool {
        match self {
            Self::Normal | Self::StudentT { .. } => true,
            Self::LogNormal => kpi > 0.0,
            Self::NegativeBinomial => kpi >= 0.0,
        }
    }
}

impl Observation {
    pub(super) fn new(likelihood: Likelihood, link: Link) -> Self {
        let constant = match likelihood {
            Likelihood::Normal | Likelihood::LogNormal => -0.5 * TAU.ln(),
            Likelihood::StudentT { nu } => {
                ln_gamma(0.5 * (nu + 1.0)) - ln_gamma(0.5 * nu) - 0.5 * (nu * PI).ln()
            }
            Likelihood::NegativeBinomial => 0.0,
        };
        Self { likelihood, link, constant }
    }

    /// The location that belongs to a linear predictor.
    pub(super) fn location(self, predictor: f64) -> f64 {
        match self.link {
            Link::Identity => predictor,
            Link::Log => predictor.exp(),
        }
    }

    /// The log density of one geo's KPI, and its derivative by the noise. The predictors are replaced by the
    /// derivatives by them; `unit` is the KPI of a scaled unit.
    pub(super) fn pull_back(
        self,
        target: &[f64],
        predictors: &mut [f64],
        sigma: f64,
        unit: f64,
    ) -> (f64, f64) {
        let (mut total, mut by_sigma) = (0.0, 0.0);
        for (predictor, target) in predictors.iter_mut().zip(target) {
            let location = self.location(*predictor);
            let cell = self.cell(*target, location, sigma, unit);
            total += cell.value;
            by_sigma += cell.by_sigma;
            *predictor = match self.link {
                Link::Identity => cell.by_location,
                Link::Log => cell.by_location * location,
            };
        }
        (total, by_sigma)
    }

    fn cell(self, target: f64, location: f64, sigma: f64, unit: f64) -> Cell {
        match self.likelihood {
            Likelihood::Normal => {
                let z = (target - location) / sigma;
                Cell {
                    value: self.constant - sigma.ln() - 0.5 * z * z,
                    by_location: z / sigma,
                    by_sigma: (z * z - 1.0) / sigma,
                }
            }
            Likelihood::StudentT { nu } => {
                let z = (target - location) / sigma;
                let pull = (nu + 1.0) * z / (nu + z * z);
                Cell {
                    value: self.constant - sigma.ln() - 0.5 * (nu + 1.0) * (z * z / nu).ln_1p(),
                    by_location: pull / sigma,
                    by_sigma: (z * pull - 1.0) / sigma,
                }
            }
            Likelihood::LogNormal => {
                // Not a number where the location is not above zero: no density there.
                let z = (target.ln() - location.ln()) / sigma;
                Cell {
                    value: self.constant - sigma.ln() - target.ln() - 0.5 * z * z,
                    by_location: z / (sigma * location),
                    by_sigma: (z * z - 1.0) / sigma,
                }
            }
            Likelihood::NegativeBinomial => {
                let (count, mean, size) = (unit * target, unit * location, 1.0 / (sigma * sigma));
                let all = size + mean;
                let value = ln_gamma(count + size) - ln_gamma(size) - ln_gamma(count + 1.0)
                    + size * (size / all).ln()
                    + if count == 0.0 { 0.0 } else { count * (mean / all).ln() };
                let by_mean = (if count == 0.0 { 0.0 } else { count / mean }) - (count + size) / all;
                let by_size =
                    digamma(count + size) - digamma(size) + (size / all).ln() + 1.0 - (size + count) / all;
                Cell {
                    // A mean that is not above zero has no density, whatever was counted.
                    value: if mean > 0.0 { value } else { f64::NAN },
                    by_location: unit * by_mean,
                    by_sigma: -2.0 * by_size / sigma.powi(3),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    const LIKELIHOODS: [Likelihood; 4] = [
        Likelihood::Normal,
        Likelihood::StudentT { nu: 4.0 },
        Likelihood::LogNormal,
        Likelihood::NegativeBinomial,
    ];

    #[test]
    fn slopes_are_limits_of_differences() {
        for likelihood in LIKELIHOODS {
            for link in [Link::Identity, Link::Log] {
                let of = Observation::new(likelihood, link);
                let at = |predictor: f64, sigma: f64| {
                    let mut predictors = [predictor];
                    let (value, by_sigma) = of.pull_back(&[1.3], &mut predictors, sigma, 40.0);
                    (value, predictors[0], by_sigma)
                };
                let (_, by_predictor, by_sigma) = at(0.8, 0.3);
                let numeric = (at(0.8 + 1e-6, 0.3).0 - at(0.8 - 1e-6, 0.3).0) / 2e-6;
                assert_relative_eq!(by_predictor, numeric, max_relative = 1e-6);
                let numeric = (at(0.8, 0.3 + 1e-6).0 - at(0.8, 0.3 - 1e-6).0) / 2e-6;
                assert_relative_eq!(by_sigma, numeric, max_relative = 1e-6);
            }
        }
    }

    #[test]
    fn every_likelihood_adds_up_to_one() {
        for likelihood in LIKELIHOODS {
            let of = Observation::new(likelihood, Link::Identity);
            let mass = |target: f64| of.pull_back(&[target], &mut [1.2], 0.4, 30.0).0.exp();
            let total: f64 = match likelihood {
                // Counts, of which thirty make a unit.
                Likelihood::NegativeBinomial => (0..2000).map(|count| mass(f64::from(count) / 30.0)).sum(),
                Likelihood::LogNormal => (1..400_000).map(|at| mass(f64::from(at) * 1e-4) * 1e-4).sum(),
                _ => (-400_000..400_000).map(|at| mass(f64::from(at) * 1e-3) * 1e-3).sum(),
            };
            assert_relative_eq!(total, 1.0, max_relative = 1e-4);
        }
    }

    #[test]
    fn a_location_at_which_nothing_can_happen_has_no_density() {
        for likelihood in [Likelihood::LogNormal, Likelihood::NegativeBinomial] {
            let of = Observation::new(likelihood, Link::Identity);
            assert!(!of.pull_back(&[1.0], &mut [-0.5], 0.4, 30.0).0.is_finite());
        }
    }
}
