//! The linear block in coordinates in which its posterior is nearly a standard normal.
//!
//! With design `X`, residual target `e` (the KPI without media) and `A = X'X + R = L L'`, where `R`
//! is about the prior's precision times the noise variance, the coefficients are written
//!
//! ```text
//! theta = A^-1 X' e + sigma L^-T z = L^-T (W' e + sigma z),   W = X L^-T
//! ```
//!
//! so `z` is independent of media and noise up to the prior. Any positive definite `A` gives an
//! exact change of variables; a good one gives fast mixing. Columns are scaled to unit length first,
//! so that a control in millions does not spoil the decomposition.

use crate::design::Columns;

use crate::vector::{add_scaled, dot};

/// The precomputed matrices of the change of variables.
#[derive(Clone, Debug)]
pub(super) struct Linear {
    count: usize,
    periods: usize,
    /// `W`, column after column.
    basis: Vec<f64>,
    /// `W'W`, row after row.
    gram: Vec<f64>,
    /// `L^-T` with the scaling of the columns, row after row, upper triangular.
    back: Vec<f64>,
    log_determinant: f64,
}

/// Keeps the decomposition positive definite where columns are collinear and the prior is wide.
const SMALLEST_RIDGE: f64 = 1e-10;

impl Linear {
    /// `variances` are the priors' rough variances, `noise` the rough standard deviation of the noise.
    pub(super) fn new(columns: &Columns, variances: &[f64], noise: f64) -> Self {
        let (count, periods) = (columns.count(), columns.periods());
        let scales: Vec<f64> = (0..count)
            .map(|index| dot(columns.column(index), columns.column(index)).sqrt())
            .map(|norm| if norm.is_normal() { 1.0 / norm } else { 1.0 })
            .collect();
        let mut lower = vec![0.0; count * count];
        for row in 0..count {
            for column in 0..=row {
                let product = dot(columns.column(row), columns.column(column));
                lower[row * count + column] = product * scales[row] * scales[column];
            }
            let ridge = (noise * scales[row]).powi(2) / variances[row];
            lower[row * count + row] += ridge.max(SMALLEST_RIDGE);
        }
        cholesky(&mut lower, count);
        let inverse = invert_lower(&lower, count);
        let mut basis = vec![0.0; count * periods];
        for (index, column) in basis.chunks_exact_mut(periods).enumerate() {
            for source in 0..=index {
                add_scaled(column, inverse[index * count + source] * scales[source], columns.column(source));
            }
        }
        let mut gram = vec![0.0; count * count];
        let mut back = vec![0.0; count * count];
        let column = |index: usize| &basis[index * periods..(index + 1) * periods];
        for row in 0..count {
            for other in 0..count {
                gram[row * count + other] = dot(column(row), column(other));
                back[row * count + other] = inverse[other * count + row] * scales[row];
            }
        }
        let log_determinant = (0..count).map(|index| back[index * count + index].ln()).sum();
        Self { count, periods, basis, gram, back, log_determinant }
    }

    /// `ln |det(d theta / d eta)|`, where `eta = W' e + sigma z`.
    pub(super) const fn log_determinant(&self) -> f64 {
        self.log_determinant
    }

    pub(super) fn basis_column(&self, index: usize) -> &[f64] {
        &self.basis[index * self.periods..(index + 1) * self.periods]
    }

    /// Row `index` of `W'W`.
    pub(super) fn gram_row(&self, index: usize) -> &[f64] {
        &self.gram[index * self.count..(index + 1) * self.count]
    }

    /// `theta = L^-T eta`.
    pub(super) fn coefficients(&self, eta: &[f64], theta: &mut [f64]) {
        for (index, theta) in theta.iter_mut().enumerate() {
            *theta = dot(&self.back[index * self.count + index..(index + 1) * self.count], &eta[index..]);
        }
    }

    /// Adds the derivative by `eta` that follows from the derivative by `theta`.
    pub(super) fn pull_back(&self, by_theta: &[f64], by_eta: &mut [f64]) {
        for (index, slope) in by_theta.iter().enumerate() {
            let row = &self.back[index * self.count + index..(index + 1) * self.count];
            add_scaled(&mut by_eta[index..], *slope, row);
        }
    }
}

/// Replaces the lower triangle of a positive definite matrix by its Cholesky factor.
fn cholesky(matrix: &mut [f64], count: usize) {
    for row in 0..count {
        for column in 0..=row {
            let (before, _) = matrix[column * count..].split_at(column);
            let product: f64 =
                matrix[row * count..row * count + column].iter().zip(before).map(|(a, b)| a * b).sum();
            let rest = matrix[row * count + column] - product;
            matrix[row * count + column] = if row == column {
                rest.max(SMALLEST_RIDGE * SMALLEST_RIDGE).sqrt()
            } else {
                rest / matrix[column * count + column]
            };
        }
    }
}

/// The inverse of a lower triangular matrix, lower triangular itself.
fn invert_lower(lower: &[f64], count: usize) -> Vec<f64> {
    let mut inverse = vec![0.0; count * count];
    for column in 0..count {
        inverse[column * count + column] = 1.0 / lower[column * count + column];
        for row in column + 1..count {
            let product: f64 =
                (column..row).map(|k| lower[row * count + k] * inverse[k * count + column]).sum();
            inverse[row * count + column] = -product / lower[row * count + row];
        }
    }
    inverse
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn the_inverse_of_the_factor_restores_the_matrix() {
        let matrix = [4.0, 1.0, 0.5, 1.0, 3.0, -0.2, 0.5, -0.2, 2.0];
        let mut lower = matrix;
        cholesky(&mut lower, 3);
        let inverse = invert_lower(&lower, 3);
        for row in 0..3 {
            for column in 0..=row {
                // L^-1 A L^-T is the identity.
                let mut value = 0.0;
                for i in 0..=row {
                    for j in 0..=column {
                        value += inverse[row * 3 + i] * matrix[i * 3 + j] * inverse[column * 3 + j];
                    }
                }
                assert_relative_eq!(value, f64::from(u8::from(row == column)), epsilon = 1e-14);
            }
        }
    }
}
