//! What an experiment measured on a channel's saturation curve, as evidence beside the KPI.
//!
//! A test raised (or lowered) a channel's level `x` by `dx` in every period and saw the KPI change by
//! `dy` per period, with standard error `s`:
//!
//! ```text
//! lift = beta (f(x + dx) - f(x))          in the model's scaled units
//! dy ~ Normal(lift, s) | StudentT(nu, lift, s) | |dy| ~ Gamma(mean |lift|, sd s)
//! ```
//!
//! `x` and `dx` are divided by the channel's scale, `dy` and `s` by that of the KPI. Carry-over is left
//! out: the test is taken to have lasted long enough for it to settle.
//!
//! # Source
//!
//! `add_lift_measurements_to_likelihood_from_saturation` of PyMC-Marketing; `Normal` is the default of
//! 1.3, `Gamma` that of 0.19.

use std::f64::consts::{PI, TAU};

use serde::{Deserialize, Serialize};
use statrs::function::gamma::{digamma, ln_gamma};

use crate::{
    transform::{MOST_PARAMETERS, saturation::Saturation},
    vector::add_scaled,
};

/// One experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LiftTest {
    /// The channel.
    pub channel: String,
    /// The level before, per period, in the unit of the channel's series; at least zero.
    pub level: f64,
    /// By how much it was changed; not zero, and not below the level's negative.
    pub change: f64,
    /// The change of the KPI per period, in KPI units.
    pub effect: f64,
    /// Its standard error, in KPI units; above zero.
    pub standard_error: f64,
    /// How far the measurement may be off.
    #[serde(default)]
    pub likelihood: LiftLikelihood,
}

/// The distribution of a measured lift.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LiftLikelihood {
    /// Symmetric around the model's lift.
    #[default]
    Normal,
    /// Symmetric with heavy tails: a test may be wrong altogether.
    StudentT {
        /// Degrees of freedom, above zero.
        nu: f64,
    },
    /// Positive, of the size of the lift whatever its direction.
    Gamma,
}

impl LiftTest {
    /// Whether every figure is in its range.
    pub(super) fn is_valid(&self) -> bool {
        let finite =
            [self.level, self.change, self.effect, self.standard_error].iter().all(|f| f.is_finite());
        let likelihood = match self.likelihood {
            LiftLikelihood::Normal => true,
            LiftLikelihood::StudentT { nu } => nu.is_finite() && nu > 0.0,
            LiftLikelihood::Gamma => self.effect != 0.0,
        };
        let level = self.level >= 0.0 && self.level + self.change >= 0.0 && self.change != 0.0;
        finite && likelihood && level && self.standard_error > 0.0
    }
}

/// A test in the model's scaled units.
#[derive(Clone, Copy, Debug)]
pub(super) struct PreparedLift {
    pub(super) channel: usize,
    before: f64,
    after: f64,
    effect: f64,
    standard_error: f64,
    likelihood: LiftLikelihood,
}

/// The log likelihood of a test and its derivatives.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LiftTerm {
    pub(super) value: f64,
    pub(super) by_log_beta: f64,
    pub(super) by_saturation: [f64; MOST_PARAMETERS],
    pub(super) by_adstock: [f64; MOST_PARAMETERS],
}

impl LiftTerm {
    pub(super) fn add(&mut self, other: &Self) {
        self.value += other.value;
        self.by_log_beta += other.by_log_beta;
        add_scaled(&mut self.by_saturation, 1.0, &other.by_saturation);
        add_scaled(&mut self.by_adstock, 1.0, &other.by_adstock);
    }
}

impl PreparedLift {
    pub(super) fn new(test: &LiftTest, channel: usize, channel_scale: f64, kpi_scale: f64) -> Self {
        Self {
            channel,
            before: test.level / channel_scale,
            after: (test.level + test.change) / channel_scale,
            effect: test.effect / kpi_scale,
            standard_error: test.standard_error / kpi_scale,
            likelihood: test.likelihood,
        }
    }

    /// A measurement alone, in the model's scaled units.
    pub(super) const fn measured(effect: f64, standard_error: f64, likelihood: LiftLikelihood) -> Self {
        Self { channel: 0, before: 0.0, after: 0.0, effect, standard_error, likelihood }
    }

