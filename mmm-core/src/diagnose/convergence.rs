//! The one meaning of *converged*: R-hat below 1.01 and at least 400 effective draws in bulk and
//! tails for every parameter and every channel's contribution, and divergences in at most one kept
//! draw of a thousand.

use std::{fmt, ops::Deref};

use serde::{Deserialize, Serialize};

use crate::fit::Fit;

use super::{Diagnostics, QuantityDiagnostics};

/// R-hat must be below this.
const R_HAT_BELOW: f64 = 1.01;
/// Effective sample sizes must reach this.
const ESS_AT_LEAST: f64 = 400.0;
/// Divergences per kept draw must not exceed this.
const DIVERGENCE_SHARE: f64 = 0.001;

/// The verdict on a fit, with the figures it rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Convergence {
    /// Whether every check passed.
    pub converged: bool,
    /// Every check, passed or not.
    pub checks: Vec<Check>,
    /// The largest R-hat of all parameters and contributions; absent where one cannot be computed.
    pub worst_r_hat: Option<f64>,
    /// The smallest effective sample size of a bulk; absent where one cannot be computed.
    pub min_ess_bulk: Option<f64>,
    /// The smallest effective sample size of a tail; absent where one cannot be computed.
    pub min_ess_tail: Option<f64>,
    /// Divergences among the kept draws; shown even where they are few enough.
    pub divergences: usize,
    /// Kept draws over all chains.
    pub kept: usize,
}

/// One condition of convergence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What is checked.
    pub name: CheckName,
    /// Whether it passed.
    pub passed: bool,
    /// The figures in words.
    pub message: String,
}

/// The conditions of convergence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckName {
    /// The chains agree.
    RHat,
    /// The bulk of every quantity is known well enough.
    EssBulk,
    /// The tails of every quantity are known well enough.
    EssTail,
    /// The sampler could follow the posterior nearly everywhere.
    Divergences,
}

/// A fit that may be acted upon: it passed every check of [`Convergence`], or somebody
/// [overruled](NotConverged::overrule) the failing ones and gave a reason. There is no other way to make
/// one.
#[derive(Clone, Debug)]
pub struct ConvergedFit {
    fit: Fit,
    convergence: Convergence,
    overruled: Option<String>,
}

/// A fit that must not be acted upon, and why.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the fit did not converge: {convergence}")]
pub struct NotConverged {
    /// The fit, for looking at.
    pub fit: Box<Fit>,
    /// The failing checks.
    pub convergence: Convergence,
}

impl Convergence {
    /// Applies the checks to the figures of a fit. A figure that cannot be computed fails its check.
    pub fn of(diagnostics: &Diagnostics) -> Self {
        let worst = |better: fn(f64, f64) -> bool, figure: fn(&QuantityDiagnostics) -> f64| {
            diagnostics.all().map(|quantity| (quantity, figure(quantity))).reduce(|worst, other| {
                if worst.1.is_nan() || (!other.1.is_nan() && better(worst.1, other.1)) {
                    other
                } else {
                    worst
                }
            })
        };
        // NaN is worse than anything: it must not hide behind a quantity that can be computed.
        let undefined = |figure: fn(&QuantityDiagnostics) -> f64| {
            diagnostics.all().find(|quantity| !figure(quantity).is_finite()).map(|quantity| &quantity.name)
        };
        let r_hat = worst(|worst, other| other > worst, |quantity| quantity.r_hat);
        let bulk = worst(|worst, other| other < worst, |quantity| quantity.ess_bulk);
        let tail = worst(|worst, other| other < worst, |quantity| quantity.ess_tail);
        let limit = DIVERGENCE_SHARE * diagnostics.kept as f64;
        let passed = diagnostics.divergences as f64 <= limit;
        let checks = vec![
            check(CheckName::RHat, "R-hat", undefined(|q| q.r_hat), r_hat, |value| value < R_HAT_BELOW),
            check(CheckName::EssBulk, "bulk", undefined(|q| q.ess_bulk), bulk, |value| value >= ESS_AT_LEAST),
            check(CheckName::EssTail, "tail", undefined(|q| q.ess_tail), tail, |value| value >= ESS_AT_LEAST),
            Check {
                name: CheckName::Divergences,
                passed,
                message: format!(
                    "{} of {} kept draws diverged; at most {limit:.0} may",
                    diagnostics.divergences, diagnostics.kept
                ),
            },
        ];
        let finite = |worst: Option<(&QuantityDiagnostics, f64)>| {
            worst.map(|(_, value)| value).filter(|value| value.is_finite())
        };
        Self {
            converged: checks.iter().all(|check| check.passed),
            checks,
            worst_r_hat: finite(r_hat),
            min_ess_bulk: finite(bulk),
            min_ess_tail: finite(tail),
            divergences: diagnostics.divergences,
            kept: diagnostics.kept,
        }
    }

    /// The checks that failed.
    pub fn failures(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| !check.passed)
    }
}

