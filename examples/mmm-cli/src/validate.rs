//! Everything that says how far a fit can be trusted.

use mmm_core::{
    diagnose::{Convergence, Health, PredictiveCheck, PredictiveDensity, PriorShift, Sensitivity},
    effect::{Accuracy, FitMeasures},
    fit::Fit,
    validate::{CrossValidation, Placebo, Recovery, RollingOrigin, Stability},
};
use serde::Serialize;

/// How wrong spend is assumed to have been measured.
const PERTURBATION: f64 = 0.05;

/// Whether a fit can be trusted.
#[derive(Debug, Serialize)]
pub(crate) struct Trust {
    pub(crate) convergence: Convergence,
    pub(crate) health: Health,
    pub(crate) energy_mobility: Vec<f64>,
    pub(crate) leave_one_out: PredictiveDensity,
    pub(crate) unreliable_periods: usize,
    pub(crate) waic: PredictiveDensity,
    pub(crate) measures: FitMeasures,
    pub(crate) accuracy: Accuracy,
    pub(crate) predictive_checks: Vec<PredictiveCheck>,
    pub(crate) prior_shift: Vec<PriorShift>,
    pub(crate) sensitivity: Vec<Sensitivity>,
    /// What takes further fits; absent where those were not asked for.
    pub(crate) refits: Option<Refits>,
}

/// What fitting again says.
#[derive(Debug, Serialize)]
pub(crate) struct Refits {
    /// Prediction of unseen periods.
    pub(crate) unseen: CrossValidation,
    /// With the last periods and without them.
    pub(crate) refresh: Stability,
    /// With spend measured a little wrong.
    pub(crate) perturbation: Stability,
    /// A channel that never was, like the one with the largest spend.
    pub(crate) placebo: Placebo,
    /// The fit's own findings as the truth.
    pub(crate) recovery: Recovery,
}

pub(crate) fn trust(fit: &Fit, plan: Option<&RollingOrigin>) -> anyhow::Result<Trust> {
    let (left_out, effects) = (fit.leave_one_out(), fit.effects());
    Ok(Trust {
        convergence: fit.convergence(),
        health: fit.health(),
        energy_mobility: fit.energy_mobility(),
        unreliable_periods: left_out.unreliable(),
        leave_one_out: left_out.density,
        waic: fit.waic(),
        measures: effects.measures,
        accuracy: effects.accuracy,
        predictive_checks: fit.predictive_checks(),
        prior_shift: fit.prior_shift(),
        sensitivity: fit.sensitivity(),
        refits: plan.map(|plan| refits(fit, plan)).transpose()?,
    })
}

fn refits(fit: &Fit, plan: &RollingOrigin) -> anyhow::Result<Refits> {
    let (model, settings) = (fit.model(), fit.settings());
    let channels = model.data().channels().iter();
    let largest = channels.max_by(|a, b| a.total_spend().total_cmp(&b.total_spend()));
    Ok(Refits {
        unseen: model.roll(plan, settings)?,
        refresh: model.refresh(plan.horizon, settings)?,
        perturbation: model.perturb(PERTURBATION, settings)?,
        placebo: model.placebo(largest.map_or("", |channel| channel.name()), settings)?,
        recovery: fit.recover(settings)?,
    })
}
