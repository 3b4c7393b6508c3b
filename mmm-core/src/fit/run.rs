//! Runs the chains of a fit on a few threads and collects what they draw.

use std::{
    num::NonZero,
    ops::ControlFlow,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use ndarray::{Array2, Array3};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::model::Model;

use super::{Fit, FitError, FitSettings, Metric, laplace::Laplace, nuts, target::Target};

/// How far a fit is; handed to the observer after every draw of every chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The chain that has just drawn, counted from 0.
    pub chain: usize,
    /// Whether that chain still adapts.
    pub tuning: bool,
    /// Draws done so far, over all chains, tuning included.
    pub draws_done: usize,
    /// Draws there will be, over all chains, tuning included.
    pub draws_total: usize,
    /// Divergences among the kept draws so far, over all chains.
    pub divergences: usize,
}

impl Progress {
    /// From 0 to 1.
    pub fn share(&self) -> f64 {
        self.draws_done as f64 / self.draws_total as f64
    }
}

impl Model {
    /// Draws from the posterior. Blocks until all chains are done.
    ///
    /// # Errors
    ///
    /// [`FitError`]; never a panic.
    pub fn fit(&self, settings: &FitSettings) -> Result<Fit, FitError> {
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
    ) -> Result<Fit, FitError> {
        let Sampled { parameters, contributions, energies, divergences, gradients } =
            sample(self, settings, &observe)?;
        let (model, settings) = (self.clone(), settings.clone());
        Ok(Fit { model, settings, parameters, contributions, divergences, energies, gradients })
    }
}

/// What all chains drew.
#[derive(Clone, Debug)]
pub(crate) struct Sampled {
    /// Parameters on their own scale, `(chains, draws, parameters)`.
    pub(crate) parameters: Array3<f64>,
    /// `(chains, draws, contributions)`.
    pub(crate) contributions: Array3<f64>,
    /// `(chains, draws)`.
    pub(crate) energies: Array2<f64>,
    /// Among the kept draws, per chain.
    pub(crate) divergences: Vec<usize>,
    /// Evaluations of the density.
    pub(crate) gradients: u64,
}

/// Draws from any target.
pub(crate) fn sample(
    target: &dyn Target,
    settings: &FitSettings,
    observe: &(dyn Fn(Progress) -> ControlFlow<()> + Sync),
) -> Result<Sampled, FitError> {
    settings.check(target.names().len())?;
    let run = Run {
        target,
        settings,
        laplace: (settings.metric == Metric::Laplace).then(|| Laplace::of(target)).flatten(),
        observe,
        next_chain: AtomicUsize::new(0),
        draws_done: AtomicUsize::new(0),
        divergences: AtomicUsize::new(0),
        stopped: AtomicBool::new(false),
        finished: Mutex::new(Vec::with_capacity(settings.chains)),
    };
    run.on_threads()?;
    run.collect()
}

struct Run<'a> {
    target: &'a dyn Target,
    settings: &'a FitSettings,
    laplace: Option<Laplace>,
    observe: &'a (dyn Fn(Progress) -> ControlFlow<()> + Sync),
    next_chain: AtomicUsize,
    draws_done: AtomicUsize,
    divergences: AtomicUsize,
    stopped: AtomicBool,
    finished: Mutex<Vec<(usize, Result<ChainDraws, FitError>)>>,
}

/// What a chain kept: parameters and total contributions, draw after draw.
struct ChainDraws {
    parameters: Vec<f64>,
    contributions: Vec<f64>,
    divergences: usize,
    energies: Vec<f64>,
    gradients: u64,
}

