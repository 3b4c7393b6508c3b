//! The curves themselves, point by point.

use super::{Response, Saturation, logistic, logistic_bend};

const LN_3: f64 = 1.098_612_288_668_109_8;

impl Saturation {
    /// As [`response`](Self::response), for parameters that were counted before.
    #[inline]
    pub(crate) fn evaluate(self, x: f64, parameters: &[f64]) -> Response {
        match (self, parameters) {
            (Self::Logistic, &[lam]) => {
                let value = logistic(x, lam);
                let bend = logistic_bend(value);
                one(value, lam * bend, x * bend)
            }
            (Self::InverseScaledLogistic, &[lam]) => {
                let rate = LN_3 / lam;
                let value = logistic(x, rate);
                let bend = logistic_bend(value);
                one(value, rate * bend, -x * bend * rate / lam)
            }
            (Self::Tanh, &[scale]) => {
                let value = (x / scale).tanh();
                let rest = (1.0 - value) * (1.0 + value);
                one(value, rest / scale, -x * rest / (scale * scale))
            }
            (Self::TanhBaselined, &[reference, share]) => tanh_baselined(x, reference, share),
            (Self::MichaelisMenten, &[lam]) => {
                let below = 1.0 / (lam + x);
                one(x * below, lam * below * below, -x * below * below)
            }
            (Self::Hill, &[slope, kappa]) => hill(x, slope, kappa),
            (Self::HillSigmoid, &[lam, steepness]) => hill_sigmoid(x, lam, steepness),
            (Self::Root, &[alpha]) if x > 0.0 => {
                let value = x.powf(alpha);
                one(value, alpha * value / x, value * x.ln())
            }
            (Self::Root, _) => one(0.0, 0.0, 0.0),
            _ => one(x, 1.0, 0.0),
        }
    }
}

const fn one(value: f64, by_pressure: f64, by_parameter: f64) -> Response {
    Response { value, by_pressure, by_parameters: [by_parameter, 0.0] }
}

fn tanh_baselined(x: f64, reference: f64, share: f64) -> Response {
    let bend = share.atanh();
    let tanh = (x * bend / reference).tanh();
    let rest = (1.0 - tanh) * (1.0 + tanh);
    Response {
        value: reference * tanh / share,
        by_pressure: bend * rest / share,
        by_parameters: [
            tanh / share - rest * x * bend / (reference * share),
            -reference * tanh / (share * share) + x * rest / (share * (1.0 - share * share)),
        ],
    }
}

/// `S(slope (ln x - ln kappa))`: the form whose gradient stays finite.
#[inline]
fn hill(x: f64, slope: f64, kappa: f64) -> Response {
    if x <= 0.0 {
        // The limit of the slope at zero is finite for a slope of one, and zero above one.
        #[allow(clippy::float_cmp, reason = "only exactly one has this limit")]
        let by_pressure = if slope == 1.0 { 1.0 / kappa } else { 0.0 };
        return Response { value: 0.0, by_pressure, by_parameters: [0.0, 0.0] };
    }
    let distance = x.ln() - kappa.ln();
    let (value, spread) = sigmoid(slope * distance);
    Response {
        value,
        by_pressure: slope * spread / x,
        by_parameters: [spread * distance, -slope * spread / kappa],
    }
}

fn hill_sigmoid(x: f64, lam: f64, steepness: f64) -> Response {
    let (value, spread) = sigmoid(steepness * (x - lam));
    let (start, start_spread) = sigmoid(-steepness * lam);
    Response {
        value: value - start,
        by_pressure: steepness * spread,
        by_parameters: [steepness * (start_spread - spread), (x - lam) * spread + lam * start_spread],
    }
}

/// `S(z) = 1 / (1 + e^-z)` and its derivative `S (1 - S)`, without overflow.
#[inline]
pub(super) fn sigmoid(z: f64) -> (f64, f64) {
    let fading = (-z.abs()).exp();
    let whole = 1.0 + fading;
    let small = fading / whole;
    (if z >= 0.0 { 1.0 / whole } else { small }, small / whole)
}

/// The half saturation of Robyn's Hill curve: a share of the greatest carried pressure.
///
/// | name      | shape  | unit             | range    |
/// |-----------|--------|------------------|----------|
/// | `carried` | `(T,)` | carried pressure | finite   |
/// | `gamma`   | scalar | share            | `(0, 1]` |
/// | result    | scalar | carried pressure | `>= 0`   |
///
/// # Source
///
/// `saturation_hill` of Robyn 3.12.
pub fn robyn_inflexion(carried: &[f64], gamma: f64) -> f64 {
    gamma * carried.iter().copied().fold(0.0, f64::max)
}

/// The pressure at which `most * x / (half + x)` has a value: `value half / (most - value)`.
///
/// | name    | shape  | unit     | range       |
/// |---------|--------|----------|-------------|
/// | `value` | scalar | effect   | `[0, most)` |
/// | `most`  | scalar | effect   | `> 0`       |
/// | `half`  | scalar | pressure | `> 0`       |
/// | result  | scalar | pressure | `>= 0`      |
///
/// # Source
///
/// `mic_men` with `reverse` of Robyn 3.12.
pub fn inverse_michaelis_menten(value: f64, most: f64, half: f64) -> f64 {
    value * half / (most - value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn the_sigmoid_keeps_its_tails() {
        for z in [-700.0, -30.0, -0.3, 0.0, 2.0, 30.0, 700.0] {
            let (value, spread) = sigmoid(z);
            assert_relative_eq!(value, 1.0 / (1.0 + f64::exp(-z)), max_relative = 1e-14);
            assert!(spread > 0.0 && spread <= 0.25);
        }
    }

    #[test]
    fn the_inverse_brings_back_the_pressure() {
        let value = 3.0 * Saturation::MichaelisMenten.evaluate(0.9, &[0.4]).value;
        assert_relative_eq!(inverse_michaelis_menten(value, 3.0, 0.4), 0.9, max_relative = 1e-12);
    }
}
