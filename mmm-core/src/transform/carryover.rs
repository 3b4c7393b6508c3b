//! An adstock family with a finite memory, applied to a series.
//!
//! What came before the first period counts as zero. Normalised weights add up to one, so that
//! adstock moves pressure in time without creating any.

use ndarray::{Array1, ArrayView1};
use serde::{Deserialize, Serialize};

use super::{MOST_PARAMETERS, adstock::Adstock};

/// An adstock family, its memory, and where it sends the pressure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carryover {
    adstock: Adstock,
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
    /// There are more or fewer parameters than the family has.
    #[error("this adstock has {expected} parameters, not {given}")]
    Count {
        /// How many the family has.
        expected: usize,
        /// How many were given.
        given: usize,
    },

    /// A parameter is outside its range.
    #[error("{name} cannot be {value}")]
    Parameter {
        /// The parameter.
        name: &'static str,
        /// Its value.
        value: f64,
    },

    /// A pressure is not a number.
    #[error("the pressure of period {period} is not finite")]
    NotFinite {
        /// The period, counted from 0.
        period: usize,
    },
}

impl Carryover {
    /// A normalised carry-over over `max_lag` periods, the current one included; at least one.
    pub const fn new(adstock: Adstock, max_lag: usize) -> Self {
        let max_lag = if max_lag == 0 { 1 } else { max_lag };
        Self { adstock, max_lag, normalized: true, direction: Direction::After }
    }

    /// Leaves the weights as the family gives them, so that a burst may add up to more than itself.
    #[must_use]
    pub const fn unnormalized(self) -> Self {
        Self { normalized: false, ..self }
    }

    /// Sends the pressure into another direction of time.
    #[must_use]
    pub const fn toward(self, direction: Direction) -> Self {
        Self { direction, ..self }
    }

    /// The family.
    pub const fn adstock(self) -> Adstock {
        self.adstock
    }

    /// The number of periods over which pressure is spread.
    pub const fn max_lag(self) -> usize {
        self.max_lag
    }

    /// Writes weights and slopes without checks; see [`Adstock::fill`].
    pub(crate) fn fill(self, parameters: &[f64], weights: &mut [f64], slopes: &mut [f64]) {
        self.adstock.fill(parameters, self.normalized, weights, slopes);
    }

    /// The share of a period's pressure that works `l` periods away, for `l = 0, 1, …`.
    ///
    /// | name         | shape        | range                             |
    /// |--------------|--------------|-----------------------------------|
    /// | `parameters` | `(P,)`       | see [`Adstock::parameters`]       |
    /// | result       | `(max_lag,)` | `>= 0`; adds up to one if normalised |
    ///
    /// # Errors
    ///
    /// [`AdstockError`] where a parameter is missing or out of range.
    ///
    /// # Source
    ///
    /// See [`adstock`](super::adstock).
    pub fn weights(self, parameters: &[f64]) -> Result<Array1<f64>, AdstockError> {
        self.weights_and_slopes(parameters).map(|(weights, _)| weights)
    }

    /// Carries part of every period's pressure into other periods.
    ///
    /// `s[t] = sum over l of w[l] x[t - l]` for [`Direction::After`]; `x[t + L - 1 - l]` for
    /// [`Direction::Before`]; `x[t + L - 1 - floor(L / 2) - l]` for [`Direction::Overlap`].
    ///
    /// | name         | shape  | unit                   | range                       |
    /// |--------------|--------|------------------------|-----------------------------|
    /// | `pressure`   | `(T,)` | any, e.g. EUR per week | finite                      |
    /// | `parameters` | `(P,)` |                        | see [`Adstock::parameters`] |
    /// | result       | `(T,)` | unit of `pressure`     | finite                      |
    ///
    /// Runs in `O(T max_lag)`. As it is linear, its derivative by the pressure of period `j` is the
    /// result for a burst of one in period `j`.
    ///
    /// # Errors
    ///
    /// [`AdstockError`] where a parameter or a pressure is out of range.
    ///
    /// # Source
    ///
    /// `batched_convolution` of PyMC-Marketing.
    pub fn apply(
        self,
        pressure: ArrayView1<'_, f64>,
        parameters: &[f64],
    ) -> Result<Array1<f64>, AdstockError> {
        let (weights, _) = self.weights_and_slopes(parameters)?;
        self.convolve(pressure, &weights)
    }

