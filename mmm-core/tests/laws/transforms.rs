//! The slopes of every transform equal those of its formula in dual numbers.

use approx::assert_relative_eq;
use mmm_core::transform::{adstock::Adstock, carryover::Carryover, saturation::Saturation};
use ndarray::Array1;
use num_dual::{Dual64 as D, DualNum};

const LAGS: usize = 6;

/// Adstock weights as the documentation states them.
fn weights(adstock: Adstock, p: &[D]) -> Vec<D> {
    let one = D::from(1.0);
    let at = |lag: usize| match adstock {
        Adstock::None => D::from(if lag == 0 { 1.0 } else { 0.0 }),
        Adstock::Geometric => (0..lag).fold(one, |power, _| power * p[0]),
        Adstock::Endless => (0..lag).fold(-p[0] + 1.0, |power, _| power * p[0]),
        Adstock::HalfLife => (p[0].recip() * (-std::f64::consts::LN_2 * lag as f64)).exp(),
        Adstock::Binomial | Adstock::BinomialClosed => {
            let span = LAGS as f64 + if adstock == Adstock::Binomial { 1.0 } else { 0.0 };
            ((p[0].recip() - 1.0) * (1.0 - lag as f64 / span).ln()).exp()
        }
        Adstock::Delayed => {
            let distance = -p[1] + lag as f64;
            (distance * distance * p[0].ln()).exp()
        }
        Adstock::WeibullPdf => {
            let time = p[0].recip() * (lag as f64 + 1.0);
            let power = (time.ln() * p[1]).exp();
            p[1] / p[0] * ((p[1] - 1.0) * time.ln()).exp() * (-power).exp()
        }
        Adstock::WeibullCdf => (1..=lag).fold(one, |product, step| {
            let time = p[0].recip() * step as f64;
            product * (-(time.ln() * p[1]).exp()).exp()
        }),
    };
    let mut weights: Vec<D> = (0..LAGS).map(at).collect();
    if adstock == Adstock::WeibullPdf {
        let by_value = |a: &&D, b: &&D| a.re.total_cmp(&b.re);
        let (low, high) =
            (*weights.iter().min_by(by_value).unwrap(), *weights.iter().max_by(by_value).unwrap());
        for weight in &mut weights {
            *weight = (*weight - low) / (high - low);
        }
    }
    weights
}

fn curve(saturation: Saturation, x: D, p: &[D]) -> D {
    let sigmoid = |z: D| ((-z).exp() + 1.0).recip();
    match saturation {
        Saturation::None => x,
        Saturation::Logistic => (-((-x * p[0]).exp()) + 1.0) / ((-x * p[0]).exp() + 1.0),
        Saturation::InverseScaledLogistic => (x / p[0] * (3.0_f64.ln() * 0.5)).tanh(),
        Saturation::Tanh => (x / p[0]).tanh(),
        Saturation::TanhBaselined => p[0] * (x * p[1].atanh() / p[0]).tanh() / p[1],
        Saturation::MichaelisMenten => x / (x + p[0]),
        Saturation::Hill => {
            let (power, half) = ((x.ln() * p[0]).exp(), (p[1].ln() * p[0]).exp());
            power / (power + half)
        }
        Saturation::HillSigmoid => sigmoid((x - p[0]) * p[1]) - sigmoid(-p[0] * p[1]),
        Saturation::Root => (x.ln() * p[0]).exp(),
    }
}

fn seeded(values: &[f64], place: usize) -> Vec<D> {
    let seed = |(index, value): (usize, &f64)| {
        let dual = D::from_re(*value);
        if index == place { dual.derivative() } else { dual }
    };
    values.iter().enumerate().map(seed).collect()
}

#[test]
fn adstock_slopes_equal_those_of_dual_numbers() {
    for (adstock, parameters) in [
        (Adstock::None, vec![]),
        (Adstock::Geometric, vec![0.35]),
        (Adstock::Endless, vec![0.35]),
        (Adstock::HalfLife, vec![2.2]),
        (Adstock::Binomial, vec![0.45]),
        (Adstock::BinomialClosed, vec![0.8]),
        (Adstock::Delayed, vec![0.6, 1.4]),
        (Adstock::WeibullPdf, vec![2.1, 1.6]),
        (Adstock::WeibullCdf, vec![2.7, 0.7]),
    ] {
        let burst = Array1::from_shape_fn(LAGS, |period| if period == 0 { 1.0 } else { 0.0 });
        for normalized in [false, true] {
            let carryover = Carryover::new(adstock, LAGS);
            let carryover = if normalized { carryover } else { carryover.unnormalized() };
            let values = carryover.weights(&parameters).unwrap();
            for place in 0..parameters.len().max(1) {
                let mut duals = weights(adstock, &seeded(&parameters, place));
                if normalized && adstock != Adstock::Endless {
                    let sum = duals.iter().fold(D::from(0.0), |sum, weight| sum + *weight);
                    for weight in &mut duals {
                        *weight /= sum;
                    }
                }
                let slopes = carryover.slope(burst.view(), &parameters, place).unwrap();
                for lag in 0..LAGS {
                    assert_relative_eq!(values[lag], duals[lag].re, epsilon = 1e-13, max_relative = 1e-12);
                    assert_relative_eq!(slopes[lag], duals[lag].eps, epsilon = 1e-12, max_relative = 1e-10);
                }
            }
        }
    }
}

#[test]
fn saturation_slopes_equal_those_of_dual_numbers() {
    for (saturation, parameters) in [
        (Saturation::None, vec![]),
        (Saturation::Logistic, vec![1.9]),
        (Saturation::InverseScaledLogistic, vec![0.5]),
        (Saturation::Tanh, vec![0.8]),
        (Saturation::TanhBaselined, vec![0.7, 0.55]),
        (Saturation::MichaelisMenten, vec![0.4]),
        (Saturation::Hill, vec![0.7, 0.5]),
        (Saturation::Hill, vec![2.3, 1.2]),
        (Saturation::HillSigmoid, vec![0.6, 3.5]),
        (Saturation::Root, vec![0.45]),
    ] {
        for x in [0.02, 0.4, 1.0, 3.0] {
            let response = saturation.response(x, &parameters).unwrap();
            let by_x = curve(saturation, D::from_re(x).derivative(), &seeded(&parameters, usize::MAX));
            assert_relative_eq!(response.value, by_x.re, max_relative = 1e-12);
            assert_relative_eq!(response.by_pressure, by_x.eps, epsilon = 1e-14, max_relative = 1e-10);
            for place in 0..parameters.len() {
                let dual = curve(saturation, D::from_re(x), &seeded(&parameters, place));
                let slope = response.by_parameters[place];
                assert_relative_eq!(slope, dual.eps, epsilon = 1e-13, max_relative = 1e-10);
            }
        }
    }
}
