//! Geometric adstock: part of a period's pressure is carried into the periods after it.
//!
//! Finite memory: `max_lag` weights `w[l] = retention^l`, by default divided by their sum so that
//! adstock moves pressure in time without creating any. What came before the first period counts as
//! zero.

use ndarray::{Array1, ArrayView1};
use serde::{Deserialize, Serialize};

/// Geometric adstock with a finite memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GeometricAdstock {
    max_lag: usize,
    normalized: bool,
    direction: Direction,
}

/// Where the pressure of a period goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Into the periods after it: carry-over.
    #[default]
    After,
    /// Into the periods before it: anticipation.
    Before,
    /// Into both.
    Overlap,
}

/// Why an adstock cannot be computed.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AdstockError {
    /// The retention is not a share.
    #[error("a retention of {0} is outside 0 to 1")]
    Retention(f64),

    /// A pressure is not a number.
    #[error("the pressure of period {period} is not finite")]
    NotFinite {
        /// The period, counted from 0.
        period: usize,
    },
}

impl GeometricAdstock {
    /// A normalised carry-over over `max_lag` periods, the current one included; at least one.
    pub const fn new(max_lag: usize) -> Self {
        let max_lag = if max_lag == 0 { 1 } else { max_lag };
        Self { max_lag, normalized: true, direction: Direction::After }
    }

    /// Leaves the weights as `retention^l`, so that a burst adds up to more than itself.
    #[must_use]
    pub const fn unnormalized(self) -> Self {
        Self { normalized: false, ..self }
    }

    /// Sends the pressure into another direction of time.
    #[must_use]
    pub const fn toward(self, direction: Direction) -> Self {
        Self { direction, ..self }
    }

    /// The number of periods over which pressure is spread.
    pub const fn max_lag(self) -> usize {
        self.max_lag
    }

    /// Writes the weights and their derivatives by the retention into two slices of length
    /// [`max_lag`](Self::max_lag).
    ///
    /// `w[l] = a^l / S`, `dw[l]/da = (l a^(l-1) - w[l] S') / S` with `S = sum a^l`, `0^0 = 1`; with
    /// `S = 1`, `S' = 0` where the weights are not normalised.
    pub(crate) fn fill(self, retention: f64, weights: &mut [f64], slopes: &mut [f64]) {
        let (mut power, mut slope) = (1.0, 0.0);
        let (mut sum, mut sum_slope) = (0.0, 0.0);
        for (lag, (weight, weight_slope)) in weights.iter_mut().zip(slopes.iter_mut()).enumerate() {
            (*weight, *weight_slope) = (power, slope);
            sum += power;
            sum_slope += slope;
            slope = (lag as f64 + 1.0) * power;
            power *= retention;
        }
        if self.normalized {
            for (weight, slope) in weights.iter_mut().zip(slopes.iter_mut()) {
                *weight /= sum;
                *slope = (*slope - *weight * sum_slope) / sum;
            }
        }
    }

    /// The share of a period's pressure that works `l` periods away, for `l = 0, 1, …`.
    ///
    /// | name        | shape        | unit                  | range    |
    /// |-------------|--------------|-----------------------|----------|
    /// | `retention` | scalar       | share kept per period | `[0, 1]` |
    /// | result      | `(max_lag,)` | share                 | `[0, 1]` |
    ///
    /// # Errors
    ///
    /// [`AdstockError::Retention`] outside `[0, 1]` or NaN.
    ///
    /// # Source
    ///
    /// `geometric_adstock` of PyMC-Marketing; Jin et al. (2017), Google Research.
    pub fn weights(self, retention: f64) -> Result<Array1<f64>, AdstockError> {
        self.weights_and_slopes(retention).map(|(weights, _)| weights)
    }

    /// Carries part of every period's pressure into other periods.
    ///
    /// `s[t] = sum over l of w[l] x[t - l]` for [`Direction::After`].
    ///
    /// | name        | shape  | unit                   | range    |
    /// |-------------|--------|------------------------|----------|
    /// | `pressure`  | `(T,)` | any, e.g. EUR per week | finite   |
    /// | `retention` | scalar | share kept per period  | `[0, 1]` |
    /// | result      | `(T,)` | unit of `pressure`     | finite   |
    ///
    /// Runs in `O(T max_lag)`.
    ///
    /// # Errors
    ///
    /// [`AdstockError::Retention`] outside `[0, 1]` or NaN; [`AdstockError::NotFinite`] names the period.
    ///
    /// # Source
    ///
    /// `geometric_adstock` and `batched_convolution` of PyMC-Marketing.
    pub fn apply(self, pressure: ArrayView1<'_, f64>, retention: f64) -> Result<Array1<f64>, AdstockError> {
        let (weights, _) = self.weights_and_slopes(retention)?;
        self.convolve(pressure, &weights)
    }

