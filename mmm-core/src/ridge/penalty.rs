//! The strengths of the penalty that are worth trying.

use crate::vector::dot;

/// The strongest over the weakest.
const RANGE: f64 = 1e4;
/// The share of the lasso in what glmnet calls the strongest penalty of a ridge.
const LASSO: f64 = 1e-3;

/// Penalties from the strongest, which leaves no coefficient worth mentioning, down to a
/// ten-thousandth of it, in equal ratios: `max over j of |sum over t of z[j, t] y[t]| / (0.001 T)`.
///
/// | name     | shape    | unit      | range                             |
/// |----------|----------|-----------|-----------------------------------|
/// | `columns`| `(J, T)` | any       | finite; centred and scaled here    |
/// | `target` | `(T,)`   | KPI       | finite                            |
/// | `count`  | scalar   |           | at least 2                        |
/// | result   | `(count,)`| KPI      | descending, `>= 0`                |
///
/// Columns without any spread count for nothing; so do those of another length.
///
/// # Source
///
/// `lambda_seq` of Robyn 3.12.1.
pub fn penalties(columns: &[&[f64]], target: &[f64], count: usize) -> Vec<f64> {
    let periods = target.len() as f64;
    let strength = |column: &&[f64]| {
        let mean = column.iter().sum::<f64>() / periods;
        let sd = (column.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / periods).sqrt();
        let scaled: Vec<f64> = column.iter().map(|value| (value - mean) / sd).collect();
        if sd > 0.0 && column.len() == target.len() { dot(&scaled, target).abs() } else { 0.0 }
    };
    let strongest = columns.iter().map(strength).fold(0.0, f64::max) / (LASSO * periods);
    let last = (count.max(2) - 1) as f64;
    (0..count.max(2)).map(|place| strongest * RANGE.powf(-(place as f64) / last)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn they_fall_in_equal_ratios() {
        let (rising, flat) = ([1.0, 2.0, 3.0, 4.0], [5.0; 4]);
        let found = penalties(&[&rising, &flat], &[1.0, 1.0, 2.0, 3.0], 5);
        assert_relative_eq!(found[0] / found[4], RANGE, max_relative = 1e-12);
        assert_relative_eq!(found[1] / found[0], found[4] / found[3], max_relative = 1e-12);
        // Neither the unit of a column nor its level matters.
        let other = rising.map(|value| 100.0 - 7.0 * value);
        assert_relative_eq!(
            penalties(&[&other], &[1.0, 1.0, 2.0, 3.0], 5)[0],
            found[0],
            max_relative = 1e-12
        );
    }
}
