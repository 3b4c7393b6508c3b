//! Diminishing returns: curves from pressure to effect.
//!
//! | curve                     | value at `x >= 0`                              | parameters              |
//! |---------------------------|------------------------------------------------|-------------------------|
//! | `none`                    | `x`                                            |                         |
//! | `logistic`                | `(1 - e^(-lam x)) / (1 + e^(-lam x))`          | `lam > 0`               |
//! | `inverse_scaled_logistic` | the same with `ln 3 / lam`: half at `x = lam`  | `lam > 0`               |
//! | `tanh`                    | `tanh(x / scale)`                              | `scale > 0`             |
//! | `tanh_baselined`          | `x0 tanh(x artanh(r) / x0) / r`                | `x0 > 0`, `r` in `(0,1)`|
//! | `michaelis_menten`        | `x / (lam + x)`                                | `lam > 0`               |
//! | `hill`                    | `x^slope / (x^slope + kappa^slope)`            | `slope > 0`, `kappa > 0`|
//! | `hill_sigmoid`            | `S(steepness (x - lam)) - S(-steepness lam)`   | `lam > 0`, `steepness > 0`|
//! | `root`                    | `x^alpha`                                      | `alpha` in `(0, 1)`     |
//!
//! with `S(z) = 1 / (1 + e^-z)`. The height of a curve is not part of it: `beta`, or what PyMC calls
//! `alpha` (Michaelis–Menten), `sigma` (Hill sigmoid) and `gain` (tanh baselined), multiplies the
//! value. PyMC's `tanh` with `b` and `c` is `b` times the curve with `scale = b c`.
//!
//! Where a slope is infinite at `x = 0` (`root`, and `hill` with a slope below one), zero is given
//! instead: a period without pressure must not turn a whole gradient into "not a number".
//!
//! # Source
//!
//! PyMC-Marketing 1.3; `hill` is also Meridian's (`ec` is `kappa`), `LightweightMMM`'s and, with
//! [`robyn_inflexion`], Robyn's; `root` is `LightweightMMM`'s exponent.

use serde::{Deserialize, Serialize};

use super::{MOST_PARAMETERS, Parameter};

mod batch;
mod curves;
mod logistic;

pub use curves::{inverse_michaelis_menten, robyn_inflexion};
use logistic::logistic_bend;
pub use logistic::{logistic, logistic_rate_slope, logistic_slope};

/// A family of saturation curves. See the [module docs](self).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Saturation {
    /// Every unit works as much as the one before it.
    None,
    /// Hyperbolic tangent of half the product; the speed is the parameter.
    #[default]
    Logistic,
    /// The logistic curve, described by the pressure at which half is reached.
    InverseScaledLogistic,
    /// Hyperbolic tangent.
    Tanh,
    /// Hyperbolic tangent through a reference point `x0`, at which the share `r` is reached.
    TanhBaselined,
    /// Half of the height at `lam`, slowly approaching the whole.
    MichaelisMenten,
    /// Half of the height at `kappa`; an S where the slope is above one.
    Hill,
    /// A logistic S shifted to start at zero.
    HillSigmoid,
    /// A power below one; never saturates.
    Root,
}

/// A curve's value and slopes at one point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Response {
    /// The value.
    pub value: f64,
    /// The derivative by the pressure.
    pub by_pressure: f64,
    /// The derivatives by the parameters; zero beyond those the curve has.
    pub by_parameters: [f64; MOST_PARAMETERS],
}

