//! Robyn's way: a penalised regression for every guess of how media work, and evolution of the guesses.
//!
//! There is no posterior here and no interval: what comes out is a front of models, none of which beats
//! another in both how well it fits and how little its effects stray from the spend. It is fast, knows no
//! priors, and is meant for comparison with Robyn and as a first look.
//!
//! For every candidate the pressure of each medium is carried (geometric, without end), saturated (a Hill
//! curve whose half is a share of the greatest carried pressure) and regressed on, media at least zero,
//! together with the model's own linear columns.
//!
//! | objective | formula                                                                                     |
//! |-----------|---------------------------------------------------------------------------------------------|
//! | `nrmse`   | root of the mean squared error / (largest - smallest KPI)                                    |
//! | `rssd`    | root of the sum of (effect share - spend share)^2, times 1 + the share of media without effect |
//!
//! # Source
//!
//! `robyn_run` of Robyn 3.12.1; its optimiser is Nevergrad's two-points differential evolution.

mod evolve;
mod penalty;
mod regression;

pub use evolve::{Candidate, Exploration, MediumGuess, RidgeError, RidgeSettings};
pub use penalty::penalties;
