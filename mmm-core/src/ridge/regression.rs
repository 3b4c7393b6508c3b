//! A ridge regression with an intercept, some of whose coefficients may not be negative.
//!
//! ```text
//! minimise  sum of (y - b0 - X b)^2 / (2 T)  +  penalty / (2 sd(y)) * sum of (sd(X[j]) b[j])^2
//! ```
//!
//! One coefficient after the other is set to its best value until none moves. The penalty is divided by
//! the deviation of the target, as glmnet does.

use crate::vector::{add_scaled, dot};

const MOST_SWEEPS: usize = 1000;
/// A coefficient that moves the fit by less than this share of the target's deviation is still.
const STILL: f64 = 1e-7;

/// The intercept and a coefficient per column, in the columns' units.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Regression {
    pub(super) intercept: f64,
    pub(super) coefficients: Vec<f64>,
}

/// A column and whether its coefficient may be negative.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column<'a> {
    pub(super) values: &'a [f64],
    pub(super) signed: bool,
}

impl Regression {
    /// Columns and target have one length. With `intercept` off, neither is centred.
    pub(super) fn fit(columns: &[Column<'_>], target: &[f64], penalty: f64, intercept: bool) -> Self {
        let periods = target.len() as f64;
        let mean = |values: &[f64]| values.iter().sum::<f64>() / periods;
        let deviation = |values: &[f64]| {
            let middle = mean(values);
            (values.iter().map(|value| (value - middle).powi(2)).sum::<f64>() / periods).sqrt()
        };
        let level = |values: &[f64]| if intercept { mean(values) } else { 0.0 };
        let spread = deviation(target).max(f64::MIN_POSITIVE);
        let levels: Vec<f64> = columns.iter().map(|column| level(column.values)).collect();
        let scales: Vec<f64> = columns.iter().map(|column| deviation(column.values)).collect();
        let scaled: Vec<Vec<f64>> = columns
            .iter()
            .zip(levels.iter().zip(&scales))
            .map(|(column, (level, scale))| {
                // A column without spread explains nothing that the intercept does not.
                let factor = if *scale > 0.0 { 1.0 / scale } else { 0.0 };
                column.values.iter().map(|value| (value - level) * factor).collect()
            })
            .collect();
        let weight = penalty / spread;
        let lengths: Vec<f64> = scaled.iter().map(|column| dot(column, column) / periods).collect();
        let base = level(target);
        let mut residual: Vec<f64> = target.iter().map(|value| value - base).collect();
        let mut coefficients = vec![0.0; columns.len()];
        for _ in 0..MOST_SWEEPS {
            let mut largest = 0.0_f64;
            for (place, column) in scaled.iter().enumerate() {
                if lengths[place] == 0.0 {
                    continue;
                }
                let wanted = (dot(column, &residual) / periods + lengths[place] * coefficients[place])
                    / (lengths[place] + weight);
                let allowed = if columns[place].signed { wanted } else { wanted.max(0.0) };
                let step = allowed - coefficients[place];
                if step != 0.0 {
                    add_scaled(&mut residual, -step, column);
                    coefficients[place] = allowed;
                    largest = largest.max(step.abs());
                }
            }
            if largest < STILL * spread {
                break;
            }
        }
        for (coefficient, scale) in coefficients.iter_mut().zip(&scales) {
            *coefficient = if *scale > 0.0 { *coefficient / scale } else { 0.0 };
        }
        let explained: f64 =
            coefficients.iter().zip(&levels).map(|(coefficient, level)| coefficient * level).sum();
        Self { intercept: base - explained, coefficients }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    fn wave(periods: usize, speed: f64) -> Vec<f64> {
        (0..periods).map(|period| 1.0 + (period as f64 * speed).sin()).collect()
    }

    #[test]
    fn without_a_penalty_a_sum_is_taken_apart() {
        let (one, other) = (wave(60, 0.7), wave(60, 1.9));
        let target: Vec<f64> = one.iter().zip(&other).map(|(a, b)| 4.0 + 2.0 * a - 3.0 * b).collect();
        let columns = [Column { values: &one, signed: false }, Column { values: &other, signed: true }];
        let fit = Regression::fit(&columns, &target, 0.0, true);
        for (found, expected) in
            [fit.intercept, fit.coefficients[0], fit.coefficients[1]].into_iter().zip([4.0, 2.0, -3.0])
        {
            assert_relative_eq!(found, expected, max_relative = 1e-5);
        }
        let columns = columns.map(|column| Column { signed: false, ..column });
        assert_relative_eq!(Regression::fit(&columns, &target, 0.0, true).coefficients[1], 0.0);
    }

    #[test]
    fn one_column_shrinks_as_the_formula_says() {
        let column = wave(50, 0.9);
        let target: Vec<f64> = column.iter().map(|value| 3.0 * value).collect();
        let mean = column.iter().sum::<f64>() / 50.0;
        let sd = (column.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 50.0).sqrt();
        let fit = Regression::fit(&[Column { values: &column, signed: true }], &target, 2.0, true);
        // The target's deviation is three times the column's.
        assert_relative_eq!(fit.coefficients[0], 3.0 / (1.0 + 2.0 / (3.0 * sd)), max_relative = 1e-6);
    }
}
