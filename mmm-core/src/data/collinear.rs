//! Columns that are combinations of others, and so have no effect that could be told from theirs.

use super::{DatasetBuilder, Problem, ProblemCode, check::is_constant};

/// Above this variance inflation a column is refused: less than a thousandth of its variance is its own.
const MOST_INFLATION: f64 = 1000.0;

/// What is added to the diagonal, so that exact combinations have a large inflation and not none.
const RIDGE: f64 = 1e-12;

/// By how much the variance of each column's coefficient grows because of the other columns.
///
/// `VIF[j] = 1 / (1 - R²[j])`, where `R²[j]` is the share of column `j` that a regression on all others
/// and a constant explains. It is the diagonal of the inverse of the correlation matrix.
///
/// | name      | shape    | unit | range           |
/// |-----------|----------|------|-----------------|
/// | `columns` | `(C, T)` | any  | finite          |
/// | result    | `(C,)`   |      | `>= 1`          |
///
/// A constant column has no inflation of its own: 1. Where there are as many columns as values every
/// column is a combination of the others, and all are infinite. `O(C² T + C³)`.
///
/// # Source
///
/// Belsley, Kuh, Welsch (1980), *Regression Diagnostics*, section 3.2.
pub fn variance_inflation(columns: &[&[f64]]) -> Vec<f64> {
    let length = columns.iter().map(|column| column.len()).min().unwrap_or(0);
    if columns.len() + 1 >= length {
        return vec![f64::INFINITY; columns.len()];
    }
    let unit: Vec<Vec<f64>> = columns.iter().map(|column| standardized(column)).collect();
    let mut matrix: Vec<Vec<f64>> = unit
        .iter()
        .enumerate()
        .map(|(row, a)| {
            let of = |(at, b): (usize, &Vec<f64>)| {
                if at == row { 1.0 + RIDGE } else { a.iter().zip(b).map(|(a, b)| a * b).sum() }
            };
            unit.iter().enumerate().map(of).collect()
        })
        .collect();
    invert(&mut matrix);
    matrix.iter().enumerate().map(|(at, row)| row[at].max(1.0)).collect()
}

/// The correlation of two columns of one length; zero where one of them is constant.
pub(super) fn correlation(a: &[f64], b: &[f64]) -> f64 {
    standardized(a).iter().zip(standardized(b)).map(|(a, b)| a * b).sum()
}

/// The columns whose effects the model tells apart: media by their pressure, then controls.
pub(super) fn comparable(input: &DatasetBuilder) -> Vec<(&str, &[f64])> {
    let channels = input.channels.iter().map(|channel| (channel.name.as_str(), channel.pressure()));
    let organic = input.organic.iter().map(|organic| (organic.name.as_str(), organic.exposure.as_slice()));
    let controls = input.controls.iter().map(|control| (control.name.as_str(), control.values.as_slice()));
    channels.chain(organic).chain(controls).collect()
}

/// Refuses columns that are combinations of others. With more columns than periods all would be; that is
/// for the model to refuse, which knows how many parameters each of them has.
pub(super) fn collinear(columns: &[(&str, &[f64])], problems: &mut Vec<Problem>) {
    let values: Vec<&[f64]> = columns.iter().map(|(_, values)| *values).collect();
    for (at, inflation) in variance_inflation(&values).into_iter().enumerate() {
        if inflation.is_finite() && inflation > MOST_INFLATION {
            let (name, own) = columns[at];
            let others = columns.iter().enumerate().filter(|(other, _)| *other != at);
            let like = others
                .map(|(_, (other, values))| (*other, correlation(own, values)))
                .max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()));
            let like = like
                .map_or(String::new(), |(other, r)| format!(", most of all {other:?} (correlation {r:.3})"));
            problems.push(Problem::column(
                ProblemCode::Collinear,
                name,
                format!(
                    "it follows from the other columns{like}: its variance inflation is {inflation:.0}, at most \
                     {MOST_INFLATION} can be used; leave one of them out or add them up"
                ),
            ));
        }
    }
}

/// Centred and of length one; all zero where the column is constant.
fn standardized(column: &[f64]) -> Vec<f64> {
    if is_constant(column) {
        return vec![0.0; column.len()];
    }
    let mean = column.iter().sum::<f64>() / column.len() as f64;
    // Squares of tiny values are nothing, so the largest distance becomes one first.
    let largest = column.iter().map(|value| (value - mean).abs()).fold(0.0, f64::max);
    let distances: Vec<f64> = column.iter().map(|value| (value - mean) / largest).collect();
    let length = distances.iter().map(|distance| distance * distance).sum::<f64>().sqrt();
    distances.iter().map(|distance| distance / length).collect()
}

/// Inverts a positive definite matrix in place, by Gauss and Jordan.
fn invert(matrix: &mut [Vec<f64>]) {
    for pivot in 0..matrix.len() {
        // Rounding may leave less than nothing of a column that the others explain.
        let scale = matrix[pivot][pivot].max(RIDGE).recip();
        matrix[pivot][pivot] = 1.0;
        matrix[pivot].iter_mut().for_each(|value| *value *= scale);
        let own = matrix[pivot].clone();
        for (_, row) in matrix.iter_mut().enumerate().filter(|(row, _)| *row != pivot) {
            let factor = std::mem::take(&mut row[pivot]);
            row.iter_mut().zip(&own).for_each(|(value, own)| *value -= factor * own);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    fn wave(pace: f64) -> Vec<f64> {
        (0..60).map(|week| 3.0 + (pace * f64::from(week)).sin()).collect()
    }

    #[test]
    fn two_columns_inflate_each_other_by_their_correlation() {
        let (a, b) = (wave(0.3), wave(0.33));
        let r = correlation(&a, &b);
        for inflation in variance_inflation(&[&a, &b]) {
            assert_relative_eq!(inflation, 1.0 / (1.0 - r * r), max_relative = 1e-9);
        }
    }

    #[test]
    fn units_do_not_matter_and_combinations_are_seen() {
        let (a, b, c) = (wave(0.3), wave(1.1), wave(2.0));
        let before = variance_inflation(&[&a, &b, &c]);
        let scaled: Vec<f64> = b.iter().map(|value| 1e6 * value - 7.0).collect();
        for (before, after) in before.iter().zip(variance_inflation(&[&a, &scaled, &c])) {
            assert_relative_eq!(*before, after, max_relative = 1e-9);
        }
        let sum: Vec<f64> = a.iter().zip(&b).map(|(a, b)| 2.0 * a + b).collect();
        let found = variance_inflation(&[&a, &b, &c, &sum]);
        assert!(found[0] > 1e6 && found[1] > 1e6 && found[3] > 1e6 && found[2] < 2.0, "{found:?}");
    }

    #[test]
    fn tiny_and_huge_columns_have_a_correlation() {
        for size in [1e-300, 1e-160, 1e17] {
            let scaled: Vec<f64> = wave(0.3).iter().map(|value| size * value).collect();
            assert_relative_eq!(correlation(&scaled, &wave(0.3)), 1.0, max_relative = 1e-9);
        }
    }

    #[test]
    fn a_constant_is_no_combination_and_too_many_columns_all_are() {
        let (a, flat) = (wave(0.3), vec![2.0; 60]);
        assert_eq!(variance_inflation(&[&flat]), [1.0]);
        assert_relative_eq!(variance_inflation(&[&a, &flat])[0], 1.0, max_relative = 1e-9);
        assert!(variance_inflation(&[&a[..3], &a[3..6]]).iter().all(|inflation| inflation.is_infinite()));
    }
}
