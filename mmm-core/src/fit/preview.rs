//! An answer in milliseconds, before the sampler has one.
//!
//! 1. The posterior's mode and its width there make a distribution, Student's, whose tails are wider;
//! 2. draws from it are weighted with the ratio of the true density to that one;
//! 3. the largest weights are smoothed, and as many draws as there were are taken by weight.
//!
//! The shape `k` of the weights' tail says how far the answer can be trusted: up to 0.7 its means are
//! reliable, above it it is a rough picture. A preview is never a fit: nothing can be decided with it.

use ndarray::{Array2, Array3};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::{diagnose::smooth_log_ratios, effect::Effects, model::Model};

use super::{Fit, FitError, FitSettings, laplace::Laplace, target::Target};

/// The random stream of previews; chains use the streams from 0 up.
const PREVIEW_STREAM: u64 = u64::MAX - 1;
/// The fewest draws whose weights have a tail.
const FEWEST: usize = 25;

/// What draws around the mode say.
#[derive(Clone, Debug)]
pub struct Preview {
    fit: Fit,
    pareto_k: f64,
}

/// The posterior's mode.
#[derive(Clone, Debug, PartialEq)]
pub struct Mode {
    /// Parameters on their own scale, in the order of the layout.
    pub parameters: Vec<f64>,
    /// The log density there, in the sampler's coordinates.
    pub log_density: f64,
}

impl Model {
    /// The most probable parameters: the mode in the sampler's coordinates, found by climbing from
    /// usual values.
    ///
    /// # Errors
    ///
    /// [`FitError::NoMode`] where the density is not finite there.
    pub fn mode(&self) -> Result<Mode, FitError> {
        let laplace = Laplace::of(self).ok_or(FitError::NoMode)?;
        let mut parameters = vec![0.0; self.layout().len()];
        let mut contributions = vec![0.0; self.layout().channels()];
        self.recorder().record(&laplace.mode, &mut parameters, &mut contributions);
        Ok(Mode { parameters, log_density: laplace.highest })
    }

    /// A rough answer from this many weighted draws; at least 25.
    ///
    /// # Errors
    ///
    /// [`FitError::Settings`] for fewer draws, [`FitError::NoMode`] as [`mode`](Self::mode).
    pub fn preview(&self, seed: u64, draws: usize) -> Result<Preview, FitError> {
        let settings = FitSettings { draws, ..FitSettings::seeded(seed) };
        settings.check(self.layout().len())?;
        if draws < FEWEST {
            return Err(FitError::Settings("a preview needs at least 25 draws"));
        }
        let laplace = Laplace::of(self).ok_or(FitError::NoMode)?;
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(PREVIEW_STREAM);
        let mut density = self.density();
        let (mut position, mut gradient) = (vec![0.0; laplace.mode.len()], vec![0.0; laplace.mode.len()]);
        let (mut positions, mut weights) = (Vec::with_capacity(draws), Vec::with_capacity(draws));
        for _ in 0..draws {
            let (z, drawn_with) = laplace.draw_wide(&mut rng);
            laplace.place(&z, &mut position);
            let ratio = density.log_density(&position, &mut gradient) - drawn_with;
            // A draw beyond the range of the density has no weight.
            weights.push(if ratio.is_finite() { ratio } else { f64::MIN });
            positions.push(position.clone());
        }
        let pareto_k = smooth_log_ratios(&mut weights, 1.0);
        let chosen = systematic(&weights, rng.random());
        let fit = self.fit_of(settings, chosen.into_iter().map(|place| &positions[place]))?;
        Ok(Preview { fit, pareto_k })
    }

    /// One chain of draws at these positions.
    fn fit_of<'a>(
        &self,
        settings: FitSettings,
        positions: impl Iterator<Item = &'a Vec<f64>>,
    ) -> Result<Fit, FitError> {
        let (layout, draws) = (self.layout(), settings.draws);
        let mut recorder = self.recorder();
        let (mut parameters, mut contributions) = (Array3::zeros((1, draws, layout.len())), Vec::new());
        let mut totals = vec![0.0; layout.channels()];
        for (mut row, position) in parameters.rows_mut().into_iter().zip(positions) {
            let mut own = position.clone();
            recorder.record(position, &mut own, &mut totals);
            if let Some(bad) = own.iter().position(|value| !value.is_finite()) {
                return Err(FitError::NotFinite { chain: 0, parameter: layout.names()[bad].clone() });
            }
            row.iter_mut().zip(own).for_each(|(cell, value)| *cell = value);
            contributions.extend(&totals);
        }
        Ok(Fit {
            contributions: Array3::from_shape_vec((1, draws, layout.channels()), contributions)
                .map_err(|_| FitError::NoMode)?,
            parameters,
            divergences: vec![0],
            energies: Array2::zeros((1, draws)),
            gradients: 0,
            model: self.clone(),
            settings: FitSettings { chains: 1, tune: 0, ..settings },
        })
    }
}

impl Preview {
    /// Contributions, returns and bands, as a [`Fit`] has them; exact only as far as
    /// [`pareto_k`](Self::pareto_k) says.
    pub fn effects(&self) -> Effects {
        self.fit.effects()
    }

    /// The shape of the weights' tail; infinite where they are all equal.
    pub const fn pareto_k(&self) -> f64 {
        self.pareto_k
    }

    /// Whether the means of the preview are reliable.
    pub fn is_reliable(&self) -> bool {
        self.pareto_k <= crate::diagnose::RELIABLE_BELOW
    }

    /// The mean of a parameter; `None` where the model has no such name.
    pub fn mean(&self, name: &str) -> Option<f64> {
        self.fit.parameter(name)?.mean()
    }
}

/// As many places as there are log weights, each about as often as its weight says.
pub(super) fn systematic(log_weights: &[f64], offset: f64) -> Vec<usize> {
    let count = log_weights.len();
    let (mut place, mut passed) = (0, log_weights.first().map_or(0.0, |weight| weight.exp()));
    (0..count)
        .map(|index| {
            let wanted = (index as f64 + offset) / count as f64;
            while passed < wanted && place + 1 < count {
                place += 1;
                passed += log_weights[place].exp();
            }
            place
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_taken_as_often_as_their_weight_says() {
        let weights: Vec<f64> = [0.5, 0.0, 0.25, 0.25].iter().map(|weight: &f64| weight.ln()).collect();
        for offset in [0.01, 0.5, 0.99] {
            assert_eq!(systematic(&weights, offset), [0, 0, 2, 3]);
        }
    }
}