    /// The derivative of [`apply`](Self::apply) by the retention; same shapes, unit of `pressure`.
    ///
    /// # Errors
    ///
    /// As [`apply`](Self::apply).
    pub fn slope(self, pressure: ArrayView1<'_, f64>, retention: f64) -> Result<Array1<f64>, AdstockError> {
        let (_, slopes) = self.weights_and_slopes(retention)?;
        self.convolve(pressure, &slopes)
    }

    fn weights_and_slopes(self, retention: f64) -> Result<(Array1<f64>, Array1<f64>), AdstockError> {
        if !(0.0..=1.0).contains(&retention) {
            return Err(AdstockError::Retention(retention));
        }
        let (mut weights, mut slopes) = (vec![0.0; self.max_lag], vec![0.0; self.max_lag]);
        self.fill(retention, &mut weights, &mut slopes);
        Ok((weights.into(), slopes.into()))
    }

    fn convolve(
        self,
        pressure: ArrayView1<'_, f64>,
        weights: &Array1<f64>,
    ) -> Result<Array1<f64>, AdstockError> {
        if let Some(period) = pressure.iter().position(|value| !value.is_finite()) {
            return Err(AdstockError::NotFinite { period });
        }
        // How many periods the window reaches ahead of the one it is computed for.
        let ahead = match self.direction {
            Direction::After => 0,
            Direction::Before => self.max_lag - 1,
            Direction::Overlap => self.max_lag - 1 - self.max_lag / 2,
        };
        Ok(Array1::from_shape_fn(pressure.len(), |period| {
            weights
                .iter()
                .enumerate()
                .filter_map(|(lag, weight)| {
                    let source = (period + ahead).checked_sub(lag)?;
                    pressure.get(source).map(|value| weight * value)
                })
                .sum()
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    fn burst(periods: usize) -> Array1<f64> {
        Array1::from_shape_fn(periods, |period| if period == 0 { 1.0 } else { 0.0 })
    }

    #[test]
    fn normalised_adstock_keeps_the_sum_of_a_burst() {
        for retention in [0.0, 0.1, 0.5, 0.9, 1.0] {
            for max_lag in [1, 4, 8, 13] {
                let carried = GeometricAdstock::new(max_lag).apply(burst(20).view(), retention).unwrap();
                assert_relative_eq!(carried.sum(), 1.0, max_relative = 1e-12);
            }
        }
    }

    #[test]
    fn an_unnormalised_burst_adds_up_to_the_geometric_sum() {
        for retention in [0.1, 0.5, 0.9] {
            let carried =
                GeometricAdstock::new(12).unnormalized().apply(burst(20).view(), retention).unwrap();
            let expected = (1.0 - f64::powi(retention, 12)) / (1.0 - retention);
            assert_relative_eq!(carried.sum(), expected, max_relative = 1e-12);
        }
    }

    #[test]
    fn the_slope_is_the_limit_of_differences() {
        let pressure = Array1::from_shape_fn(30, |period| (period as f64 * 1.7).sin().max(0.0));
        for adstock in [GeometricAdstock::new(8), GeometricAdstock::new(5).unnormalized()] {
            for retention in [0.05, 0.4, 0.93] {
                let step = 1e-6;
                let at = |retention| adstock.apply(pressure.view(), retention).unwrap();
                let numeric = (at(retention + step) - at(retention - step)) / (2.0 * step);
                let slope = adstock.slope(pressure.view(), retention).unwrap();
                for (exact, numeric) in slope.iter().zip(&numeric) {
                    assert_relative_eq!(exact, numeric, epsilon = 1e-8, max_relative = 1e-7);
                }
            }
        }
    }

    #[test]
    fn without_retention_nothing_is_carried() {
        let pressure = Array1::linspace(0.0, 3.0, 9);
        assert_eq!(GeometricAdstock::new(8).apply(pressure.view(), 0.0).unwrap(), pressure);
    }

    #[test]
    fn bad_input_is_an_error() {
        let adstock = GeometricAdstock::new(3);
        let pressure = Array1::from(vec![1.0, f64::NAN]);
        assert_eq!(adstock.apply(pressure.view(), 0.5), Err(AdstockError::NotFinite { period: 1 }));
        for retention in [-0.1, 1.1] {
            assert_eq!(adstock.weights(retention), Err(AdstockError::Retention(retention)));
        }
        assert!(adstock.weights(f64::NAN).is_err());
    }
}