fn check(
    name: CheckName,
    figure: &str,
    undefined: Option<&String>,
    worst: Option<(&QuantityDiagnostics, f64)>,
    passes: impl Fn(f64) -> bool,
) -> Check {
    let (passed, message) = match (name, undefined, worst) {
        (_, Some(quantity), _) => (false, format!("{figure} of {quantity} cannot be computed")),
        (_, None, None) => (false, "there is nothing to check".to_owned()),
        (CheckName::RHat, None, Some((quantity, value))) => (
            passes(value),
            format!("the largest R-hat is {value:.4} ({}); it must be below {R_HAT_BELOW}", quantity.name),
        ),
        (_, None, Some((quantity, value))) => (
            passes(value),
            format!(
                "the smallest {figure} effective sample size is {value:.0} ({}); it must be at least {ESS_AT_LEAST}",
                quantity.name
            ),
        ),
    };
    Check { name, passed, message }
}

impl fmt::Display for Convergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wanted = |check: &&Check| self.converged || !check.passed;
        for (index, check) in self.checks.iter().filter(wanted).enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{}", check.message)?;
        }
        Ok(())
    }
}

impl Fit {
    /// The verdict on this fit.
    pub fn convergence(&self) -> Convergence {
        Convergence::of(&self.diagnostics())
    }

    /// The fit as one that may be acted upon.
    ///
    /// # Errors
    ///
    /// [`NotConverged`] with the fit and its failing checks.
    pub fn require_converged(self) -> Result<ConvergedFit, NotConverged> {
        let convergence = self.convergence();
        if convergence.converged {
            Ok(ConvergedFit { fit: self, convergence, overruled: None })
        } else {
            Err(NotConverged { fit: Box::new(self), convergence })
        }
    }
}

impl NotConverged {
    /// The fit as one that may be acted upon all the same. The reason stays with the fit and with every
    /// recommendation it makes.
    ///
    /// # Errors
    ///
    /// Itself, where no reason is given.
    pub fn overrule(self, reason: &str) -> Result<ConvergedFit, Self> {
        let reason = reason.trim();
        if reason.is_empty() {
            return Err(self);
        }
        Ok(ConvergedFit { fit: *self.fit, convergence: self.convergence, overruled: Some(reason.to_owned()) })
    }
}

impl ConvergedFit {
    /// Why failing checks were overruled; `None` where all passed.
    pub fn overruled(&self) -> Option<&str> {
        self.overruled.as_deref()
    }

    /// The verdict, with its figures.
    pub const fn convergence(&self) -> &Convergence {
        &self.convergence
    }

    /// The fit itself.
    pub fn into_fit(self) -> Fit {
        self.fit
    }
}

impl Deref for ConvergedFit {
    type Target = Fit;

    fn deref(&self) -> &Fit {
        &self.fit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quantity(name: &str, r_hat: f64, bulk: f64, tail: f64) -> QuantityDiagnostics {
        QuantityDiagnostics {
            name: name.to_owned(),
            mean: 0.0,
            sd: 1.0,
            q5: -1.0,
            q95: 1.0,
            r_hat,
            ess_bulk: bulk,
            ess_tail: tail,
            mcse_mean: 0.1,
        }
    }

    fn verdict(quantities: Vec<QuantityDiagnostics>, divergences: usize) -> Convergence {
        let contributions = vec![quantity("contribution[tv]", 1.0, 900.0, 900.0)];
        Convergence::of(&Diagnostics { parameters: quantities, contributions, divergences, kept: 4000 })
    }

    fn failing(convergence: &Convergence) -> Vec<CheckName> {
        convergence.failures().map(|check| check.name).collect()
    }

    #[test]
    fn the_limits_are_exactly_those_of_the_definition() {
        for (r_hat, bulk, tail, divergences, expected) in [
            (1.0099, 400.0, 400.0, 4, vec![]),
            (1.01, 400.0, 400.0, 0, vec![CheckName::RHat]),
            (1.0, 399.9, 400.0, 0, vec![CheckName::EssBulk]),
            (1.0, 400.0, 399.9, 0, vec![CheckName::EssTail]),
            (1.0, 400.0, 400.0, 5, vec![CheckName::Divergences]),
        ] {
            let verdict = verdict(vec![quantity("a", r_hat, bulk, tail)], divergences);
            assert_eq!(failing(&verdict), expected);
            assert_eq!(verdict.converged, expected.is_empty());
        }
    }

    #[test]
    fn a_contribution_counts_like_a_parameter() {
        let contributions = vec![quantity("contribution[tv]", 1.2, 900.0, 900.0)];
        let parameters = vec![quantity("a", 1.0, 900.0, 900.0)];
        let verdict = Convergence::of(&Diagnostics { parameters, contributions, divergences: 0, kept: 4000 });
        assert_eq!(failing(&verdict), [CheckName::RHat]);
        assert!(verdict.to_string().contains("contribution[tv]"), "{verdict}");
    }

    #[test]
    fn a_figure_that_cannot_be_computed_fails_wherever_it_stands() {
        let bad = || quantity("bad", f64::NAN, f64::NAN, f64::NAN);
        let good = || quantity("good", 1.0, 900.0, 900.0);
        for quantities in [vec![bad(), good()], vec![good(), bad()]] {
            let verdict = verdict(quantities, 0);
            assert_eq!(failing(&verdict), [CheckName::RHat, CheckName::EssBulk, CheckName::EssTail]);
            assert!(verdict.to_string().contains("bad cannot be computed"), "{verdict}");
        }
    }

    #[test]
    fn few_divergences_pass_but_are_shown() {
        let verdict = verdict(vec![quantity("a", 1.0, 900.0, 900.0)], 3);
        assert!(verdict.converged && verdict.divergences == 3);
        assert!(verdict.to_string().contains("3 of 4000"), "{verdict}");
    }
}
