//! Priors from what people can say: a mean and a deviation, or a range and how sure they are of it.
//!
//! | family            | from mean and deviation               | from a range that holds a central mass `p`         |
//! |-------------------|---------------------------------------|----------------------------------------------------|
//! | normal            | itself                                | `sd = (high - low) / (2 z)`                        |
//! | half-normal       | `sd^2 = mean^2 + sd^2`                | `low` must be 0: `sd = high / z`                   |
//! | Laplace           | `scale = sd / sqrt 2`                 | `scale = -(high - low) / (2 ln(1 - p))`            |
//! | Student's t       | `scale = sd sqrt((nu - 2) / nu)`      | `scale = (high - low) / (2 t)`                     |
//! | exponential       | `rate = 1 / mean`                     | `low` must be 0: `rate = -ln(1 - p) / high`        |
//! | uniform           | `mean -+ sd sqrt 3`                   | widened by `1 / p`                                 |
//! | log-normal        | `sigma^2 = ln(1 + (sd / mean)^2)`     | `sigma = ln(high / low) / (2 z)`                   |
//! | gamma             | `shape = (mean / sd)^2`               | by halving                                         |
//! | inverse gamma     | `shape = (mean / sd)^2 + 2`           | by halving, of the reciprocal                      |
//! | beta              | `alpha + beta = mean (1 - mean) / sd^2 - 1` | by halving                                   |
//! | truncated normal  | by halving                            | by halving                                         |
//!
//! `z` and `t` are the quantiles at `(1 + p) / 2`; for families with one end at zero `z` is that of the half.
//! Families with one figure only match the mean, or its square with the variance.
//!
//! # Source
//!
//! `lognormal_dist_from_mean_std` and `lognormal_dist_from_range` of Meridian 2.1 for the log-normal.

use std::f64::consts::SQRT_2;

use statrs::{
    distribution::{ContinuousCDF, StudentsT},
    function::{
        beta::beta_reg,
        erf::{erfc, erfc_inv},
        gamma::gamma_lr,
    },
};

use super::Prior;

/// A family of priors whose figures are to be found.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum PriorFamily {
    /// [`Prior::Normal`].
    Normal,
    /// [`Prior::HalfNormal`].
    HalfNormal,
    /// [`Prior::Laplace`].
    Laplace,
    /// [`Prior::StudentT`].
    StudentT {
        /// Degrees of freedom; above two for a deviation.
        nu: f64,
    },
    /// [`Prior::Exponential`].
    Exponential,
    /// [`Prior::Uniform`].
    Uniform,
    /// [`Prior::LogNormal`].
    LogNormal,
    /// [`Prior::ShiftedLogNormal`].
    ShiftedLogNormal {
        /// The lower end.
        shift: f64,
    },
    /// [`Prior::Gamma`].
    Gamma,
    /// [`Prior::InverseGamma`].
    InverseGamma,
    /// [`Prior::Beta`].
    Beta,
    /// [`Prior::TruncatedNormal`].
    TruncatedNormal {
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
    },
}

