//! Prior beliefs about one parameter, and their density on the unconstrained scale.
//!
//! A parameter `x` is sampled as `u`: `x = u` on the real line, `x = e^u` above zero,
//! `x = low + (high - low) / (1 + e^-u)` between two ends. The density of `u` is that of `x` times `dx/du`.

use std::f64::consts::{LN_2, PI, SQRT_2};

use serde::{Deserialize, Serialize};
use statrs::function::{beta::ln_beta, erf::erfc, gamma::ln_gamma};

use crate::transform::Domain;

/// A prior distribution.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "distribution", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Prior {
    /// Symmetric around `mean`.
    Normal {
        /// Centre.
        mean: f64,
        /// Standard deviation, above zero.
        sd: f64,
    },
    /// The upper half of a normal distribution around zero.
    HalfNormal {
        /// Standard deviation of the whole one, above zero.
        sd: f64,
    },
    /// Double exponential: many small values, some large ones.
    Laplace {
        /// Centre.
        location: f64,
        /// Mean absolute deviation, above zero.
        scale: f64,
    },
    /// Symmetric with heavy tails.
    StudentT {
        /// Degrees of freedom, above zero.
        nu: f64,
        /// Centre.
        location: f64,
        /// Above zero.
        scale: f64,
    },
    /// A positive number that is the less likely the larger it is.
    Exponential {
        /// One by the mean, above zero.
        rate: f64,
    },
    /// A share between zero and one.
    Beta {
        /// Weight of one, above zero.
        alpha: f64,
        /// Weight of zero, above zero.
        beta: f64,
    },
    /// A positive number with mean `shape / rate`.
    Gamma {
        /// Above zero.
        shape: f64,
        /// Above zero.
        rate: f64,
    },
    /// A positive number whose logarithm is normal.
    LogNormal {
        /// Mean of the logarithm.
        mu: f64,
        /// Standard deviation of the logarithm, above zero.
        sigma: f64,
    },
    /// A number above `shift` whose distance from it has a normal logarithm.
    ShiftedLogNormal {
        /// Mean of the logarithm.
        mu: f64,
        /// Standard deviation of the logarithm, above zero.
        sigma: f64,
        /// The lower end.
        shift: f64,
    },
    /// A positive number whose reciprocal is gamma distributed.
    InverseGamma {
        /// Above zero.
        shape: f64,
        /// Above zero.
        scale: f64,
    },
    /// Every number between two ends alike.
    Uniform {
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
    },
    /// A normal distribution cut off at two ends.
    TruncatedNormal {
        /// Mean of the whole one.
        mean: f64,
        /// Standard deviation of the whole one, above zero.
        sd: f64,
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
    },
    /// No distribution: the parameter is this number. Only models of a
    /// [panel](crate::geo) take it.
    Fixed {
        /// The number.
        value: f64,
    },
}

/// The values a prior allows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Support {
    /// Every number.
    Real,
    /// Numbers above zero.
    Positive,
    /// Numbers above a lower end.
    Above {
        /// Lower end.
        low: f64,
    },
    /// Numbers between zero and one.
    Unit,
    /// Numbers between two ends.
    Between {
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
    },
}

impl Prior {
    /// The values this prior allows.
    pub const fn support(self) -> Support {
        match self {
            Self::Normal { .. } | Self::Laplace { .. } | Self::StudentT { .. } => Support::Real,
            Self::HalfNormal { .. }
            | Self::Exponential { .. }
            | Self::Gamma { .. }
            | Self::LogNormal { .. }
            | Self::InverseGamma { .. } => Support::Positive,
            Self::ShiftedLogNormal { shift, .. } => Support::Above { low: shift },
            Self::Uniform { low, high } | Self::TruncatedNormal { low, high, .. } => {
                Support::Between { low, high }
            }
            Self::Fixed { value } => Support::Between { low: value, high: value },
            Self::Beta { .. } => Support::Unit,
        }
    }

