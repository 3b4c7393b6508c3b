//! A fit brought up to date with new data, in milliseconds where the new data say little new.
//!
//! The draws of the old fit are draws from nearly the right posterior. Each is weighted with the ratio
//! of the new density to the old one, the largest weights are smoothed, and as many draws as there were
//! are taken by weight within each chain. The shape `k` of the weights' tail says whether that is
//! allowed: above 0.7, or where fewer than 400 effective draws are left, everything is drawn again.
//!
//! Amounts that are relative to the largest KPI are rescaled first; whatever else the new data changed,
//! the weights account for. Draws that are taken twice stand side by side, so that the effective sample
//! sizes of the result see them, and the result is judged by the same rule as any fit.
//!
//! # Source
//!
//! Vehtari, Simpson, Gelman, Yao, Gabry (2024), *Pareto smoothed importance sampling*.

use ndarray::{Array3, Axis};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::{
    diagnose::{RELIABLE_BELOW, smooth_log_ratios},
    model::{Model, ParameterKind, ShapeValues},
};

use super::{Fit, FitError, FitSettings, preview::systematic};

/// The random stream of refreshes; chains use the streams from 0 up.
const REFRESH_STREAM: u64 = u64::MAX - 2;
/// The fewest effective draws that are left.
const FEWEST: f64 = 400.0;

/// A fit of new data, and how it was made.
#[derive(Clone, Debug)]
pub struct Refreshed {
    /// The fit; a decision asks it to be converged like any other.
    pub fit: Fit,
    /// How it was made.
    pub way: Refresh,
}

/// How a fit was brought up to date.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Refresh {
    /// The old draws were weighted.
    Reweighted {
        /// The shape of the weights' tail, at most 0.7.
        pareto_k: f64,
        /// How many equally weighted draws the weighted ones are worth.
        effective: f64,
    },
    /// Everything was drawn again.
    Refitted {
        /// The shape of the weights' tail; absent where the models have different parameters.
        pareto_k: Option<f64>,
    },
}

impl Fit {
    /// Brings this fit up to date with a model of new data.
    ///
    /// The settings are those of a full fit, which is the fallback.
    ///
    /// # Errors
    ///
    /// As [`Model::fit`].
    pub fn refresh(&self, model: &Model, settings: &FitSettings) -> Result<Refreshed, FitError> {
        let mut pareto_k = None;
        if model.layout() == self.model().layout() {
            let (positions, mut weights) = self.weighted(model);
            // A chain explores with its own autocorrelation, so the draws are worth less than counted.
            let k = smooth_log_ratios(&mut weights, 1.0);
            let effective = weights.iter().map(|weight| (2.0 * weight).exp()).sum::<f64>().recip();
            if k <= RELIABLE_BELOW && effective >= FEWEST {
                let fit = self.resampled(model, settings.seed, &positions, &weights);
                return Ok(Refreshed { fit, way: Refresh::Reweighted { pareto_k: k, effective } });
            }
            pareto_k = Some(k);
        }
        Ok(Refreshed { fit: model.fit(settings)?, way: Refresh::Refitted { pareto_k } })
    }

    /// The draws in units of the new model, and the logarithm of each one's weight.
    fn weighted(&self, model: &Model) -> (Vec<Vec<f64>>, Vec<f64>) {
        let layout = model.layout();
        let rescaled = [
            ParameterKind::Level,
            ParameterKind::Beta,
            ParameterKind::Control,
            ParameterKind::Fourier,
            ParameterKind::Sigma,
        ];
        let factor = self.model().kpi_scale() / model.kpi_scale();
        let (mut before, mut after) = (self.model().posterior(), model.posterior());
        let mut unused = vec![0.0; layout.len()];
        let weigh = |draw: ndarray::ArrayView1<'_, f64>| {
            let mut own = draw.to_vec();
            let mut old = own.clone();
            self.model().release(&mut old);
            for kind in rescaled {
                for value in &mut own[layout.range(kind)] {
                    *value *= factor;
                }
            }
            let mut new = own.clone();
            model.release(&mut new);
            let ratio = after.log_density(&new, &mut unused) - before.log_density(&old, &mut unused);
            // A draw that the new model excludes has no weight.
            (own, if ratio.is_finite() { ratio } else { f64::MIN })
        };
        self.parameters().rows().into_iter().map(weigh).unzip()
    }

    /// As many draws as there were, chosen by weight within each chain.
    fn resampled(&self, model: &Model, seed: u64, positions: &[Vec<f64>], weights: &[f64]) -> Self {
        let (chains, draws, size) = self.parameters().dim();
        let (layout, media) = (model.layout(), model.parts().media());
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(REFRESH_STREAM);
        let mut work = media.work();
        let mut parameters = Array3::zeros((chains, draws, size));
        let mut contributions = Array3::zeros((chains, draws, layout.channels()));
        for chain in 0..chains {
            let own = &weights[chain * draws..(chain + 1) * draws];
            let total = crate::diagnose::log_sum_exp(own);
            let shares: Vec<f64> = own.iter().map(|weight| weight - total).collect();
            for (draw, chosen) in systematic(&shares, rng.random()).into_iter().enumerate() {
                let position = &positions[chain * draws + chosen];
                for (place, value) in position.iter().enumerate() {
                    parameters[[chain, draw, place]] = *value;
                }
                for channel in 0..layout.channels() {
                    let (places, mut shapes) = (layout.channel(channel), ShapeValues::default());
                    let sum = media.forward(channel, shapes.read(places, position), &mut work);
                    contributions[[chain, draw, channel]] = sum * position[places.beta] * model.kpi_scale();
                }
            }
        }
        Self {
            model: model.clone(),
            settings: FitSettings { seed, ..self.settings().clone() },
            energies: self.energies().to_owned(),
            divergences: self.divergences().to_vec(),
            gradients: 2 * parameters.len_of(Axis(0)) as u64 * draws as u64,
            parameters,
            contributions,
        }
    }
}
