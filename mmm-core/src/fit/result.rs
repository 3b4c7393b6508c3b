//! The draws of a fit.

use ndarray::{ArrayView2, ArrayView3};

use crate::model::Model;

use super::FitSettings;
use ndarray::Array3;

/// The draws of all chains, on the parameters' own scale, and the model they belong to.
#[derive(Clone, Debug)]
pub struct Fit {
    pub(super) model: Model,
    pub(super) settings: FitSettings,
    pub(crate) parameters: Array3<f64>,
    pub(super) contributions: Array3<f64>,
    pub(super) divergences: Vec<usize>,
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

    /// The number of kept draws over all chains.
    pub fn kept(&self) -> usize {
        self.parameters.dim().0 * self.parameters.dim().1
    }
}