    /// The derivative of [`apply`](Self::apply) by one of the parameters; same shapes, unit of
    /// `pressure` per unit of the parameter. All zero for a place that the family does not have.
    ///
    /// # Errors
    ///
    /// As [`apply`](Self::apply).
    pub fn slope(
        self,
        pressure: ArrayView1<'_, f64>,
        parameters: &[f64],
        place: usize,
    ) -> Result<Array1<f64>, AdstockError> {
        let (_, slopes) = self.weights_and_slopes(parameters)?;
        let slopes = slopes.chunks_exact(self.max_lag).nth(place).map(<[f64]>::to_vec);
        self.convolve(pressure, &slopes.unwrap_or_else(|| vec![0.0; self.max_lag]).into())
    }

    /// The derivative of a number by the pressure, given its derivative by the carried pressure:
    /// the convolution with time reversed. Shapes as in [`apply`](Self::apply).
    ///
    /// # Errors
    ///
    /// As [`apply`](Self::apply).
    pub fn pull_back(
        self,
        by_carried: ArrayView1<'_, f64>,
        parameters: &[f64],
    ) -> Result<Array1<f64>, AdstockError> {
        let (weights, _) = self.weights_and_slopes(parameters)?;
        check_finite(by_carried)?;
        let ahead = self.ahead();
        Ok(Array1::from_shape_fn(by_carried.len(), |source| {
            let reached = |(lag, weight): (usize, &f64)| {
                let period = (source + lag).checked_sub(ahead)?;
                by_carried.get(period).map(|value| weight * value)
            };
            weights.iter().enumerate().filter_map(reached).sum()
        }))
    }

    fn weights_and_slopes(self, parameters: &[f64]) -> Result<(Array1<f64>, Vec<f64>), AdstockError> {
        let expected = self.adstock.parameters();
        if parameters.len() != expected.len() {
            return Err(AdstockError::Count { expected: expected.len(), given: parameters.len() });
        }
        let outside = expected.iter().zip(parameters).find(|(known, value)| !known.domain.contains(**value));
        if let Some((known, value)) = outside {
            return Err(AdstockError::Parameter { name: known.name, value: *value });
        }
        let (mut weights, mut slopes) = (vec![0.0; self.max_lag], vec![0.0; MOST_PARAMETERS * self.max_lag]);
        self.fill(parameters, &mut weights, &mut slopes);
        slopes.truncate(expected.len() * self.max_lag);
        Ok((weights.into(), slopes))
    }

    /// How many periods the window reaches ahead of the one it is computed for.
    const fn ahead(self) -> usize {
        match self.direction {
            Direction::After => 0,
            Direction::Before => self.max_lag - 1,
            Direction::Overlap => self.max_lag - 1 - self.max_lag / 2,
        }
    }

    fn convolve(
        self,
        pressure: ArrayView1<'_, f64>,
        weights: &Array1<f64>,
    ) -> Result<Array1<f64>, AdstockError> {
        check_finite(pressure)?;
        let ahead = self.ahead();
        Ok(Array1::from_shape_fn(pressure.len(), |period| {
            let reached = |(lag, weight): (usize, &f64)| {
                let source = (period + ahead).checked_sub(lag)?;
                pressure.get(source).map(|value| weight * value)
            };
            weights.iter().enumerate().filter_map(reached).sum()
        }))
    }
}

