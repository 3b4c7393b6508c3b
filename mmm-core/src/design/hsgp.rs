//! A smooth random curve as a sum of a few sines: the Hilbert space approximation of a Gaussian process.
//!
//! ```text
//! f(x) = sum over j of phi[j](x) sqrt(S(w[j])) z[j],   z[j] ~ Normal(0, 1),   w[j] = pi j / (2 L)
//! phi[j](x) = sin(w[j] (x - middle + L)) / sqrt(L)
//! ```
//!
//! The process is approximated on the interval of half width `L` around the middle; `L` must reach beyond the
//! data, as the sines end at zero.
//!
//! # Source
//!
//! Riutort-Mayol et al. (2023), *Practical Hilbert space approximate Bayesian Gaussian processes for
//! probabilistic programming*; `create_hsgp_from_config` of PyMC-Marketing.

use std::f64::consts::{PI, TAU};

use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};

/// How smooth a curve is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Covariance {
    /// Infinitely often differentiable.
    ExponentiatedQuadratic,
    /// Twice differentiable.
    #[default]
    Matern52,
    /// Once differentiable.
    Matern32,
}

/// The sines at every place.
///
/// | name         | shape         | unit    | range                         |
/// |--------------|---------------|---------|-------------------------------|
/// | `places`     | `(T,)`        | period  | within `half_width` of middle |
/// | `middle`     | scalar        | period  | finite                        |
/// | `half_width` | scalar        | period  | `> 0`                         |
/// | `count`      | scalar        |         | any                           |
/// | result       | `(T, count)`  |         | `[-1, 1] / sqrt(L)`           |
pub fn hsgp_basis(places: &[f64], middle: f64, half_width: f64, count: usize) -> Array2<f64> {
    Array2::from_shape_fn((places.len(), count), |(place, index)| {
        let frequency = PI * (index + 1) as f64 / (2.0 * half_width);
        (frequency * (places[place] - middle + half_width)).sin() / half_width.sqrt()
    })
}

/// The weights of the sines: the square root of the spectral density at each one's frequency.
///
/// | covariance               | `S(w)`                                                    |
/// |--------------------------|-----------------------------------------------------------|
/// | exponentiated quadratic  | `eta^2 sqrt(2 pi) l e^(-l^2 w^2 / 2)`                     |
/// | Matern 5/2               | `eta^2 (16 * 5^2.5 / (3 l^5)) (5 / l^2 + w^2)^-3`         |
/// | Matern 3/2               | `eta^2 (12 sqrt 3 / l^3) (3 / l^2 + w^2)^-2`              |
///
/// | name         | shape      | unit                 | range |
/// |--------------|------------|----------------------|-------|
/// | `height`     | scalar     | of the curve (`eta`) | `> 0` |
/// | `length`     | scalar     | periods (`l`)        | `> 0` |
/// | `half_width` | scalar     | periods              | `> 0` |
/// | `count`      | scalar     |                      | any   |
/// | result       | `(count,)` |                      | `>= 0`|
pub fn hsgp_weights(
    covariance: Covariance,
    height: f64,
    length: f64,
    half_width: f64,
    count: usize,
) -> Array1<f64> {
    Array1::from_shape_fn(count, |index| {
        let square = (PI * (index + 1) as f64 / (2.0 * half_width)).powi(2);
        let density = match covariance {
            Covariance::ExponentiatedQuadratic => {
                TAU.sqrt() * length * (-0.5 * length * length * square).exp()
            }
            Covariance::Matern52 => {
                16.0 * 5_f64.powf(2.5) / (3.0 * length.powi(5)) * (5.0 / (length * length) + square).powi(-3)
            }
            Covariance::Matern32 => {
                12.0 * 3_f64.sqrt() / length.powi(3) * (3.0 / (length * length) + square).powi(-2)
            }
        };
        height * density.sqrt()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn in_the_middle_the_variance_is_the_square_of_the_height() {
        for covariance in [Covariance::ExponentiatedQuadratic, Covariance::Matern52, Covariance::Matern32] {
            let basis = hsgp_basis(&[20.0, 24.0], 20.0, 100.0, 400);
            let weights = hsgp_weights(covariance, 1.7, 6.0, 100.0, 400);
            let product = |a: usize, b: usize| -> f64 {
                (0..400).map(|at| basis[[a, at]] * basis[[b, at]] * weights[at].powi(2)).sum()
            };
            assert_relative_eq!(product(0, 0), 1.7 * 1.7, max_relative = 1e-4);
            let distance: f64 = 4.0 / 6.0;
            let expected = match covariance {
                Covariance::ExponentiatedQuadratic => (-0.5 * distance * distance).exp(),
                Covariance::Matern52 => {
                    let r = 5_f64.sqrt() * distance;
                    (1.0 + r + r * r / 3.0) * (-r).exp()
                }
                Covariance::Matern32 => {
                    let r = 3_f64.sqrt() * distance;
                    (1.0 + r) * (-r).exp()
                }
            };
            assert_relative_eq!(product(0, 1), 1.7 * 1.7 * expected, max_relative = 1e-4);
        }
    }
}
