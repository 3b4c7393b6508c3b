//! The No-U-Turn sampler of `nuts-rs` behind [`Chain`].
//!
//! The metric is diagonal and adapted from draws and gradients: the model's coordinates and the
//! posterior's curvature at its mode have already removed most correlation.

use std::collections::HashMap;

use nuts_rs::{
    Chain as _, CpuLogpFunc, CpuMath, CpuMathError, DiagNutsSettings, HasDims, LogpError, Settings, Storable,
    Value,
};
use rand::{Rng, RngExt};
use rand_chacha::ChaCha8Rng;

use super::{
    FitError, FitSettings,
    chain::{Chain, Move},
    laplace::Laplace,
    target::{LogDensity, Target},
};

/// How many random points are tried before a chain gives up.
const ATTEMPTS: usize = 100;

/// Starts a chain at a random point: around the mode, as far as the posterior is wide, or around the
/// centre of the model's coordinates.
pub(super) fn start(
    target: &dyn Target,
    settings: &FitSettings,
    laplace: Option<&Laplace>,
    chain: usize,
    rng: &mut ChaCha8Rng,
) -> Result<Box<dyn Chain>, FitError> {
    let mut density = Density::new(target, laplace.cloned());
    let position = starting_point(&mut density, &target.center(), rng).ok_or(FitError::NoStart { chain })?;
    let failed = |message: String| FitError::Sampler { chain, message };
    let mut options = DiagNutsSettings {
        num_tune: settings.tune as u64,
        num_draws: settings.draws as u64,
        num_chains: settings.chains,
        ..DiagNutsSettings::default()
    };
    options.adapt_options.step_size_settings.target_accept = settings.target_accept;
    let laplace = density.laplace.clone();
    let mut sampler = options
        .new_chain(chain as u64, CpuMath::new(density), rng)
        .map_err(|error| failed(format!("{error:#}")))?;
    sampler.set_position(&position).map_err(|error| failed(format!("{error:#}")))?;
    Ok(Box::new(NutsChain { sampler, laplace }))
}

fn starting_point(density: &mut Density, center: &[f64], rng: &mut ChaCha8Rng) -> Option<Vec<f64>> {
    let mut gradient = vec![0.0; center.len()];
    (0..ATTEMPTS).find_map(|_| {
        let point: Vec<f64> = match &density.laplace {
            Some(laplace) => laplace.draw(rng),
            None => center.iter().map(|value| value + rng.random_range(-0.5..0.5)).collect(),
        };
        density.logp(&point, &mut gradient).is_ok().then_some(point)
    })
}

struct NutsChain<C> {
    sampler: C,
    laplace: Option<Laplace>,
}

impl<C: nuts_rs::Chain<CpuMath<Density>>> Chain for NutsChain<C> {
    fn advance(&mut self, position: &mut [f64]) -> Result<Move, String> {
        let (draw, _, mut stats, progress) =
            self.sampler.expanded_draw().map_err(|error| format!("{error:#}"))?;
        match &self.laplace {
            Some(laplace) => laplace.place(&draw, position),
            None => position.copy_from_slice(&draw),
        }
        let dimensions = From::from(&*self.sampler.math());
        let energy = stats.get_all(&dimensions).into_iter().find_map(|figure| match figure {
            ("energy", Some(Value::ScalarF64(energy))) => Some(energy),
            _ => None,
        });
        Ok(Move {
            diverged: progress.diverging,
            energy: energy.unwrap_or(f64::NAN),
            gradients: progress.num_gradients,
        })
    }
}

/// The model's density in the form the sampler expects.
struct Density {
    sampled: Box<dyn LogDensity>,
    laplace: Option<Laplace>,
    position: Vec<f64>,
    gradient: Vec<f64>,
}

impl Density {
    fn new(target: &dyn Target, laplace: Option<Laplace>) -> Self {
        let sampled = target.density();
        let size = sampled.dimensions();
        Self { sampled, laplace, position: vec![0.0; size], gradient: vec![0.0; size] }
    }
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
        HashMap::from([("unconstrained_parameter".to_owned(), self.sampled.dimensions() as u64)])
    }
}

impl CpuLogpFunc for Density {
    type LogpError = NotFinite;
    type FlowParameters = ();
    type ExpandedVector = Vec<f64>;

    fn dim(&self) -> usize {
        self.sampled.dimensions()
    }

    fn logp(&mut self, position: &[f64], gradient: &mut [f64]) -> Result<f64, NotFinite> {
        let value = match &self.laplace {
            Some(laplace) => {
                laplace.place(position, &mut self.position);
                let value = self.sampled.log_density(&self.position, &mut self.gradient);
                laplace.pull_back(&self.gradient, gradient);
                value
            }
            None => self.sampled.log_density(position, gradient),
        };
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