impl Run<'_> {
    fn on_threads(&self) -> Result<(), FitError> {
        let offered = thread::available_parallelism().map_or(1, NonZero::get);
        let threads = self.settings.threads.unwrap_or(offered).clamp(1, self.settings.chains);
        thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| self.work())).collect();
            // Joining by hand turns a panic of a worker into a value.
            let joined: Vec<_> = workers.into_iter().map(thread::ScopedJoinHandle::join).collect();
            if joined.iter().all(Result::is_ok) { Ok(()) } else { Err(FitError::Panicked) }
        })
    }

    fn work(&self) {
        loop {
            let chain = self.next_chain.fetch_add(1, Ordering::Relaxed);
            if chain >= self.settings.chains || self.stopped.load(Ordering::Relaxed) {
                return;
            }
            let outcome = self.chain(chain);
            if outcome.is_err() {
                self.stopped.store(true, Ordering::Relaxed);
            }
            if let Ok(mut finished) = self.finished.lock() {
                finished.push((chain, outcome));
            }
        }
    }

    fn chain(&self, chain: usize) -> Result<ChainDraws, FitError> {
        let FitSettings { tune, draws, seed, .. } = *self.settings;
        let (names, outcomes) = (self.target.names(), self.target.contributions());
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(chain as u64);
        let mut sampler = nuts::start(self.target, self.settings, self.laplace.as_ref(), chain, &mut rng)?;
        let mut recorder = self.target.recorder();
        let mut position = vec![0.0; names.len()];
        let mut kept = ChainDraws {
            parameters: vec![0.0; draws * names.len()],
            contributions: vec![0.0; draws * outcomes],
            divergences: 0,
            energies: Vec::with_capacity(draws),
            gradients: 0,
        };
        for draw in 0..tune + draws {
            let step =
                sampler.advance(&mut position).map_err(|message| FitError::Sampler { chain, message })?;
            kept.gradients += step.gradients;
            if draw >= tune {
                let row = draw - tune;
                let parameters = &mut kept.parameters[row * names.len()..(row + 1) * names.len()];
                let contributions = &mut kept.contributions[row * outcomes..(row + 1) * outcomes];
                recorder.record(&position, parameters, contributions);
                if let Some(bad) = parameters.iter().position(|value| !value.is_finite()) {
                    return Err(FitError::NotFinite { chain, parameter: names[bad].clone() });
                }
                kept.energies.push(step.energy);
                kept.divergences += usize::from(step.diverged);
            }
            self.report(chain, draw < tune, step.diverged)?;
        }
        Ok(kept)
    }

    fn report(&self, chain: usize, tuning: bool, diverged: bool) -> Result<(), FitError> {
        let new = usize::from(diverged && !tuning);
        let progress = Progress {
            chain,
            tuning,
            draws_done: self.draws_done.fetch_add(1, Ordering::Relaxed) + 1,
            draws_total: self.settings.chains * (self.settings.tune + self.settings.draws),
            divergences: self.divergences.fetch_add(new, Ordering::Relaxed) + new,
        };
        if self.stopped.load(Ordering::Relaxed) || (self.observe)(progress).is_break() {
            return Err(FitError::Cancelled);
        }
        Ok(())
    }

    fn collect(self) -> Result<Sampled, FitError> {
        let mut finished = self.finished.into_inner().map_err(|_| FitError::Panicked)?;
        finished.sort_by_key(|(chain, _)| *chain);
        // A chain that failed stops the others, which then only say that they were stopped.
        let failure = finished.iter().filter_map(|(_, outcome)| outcome.as_ref().err());
        if let Some(error) = failure.clone().find(|error| **error != FitError::Cancelled) {
            return Err(error.clone());
        }
        let chains: Vec<ChainDraws> =
            finished.into_iter().map(|(_, outcome)| outcome).collect::<Result<_, _>>()?;
        if chains.len() != self.settings.chains {
            return Err(FitError::Cancelled);
        }
        let stack = |width: usize, of: fn(&ChainDraws) -> &Vec<f64>| {
            let flat: Vec<f64> = chains.iter().flat_map(of).copied().collect();
            Array3::from_shape_vec((chains.len(), self.settings.draws, width), flat)
                .map_err(|_| FitError::Settings("the chains kept different numbers of draws"))
        };
        Ok(Sampled {
            parameters: stack(self.target.names().len(), |chain| &chain.parameters)?,
            contributions: stack(self.target.contributions(), |chain| &chain.contributions)?,
            energies: Array2::from_shape_vec(
                (chains.len(), self.settings.draws),
                chains.iter().flat_map(|chain| &chain.energies).copied().collect(),
            )
            .map_err(|_| FitError::Settings("the chains kept different numbers of draws"))?,
            gradients: chains.iter().map(|chain| chain.gradients).sum(),
            divergences: chains.iter().map(|chain| chain.divergences).collect(),
        })
    }
}