    /// Whether every figure of the prior is in its range.
    pub fn is_proper(self) -> bool {
        let (place, scales) = match self {
            Self::Normal { mean, sd } => (mean, [sd, 1.0]),
            Self::HalfNormal { sd } => (0.0, [sd, 1.0]),
            Self::Laplace { location, scale } => (location, [scale, 1.0]),
            Self::StudentT { nu, location, scale } => (location, [nu, scale]),
            Self::Exponential { rate } => (0.0, [rate, 1.0]),
            Self::Beta { alpha, beta } => (0.0, [alpha, beta]),
            Self::Gamma { shape, rate } => (0.0, [shape, rate]),
            Self::LogNormal { mu, sigma } => (mu, [sigma, 1.0]),
            Self::ShiftedLogNormal { mu, sigma, shift } => (mu + shift, [sigma, 1.0]),
            Self::InverseGamma { shape, scale } => (0.0, [shape, scale]),
            Self::Fixed { .. } => return false,
            Self::Uniform { low, high } => (low, [high - low, 1.0]),
            Self::TruncatedNormal { mean, sd, low, high } => (mean + low, [sd, high - low]),
        };
        place.is_finite() && scales.iter().all(|scale| scale.is_finite() && *scale > 0.0)
    }

    /// The variance of a normal distribution of about this width; used to choose coordinates only.
    pub(crate) fn rough_variance(self) -> f64 {
        match self {
            Self::Normal { sd, .. } | Self::HalfNormal { sd } | Self::TruncatedNormal { sd, .. } => sd * sd,
            // Heavy tails have no variance; twice that of the normal distribution in the middle will do.
            Self::Laplace { scale, .. } | Self::StudentT { scale, .. } => 2.0 * scale * scale,
            Self::Exponential { rate } => 1.0 / (rate * rate),
            Self::Gamma { shape, rate } => shape / (rate * rate),
            Self::Uniform { low, high } => (high - low).powi(2) / 12.0,
            Self::Beta { .. }
            | Self::LogNormal { .. }
            | Self::ShiftedLogNormal { .. }
            | Self::InverseGamma { .. }
            | Self::Fixed { .. } => 1.0,
        }
    }
}

impl Support {
    /// The values a transform's parameter can take.
    pub(crate) const fn of(domain: Domain) -> Self {
        match domain {
            Domain::Share => Self::Unit,
            Domain::Positive | Domain::NotNegative => Self::Positive,
        }
    }

    /// Whether all these values are among others.
    pub(crate) fn lies_in(self, other: Self) -> bool {
        match (self, other) {
            (Self::Between { low, high }, Self::Unit) => low >= 0.0 && high <= 1.0,
            (Self::Between { low, .. } | Self::Above { low }, Self::Positive) => low >= 0.0,
            (Self::Unit, Self::Positive) => true,
            _ => self == other,
        }
    }

    /// From the unconstrained scale to the parameter's own.
    pub(crate) fn constrain(self, u: f64) -> f64 {
        match self {
            Self::Real => u,
            Self::Positive => u.exp(),
            Self::Above { low } => low + u.exp(),
            Self::Unit => 1.0 / (1.0 + (-u).exp()),
            Self::Between { low, high } => low + (high - low) / (1.0 + (-u).exp()),
        }
    }

    /// The derivative of [`constrain`](Self::constrain), from the value it gave.
    pub(crate) fn slope(self, x: f64) -> f64 {
        match self {
            Self::Real => 1.0,
            Self::Positive => x,
            Self::Above { low } => x - low,
            Self::Unit => x * (1.0 - x),
            Self::Between { low, high } => (x - low) * (high - x) / (high - low),
        }
    }

