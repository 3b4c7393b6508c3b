//! Drawing from the posterior of a model of a panel.

use std::ops::ControlFlow;

use ndarray::{ArrayView2, ArrayView3, Axis};

use crate::{
    diagnose::{Convergence, Diagnostics, QuantityDiagnostics},
    fit::{FitError, FitSettings, Progress, Sampled, sample},
};

use super::{GeoModel, coordinates::Coordinates};

/// The draws of all chains, on the parameters' own scale, and the model they belong to.
#[derive(Clone, Debug)]
pub struct GeoFit {
    model: GeoModel,
    settings: FitSettings,
    sampled: Sampled,
}

impl GeoModel {
    /// Draws from the posterior. Blocks until all chains are done.
    ///
    /// # Errors
    ///
    /// [`FitError`]; never a panic.
    pub fn fit(&self, settings: &FitSettings) -> Result<GeoFit, FitError> {
        self.fit_observed(settings, |_| ControlFlow::Continue(()))
    }

    /// As [`fit`](Self::fit); `observe` is called after every draw of every chain, on the thread that
    /// drew it, and ends the fit within a draw by answering [`ControlFlow::Break`].
    ///
    /// # Errors
    ///
    /// [`FitError::Cancelled`] after a break; otherwise as [`fit`](Self::fit).
    pub fn fit_observed(
        &self,
        settings: &FitSettings,
        observe: impl Fn(Progress) -> ControlFlow<()> + Sync,
    ) -> Result<GeoFit, FitError> {
        let sampled = sample(&Coordinates::of(self), settings, &observe)?;
        Ok(GeoFit { model: self.clone(), settings: settings.clone(), sampled })
    }
}

impl GeoFit {
    /// The model that was fitted.
    pub const fn model(&self) -> &GeoModel {
        &self.model
    }

    /// How it was fitted.
    pub const fn settings(&self) -> &FitSettings {
        &self.settings
    }

    /// All draws, `(chains, draws, parameters)`; names are those of [`GeoModel::names`].
    pub fn parameters(&self) -> ArrayView3<'_, f64> {
        self.sampled.parameters.view()
    }

    /// What every [contributor](GeoModel::contributors) added over all geos and periods in KPI units,
    /// `(chains, draws, contributors)`.
    pub fn contributions(&self) -> ArrayView3<'_, f64> {
        self.sampled.contributions.view()
    }

    /// The draws of one parameter, `(chains, draws)`; `None` where the model has no such name.
    pub fn parameter(&self, name: &str) -> Option<ArrayView2<'_, f64>> {
        let place = self.model.names().iter().position(|other| other == name)?;
        Some(self.sampled.parameters.index_axis(Axis(2), place))
    }

    /// How often the density and its gradient were evaluated, tuning included.
    pub const fn gradient_evaluations(&self) -> u64 {
        self.sampled.gradients
    }

    /// The figures of every parameter and every contribution.
    pub fn diagnostics(&self) -> Diagnostics {
        let figures = |name: &str, draws| QuantityDiagnostics::of(name, draws);
        let parameters = self.model.names().iter().zip(self.sampled.parameters.axis_iter(Axis(2)));
        let contributions = self.model.contributors().zip(self.sampled.contributions.axis_iter(Axis(2)));
        let (chains, draws, _) = self.sampled.parameters.dim();
        Diagnostics {
            parameters: parameters.map(|(name, draws)| figures(name, draws)).collect(),
            contributions: contributions
                .map(|(name, draws)| figures(&format!("contribution[{name}]"), draws))
                .collect(),
            divergences: self.sampled.divergences.iter().sum(),
            kept: chains * draws,
        }
    }

    /// The verdict on this fit.
    pub fn convergence(&self) -> Convergence {
        Convergence::of(&self.diagnostics())
    }
}
