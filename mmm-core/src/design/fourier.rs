//! Yearly seasonality as sines and cosines.

use std::f64::consts::TAU;

use ndarray::Array2;

use crate::data::Date;

const DAYS_PER_YEAR: f64 = 365.25;

/// The Fourier modes of the day of the year: `sin(2 pi n d / 365.25)` for `n = 1..=order`, then the
/// cosines.
///
/// | name    | shape            | unit  | range     |
/// |---------|------------------|-------|-----------|
/// | `dates` | `(T,)`           | day   |           |
/// | `order` | scalar           | modes | any       |
/// | result  | `(T, 2 * order)` |       | `[-1, 1]` |
///
/// # Source
///
/// `YearlyFourier` of PyMC-Marketing.
pub fn yearly_fourier(dates: &[Date], order: usize) -> Array2<f64> {
    Array2::from_shape_fn((dates.len(), 2 * order), |(period, column)| {
        let mode = (column % order + 1) as f64;
        let angle = TAU * mode * f64::from(dates[period].day_of_year()) / DAYS_PER_YEAR;
        if column < order { angle.sin() } else { angle.cos() }
    })
}

/// The Fourier modes of the position in a cycle: `sin(2 pi n t / cycle)` for `n = 1..=order`, then
/// the cosines.
///
/// | name      | shape            | unit    | range     |
/// |-----------|------------------|---------|-----------|
/// | `periods` | scalar           | periods | any       |
/// | `cycle`   | scalar           | periods | `> 0`     |
/// | `order`   | scalar           | modes   | any       |
/// | result    | `(T, 2 * order)` |         | `[-1, 1]` |
///
/// # Source
///
/// `calculate_seasonality` of `LightweightMMM` 0.1.9.
pub fn cyclic_fourier(periods: usize, cycle: f64, order: usize) -> Array2<f64> {
    Array2::from_shape_fn((periods, 2 * order), |(period, column)| {
        let angle = TAU * (column % order + 1) as f64 * period as f64 / cycle;
        if column < order { angle.sin() } else { angle.cos() }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn sine_and_cosine_of_a_mode_lie_on_a_circle() {
        let dates: Vec<Date> = (0..400).filter_map(Date::from_days_since_epoch).collect();
        let modes = yearly_fourier(&dates, 3);
        for row in modes.rows() {
            for mode in 0..3 {
                assert_relative_eq!(row[mode].hypot(row[mode + 3]), 1.0, max_relative = 1e-12);
            }
        }
    }

    #[test]
    fn a_cycle_comes_back() {
        let modes = cyclic_fourier(60, 52.0, 2);
        for column in 0..4 {
            assert_relative_eq!(modes[[0, column]], modes[[52, column]], epsilon = 1e-12);
        }
    }

    #[test]
    fn order_zero_has_no_columns() {
        assert_eq!(yearly_fourier(&[], 0).dim(), (0, 0));
    }
}
