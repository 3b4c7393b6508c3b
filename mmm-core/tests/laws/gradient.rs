//! The analytic gradient against dual numbers and central differences.
//!
//! The density is written here a second time, as plainly as its formula, over numbers that carry a derivative.

use approx::assert_relative_eq;
use mmm_core::{
    data::Dataset,
    design::yearly_fourier,
    model::{ChannelSpec, Model, ModelSpec, ParameterKind, Prior, Shape},
    transform::{adstock::Adstock, saturation::Saturation},
};
use num_dual::{Dual64, DualNum};
use statrs::function::{beta::ln_beta, erf::erfc, gamma::ln_gamma};

use crate::market;

type D = Dual64;

/// One description with the peers' priors, one with every other family.
fn models() -> Vec<Model> {
    let data = market(2).data;
    let other = ModelSpec {
        max_lag: 5,
        fourier_order: 1,
        channel: ChannelSpec {
            adstock: Shape::of(Adstock::Geometric).with("alpha", Prior::Beta { alpha: 2.0, beta: 2.5 }),
            saturation: Shape::of(Saturation::Logistic).with("lam", Prior::LogNormal { mu: 0.5, sigma: 0.8 }),
            beta: Prior::Gamma { shape: 1.5, rate: 2.0 },
            ..ChannelSpec::default()
        },
        intercept: Prior::Laplace { location: 0.4, scale: 0.5 },
        fourier: Prior::Normal { mean: 0.1, sd: 0.3 },
        sigma: Prior::LogNormal { mu: -2.0, sigma: 1.0 },
        ..ModelSpec::pymc()
    };
    [ModelSpec::pymc(), other].map(|spec| Model::new(spec, data.clone()).unwrap()).into()
}

/// The logarithm of the slope of the logistic function.
fn bounded(u: D) -> D {
    let share = ((-u).exp() + 1.0).recip();
    (share * (-share + 1.0)).ln()
}

/// The prior's log density of `u`, the logarithm of the scale's change included.
pub(crate) fn log_prior(prior: Prior, u: D) -> D {
    let half_log_tau = 0.5 * std::f64::consts::TAU.ln();
    let bell = |z: D, sd: f64| z * z * -0.5 - sd.ln() - half_log_tau;
    match prior {
        Prior::Normal { mean, sd } => bell((u - mean) / sd, sd),
        Prior::HalfNormal { sd } => bell(u.exp() / sd, sd) + 2.0_f64.ln() + u,
        Prior::Laplace { location, scale } => {
            let distance = u - location;
            let distance = if distance.re < 0.0 { -distance } else { distance };
            distance / -scale - (2.0 * scale).ln()
        }
        Prior::Beta { alpha, beta } => {
            let x = ((-u).exp() + 1.0).recip();
            let rest = -x + 1.0;
            x.ln() * alpha + rest.ln() * beta - ln_beta(alpha, beta)
        }
        Prior::Gamma { shape, rate } => u * shape - u.exp() * rate + shape * rate.ln() - ln_gamma(shape),
        Prior::LogNormal { mu, sigma } | Prior::ShiftedLogNormal { mu, sigma, .. } => {
            bell((u - mu) / sigma, sigma)
        }
        Prior::Uniform { .. } => bounded(u),
        Prior::TruncatedNormal { mean, sd, low, high } => {
            let below = |end: f64| 0.5 * erfc((mean - end) / (sd * std::f64::consts::SQRT_2));
            let x = ((-u).exp() + 1.0).recip() * (high - low) + low;
            bell((x - mean) / sd, sd) - (below(high) - below(low)).ln() + (high - low).ln() + bounded(u)
        }
        other => panic!("no formula for {other:?}"),
    }
}

