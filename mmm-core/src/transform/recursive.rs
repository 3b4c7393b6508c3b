//! Geometric adstock with an infinite memory.
//!
//! `s[0] = x[0]`, then `s[t] = x[t] + retention * s[t - 1]`; normalised, everything times
//! `1 - retention`.

use ndarray::{Array1, ArrayView1};

use super::carryover::AdstockError;

/// Carries a share of each period's stock of pressure into the next, without end.
///
/// | name         | shape  | unit                   | range    |
/// |--------------|--------|------------------------|----------|
/// | `pressure`   | `(T,)` | any, e.g. EUR per week | finite   |
/// | `retention`  | scalar | share kept per period  | `[0, 1)` |
/// | `normalized` |        |                        |          |
/// | result       | `(T,)` | unit of `pressure`     | finite   |
///
/// Runs in `O(T)`. A burst of `1.0` adds up to `1 / (1 - retention)`, or to one if normalised.
///
/// # Errors
///
/// [`AdstockError::Parameter`] outside `[0, 1)`; [`AdstockError::NotFinite`] names the period.
///
/// # Source
///
/// `adstock_geometric` of Robyn 3.12 (unnormalised) and `adstock` of `LightweightMMM` 0.1.9.
pub fn recursive_adstock(
    pressure: ArrayView1<'_, f64>,
    retention: f64,
    normalized: bool,
) -> Result<Array1<f64>, AdstockError> {
    stock_and_slope(pressure, retention, normalized).map(|(stock, _)| stock)
}

/// The derivative of [`recursive_adstock`] by the retention; same shapes.
///
/// `s'[t] = s[t - 1] + retention * s'[t - 1]`; normalised, `(1 - retention) s'[t] - s[t]`.
///
/// # Errors
///
/// As [`recursive_adstock`].
pub fn recursive_slope(
    pressure: ArrayView1<'_, f64>,
    retention: f64,
    normalized: bool,
) -> Result<Array1<f64>, AdstockError> {
    stock_and_slope(pressure, retention, normalized).map(|(_, slope)| slope)
}

fn stock_and_slope(
    pressure: ArrayView1<'_, f64>,
    retention: f64,
    normalized: bool,
) -> Result<(Array1<f64>, Array1<f64>), AdstockError> {
    if !(0.0..1.0).contains(&retention) {
        return Err(AdstockError::Parameter { name: "retention", value: retention });
    }
    if let Some(period) = pressure.iter().position(|value| !value.is_finite()) {
        return Err(AdstockError::NotFinite { period });
    }
    let (mut stock, mut slope) = (0.0, 0.0);
    let rest = 1.0 - retention;
    let pairs = pressure.iter().map(|pressure| {
        slope = stock + retention * slope;
        stock = pressure + retention * stock;
        if normalized { (rest * stock, rest * slope - stock) } else { (stock, slope) }
    });
    let (stocks, slopes): (Vec<f64>, Vec<f64>) = pairs.unzip();
    Ok((stocks.into(), slopes.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transform::{adstock::Adstock, carryover::Carryover};
    use approx::assert_relative_eq;

    #[test]
    fn it_is_the_finite_form_with_a_memory_as_long_as_the_series() {
        let pressure = Array1::from_shape_fn(40, |period| (period as f64 * 0.9).cos().max(0.0));
        for retention in [0.0, 0.3, 0.95] {
            let finite = Carryover::new(Adstock::Geometric, 40).unnormalized();
            let long = finite.apply(pressure.view(), &[retention]).unwrap();
            let recursive = recursive_adstock(pressure.view(), retention, false).unwrap();
            let (slope, exact) = (
                finite.slope(pressure.view(), &[retention], 0).unwrap(),
                recursive_slope(pressure.view(), retention, false).unwrap(),
            );
            for period in 0..40 {
                assert_relative_eq!(recursive[period], long[period], max_relative = 1e-12);
                assert_relative_eq!(exact[period], slope[period], epsilon = 1e-12, max_relative = 1e-12);
            }
        }
    }

    #[test]
    fn the_normalised_slope_is_the_limit_of_differences() {
        let pressure = Array1::linspace(0.0, 4.0, 12);
        let at = |retention| recursive_adstock(pressure.view(), retention, true).unwrap();
        let numeric = (at(0.6 + 1e-6) - at(0.6 - 1e-6)) / 2e-6;
        let exact = recursive_slope(pressure.view(), 0.6, true).unwrap();
        for (exact, numeric) in exact.iter().zip(&numeric) {
            assert_relative_eq!(exact, numeric, epsilon = 1e-8);
        }
    }

    #[test]
    fn bad_input_is_an_error() {
        let pressure = Array1::from(vec![1.0, f64::INFINITY]);
        assert_eq!(recursive_adstock(pressure.view(), 0.5, true), Err(AdstockError::NotFinite { period: 1 }));
        assert!(recursive_adstock(pressure.view(), 1.0, true).is_err());
    }
}
