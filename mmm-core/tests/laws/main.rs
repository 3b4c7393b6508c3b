//! Laws that hold whatever the data: gradients, reproducibility, sums, recovery of a known truth.

mod abuse;
mod budget;
mod counterfactual;
mod effects;
mod fitting;
mod flexible;
mod geo;
mod gradient;
mod media;
mod random;
mod recovery;
mod refresh;
#[cfg(feature = "report")]
mod report;
mod ridge;
mod summary;
mod transforms;
mod trust;
mod validate;

use mmm_core::{
    fit::FitSettings,
    model::{Model, ModelSpec},
    simulate::{Scenario, Simulation},
};

/// A small invented market.
fn market(seed: u64) -> Simulation {
    Scenario::weekly(["tv", "search", "social"]).weeks(104).seed(seed).simulate().unwrap()
}

/// The default description with a trend, bound to a market.
fn model_of(simulation: &Simulation) -> Model {
    let spec = ModelSpec { trend: true, ..ModelSpec::default() };
    Model::new(spec, simulation.data.clone()).unwrap()
}

/// Enough draws to look at, too few to judge.
fn short(seed: u64) -> FitSettings {
    FitSettings { tune: 200, draws: 100, ..FitSettings::seeded(seed) }
}