impl Saturation {
    /// The parameters, in the order in which every function here takes them.
    pub const fn parameters(self) -> &'static [Parameter] {
        const LAM: Parameter = Parameter::positive("lam");
        match self {
            Self::None => &[],
            Self::Logistic | Self::InverseScaledLogistic | Self::MichaelisMenten => &[LAM],
            Self::Tanh => const { &[Parameter::positive("scale")] },
            Self::TanhBaselined => const { &[Parameter::positive("x0"), Parameter::share("r")] },
            Self::Hill => const { &[Parameter::positive("slope"), Parameter::positive("kappa")] },
            Self::HillSigmoid => const { &[LAM, Parameter::positive("steepness")] },
            Self::Root => const { &[Parameter::share("alpha")] },
        }
    }

    /// Value and slopes at one point.
    ///
    /// | name         | shape  | unit                       | range                              |
    /// |--------------|--------|----------------------------|------------------------------------|
    /// | `x`          | scalar | scaled pressure            | `>= 0`                             |
    /// | `parameters` | `(P,)` |                            | as [`parameters`](Self::parameters)|
    /// | result       |        | share of the curve's height| finite                             |
    ///
    /// `None` where the number of parameters is not that of the curve. Parameters out of range give
    /// a result that means nothing and may not be finite. `hill` and `root` are zero below zero.
    pub fn response(self, x: f64, parameters: &[f64]) -> Option<Response> {
        (parameters.len() == self.parameters().len()).then(|| self.evaluate(x, parameters))
    }
}

/// Every curve with parameters in its range, for tests of laws.
#[cfg(test)]
pub(crate) const EXAMPLES: [(Saturation, [f64; MOST_PARAMETERS]); 10] = [
    (Saturation::None, [0.0, 0.0]),
    (Saturation::Logistic, [2.3, 0.0]),
    (Saturation::InverseScaledLogistic, [0.4, 0.0]),
    (Saturation::Tanh, [0.7, 0.0]),
    (Saturation::TanhBaselined, [0.8, 0.6]),
    (Saturation::MichaelisMenten, [0.5, 0.0]),
    (Saturation::Hill, [1.7, 0.6]),
    (Saturation::Hill, [0.6, 0.3]),
    (Saturation::HillSigmoid, [0.5, 4.0]),
    (Saturation::Root, [0.4, 0.0]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn slopes_are_limits_of_differences() {
        for (curve, parameters) in EXAMPLES {
            let parameters = &parameters[..curve.parameters().len()];
            for x in [0.05, 0.3, 1.0, 2.5] {
                let exact = curve.response(x, parameters).unwrap();
                let at = |x: f64, place: usize, step: f64| {
                    let mut moved = parameters.to_vec();
                    moved[place] += step;
                    curve.response(x, &moved).unwrap().value
                };
                let value = |x: f64| curve.response(x, parameters).unwrap().value;
                let numeric = (value(x + 1e-6) - value(x - 1e-6)) / 2e-6;
                assert_relative_eq!(exact.by_pressure, numeric, epsilon = 1e-8, max_relative = 1e-7);
                for place in 0..parameters.len() {
                    let numeric = (at(x, place, 1e-6) - at(x, place, -1e-6)) / 2e-6;
                    let slope = exact.by_parameters[place];
                    assert_relative_eq!(slope, numeric, epsilon = 1e-8, max_relative = 1e-7);
                }
            }
        }
    }

    #[test]
    fn every_curve_starts_at_zero_and_rises() {
        for (curve, parameters) in EXAMPLES {
            let at = |x| curve.response(x, &parameters[..curve.parameters().len()]).unwrap();
            assert_relative_eq!(at(0.0).value, 0.0);
            assert!(at(0.0).by_pressure.is_finite() && at(0.0).by_parameters.iter().all(|s| s.is_finite()));
            let mut before = 0.0;
            for step in 1..200 {
                let value = at(f64::from(step) * 0.02).value;
                assert!(value > before, "{curve:?} at step {step}");
                before = value;
            }
        }
    }

    #[test]
    fn half_is_where_the_parameter_says() {
        for (curve, parameters, half) in [
            (Saturation::InverseScaledLogistic, &[0.4][..], 0.4),
            (Saturation::MichaelisMenten, &[0.7], 0.7),
            (Saturation::Hill, &[1.9, 0.3], 0.3),
        ] {
            assert_relative_eq!(curve.response(half, parameters).unwrap().value, 0.5, max_relative = 1e-12);
        }
    }

    #[test]
    fn the_share_of_the_baseline_is_reached_at_the_reference_point() {
        let response = Saturation::TanhBaselined.response(0.8, &[0.8, 0.6]).unwrap();
        assert_relative_eq!(response.value, 0.8, max_relative = 1e-12);
    }

    #[test]
    fn a_wrong_number_of_parameters_has_no_response() {
        assert_eq!(Saturation::Hill.response(1.0, &[1.0]), None);
    }
}
