//! Eigenvalues of a symmetric matrix.
//!
//! 1. Reflections, one a column, leave three diagonals;
//! 2. rotations with a shift make the outer two vanish, an eigenvalue after the other.

use ndarray::Array2;

use crate::vector::{add_scaled, dot};

/// Rotation sweeps per eigenvalue; two or three are usual.
const MOST_SWEEPS: usize = 60;

/// Eigenvalues in no particular order, and the orthonormal eigenvectors as columns.
///
/// | name     | shape    | range              |
/// |----------|----------|--------------------|
/// | `matrix` | `(n, n)` | finite, symmetric  |
///
/// `O(n^3)`.
///
/// # Source
///
/// Golub and Van Loan (2013), *Matrix Computations*, algorithms 8.3.1 to 8.3.3.
pub(super) fn eigen(matrix: Array2<f64>) -> (Vec<f64>, Array2<f64>) {
    let size = matrix.nrows();
    let mut rows: Vec<Vec<f64>> = matrix.rows().into_iter().map(|row| row.to_vec()).collect();
    let reflections: Vec<Vec<f64>> =
        (1..size.saturating_sub(1)).map(|from| reflect(&mut rows, from)).collect();
    let mut main: Vec<f64> = (0..size).map(|at| rows[at][at]).collect();
    let mut beside: Vec<f64> = (1..size).map(|at| rows[at][at - 1]).collect();
    // Row `i` becomes eigenvector `i`: the product of all reflections, transposed, and then rotated.
    let mut vectors: Vec<Vec<f64>> =
        (0..size).map(|row| (0..size).map(|column| f64::from(u8::from(row == column))).collect()).collect();
    for (index, reflection) in reflections.iter().enumerate().rev() {
        for row in vectors.iter_mut().skip(index + 1) {
            let along = dot(&row[index + 1..], reflection);
            add_scaled(&mut row[index + 1..], -2.0 * along, reflection);
        }
    }
    diagonalize(&mut main, &mut beside, &mut vectors);
    (main, Array2::from_shape_fn((size, size), |(row, column)| vectors[column][row]))
}

/// Makes column `from - 1` vanish below its second entry; returns the unit vector of the reflection, which
/// is zero where nothing had to be done.
fn reflect(rows: &mut [Vec<f64>], from: usize) -> Vec<f64> {
    let mut normal: Vec<f64> = rows[from..].iter().map(|row| row[from - 1]).collect();
    let length = dot(&normal, &normal).sqrt();
    normal[0] += if normal[0] < 0.0 { -length } else { length };
    let norm = dot(&normal, &normal).sqrt();
    if norm == 0.0 {
        return normal;
    }
    for value in &mut normal {
        *value /= norm;
    }
    let image: Vec<f64> = rows[from..].iter().map(|row| 2.0 * dot(&row[from..], &normal)).collect();
    let along = dot(&image, &normal);
    let change: Vec<f64> = image.iter().zip(&normal).map(|(image, normal)| image - along * normal).collect();
    for (at, row) in rows[from..].iter_mut().enumerate() {
        let beside = row[from - 1..from].to_vec();
        add_scaled(&mut row[from..], -normal[at], &change);
        add_scaled(&mut row[from..], -change[at], &normal);
        row[from - 1] = beside[0];
    }
    let column: Vec<f64> = rows[from..].iter().map(|row| row[from - 1]).collect();
    let along = dot(&column, &normal);
    for (row, normal) in rows[from..].iter_mut().zip(&normal) {
        row[from - 1] -= 2.0 * along * normal;
    }
    normal
}

/// Makes the diagonal beside the main one vanish.
fn diagonalize(main: &mut [f64], beside: &mut [f64], vectors: &mut [Vec<f64>]) {
    let mut last = main.len().saturating_sub(1);
    let mut sweeps = 0;
    while last > 0 {
        let small = |at: usize| beside[at].abs() <= f64::EPSILON * (main[at].abs() + main[at + 1].abs());
        if small(last - 1) || sweeps == MOST_SWEEPS {
            (last, sweeps) = (last - 1, 0);
            continue;
        }
        let first = (0..last).rev().find(|at| small(*at)).map_or(0, |at| at + 1);
        sweep(main, beside, vectors, first, last);
        sweeps += 1;
    }
}

/// One sweep of rotations over the block from `first` to `last`, shifted by its corner's eigenvalue.
fn sweep(main: &mut [f64], beside: &mut [f64], vectors: &mut [Vec<f64>], first: usize, last: usize) {
    let half = 0.5 * (main[last - 1] - main[last]);
    let corner = beside[last - 1];
    let shift = main[last] - corner * corner / (half + half.hypot(corner).copysign(half));
    let (mut x, mut bulge) = (main[first] - shift, beside[first]);
    for at in first..last {
        let length = x.hypot(bulge);
        let (cosine, sine) = if length == 0.0 { (1.0, 0.0) } else { (x / length, bulge / length) };
        if at > first {
            beside[at - 1] = length;
        }
        let (above, below, off) = (main[at], main[at + 1], beside[at]);
        main[at] = cosine * cosine * above + 2.0 * cosine * sine * off + sine * sine * below;
        main[at + 1] = sine * sine * above - 2.0 * cosine * sine * off + cosine * cosine * below;
        beside[at] = cosine * sine * (below - above) + (cosine * cosine - sine * sine) * off;
        if at + 1 < last {
            (x, bulge) = (beside[at], sine * beside[at + 1]);
            beside[at + 1] *= cosine;
        }
        let (upper, lower) = vectors.split_at_mut(at + 1);
        for (a, b) in upper[at].iter_mut().zip(&mut lower[0]) {
            (*a, *b) = (cosine * *a + sine * *b, cosine * *b - sine * *a);
        }
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