    /// An unconstrained place near a value, kept away from the ends.
    pub(crate) fn near(self, x: f64) -> f64 {
        let log_odds = |share: f64| {
            let share = share.clamp(0.1, 0.9);
            (share / (1.0 - share)).ln()
        };
        match self {
            Self::Real => x,
            Self::Positive => x.ln(),
            Self::Above { low } => (x - low).ln(),
            Self::Unit => log_odds(x),
            Self::Between { low, high } => log_odds((x - low) / (high - low)),
        }
    }

    /// The inverse of [`constrain`](Self::constrain); not finite where the value is not allowed.
    pub(crate) fn free(self, x: f64) -> f64 {
        match self {
            Self::Real => x,
            Self::Positive => x.ln(),
            Self::Above { low } => (x - low).ln(),
            Self::Unit => (x / (1.0 - x)).ln(),
            Self::Between { low, high } => ((x - low) / (high - x)).ln(),
        }
    }
}

/// A prior with everything that does not depend on the parameter computed once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PreparedPrior {
    prior: Prior,
    constant: f64,
}

impl PreparedPrior {
    pub(crate) fn new(prior: Prior) -> Self {
        let half_log_tau = 0.5 * (2.0 * PI).ln();
        let constant = match prior {
            Prior::Normal { sd, .. } => -sd.ln() - half_log_tau,
            Prior::HalfNormal { sd } => LN_2 - sd.ln() - half_log_tau,
            Prior::Laplace { scale, .. } => -(2.0 * scale).ln(),
            Prior::StudentT { nu, scale, .. } => {
                ln_gamma(0.5 * (nu + 1.0)) - ln_gamma(0.5 * nu) - 0.5 * (nu * PI).ln() - scale.ln()
            }
            Prior::Exponential { rate } => rate.ln(),
            Prior::Beta { alpha, beta } => -ln_beta(alpha, beta),
            Prior::Gamma { shape, rate } => shape * rate.ln() - ln_gamma(shape),
            Prior::LogNormal { sigma, .. } | Prior::ShiftedLogNormal { sigma, .. } => {
                -sigma.ln() - half_log_tau
            }
            Prior::InverseGamma { shape, scale } => shape * scale.ln() - ln_gamma(shape),
            Prior::Uniform { .. } | Prior::Fixed { .. } => 0.0,
            Prior::TruncatedNormal { mean, sd, low, high } => {
                let below = |end: f64| 0.5 * erfc((mean - end) / (sd * SQRT_2));
                (high - low).ln() - sd.ln() - half_log_tau - (below(high) - below(low)).ln()
            }
        };
        Self { prior, constant }
    }

    pub(crate) const fn prior(&self) -> Prior {
        self.prior
    }

    /// Log density of `u` and its derivative, given `x = constrain(u)`.
    pub(crate) fn evaluate(&self, u: f64, x: f64) -> (f64, f64) {
        let (value, slope) = match self.prior {
            Prior::Normal { mean, sd } => {
                let z = (x - mean) / sd;
                (-0.5 * z * z, -z / sd)
            }
            Prior::HalfNormal { sd } => {
                let z = x / sd;
                (-0.5 * z * z + u, 1.0 - z * z)
            }
            Prior::Laplace { location, scale } => {
                let distance = x - location;
                // At the kink itself the derivative is taken as zero, as PyMC does.
                let side = if distance == 0.0 { 0.0 } else { distance.signum() };
                (-distance.abs() / scale, -side / scale)
            }
            Prior::StudentT { nu, location, scale } => {
                let z = (x - location) / scale;
                let spread = z * z / nu;
                (-0.5 * (nu + 1.0) * spread.ln_1p(), -(nu + 1.0) * z / (nu * scale * (1.0 + spread)))
            }
            Prior::Exponential { rate } => (u - rate * x, 1.0 - rate * x),
            Prior::Beta { alpha, beta } => {
                let (log_share, log_rest) = (-softplus(-u), -softplus(u));
                (alpha * log_share + beta * log_rest, alpha * (1.0 - x) - beta * x)
            }
            Prior::Gamma { shape, rate } => (shape * u - rate * x, shape - rate * x),
            Prior::LogNormal { mu, sigma } | Prior::ShiftedLogNormal { mu, sigma, .. } => {
                let z = (u - mu) / sigma;
                (-0.5 * z * z, -z / sigma)
            }
            Prior::InverseGamma { shape, scale } => (-shape * u - scale / x, scale / x - shape),
            Prior::Uniform { .. } => between(u),
            Prior::Fixed { .. } => (0.0, 0.0),
            Prior::TruncatedNormal { mean, sd, low, high } => {
                let (value, slope) = between(u);
                let z = (x - mean) / sd;
                (value - 0.5 * z * z, slope - z / sd * Support::Between { low, high }.slope(x))
            }
        };
        (value + self.constant, slope)
    }
}