fn check_finite(values: ArrayView1<'_, f64>) -> Result<(), AdstockError> {
    match values.iter().position(|value| !value.is_finite()) {
        Some(period) => Err(AdstockError::NotFinite { period }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transform::adstock::EXAMPLES;
    use approx::assert_relative_eq;

    const DIRECTIONS: [Direction; 3] = [Direction::After, Direction::Before, Direction::Overlap];

    fn burst(periods: usize) -> Array1<f64> {
        Array1::from_shape_fn(periods, |period| if period == 0 { 1.0 } else { 0.0 })
    }

    fn wave(periods: usize) -> Array1<f64> {
        Array1::from_shape_fn(periods, |period| (period as f64 * 1.7).sin().max(0.0))
    }

    #[test]
    fn normalised_adstock_keeps_the_sum_of_a_burst() {
        let ending = |(adstock, _): &(Adstock, _)| *adstock != Adstock::Endless;
        for (adstock, parameters) in EXAMPLES.into_iter().filter(ending) {
            for max_lag in [1, 4, 8, 13] {
                let parameters = &parameters[..adstock.parameters().len()];
                let carried = Carryover::new(adstock, max_lag).apply(burst(20).view(), parameters).unwrap();
                assert_relative_eq!(carried.sum(), 1.0, max_relative = 1e-12);
            }
        }
    }

    #[test]
    fn an_unnormalised_burst_adds_up_to_the_geometric_sum() {
        for retention in [0.1, 0.5, 0.9] {
            let carryover = Carryover::new(Adstock::Geometric, 12).unnormalized();
            let carried = carryover.apply(burst(20).view(), &[retention]).unwrap();
            let expected = (1.0 - f64::powi(retention, 12)) / (1.0 - retention);
            assert_relative_eq!(carried.sum(), expected, max_relative = 1e-12);
        }
    }

    #[test]
    fn the_slope_is_the_limit_of_differences() {
        let pressure = wave(30);
        for (adstock, parameters) in EXAMPLES {
            let parameters = &parameters[..adstock.parameters().len()];
            for carryover in [Carryover::new(adstock, 8), Carryover::new(adstock, 5).unnormalized()] {
                for place in 0..parameters.len() {
                    let at = |step: f64| {
                        let mut moved = parameters.to_vec();
                        moved[place] += step;
                        carryover.apply(pressure.view(), &moved).unwrap()
                    };
                    let numeric = (at(1e-6) - at(-1e-6)) / 2e-6;
                    let slope = carryover.slope(pressure.view(), parameters, place).unwrap();
                    for (exact, numeric) in slope.iter().zip(&numeric) {
                        assert_relative_eq!(exact, numeric, epsilon = 1e-8, max_relative = 1e-7);
                    }
                }
            }
        }
    }

    #[test]
    fn pulling_back_is_the_adjoint() {
        let (one, other) = (wave(25), Array1::linspace(-1.0, 2.0, 25));
        for (adstock, parameters) in EXAMPLES {
            for direction in DIRECTIONS {
                let parameters = &parameters[..adstock.parameters().len()];
                let carryover = Carryover::new(adstock, 6).toward(direction);
                let forward = carryover.apply(one.view(), parameters).unwrap().dot(&other);
                let back = carryover.pull_back(other.view(), parameters).unwrap().dot(&one);
                assert_relative_eq!(forward, back, max_relative = 1e-12);
            }
        }
    }

    #[test]
    fn without_retention_nothing_is_carried() {
        let pressure = Array1::linspace(0.0, 3.0, 9);
        for (adstock, parameters) in [(Adstock::None, &[][..]), (Adstock::Geometric, &[0.0])] {
            assert_eq!(Carryover::new(adstock, 8).apply(pressure.view(), parameters).unwrap(), pressure);
        }
    }

    #[test]
    fn bad_input_is_an_error() {
        let carryover = Carryover::new(Adstock::Geometric, 3);
        let pressure = Array1::from(vec![1.0, f64::NAN]);
        assert_eq!(carryover.apply(pressure.view(), &[0.5]), Err(AdstockError::NotFinite { period: 1 }));
        for value in [-0.1, 1.1] {
            let error = AdstockError::Parameter { name: "alpha", value };
            assert_eq!(carryover.weights(&[value]), Err(error));
        }
        assert!(carryover.weights(&[f64::NAN]).is_err());
        assert_eq!(carryover.weights(&[]), Err(AdstockError::Count { expected: 1, given: 0 }));
    }
}