impl PriorFamily {
    /// The member with this mean and standard deviation; `None` where the family has none.
    ///
    /// ```
    /// use mmm_core::model::{Prior, PriorFamily};
    ///
    /// let prior = PriorFamily::Gamma.from_mean_sd(2.0, 1.0);
    /// assert_eq!(prior, Some(Prior::Gamma { shape: 4.0, rate: 2.0 }));
    /// assert_eq!(PriorFamily::Beta.from_mean_sd(1.2, 0.1), None);
    /// ```
    pub fn from_mean_sd(self, mean: f64, sd: f64) -> Option<Prior> {
        let ratio = (mean / sd).powi(2);
        let prior = match self {
            Self::Normal => Prior::Normal { mean, sd },
            Self::HalfNormal if mean > 0.0 => Prior::HalfNormal { sd: mean.hypot(sd) },
            Self::Laplace => Prior::Laplace { location: mean, scale: sd / SQRT_2 },
            Self::StudentT { nu } if nu > 2.0 => {
                Prior::StudentT { nu, location: mean, scale: sd * ((nu - 2.0) / nu).sqrt() }
            }
            Self::Exponential if mean > 0.0 => Prior::Exponential { rate: 1.0 / mean },
            Self::Uniform => Prior::Uniform { low: mean - 3_f64.sqrt() * sd, high: mean + 3_f64.sqrt() * sd },
            Self::LogNormal if mean > 0.0 => {
                let variance = (1.0 / ratio).ln_1p();
                Prior::LogNormal { mu: mean.ln() - 0.5 * variance, sigma: variance.sqrt() }
            }
            Self::ShiftedLogNormal { shift } => {
                return shifted(Self::LogNormal.from_mean_sd(mean - shift, sd)?, shift);
            }
            Self::Gamma if mean > 0.0 => Prior::Gamma { shape: ratio, rate: mean / (sd * sd) },
            Self::InverseGamma if mean > 0.0 => {
                Prior::InverseGamma { shape: ratio + 2.0, scale: mean * (ratio + 1.0) }
            }
            Self::Beta if (0.0..1.0).contains(&mean) => {
                let weight = mean * (1.0 - mean) / (sd * sd) - 1.0;
                Prior::Beta { alpha: mean * weight, beta: (1.0 - mean) * weight }
            }
            Self::TruncatedNormal { low, high } if low < mean && mean < high => {
                return truncated(low, high, |center, width| {
                    let (m, s) = truncated_moments(center, width, low, high);
                    (m - mean, s - sd)
                });
            }
            _ => return None,
        };
        (sd > 0.0 && prior.is_proper()).then_some(prior)
    }

    /// The member that is below `low` and above `high` with `(1 - mass) / 2` each, or above `high` with
    /// `1 - mass` where the family starts at zero and `low` is zero; `None` where the family has none.
    ///
    /// | name          | unit            | range           |
    /// |---------------|-----------------|-----------------|
    /// | `low`, `high` | the parameter's | `low < high`    |
    /// | `mass`        |                 | `(0, 1)`        |
    pub fn from_range(self, low: f64, high: f64, mass: f64) -> Option<Prior> {
        if !(low < high && mass > 0.0 && mass < 1.0) {
            return None;
        }
        let (middle, half, tail) = (0.5 * (low + high), 0.5 * (high - low), 0.5 * (1.0 - mass));
        // The quantile of a normal distribution that leaves `tail` above.
        let z = SQRT_2 * erfc_inv(2.0 * tail);
        let prior = match self {
            Self::Normal => Prior::Normal { mean: middle, sd: half / z },
            Self::HalfNormal if low == 0.0 => Prior::HalfNormal { sd: high / z },
            Self::Laplace => Prior::Laplace { location: middle, scale: -half / (1.0 - mass).ln() },
            Self::StudentT { nu } => {
                let unit = StudentsT::new(0.0, 1.0, nu).ok()?;
                Prior::StudentT { nu, location: middle, scale: half / unit.inverse_cdf(1.0 - tail) }
            }
            Self::Exponential if low == 0.0 => Prior::Exponential { rate: -(1.0 - mass).ln() / high },
            Self::Uniform => Prior::Uniform { low: middle - half / mass, high: middle + half / mass },
            Self::LogNormal if low > 0.0 => {
                let sigma = (high / low).ln() / (2.0 * z);
                Prior::LogNormal { mu: high.ln() - z * sigma, sigma }
            }
            Self::ShiftedLogNormal { shift } => {
                return shifted(Self::LogNormal.from_range(low - shift, high - shift, mass)?, shift);
            }
            Self::Gamma if low > 0.0 => {
                let (shape, rate) = gamma_from_range(low, high, tail)?;
                Prior::Gamma { shape, rate }
            }
            Self::InverseGamma if low > 0.0 => {
                let (shape, scale) = gamma_from_range(1.0 / high, 1.0 / low, tail)?;
                Prior::InverseGamma { shape, scale }
            }
            Self::Beta if low > 0.0 && high < 1.0 => {
                let (share, log_weight) = nested((1e-6, 1.0 - 1e-6), (-3.0, 14.0), |share, log_weight| {
                    let weight = log_weight.exp();
                    let below = |x| beta_reg(share * weight, (1.0 - share) * weight, x);
                    // More weight of one moves mass up; more weight altogether moves it together.
                    (tail - below(low), below(high) - (1.0 - tail))
                })?;
                let weight = log_weight.exp();
                Prior::Beta { alpha: share * weight, beta: (1.0 - share) * weight }
            }
            Self::TruncatedNormal { low: end, high: other } if end < low && high < other => {
                return truncated(end, other, |center, width| {
                    let below = |x: f64| 0.5 * erfc((center - x) / (width * SQRT_2));
                    let all = below(other) - below(end);
                    // So far outside that no mass is left to tell, all of it is at the nearer end.
                    let outside = if center < end { 1.0 } else { 0.0 };
                    let share = |x: f64| if all < LOST { outside } else { (below(x) - below(end)) / all };
                    (tail - share(low), (1.0 - tail) - share(high))
                });
            }
            _ => return None,
        };
        prior.is_proper().then_some(prior)
    }
}

