//! The figures of every parameter and every contribution of a fit.

use ndarray::{ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use crate::fit::Fit;

use super::rank;

/// The figures of one parameter or contribution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QuantityDiagnostics {
    /// The parameter's name, or `contribution[channel]`.
    pub name: String,
    /// Posterior mean.
    pub mean: f64,
    /// Posterior standard deviation.
    pub sd: f64,
    /// The 5 % quantile.
    pub q5: f64,
    /// The 95 % quantile.
    pub q95: f64,
    /// Rank-normalised split R-hat.
    pub r_hat: f64,
    /// Effective sample size of the bulk.
    pub ess_bulk: f64,
    /// Effective sample size of the tails.
    pub ess_tail: f64,
    /// Monte Carlo standard error of the mean.
    pub mcse_mean: f64,
}

/// The figures of a whole fit.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnostics {
    /// One entry per parameter, in the order of the layout.
    pub parameters: Vec<QuantityDiagnostics>,
    /// One entry per medium: its contribution over all periods, in KPI units.
    pub contributions: Vec<QuantityDiagnostics>,
    /// Divergences among the kept draws.
    pub divergences: usize,
    /// Kept draws over all chains.
    pub kept: usize,
}

impl QuantityDiagnostics {
    /// Computes the figures of draws `(chains, draws)`.
    pub fn of(name: impl Into<String>, draws: ArrayView2<'_, f64>) -> Self {
        Self {
            name: name.into(),
            mean: draws.mean().unwrap_or(f64::NAN),
            sd: rank::deviation(draws),
            q5: rank::quantile(draws, 0.05),
            q95: rank::quantile(draws, 0.95),
            r_hat: rank::r_hat(draws),
            ess_bulk: rank::ess_bulk(draws),
            ess_tail: rank::ess_tail(draws),
            mcse_mean: rank::mcse_mean(draws),
        }
    }
}

impl Diagnostics {
    /// Every figure, parameters first.
    pub fn all(&self) -> impl Iterator<Item = &QuantityDiagnostics> {
        self.parameters.iter().chain(&self.contributions)
    }
}

impl Fit {
    /// How freely each chain moves between energies (E-BFMI); below 0.3 it may not reach the tails.
    pub fn energy_mobility(&self) -> Vec<f64> {
        rank::energy_mobility(self.energies())
    }

    /// Computes the figures of every parameter and every channel's contribution.
    pub fn diagnostics(&self) -> Diagnostics {
        let (parameters, contributions) = (self.parameters(), self.contributions());
        let parameters = self.model().layout().names().iter().zip(parameters.axis_iter(Axis(2)));
        let media = self.model().data().media().zip(contributions.axis_iter(Axis(2)));
        Diagnostics {
            parameters: parameters.map(|(name, draws)| QuantityDiagnostics::of(name, draws)).collect(),
            contributions: media
                .map(|(medium, draws)| {
                    QuantityDiagnostics::of(format!("contribution[{}]", medium.name), draws)
                })
                .collect(),
            divergences: self.divergences().iter().sum(),
            kept: self.kept(),
        }
    }
}
