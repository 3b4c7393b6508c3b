//! The draws of a fit.

use ndarray::{Array2, Array3, ArrayView2, ArrayView3};

use serde::{Deserialize, Serialize};

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

/// The draws of all chains as flat lists, for storage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draws {
    /// Parameters on their own scale: chain after chain, draw after draw, in the order of the layout.
    pub parameters: Vec<f64>,
    /// Every channel's contribution over all periods in KPI units, likewise.
    pub contributions: Vec<f64>,
    /// The energy of every draw, likewise.
    pub energies: Vec<f64>,
    /// Divergent transitions among the kept draws, per chain.
    pub divergences: Vec<usize>,
    /// How often the density was evaluated.
    pub gradient_evaluations: u64,
}

impl Fit {
    /// Copies the draws into flat lists.
    pub(crate) fn draws(&self) -> Draws {
        Draws {
            parameters: self.parameters.iter().copied().collect(),
            contributions: self.contributions.iter().copied().collect(),
            energies: self.energies.iter().copied().collect(),
            divergences: self.divergences.clone(),
            gradient_evaluations: self.gradients,
        }
    }

    /// A fit of draws that were stored; says what is wrong with them otherwise.
    pub(crate) fn from_draws(
        model: Model,
        settings: FitSettings,
        draws: Draws,
    ) -> Result<Self, &'static str> {
        let (chains, kept) = (settings.chains, settings.draws);
        let (size, channels) = (model.layout().len(), model.layout().channels());
        if draws.divergences.len() != chains {
            return Err("the number of chains differs from the settings");
        }
        if draws.parameters.iter().chain(&draws.contributions).any(|value| !value.is_finite()) {
            return Err("a draw is not a finite number");
        }
        let count = "the number of draws differs from the settings";
        Ok(Self {
            parameters: Array3::from_shape_vec((chains, kept, size), draws.parameters).map_err(|_| count)?,
            contributions: Array3::from_shape_vec((chains, kept, channels), draws.contributions)
                .map_err(|_| count)?,
            energies: Array2::from_shape_vec((chains, kept), draws.energies).map_err(|_| count)?,
            divergences: draws.divergences,
            gradients: draws.gradient_evaluations,
            model,
            settings,
        })
    }

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
