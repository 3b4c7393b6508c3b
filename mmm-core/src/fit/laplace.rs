//! The posterior as a normal distribution: its mode, and its width along the axes of its curvature.
//!
//! Both are those of the sampler's coordinates `u`. With `H` the matrix of second derivatives at the
//! mode and `-H = V diag(c) V'`,
//!
//! ```text
//! u = mode + A z,   A = V diag(c)^(-1/2),   z ~ Normal(0, 1)
//! ```
//!
//! `H` comes from differences of exact gradients. A curvature below that of a normal distribution of
//! width [`WIDEST`] is taken as that: where the posterior is not concave at its mode, the sampler's own
//! adaptation finds the width.

use ndarray::Array2;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::vector::{add_scaled, dot};

use super::{
    optimum::{Optimum, climb},
    symmetric::eigen,
    target::{LogDensity, Target},
};

/// The widest axis, in units of the sampler's coordinates, most of which are logarithms.
const WIDEST: f64 = 3.0;
/// Degrees of freedom of the draws with heavier tails.
const TAILS: u32 = 6;
/// Width of the differences, in the same units.
const STEP: f64 = 1e-4;

/// A normal distribution in the sampler's coordinates.
#[derive(Clone, Debug)]
pub(super) struct Laplace {
    pub(super) mode: Vec<f64>,
    /// The log density at the mode.
    pub(super) highest: f64,
    /// `A`, row after row.
    axes: Vec<f64>,
}

impl Laplace {
    /// `None` where no finite mode is found.
    pub(super) fn of(target: &dyn Target) -> Option<Self> {
        let mut density = target.density();
        let Optimum { position: mode, log_density: highest } = climb(&mut *density, target.center())?;
        let curvature = curvature(&mut *density, &mode)?;
        let (values, vectors) = eigen(curvature);
        let widths: Vec<f64> = values.iter().map(|c| c.max(WIDEST.powi(-2)).sqrt().recip()).collect();
        let scaled = vectors
            .rows()
            .into_iter()
            .flat_map(|row| row.iter().zip(&widths).map(|(value, width)| value * width).collect::<Vec<_>>());
        Some(Self { axes: scaled.collect(), highest, mode })
    }

    /// Writes `u = mode + A z`.
    pub(super) fn place(&self, z: &[f64], u: &mut [f64]) {
        for ((u, mode), row) in u.iter_mut().zip(&self.mode).zip(self.axes.chunks_exact(z.len())) {
            *u = mode + dot(row, z);
        }
    }

    /// Writes the derivative by `z` that follows from the derivative by `u`.
    pub(super) fn pull_back(&self, by_u: &[f64], by_z: &mut [f64]) {
        by_z.fill(0.0);
        for (slope, row) in by_u.iter().zip(self.axes.chunks_exact(by_z.len())) {
            add_scaled(by_z, *slope, row);
        }
    }

    /// Draws `z`.
    pub(super) fn draw(&self, rng: &mut ChaCha8Rng) -> Vec<f64> {
        (0..self.mode.len()).map(|_| StandardNormal.sample(rng)).collect()
    }

    /// Draws `z` with heavier tails, Student's with [`TAILS`] degrees of freedom, and the log density of
    /// that up to a constant.
    pub(super) fn draw_wide(&self, rng: &mut ChaCha8Rng) -> (Vec<f64>, f64) {
        let mut normal = || -> f64 { StandardNormal.sample(rng) };
        let squares: f64 = (0..TAILS).map(|_| normal().powi(2)).sum();
        let freedom = f64::from(TAILS);
        let stretch = (freedom / squares).sqrt();
        let z: Vec<f64> = self.mode.iter().map(|_| stretch * normal()).collect();
        let log_density = -0.5 * (freedom + z.len() as f64) * (dot(&z, &z) / freedom).ln_1p();
        (z, log_density)
    }
}

/// The negative second derivatives, by central differences of the gradient; `None` where not finite.
fn curvature(density: &mut dyn LogDensity, mode: &[f64]) -> Option<Array2<f64>> {
    let size = mode.len();
    let mut matrix = Array2::zeros((size, size));
    let (mut ahead, mut behind, mut moved) = (vec![0.0; size], vec![0.0; size], mode.to_vec());
    for place in 0..size {
        moved[place] = mode[place] + STEP;
        density.log_density(&moved, &mut ahead);
        moved[place] = mode[place] - STEP;
        density.log_density(&moved, &mut behind);
        moved[place] = mode[place];
        for (other, (ahead, behind)) in ahead.iter().zip(&behind).enumerate() {
            let slope = (behind - ahead) / (2.0 * STEP);
            matrix[[place, other]] += 0.5 * slope;
            matrix[[other, place]] += 0.5 * slope;
        }
    }
    matrix.iter().all(|value: &f64| value.is_finite()).then_some(matrix)
}
