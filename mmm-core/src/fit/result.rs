//! The draws of a fit.

use ndarray::{Array2, Array3, ArrayView2, ArrayView3};

use crate::model::Model;

use super::FitSettings;

/// The draws of all chains, on the parameters' own scale, and the model they belong to.
#[derive(Clone, Debug)]
pub struct Fit {
    pub(super) model: Model,
    pub(super) settings: FitSettings,
    pub(crate) parameters: Array3<f64>,
    pub(super) contributions: Array3<f64>,
    pub(super) divergences: Vec<usize>,
    pub(super) energies: Array2<f64>,
    pub(super) gradients: u64,
}

impl Fit {
    /// The model that was fitted.
    pub const fn model(&self) -> &Model {
        &self.model
    }

    /// How it was fitted.
    pub const fn settings(&self) -> &FitSettings {
        &self.settings
    }

    /// All draws, `(chains, draws, parameters)`; names and places are in [`Model::layout`].
    pub fn parameters(&self) -> ArrayView3<'_, f64> {
        self.parameters.view()
    }

    /// Every channel's contribution over all periods in KPI units, `(chains, draws, channels)`.
    pub fn contributions(&self) -> ArrayView3<'_, f64> {
        self.contributions.view()
    }

    /// The draws of one parameter, `(chains, draws)`; `None` where the model has no such name.
    pub fn parameter(&self, name: &str) -> Option<ArrayView2<'_, f64>> {
        let place = self.model.layout().names().iter().position(|other| other == name)?;
        Some(self.parameters.index_axis(ndarray::Axis(2), place))
    }

    /// Divergent transitions among the kept draws, per chain.
    pub fn divergences(&self) -> &[usize] {
        &self.divergences
    }

    /// The energy of every kept draw, `(chains, draws)`: what the sampler conserves within a draw.
    pub fn energies(&self) -> ArrayView2<'_, f64> {
        self.energies.view()
    }

    /// How often the density and its gradient were evaluated, tuning included.
    pub const fn gradient_evaluations(&self) -> u64 {
        self.gradients
    }

    /// The number of kept draws over all chains.
    pub fn kept(&self) -> usize {
        self.parameters.dim().0 * self.parameters.dim().1
    }
}