/// A mass below which differences of the normal integral are rounding.
const LOST: f64 = 1e-12;

fn shifted(prior: Prior, shift: f64) -> Option<Prior> {
    match prior {
        Prior::LogNormal { mu, sigma } => Some(Prior::ShiftedLogNormal { mu, sigma, shift }),
        _ => None,
    }
}

/// Shape and rate of the gamma distribution with `tail` below `low` and above `high`.
fn gamma_from_range(low: f64, high: f64, tail: f64) -> Option<(f64, f64)> {
    let (log_mean, log_shape) =
        nested((low.ln() - 5.0, high.ln() + 5.0), (-2.0, 14.0), |log_mean, log_shape| {
            let shape = log_shape.exp();
            let below = |x: f64| gamma_lr(shape, shape * x / log_mean.exp());
            (tail - below(low), below(high) - (1.0 - tail))
        })?;
    let shape = log_shape.exp();
    Some((shape, shape / log_mean.exp()))
}

/// The truncated normal for which both figures are zero; both rise, the first with the centre, the second
/// with the width.
fn truncated(low: f64, high: f64, figures: impl Fn(f64, f64) -> (f64, f64)) -> Option<Prior> {
    let reach = high - low;
    let (mean, log_sd) = nested((low - 3.0 * reach, high + 3.0 * reach), (-9.0, 1.5), |mean, log_width| {
        figures(mean, reach * log_width.exp())
    })?;
    Some(Prior::TruncatedNormal { mean, sd: reach * log_sd.exp(), low, high })
}

/// Mean and standard deviation of a normal distribution between two ends.
fn truncated_moments(mean: f64, sd: f64, low: f64, high: f64) -> (f64, f64) {
    let density = |x: f64| (-0.5 * ((x - mean) / sd).powi(2)).exp() / std::f64::consts::TAU.sqrt();
    let below = |x: f64| 0.5 * erfc((mean - x) / (sd * SQRT_2));
    let all = below(high) - below(low);
    if all < LOST {
        return (if mean < low { low } else { high }, 0.0);
    }
    let first = (density(low) - density(high)) / all;
    let second = ((low - mean) / sd * density(low) - (high - mean) / sd * density(high)) / all;
    (mean + sd * first, sd * (1.0 + second - first * first).max(0.0).sqrt())
}