fn log_density(model: &Model, u: &[D]) -> D {
    let (data, spec, layout): (&Dataset, &ModelSpec, _) = (model.data(), model.spec(), model.layout());
    let priors = |kind| -> Vec<Prior> {
        let named = |priors: &std::collections::BTreeMap<String, Prior>, name: &str, default: Prior| {
            vec![priors.get(name).copied().unwrap_or(default); data.channels().len()]
        };
        match kind {
            ParameterKind::Level => vec![spec.intercept],
            ParameterKind::Adstock => {
                named(&spec.channel.adstock.priors, "alpha", Prior::Beta { alpha: 1.0, beta: 3.0 })
            }
            ParameterKind::Saturation => {
                named(&spec.channel.saturation.priors, "lam", Prior::Gamma { shape: 3.0, rate: 1.0 })
            }
            ParameterKind::Beta => vec![spec.channel.beta; data.channels().len()],
            ParameterKind::Control => vec![spec.control; data.controls().len()],
            ParameterKind::Fourier => vec![spec.fourier; 2 * spec.fourier_order],
            ParameterKind::Sigma => vec![spec.sigma],
        }
    };
    let kinds = [
        ParameterKind::Level,
        ParameterKind::Adstock,
        ParameterKind::Saturation,
        ParameterKind::Beta,
        ParameterKind::Control,
        ParameterKind::Fourier,
        ParameterKind::Sigma,
    ];
    let mut total = D::from(0.0);
    for (place, prior) in kinds.into_iter().flat_map(priors).enumerate() {
        total += log_prior(prior, u[place]);
    }
    let at = |kind, index: usize| u[layout.range(kind)][index];
    let modes = yearly_fourier(data.dates(), spec.fourier_order);
    let sigma = at(ParameterKind::Sigma, 0).exp();
    for period in 0..data.periods() {
        let mut expected = at(ParameterKind::Level, 0);
        for (index, channel) in data.channels().iter().enumerate() {
            let retention = ((-at(ParameterKind::Adstock, index)).exp() + 1.0).recip();
            let scale = channel.spend().iter().copied().fold(0.0, f64::max);
            let (mut carried, mut weights, mut weight) = (D::from(0.0), D::from(0.0), D::from(1.0));
            for lag in 0..spec.max_lag {
                if lag <= period {
                    carried += weight * (channel.spend()[period - lag] / scale);
                }
                weights += weight;
                weight *= retention;
            }
            let rate = at(ParameterKind::Saturation, index).exp();
            expected += at(ParameterKind::Beta, index).exp() * (carried / weights * rate * 0.5).tanh();
        }
        for (index, control) in data.controls().iter().enumerate() {
            expected += at(ParameterKind::Control, index) * control.values()[period];
        }
        for (index, mode) in modes.row(period).iter().enumerate() {
            expected += at(ParameterKind::Fourier, index) * *mode;
        }
        let distance = (-expected + data.kpi()[period] / model.kpi_scale()) / sigma;
        total += distance * distance * -0.5 - sigma.ln() - 0.5 * std::f64::consts::TAU.ln();
    }
    total
}

fn points(model: &Model) -> Vec<Vec<f64>> {
    let size = model.layout().len();
    (0..4)
        .map(|point| (0..size).map(|place| ((point * 13 + place * 7) as f64 * 0.9).sin() - 0.3).collect())
        .collect()
}

#[test]
fn value_and_gradient_equal_those_of_dual_numbers() {
    for model in models() {
        let mut posterior = model.posterior();
        for point in points(&model) {
            let mut gradient = vec![0.0; point.len()];
            let value = posterior.log_density(&point, &mut gradient);
            for place in 0..point.len() {
                let mut dual: Vec<D> = point.iter().map(|value| D::from_re(*value)).collect();
                dual[place] = dual[place].derivative();
                let exact = log_density(&model, &dual);
                assert_relative_eq!(value, exact.re, max_relative = 1e-10);
                assert_relative_eq!(gradient[place], exact.eps, epsilon = 1e-8, max_relative = 1e-8);
            }
        }
    }
}

#[test]
fn the_gradient_is_the_limit_of_central_differences() {
    for model in models() {
        let mut posterior = model.posterior();
        for point in points(&model) {
            let (mut gradient, mut unused) = (vec![0.0; point.len()], vec![0.0; point.len()]);
            posterior.log_density(&point, &mut gradient);
            for place in 0..point.len() {
                let mut at = |step: f64| {
                    let mut moved = point.clone();
                    moved[place] += step;
                    posterior.log_density(&moved, &mut unused)
                };
                let numeric = (8.0 * (at(1e-4) - at(-1e-4)) - (at(2e-4) - at(-2e-4))) / 12e-4;
                assert_relative_eq!(gradient[place], numeric, epsilon = 1e-5, max_relative = 1e-6);
            }
        }
    }
}

#[test]
fn slices_of_another_length_are_no_panic() {
    let model = &models()[0];
    assert!(model.posterior().log_density(&[0.0], &mut [0.0]).is_nan());
}
