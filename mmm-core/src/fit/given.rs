//! Parameters that did not come from the sampler, in the form of a fit: draws from the priors, or the
//! draws of one model read on other data.
//!
//! What is made here never leaves this crate as a [`Fit`]: nothing may be decided with it.

use ndarray::{Array2, Array3, Axis};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::model::{Model, ShapeValues};

use super::{Fit, FitSettings};

/// The random stream of prior draws; chains use the streams from 0 up.
const PRIOR_STREAM: u64 = u64::MAX - 2;

impl Fit {
    /// Draws from the priors of a model, as one chain.
    pub(crate) fn of_prior(model: &Model, seed: u64, draws: usize) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(PRIOR_STREAM);
        let mut parameters = Array3::zeros((1, draws, model.layout().len()));
        for mut row in parameters.rows_mut() {
            row.iter_mut().zip(model.draw_prior(&mut rng)).for_each(|(cell, value)| *cell = value);
        }
        let settings = FitSettings { chains: 1, tune: 0, draws, ..FitSettings::seeded(seed) };
        Self::given(model.clone(), settings, parameters)
    }

    /// One draw: these parameters.
    pub(crate) fn of_parameters(model: &Model, parameters: Vec<f64>) -> Self {
        let mut drawn = Array3::zeros((1, 1, model.layout().len()));
        drawn.iter_mut().zip(parameters).for_each(|(cell, value)| *cell = value);
        let settings = FitSettings { chains: 1, tune: 0, draws: 1, ..FitSettings::default() };
        Self::given(model.clone(), settings, drawn)
    }

    /// The same draws, read on another model with the same parameters.
    pub(crate) fn read_on(&self, model: Model) -> Self {
        Self::given(model, self.settings.clone(), self.parameters.clone())
    }

    /// Parameters `(chains, draws, parameters)` on their own scale.
    fn given(model: Model, settings: FitSettings, parameters: Array3<f64>) -> Self {
        let (chains, draws, _) = parameters.dim();
        let (layout, media) = (model.layout(), model.parts().media());
        let mut work = media.work();
        let mut contributions = Array3::zeros((chains, draws, layout.channels()));
        for (mut totals, parameters) in contributions.rows_mut().into_iter().zip(parameters.rows()) {
            for (channel, total) in totals.iter_mut().enumerate() {
                let places = layout.channel(channel);
                let mut shapes = ShapeValues::default();
                let sum =
                    media.forward(channel, shapes.read_with(places, |place| parameters[place]), &mut work);
                *total = sum * parameters[places.beta] * model.kpi_scale();
            }
        }
        Self {
            energies: Array2::zeros((chains, draws)),
            divergences: vec![0; parameters.len_of(Axis(0))],
            gradients: 0,
            contributions,
            parameters,
            model,
            settings,
        }
    }
}
