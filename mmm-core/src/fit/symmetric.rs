//! Eigenvalues of a symmetric matrix, by Jacobi's rotations.

use ndarray::Array2;

const MOST_SWEEPS: usize = 60;

/// Eigenvalues in no particular order, and the orthonormal eigenvectors as columns.
///
/// | name     | shape    | range              |
/// |----------|----------|--------------------|
/// | `matrix` | `(n, n)` | finite, symmetric  |
///
/// `O(n^3)` a sweep; a few sweeps reach rounding.
///
/// # Source
///
/// Golub and Van Loan (2013), *Matrix Computations*, section 8.5.
pub(super) fn eigen(mut matrix: Array2<f64>) -> (Vec<f64>, Array2<f64>) {
    let size = matrix.nrows();
    let mut vectors = Array2::eye(size);
    let total: f64 = matrix.iter().map(|value| value * value).sum();
    for _ in 0..MOST_SWEEPS {
        let mut outside = 0.0;
        for row in 0..size {
            for column in row + 1..size {
                outside += matrix[[row, column]].powi(2);
                rotate(&mut matrix, &mut vectors, row, column);
            }
        }
        if outside <= 1e-24 * total {
            break;
        }
    }
    (matrix.diag().to_vec(), vectors)
}

/// Makes one pair of entries zero.
fn rotate(matrix: &mut Array2<f64>, vectors: &mut Array2<f64>, p: usize, q: usize) {
    let off = matrix[[p, q]];
    if off == 0.0 {
        return;
    }
    let half = (matrix[[q, q]] - matrix[[p, p]]) / (2.0 * off);
    let tangent = half.signum() / (half.abs() + half.hypot(1.0));
    let cosine = tangent.hypot(1.0).recip();
    let sine = tangent * cosine;
    for k in 0..matrix.nrows() {
        let (a, b) = (matrix[[k, p]], matrix[[k, q]]);
        (matrix[[k, p]], matrix[[k, q]]) = (cosine * a - sine * b, sine * a + cosine * b);
    }
    for k in 0..matrix.nrows() {
        let (a, b) = (matrix[[p, k]], matrix[[q, k]]);
        (matrix[[p, k]], matrix[[q, k]]) = (cosine * a - sine * b, sine * a + cosine * b);
        let (a, b) = (vectors[[k, p]], vectors[[k, q]]);
        (vectors[[k, p]], vectors[[k, q]]) = (cosine * a - sine * b, sine * a + cosine * b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn vectors_and_values_restore_the_matrix() {
        let matrix = Array2::from_shape_fn((9, 9), |(row, column)| {
            ((row * column) as f64).sin() + ((row + column) as f64).cos() + f64::from(u8::from(row == column))
        });
        let (values, vectors) = eigen(matrix.clone());
        let scaled = Array2::from_shape_fn((9, 9), |(row, column)| vectors[[row, column]] * values[column]);
        for (ours, expected) in scaled.dot(&vectors.t()).iter().zip(&matrix) {
            assert_relative_eq!(ours, expected, epsilon = 1e-12);
        }
        for (ours, expected) in vectors.t().dot(&vectors).iter().zip(&Array2::eye(9)) {
            assert_relative_eq!(ours, expected, epsilon = 1e-12);
        }
    }
}
