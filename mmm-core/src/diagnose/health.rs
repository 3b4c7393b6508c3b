//! One score for a fit, from 0 to 100, with the components it is made of.
//!
//! | component     | weight | score                                                                      |
//! |---------------|--------|----------------------------------------------------------------------------|
//! | baseline      | 0.30   | 100 while `P(baseline < 0) <= 0.2`, falling to 0 at 0.8                    |
//! | prediction    | 0.30   | `100 (1 - f)^0.4`, `f` the share of extreme [predictive checks](PredictiveCheck) |
//! | fit           | 0.10   | `100 / (1 + exp(-15 (R² - 0.5)))`                                          |
//! | learning      | 0.15   | `100 (1 - f)^0.4`, `f` the share of media of which nothing was [learnt](PriorShift::is_learnt) |
//! | plausibility  | 0.15   | `100 (1 - f)^0.4`, `f` the share of media far outside of [their prior](PriorShift::is_expected) |
//!
//! A fit that did not converge has the score 0, whatever its components: their figures mean nothing.
//!
//! # Source
//!
//! Weights and curves are those of Meridian 2.1 (`analysis/review/reviewer.py`); its checks of single
//! components differ where ours have the draws to be more exact.

use serde::{Deserialize, Serialize};

use crate::{effect::FitMeasures, fit::Fit};

use super::{Convergence, PredictiveCheck, PriorShift, Replications};

/// A verdict in one number; see the source file's table for what it is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Health {
    /// From 0 to 100; 0 without convergence.
    pub score: f64,
    /// Whether the fit converged.
    pub converged: bool,
    /// What the score is made of.
    pub components: Vec<HealthComponent>,
}

/// One component of a [`Health`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HealthComponent {
    /// Which one.
    pub name: HealthName,
    /// Its share of the score; the weights add up to one.
    pub weight: f64,
    /// From 0 to 100.
    pub score: f64,
    /// The figures in words.
    pub message: String,
}

/// The components of a [`Health`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HealthName {
    /// The KPI without media is not negative.
    Baseline,
    /// The model would have produced such a KPI.
    Prediction,
    /// The model explains the KPI.
    Fit,
    /// The data have said something about every medium.
    Learning,
    /// No medium is far from what was thought possible.
    Plausibility,
}

impl Fit {
    /// Sums up what the other diagnostics say. Computes them all; takes as long as they do together.
    pub fn health(&self) -> Health {
        let data = self.model().data();
        let replications = Replications::of(self);
        let negative = replications.baseline.iter().filter(|total| **total < 0.0).count();
        let negative = negative as f64 / replications.baseline.len().max(1) as f64;
        let fit = self.effects().measures;
        let checks = replications.checks(data.kpi());
        Health::of(&self.convergence(), negative, &checks, &fit, &self.prior_shift())
    }
}

impl Health {
    fn of(
        convergence: &Convergence,
        negative_baseline: f64,
        checks: &[PredictiveCheck],
        fit: &FitMeasures,
        shifts: &[PriorShift],
    ) -> Self {
        let percent = |share: f64| format!("{:.0} %", 100.0 * share);
        let extreme = checks.iter().filter(|check| check.is_extreme()).count();
        let unlearnt = || shifts.iter().filter(|shift| !shift.is_learnt());
        let unexpected = || shifts.iter().filter(|shift| !shift.is_expected);
        let named = |names: Vec<&str>| {
            if names.is_empty() { "none".to_owned() } else { names.join(", ") }
        };
        let media = shifts.len();
        let components = [
            (
                HealthName::Baseline,
                0.3,
                100.0 * ((0.8 - negative_baseline) / 0.6).clamp(0.0, 1.0),
                format!("the KPI without media is negative with probability {}", percent(negative_baseline)),
            ),
            (
                HealthName::Prediction,
                0.3,
                passed(extreme, checks.len()),
                format!(
                    "{extreme} of {} figures of the KPI would hardly have come from this model",
                    checks.len()
                ),
            ),
            (
                HealthName::Fit,
                0.1,
                100.0 / (1.0 + (-15.0 * (fit.r_squared - 0.5)).exp()),
                format!("the model explains {} of the KPI's variance", percent(fit.r_squared)),
            ),
            (
                HealthName::Learning,
                0.15,
                passed(unlearnt().count(), media),
                format!(
                    "media the data say little about: {}",
                    named(unlearnt().map(|s| s.name.as_str()).collect())
                ),
            ),
            (
                HealthName::Plausibility,
                0.15,
                passed(unexpected().count(), media),
                format!(
                    "media far outside of what was thought possible: {}",
                    named(unexpected().map(|s| s.name.as_str()).collect())
                ),
            ),
        ];
        let components =
            components.map(|(name, weight, score, message)| HealthComponent { name, weight, score, message });
        let total: f64 = components.iter().map(|component| component.weight * component.score).sum();
        let converged = convergence.converged;
        Self { score: if converged { total } else { 0.0 }, converged, components: components.to_vec() }
    }
}

