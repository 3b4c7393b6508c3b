//! Logistic saturation: every further unit of pressure works less than the one before it.

/// Diminishing returns of pressure, `(1 - e^(-rate x)) / (1 + e^(-rate x))`.
///
/// | name     | shape  | unit             | range    |
/// |----------|--------|------------------|----------|
/// | `x`      | scalar | scaled pressure  | finite   |
/// | `rate`   | scalar | per unit of `x`  | `> 0`    |
/// | result   | scalar | share of maximum | `(-1, 1)`|
///
/// Equals `tanh(rate x / 2)`; half of the maximum is reached at `ln 3 / rate`.
///
/// # Source
///
/// `logistic_saturation` of PyMC-Marketing.
#[inline]
pub fn logistic(x: f64, rate: f64) -> f64 {
    let fading = (-rate * x).exp();
    // Where the exponential overflows, the ratio below would be infinite by infinite.
    if fading.is_infinite() { -1.0 } else { (1.0 - fading) / (1.0 + fading) }
}

/// The derivative of [`logistic`] by `x`: `rate (1 - s^2) / 2` with `s` its value.
///
/// Shapes, units and ranges as there; the result is at most `rate / 2`, reached at `x = 0`.
#[inline]
pub fn logistic_slope(x: f64, rate: f64) -> f64 {
    rate * logistic_bend(logistic(x, rate))
}

/// The derivative of [`logistic`] by `rate`: `x (1 - s^2) / 2` with `s` its value.
#[inline]
pub fn logistic_rate_slope(x: f64, rate: f64) -> f64 {
    x * logistic_bend(logistic(x, rate))
}

/// The derivative by `rate x`, from the value `s`: `(1 - s^2) / 2`.
#[inline]
pub(super) fn logistic_bend(value: f64) -> f64 {
    0.5 * (1.0 - value) * (1.0 + value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn it_is_the_hyperbolic_tangent_of_half_the_product() {
        for rate in [0.1, 1.0, 7.0] {
            for x in [0.0, 0.01, 0.5, 1.0, 40.0] {
                assert_relative_eq!(
                    logistic(x, rate),
                    (rate * x / 2.0).tanh(),
                    epsilon = 1e-15,
                    max_relative = 1e-12
                );
            }
        }
    }

    #[test]
    fn both_slopes_are_limits_of_differences() {
        for rate in [0.2, 1.5, 6.0] {
            for x in [0.0, 0.3, 1.0, 4.0] {
                let step = 1e-6;
                let by_x = (logistic(x + step, rate) - logistic(x - step, rate)) / (2.0 * step);
                let by_rate = (logistic(x, rate + step) - logistic(x, rate - step)) / (2.0 * step);
                assert_relative_eq!(logistic_slope(x, rate), by_x, epsilon = 1e-9);
                assert_relative_eq!(logistic_rate_slope(x, rate), by_rate, epsilon = 1e-9);
            }
        }
    }

    #[test]
    fn extreme_pressure_saturates_and_stays_finite() {
        assert_relative_eq!(logistic(1e6, 3.0), 1.0);
        assert_relative_eq!(logistic(-1e6, 3.0), -1.0);
        assert_relative_eq!(logistic_slope(1e6, 3.0), 0.0);
    }
}
