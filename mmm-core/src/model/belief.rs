//! What is believed before the data: draws from the priors, and their density on the parameters' own
//! scale.

use std::f64::consts::SQRT_2;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Beta, Distribution, Gamma, StandardNormal, StudentT};
use statrs::{distribution::ContinuousCDF, function::erf::erfc};

use super::{Model, ParameterKind, Prior, Support};

impl Prior {
    /// One draw; NaN for a prior that is not [proper](Self::is_proper).
    pub fn draw(self, rng: &mut ChaCha8Rng) -> f64 {
        let gamma = |shape: f64, scale: f64, rng: &mut ChaCha8Rng| {
            Gamma::new(shape, scale).map_or(f64::NAN, |gamma| gamma.sample(rng))
        };
        match self {
            Self::Normal { mean, sd } => mean + sd * normal(rng),
            Self::HalfNormal { sd } => sd * normal(rng).abs(),
            Self::Laplace { location, scale } => {
                let side: f64 = rng.random_range(-1.0..1.0);
                location - scale * side.signum() * (-side.abs()).ln_1p()
            }
            Self::StudentT { nu, location, scale } => {
                StudentT::new(nu).map_or(f64::NAN, |standard| location + scale * standard.sample(rng))
            }
            Self::Exponential { rate } => -(-rng.random::<f64>()).ln_1p() / rate,
            Self::Beta { alpha, beta } => Beta::new(alpha, beta).map_or(f64::NAN, |beta| beta.sample(rng)),
            Self::Gamma { shape, rate } => gamma(shape, rate.recip(), rng),
            Self::LogNormal { mu, sigma } => (mu + sigma * normal(rng)).exp(),
            Self::ShiftedLogNormal { mu, sigma, shift } => shift + (mu + sigma * normal(rng)).exp(),
            Self::Fixed { value } => value,
            Self::InverseGamma { shape, scale } => scale / gamma(shape, 1.0, rng),
            Self::Uniform { low, high } => low + (high - low) * rng.random::<f64>(),
            Self::TruncatedNormal { mean, sd, low, high } => {
                let below = |end: f64| 0.5 * erfc((mean - end) / (sd * SQRT_2));
                let (least, most) = (below(low), below(high));
                let share = least + (most - least) * rng.random::<f64>();
                let standard = statrs::distribution::Normal::standard();
                (mean + sd * standard.inverse_cdf(share)).clamp(low, high)
            }
        }
    }
}

impl Model {
    /// Draws all parameters from their priors, on their own scale, in the order of the layout.
    pub fn draw_prior(&self, rng: &mut ChaCha8Rng) -> Vec<f64> {
        self.parts().priors.iter().map(|prior| prior.prior().draw(rng)).collect()
    }

    /// The log density of the priors of adstock, saturation and height of all media, at parameters of
    /// their own scale: `(P,)` in the order of the layout.
    pub(crate) fn media_log_prior(&self, parameters: impl Fn(usize) -> f64) -> f64 {
        let kinds = [ParameterKind::Adstock, ParameterKind::Saturation, ParameterKind::Beta];
        let places = kinds.into_iter().flat_map(|kind| self.layout().range(kind));
        places.map(|place| self.log_prior_at(place, parameters(place))).sum()
    }

    fn log_prior_at(&self, place: usize, x: f64) -> f64 {
        let prior = &self.parts().priors[place];
        let support = prior.prior().support();
        // The density of `u` is that of `x` times `dx/du`.
        prior.evaluate(unconstrain(support, x), x).0 - support.slope(x).ln()
    }
}

/// The place on the unconstrained scale that [`Support::constrain`] leads back from.
fn unconstrain(support: Support, x: f64) -> f64 {
    let log_odds = |share: f64| (share / (1.0 - share)).ln();
    match support {
        Support::Real => x,
        Support::Positive => x.ln(),
        Support::Above { low } => (x - low).ln(),
        Support::Unit => log_odds(x),
        Support::Between { low, high } => log_odds((x - low) / (high - low)),
    }
}

fn normal(rng: &mut ChaCha8Rng) -> f64 {
    StandardNormal.sample(rng)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;
    use crate::model::prior::PreparedPrior;

    const PRIORS: [Prior; 13] = [
        Prior::Normal { mean: 0.3, sd: 2.0 },
        Prior::HalfNormal { sd: 1.5 },
        Prior::Laplace { location: -0.2, scale: 0.7 },
        Prior::Beta { alpha: 1.0, beta: 3.0 },
        Prior::Gamma { shape: 3.0, rate: 2.0 },
        Prior::StudentT { nu: 5.0, location: 0.4, scale: 0.6 },
        Prior::Exponential { rate: 2.0 },
        Prior::LogNormal { mu: 0.2, sigma: 0.4 },
        Prior::ShiftedLogNormal { mu: -0.3, sigma: 0.5, shift: 0.1 },
        Prior::InverseGamma { shape: 4.6, scale: 1.0 },
        Prior::Uniform { low: -0.5, high: 2.0 },
        Prior::TruncatedNormal { mean: 0.8, sd: 0.8, low: 0.1, high: 10.0 },
        Prior::TruncatedNormal { mean: -1.0, sd: 0.5, low: 0.0, high: 0.5 },
    ];

    /// The share of draws below a point is the density's integral up to there, at five points.
    #[test]
    fn draws_follow_the_density_that_is_fitted() {
        for prior in PRIORS {
            let mut rng = ChaCha8Rng::seed_from_u64(5);
            let mut draws: Vec<f64> = (0..20_000).map(|_| prior.draw(&mut rng)).collect();
            draws.sort_unstable_by(f64::total_cmp);
            let (prepared, support) = (PreparedPrior::new(prior), prior.support());
            let step = 1e-3;
            let mut mass = 0.0;
            let mut points = [0.1, 0.3, 0.5, 0.7, 0.9].into_iter().peekable();
            for at in -30_000..30_000 {
                let u = f64::from(at) * step;
                let x = support.constrain(u);
                mass += prepared.evaluate(u, x).0.exp() * step;
                if points.peek().is_some_and(|wanted| mass >= *wanted) {
                    let below = draws.partition_point(|draw| *draw <= x) as f64 / draws.len() as f64;
                    assert!((below - mass).abs() < 0.015, "{prior:?}: {below} of the draws, mass {mass}");
                    points.next();
                }
            }
            assert!(points.peek().is_none(), "{prior:?}");
        }
    }

    #[test]
    fn what_is_constrained_comes_back() {
        for support in [
            Support::Real,
            Support::Positive,
            Support::Above { low: 0.3 },
            Support::Unit,
            Support::Between { low: -2.0, high: 0.5 },
        ] {
            for u in [-3.0, -0.2, 0.0, 1.7] {
                assert!((unconstrain(support, support.constrain(u)) - u).abs() < 1e-12);
            }
        }
    }
}
