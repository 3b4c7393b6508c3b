//! The No-U-Turn sampler of `nuts-rs` behind [`Chain`].
//!
//! The metric is diagonal and adapted from draws and gradients: the coordinates have already removed
//! most correlation, and a diagonal costs nothing per step.

use std::collections::HashMap;

use nuts_rs::{
    Chain as _, CpuLogpFunc, CpuMath, CpuMathError, DiagNutsSettings, HasDims, LogpError, Settings,
};
use rand::{Rng, RngExt};
use rand_chacha::ChaCha8Rng;

use crate::model::{Coordinates, Model, SamplingDensity};

use super::{
    FitError, FitSettings,
    chain::{Chain, Move},
};

/// How many random points are tried before a chain gives up.
const ATTEMPTS: usize = 100;

/// Starts a chain at a random point around the centre of the model's coordinates.
pub(super) fn start(
    model: &Model,
    settings: &FitSettings,
    chain: usize,
    rng: &mut ChaCha8Rng,
) -> Result<Box<dyn Chain>, FitError> {
    let position = starting_point(model, rng).ok_or(FitError::NoStart { chain })?;
    let failed = |message: String| FitError::Sampler { chain, message };
    let mut options = DiagNutsSettings {
        num_tune: settings.tune as u64,
        num_draws: settings.draws as u64,
        num_chains: settings.chains,
        ..DiagNutsSettings::default()
    };
    options.adapt_options.step_size_settings.target_accept = settings.target_accept;
    let math = CpuMath::new(Density { density: SamplingDensity::new(model.clone()) });
    let mut sampler =
        options.new_chain(chain as u64, math, rng).map_err(|error| failed(format!("{error:#}")))?;
    sampler.set_position(&position).map_err(|error| failed(format!("{error:#}")))?;
    Ok(Box::new(NutsChain(sampler)))
}

fn starting_point(model: &Model, rng: &mut ChaCha8Rng) -> Option<Vec<f64>> {
    let center = Coordinates::center(model);
    let mut density = SamplingDensity::new(model.clone());
    let mut gradient = vec![0.0; center.len()];
    (0..ATTEMPTS).find_map(|_| {
        let point: Vec<f64> = center.iter().map(|value| value + rng.random_range(-0.5..0.5)).collect();
        let value = density.log_density(&point, &mut gradient);
        (value.is_finite() && gradient.iter().all(|slope| slope.is_finite())).then_some(point)
    })
}

struct NutsChain<C>(C);

impl<C: nuts_rs::Chain<CpuMath<Density>>> Chain for NutsChain<C> {
    fn advance(&mut self, position: &mut [f64]) -> Result<Move, String> {
        let (draw, progress) = self.0.draw().map_err(|error| format!("{error:#}"))?;
        position.copy_from_slice(&draw);
        Ok(Move { diverged: progress.diverging })
    }
}

/// The model's density in the form the sampler expects.
#[derive(Debug)]
struct Density {
    density: SamplingDensity,
}

/// The density is not a number here; the sampler treats it as a divergence and turns around.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the log density is not finite")]
struct NotFinite;

impl LogpError for NotFinite {
    fn is_recoverable(&self) -> bool {
        true
    }
}

impl HasDims for Density {
    fn dim_sizes(&self) -> HashMap<String, u64> {
        HashMap::from([("unconstrained_parameter".to_owned(), self.density.dimensions() as u64)])
    }
}

impl CpuLogpFunc for Density {
    type LogpError = NotFinite;
    type FlowParameters = ();
    type ExpandedVector = Vec<f64>;

    fn dim(&self) -> usize {
        self.density.dimensions()
    }

    fn logp(&mut self, position: &[f64], gradient: &mut [f64]) -> Result<f64, NotFinite> {
        let value = self.density.log_density(position, gradient);
        let finite = value.is_finite() && gradient.iter().all(|slope| slope.is_finite());
        if finite { Ok(value) } else { Err(NotFinite) }
    }

    fn expand_vector<R: Rng + ?Sized>(
        &mut self,
        _: &mut R,
        position: &[f64],
    ) -> Result<Vec<f64>, CpuMathError> {
        Ok(position.to_vec())
    }
}