    /// `beta` and the parameters of the saturation are on their own scale.
    pub(super) fn evaluate(&self, saturation: Saturation, parameters: &[f64], beta: f64) -> LiftTerm {
        let before = saturation.evaluate(self.before, parameters);
        let after = saturation.evaluate(self.after, parameters);
        let lift = beta * (after.value - before.value);
        let (value, by_lift) = self.log_density(lift);
        let mut by_saturation = [0.0; MOST_PARAMETERS];
        for (place, slope) in by_saturation.iter_mut().enumerate() {
            *slope = by_lift * beta * (after.by_parameters[place] - before.by_parameters[place]);
        }
        LiftTerm { value, by_log_beta: by_lift * lift, by_saturation, ..LiftTerm::default() }
    }

    /// The log density of the measurement given the model's lift, and its derivative by that.
    pub(super) fn log_density(&self, lift: f64) -> (f64, f64) {
        let sd = self.standard_error;
        let z = (self.effect - lift) / sd;
        match self.likelihood {
            LiftLikelihood::Normal => (-0.5 * z * z - sd.ln() - 0.5 * TAU.ln(), z / sd),
            LiftLikelihood::StudentT { nu } => {
                let constant =
                    ln_gamma(0.5 * (nu + 1.0)) - ln_gamma(0.5 * nu) - 0.5 * (nu * PI).ln() - sd.ln();
                let spread = z * z / nu;
                (constant - 0.5 * (nu + 1.0) * spread.ln_1p(), (nu + 1.0) * z / (nu * sd * (1.0 + spread)))
            }
            LiftLikelihood::Gamma => {
                let (size, seen) = (lift.abs(), self.effect.abs());
                let (shape, rate) = (size * size / (sd * sd), size / (sd * sd));
                let value = shape * rate.ln() - ln_gamma(shape) + (shape - 1.0) * seen.ln() - rate * seen;
                let by_shape = rate.ln() - digamma(shape) + seen.ln();
                let by_rate = shape / rate - seen;
                let by_size = by_shape * 2.0 * size / (sd * sd) + by_rate / (sd * sd);
                (value, by_size * lift.signum())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    fn lift(likelihood: LiftLikelihood) -> PreparedLift {
        let test = LiftTest {
            channel: "tv".into(),
            level: 20.0,
            change: 30.0,
            effect: 6.0,
            standard_error: 2.0,
            likelihood,
        };
        assert!(test.is_valid());
        PreparedLift::new(&test, 0, 100.0, 10.0)
    }

    const LIKELIHOODS: [LiftLikelihood; 3] =
        [LiftLikelihood::Normal, LiftLikelihood::StudentT { nu: 3.0 }, LiftLikelihood::Gamma];

    #[test]
    fn slopes_are_limits_of_differences() {
        for likelihood in LIKELIHOODS {
            let lift = lift(likelihood);
            let at =
                |beta: f64, slope: f64, kappa: f64| lift.evaluate(Saturation::Hill, &[slope, kappa], beta);
            let exact = at(1.4, 1.3, 0.4);
            let step = 1e-6;
            let by_beta = (at(1.4 + step, 1.3, 0.4).value - at(1.4 - step, 1.3, 0.4).value) / (2.0 * step);
            assert_relative_eq!(exact.by_log_beta, 1.4 * by_beta, max_relative = 1e-7);
            let by_slope = (at(1.4, 1.3 + step, 0.4).value - at(1.4, 1.3 - step, 0.4).value) / (2.0 * step);
            let by_kappa = (at(1.4, 1.3, 0.4 + step).value - at(1.4, 1.3, 0.4 - step).value) / (2.0 * step);
            assert_relative_eq!(exact.by_saturation[0], by_slope, max_relative = 1e-6);
            assert_relative_eq!(exact.by_saturation[1], by_kappa, max_relative = 1e-6);
        }
    }

    #[test]
    fn a_measurement_is_a_density_of_what_is_measured() {
        for likelihood in LIKELIHOODS {
            let mass: f64 = (1..400_000)
                .map(|point| {
                    let effect = if likelihood == LiftLikelihood::Gamma { 0.0 } else { -100.0 };
                    let effect = effect + f64::from(point) * 5e-4;
                    PreparedLift { effect, ..lift(likelihood) }.log_density(0.5).0.exp() * 5e-4
                })
                .sum();
            assert_relative_eq!(mass, 1.0, max_relative = 1e-4);
        }
    }
}