/// The score where some of all fail: few failures cost little, many cost all.
fn passed(failing: usize, all: usize) -> f64 {
    100.0 * (1.0 - failing as f64 / all.max(1) as f64).powf(0.4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        diagnose::{Diagnostics, QuantityDiagnostics, Statistic},
        effect::Interval,
    };
    use approx::assert_relative_eq;

    fn convergence(r_hat: f64) -> Convergence {
        let quantity = QuantityDiagnostics {
            name: "a".to_owned(),
            mean: 0.0,
            sd: 1.0,
            q5: -1.0,
            q95: 1.0,
            r_hat,
            ess_bulk: 900.0,
            ess_tail: 900.0,
            mcse_mean: 0.1,
        };
        Convergence::of(&Diagnostics {
            parameters: vec![quantity],
            contributions: Vec::new(),
            divergences: 0,
            kept: 4000,
        })
    }

    fn check(p_value: f64) -> PredictiveCheck {
        let replicated = Interval { mean: 0.0, median: 0.0, q5: 0.0, q95: 0.0 };
        PredictiveCheck { statistic: Statistic::Mean, observed: 0.0, replicated, p_value }
    }

    fn shift(distance: f64, is_expected: bool) -> PriorShift {
        let interval = Interval { mean: 0.0, median: 0.0, q5: 0.0, q95: 0.0 };
        PriorShift { name: "tv".to_owned(), prior: interval, posterior: interval, distance, is_expected }
    }

    fn health(r_hat: f64, negative: f64, p: [f64; 2], r_squared: f64, shifts: [PriorShift; 2]) -> Health {
        let fit = FitMeasures { r_squared, mape: 0.1, band_coverage: 0.9 };
        Health::of(&convergence(r_hat), negative, &p.map(check), &fit, &shifts)
    }

    #[test]
    fn a_perfect_fit_has_nearly_a_hundred_and_weights_add_up() {
        let perfect = health(1.0, 0.0, [0.5, 0.5], 1.0, [shift(0.9, true), shift(0.9, true)]);
        assert!(perfect.score > 99.9, "{}", perfect.score);
        let weights: f64 = perfect.components.iter().map(|component| component.weight).sum();
        assert_relative_eq!(weights, 1.0, max_relative = 1e-12);
    }

    #[test]
    fn every_component_costs_its_weight_and_no_more() {
        let good = || [shift(0.9, true), shift(0.9, true)];
        for (worse, name, weight) in [
            (health(1.0, 0.9, [0.5, 0.5], 1.0, good()), HealthName::Baseline, 0.3),
            (health(1.0, 0.0, [0.0, 1.0], 1.0, good()), HealthName::Prediction, 0.3),
            (health(1.0, 0.0, [0.5, 0.5], -9.0, good()), HealthName::Fit, 0.1),
            (
                health(1.0, 0.0, [0.5, 0.5], 1.0, [shift(0.0, true), shift(0.0, true)]),
                HealthName::Learning,
                0.15,
            ),
            (
                health(1.0, 0.0, [0.5, 0.5], 1.0, [shift(0.9, false), shift(0.9, false)]),
                HealthName::Plausibility,
                0.15,
            ),
        ] {
            assert_relative_eq!(worse.score, 100.0 * (1.0 - weight), epsilon = 0.1);
            let failing: Vec<HealthName> =
                worse.components.iter().filter(|c| c.score < 1.0).map(|component| component.name).collect();
            assert_eq!(failing, [name]);
        }
    }

    #[test]
    fn without_convergence_the_score_is_nothing() {
        let fit = health(1.2, 0.0, [0.5, 0.5], 1.0, [shift(0.9, true), shift(0.9, true)]);
        assert!(!fit.converged && fit.score == 0.0 && fit.components[0].score > 99.0);
    }
}