/// The place where both figures are zero, by halving inside halving: the first figure rises with the first
/// number; on the line where it is zero the second rises, or falls, with the second number.
fn nested(
    first: (f64, f64),
    second: (f64, f64),
    figures: impl Fn(f64, f64) -> (f64, f64),
) -> Option<(f64, f64)> {
    let along = |number: f64| {
        let (mut low, mut high) = first;
        for _ in 0..80 {
            let middle = 0.5 * (low + high);
            if figures(middle, number).0 < 0.0 { low = middle } else { high = middle }
        }
        0.5 * (low + high)
    };
    let at = |number: f64| figures(along(number), number).1;
    let (mut low, mut high) = second;
    let rises = at(high) > at(low);
    for _ in 0..80 {
        let middle = 0.5 * (low + high);
        if (at(middle) < 0.0) == rises { low = middle } else { high = middle }
    }
    let found = 0.5 * (low + high);
    let place = along(found);
    let (one, other) = figures(place, found);
    (one.abs() < 1e-8 && other.abs() < 1e-8).then_some((place, found))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::prior::PreparedPrior;
    use approx::assert_relative_eq;

    const FAMILIES: [PriorFamily; 12] = [
        PriorFamily::Normal,
        PriorFamily::HalfNormal,
        PriorFamily::Laplace,
        PriorFamily::StudentT { nu: 5.0 },
        PriorFamily::Exponential,
        PriorFamily::Uniform,
        PriorFamily::LogNormal,
        PriorFamily::ShiftedLogNormal { shift: 0.1 },
        PriorFamily::Gamma,
        PriorFamily::InverseGamma,
        PriorFamily::Beta,
        PriorFamily::TruncatedNormal { low: -0.2, high: 1.4 },
    ];

    /// Mass below a value, mean and deviation, by adding up the density.
    fn summed(prior: Prior, to: f64) -> (f64, f64, f64) {
        let (prepared, step) = (PreparedPrior::new(prior), 2e-4);
        let (mut below, mut mean, mut square) = (0.0, 0.0, 0.0);
        for place in -150_000..150_000 {
            let u = f64::from(place) * step;
            let x = prior.support().constrain(u);
            let mass = prepared.evaluate(u, x).0.exp() * step;
            below += if x <= to { mass } else { 0.0 };
            mean += mass * x;
            square += mass * x * x;
        }
        (below, mean, (square - mean * mean).sqrt())
    }

    #[test]
    fn a_prior_from_mean_and_deviation_has_them() {
        for family in FAMILIES {
            let prior = family.from_mean_sd(0.4, 0.2).unwrap();
            let (_, mean, sd) = summed(prior, 0.0);
            match family {
                PriorFamily::HalfNormal => {
                    assert_relative_eq!(mean.hypot(sd), 0.4_f64.hypot(0.2), max_relative = 1e-3);
                }
                PriorFamily::Exponential => assert_relative_eq!(mean, 0.4, max_relative = 1e-3),
                _ => {
                    assert_relative_eq!(mean, 0.4, max_relative = 2e-3);
                    assert_relative_eq!(sd, 0.2, max_relative = 5e-3);
                }
            }
        }
    }

    #[test]
    fn a_prior_from_a_range_holds_its_mass() {
        for family in FAMILIES {
            let from_zero = matches!(family, PriorFamily::HalfNormal | PriorFamily::Exponential);
            let low = if from_zero { 0.0 } else { 0.2 };
            let prior = family.from_range(low, 0.9, 0.8).unwrap_or_else(|| panic!("{family:?}"));
            let above = 1.0 - summed(prior, 0.9).0;
            // One end at zero leaves everything else above; the half-normal's quantile is that of both sides.
            let expected = if from_zero { 0.2 } else { 0.1 };
            assert_relative_eq!(above, expected, epsilon = 2e-3);
            if !from_zero {
                assert_relative_eq!(summed(prior, low).0, 0.1, epsilon = 2e-3);
            }
        }
    }

    #[test]
    fn what_no_member_can_have_is_refused() {
        for (family, mean, sd) in [
            (PriorFamily::Beta, 0.5, 0.6),
            (PriorFamily::Gamma, -1.0, 1.0),
            (PriorFamily::LogNormal, 0.0, 1.0),
            (PriorFamily::StudentT { nu: 2.0 }, 0.0, 1.0),
            (PriorFamily::TruncatedNormal { low: 0.0, high: 1.0 }, 0.5, 0.9),
            (PriorFamily::Normal, 1.0, 0.0),
        ] {
            assert_eq!(family.from_mean_sd(mean, sd), None, "{family:?}");
        }
        assert_eq!(PriorFamily::Normal.from_range(2.0, 1.0, 0.9), None);
        assert_eq!(PriorFamily::HalfNormal.from_range(0.1, 1.0, 0.9), None);
        assert_eq!(PriorFamily::Gamma.from_range(0.0, 1.0, 0.9), None);
    }
}
