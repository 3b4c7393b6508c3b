//! A KPI invented by the model itself, so that what a fit should find is known.

use ndarray::Axis;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

use crate::{
    effect::Interval,
    fit::{Fit, FitSettings},
    model::Model,
};

use super::{ValidateError, ranks::Truth};

/// The random stream of invented KPIs; chains use the streams from 0 up.
const INVENTION_STREAM: u64 = u64::MAX - 5;

/// Whether a model finds again what it was told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recovery {
    /// Every parameter on its own scale, then every medium's contribution in KPI units.
    pub quantities: Vec<Recovered>,
    /// Share of the truths inside their 90 % intervals.
    pub coverage: f64,
    /// Whether the fit to the invented KPI converged.
    pub converged: bool,
}

/// One quantity, as it was told and as it was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recovered {
    /// The parameter's name, or `contribution[medium]`.
    pub name: String,
    /// What the KPI was invented with.
    pub truth: f64,
    /// What was found.
    pub found: Interval,
    /// Whether the truth lies in the 90 % interval.
    pub inside: bool,
}

impl Fit {
    /// Invents a KPI with the posterior means as the truth and fits that.
    ///
    /// # Errors
    ///
    /// [`ValidateError::Fit`] where the fit fails.
    pub fn recover(&self, settings: &FitSettings) -> Result<Recovery, ValidateError> {
        let means = self.parameters().mean_axis(Axis(0)).and_then(|mean| mean.mean_axis(Axis(0)));
        let truth = means.ok_or(ValidateError::Settings("the fit has no draws"))?.to_vec();
        let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
        rng.set_stream(INVENTION_STREAM);
        let (model, truth) = invented(self.model(), truth, &mut rng)?;
        let fit = model.fit(settings)?;
        let quantities: Vec<Recovered> = truth
            .beside(&fit)
            .map(|(name, truth, mut draws)| {
                let found = Interval::of(&mut draws);
                Recovered { name, truth, inside: (found.q5..=found.q95).contains(&truth), found }
            })
            .collect();
        let inside = quantities.iter().filter(|quantity| quantity.inside).count();
        Ok(Recovery {
            coverage: inside as f64 / quantities.len() as f64,
            converged: fit.convergence().converged,
            quantities,
        })
    }
}

/// The model of a KPI that came about exactly as it assumes, in its own units, and what it came from.
pub(super) fn invented(
    model: &Model,
    parameters: Vec<f64>,
    rng: &mut ChaCha8Rng,
) -> Result<(Model, Truth), ValidateError> {
    let unusable = ValidateError::Settings("the priors make a KPI that is not finite");
    let draw = Fit::of_parameters(model, parameters);
    let parts = draw.decompose(0, 0).ok_or(unusable.clone())?;
    let kpi: Vec<f64> = parts
        .fitted
        .iter()
        .map(|expected| {
            let noise: f64 = StandardNormal.sample(rng);
            expected + parts.sigma * noise
        })
        .collect();
    if kpi.iter().any(|value| !value.is_finite()) {
        return Err(unusable);
    }
    let model = model.observing(kpi).ok_or(unusable)?;
    Ok((model, Truth::of(&draw)))
}