/// Logarithm of the slope of the logistic function, and its derivative.
fn between(u: f64) -> (f64, f64) {
    (-softplus(-u) - softplus(u), 1.0 - 2.0 / (1.0 + (-u).exp()))
}

/// `ln(1 + e^x)` without overflow.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    const PRIORS: [Prior; 12] = [
        Prior::Normal { mean: 0.3, sd: 2.0 },
        Prior::HalfNormal { sd: 1.5 },
        Prior::Laplace { location: -0.2, scale: 0.7 },
        Prior::StudentT { nu: 5.0, location: 0.2, scale: 0.6 },
        Prior::Exponential { rate: 1.4 },
        Prior::Beta { alpha: 1.0, beta: 3.0 },
        Prior::Gamma { shape: 3.0, rate: 1.0 },
        Prior::LogNormal { mu: 0.2, sigma: 0.9 },
        Prior::ShiftedLogNormal { mu: 0.7, sigma: 0.4, shift: 0.1 },
        Prior::InverseGamma { shape: 2.6, scale: 1.0 },
        Prior::Uniform { low: -0.5, high: 2.0 },
        Prior::TruncatedNormal { mean: 0.8, sd: 0.8, low: 0.1, high: 10.0 },
    ];

    #[test]
    fn every_density_integrates_to_one_on_the_unconstrained_scale() {
        for prior in PRIORS {
            let prepared = PreparedPrior::new(prior);
            let step = 1e-3;
            let mass: f64 = (-30_000..30_000)
                .map(|point| {
                    let u = f64::from(point) * step;
                    prepared.evaluate(u, prior.support().constrain(u)).0.exp() * step
                })
                .sum();
            assert_relative_eq!(mass, 1.0, max_relative = 1e-6);
        }
    }

    #[test]
    fn slopes_are_limits_of_differences() {
        for prior in PRIORS {
            let prepared = PreparedPrior::new(prior);
            let at = |u: f64| prepared.evaluate(u, prior.support().constrain(u));
            for u in [-2.3, -0.4, 0.6, 1.9] {
                let step = 1e-6;
                let numeric = (at(u + step).0 - at(u - step).0) / (2.0 * step);
                assert_relative_eq!(at(u).1, numeric, epsilon = 1e-7, max_relative = 1e-6);
            }
        }
    }

    #[test]
    fn the_unconstrained_scale_leads_back() {
        for prior in PRIORS {
            let support = prior.support();
            for u in [-2.3, -0.4, 0.6, 1.9] {
                assert_relative_eq!(support.free(support.constrain(u)), u, epsilon = 1e-12);
            }
        }
    }

    #[test]
    fn improper_figures_are_seen() {
        assert!(PRIORS.into_iter().all(Prior::is_proper));
        for prior in [
            Prior::Normal { mean: f64::NAN, sd: 1.0 },
            Prior::HalfNormal { sd: 0.0 },
            Prior::Beta { alpha: 1.0, beta: -1.0 },
            Prior::Gamma { shape: f64::INFINITY, rate: 1.0 },
            Prior::Fixed { value: 1.0 },
        ] {
            assert!(!prior.is_proper(), "{prior:?}");
        }
    }
}
