//! Candidates, what they are worth, and how better ones are bred from them.

use ndarray::ArrayView1;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::{
    data::Channel,
    model::{Model, ParameterKind},
    transform::{
        recursive::recursive_adstock,
        saturation::{Saturation, robyn_inflexion},
    },
};

use super::{
    penalties,
    regression::{Column, Regression},
};

/// The ranges of Robyn's examples: retention, shape of the curve, its half as a share.
const RANGES: [(f64, f64); 3] = [(0.0, 0.8), (0.5, 3.0), (0.3, 1.0)];
/// The strongest penalty that is tried, as a share of the strongest there is, and the weakest as a share
/// of that.
const STRONGEST: f64 = 0.1;
const WEAKEST: f64 = 1e-4;
/// How far a child goes toward the best, and along the difference of two others.
const TOWARD: f64 = 0.8;

/// How long is searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RidgeSettings {
    /// Independent searches; at least 1.
    pub trials: usize,
    /// Candidates per search; at least as many as the population.
    pub candidates: usize,
    /// How many candidates live at a time; at least 4.
    pub population: usize,
    /// The seed of all randomness: the same seed and data give the same candidates.
    pub seed: u64,
}

/// Why there was no search.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RidgeError {
    /// The settings cannot be used.
    #[error(
        "the search cannot be started: one trial, a population of 4 and as many candidates are the least"
    )]
    Settings,

    /// The figures leave the range of floating point numbers.
    #[error("no candidate explains the data with finite figures")]
    NotFinite,
}

/// A guess of how one medium works.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MediumGuess {
    /// The share of the stock of pressure kept per period.
    pub retention: f64,
    /// The shape of the curve.
    pub alpha: f64,
    /// Half saturation as a share of the greatest carried pressure.
    pub gamma: f64,
}

/// A model of the front; media in the order of the data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// How each medium was taken to work.
    pub media: Vec<MediumGuess>,
    /// The penalty of the regression.
    pub penalty: f64,
    /// The error as a share of the KPI's range.
    pub nrmse: f64,
    /// How far shares of the effect are from shares of the spend.
    pub rssd: f64,
    /// The share of the KPI's variance that is explained.
    pub r_squared: f64,
    /// Every medium's contribution over all periods, in KPI units.
    pub contributions: Vec<f64>,
    /// Worth per unit of spend of every paid channel; KPI units without a worth.
    pub roi: Vec<f64>,
}

/// What a search found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exploration {
    /// The candidates that no other beats in both objectives, by error.
    pub front: Vec<Candidate>,
    /// How many were tried.
    pub tried: usize,
}

impl Default for RidgeSettings {
    fn default() -> Self {
        Self { trials: 5, candidates: 2000, population: 40, seed: 0 }
    }
}

impl Model {
    /// Searches Robyn's space of guesses for this data with the model's own linear columns.
    ///
    /// `O(trials candidates T (media + columns))` and deterministic.
    ///
    /// # Errors
    ///
    /// [`RidgeError`] where the settings or the data cannot be used.
    pub fn explore(&self, settings: &RidgeSettings) -> Result<Exploration, RidgeError> {
        let RidgeSettings { trials, candidates, population, seed } = *settings;
        if trials == 0 || population < 4 || candidates < population {
            return Err(RidgeError::Settings);
        }
        let judge = Judge::new(self);
        let mut front: Vec<Candidate> = Vec::new();
        for trial in 0..trials {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(trial as u64);
            let size = judge.genes();
            let mut alive: Vec<(Vec<f64>, f64)> = Vec::with_capacity(population);
            for _ in 0..population {
                let genes: Vec<f64> = (0..size).map(|_| rng.random()).collect();
                let fitness = judge.admit(&genes, &mut front);
                alive.push((genes, fitness));
            }
            for count in population..candidates {
                let parent = count % population;
                let child = bred(&alive, parent, &mut rng);
                let fitness = judge.admit(&child, &mut front);
                if fitness <= alive[parent].1 {
                    alive[parent] = (child, fitness);
                }
            }
        }
        front.sort_by(|a, b| a.nrmse.total_cmp(&b.nrmse));
        if front.is_empty() {
            Err(RidgeError::NotFinite)
        } else {
            Ok(Exploration { front, tried: trials * candidates })
        }
    }
}

/// A child of one parent: moved toward the best and along the difference of two others, between two
/// points of the list of genes.
fn bred(alive: &[(Vec<f64>, f64)], parent: usize, rng: &mut ChaCha8Rng) -> Vec<f64> {
    let own = &alive[parent].0;
    let best = alive.iter().reduce(|a, b| if b.1 < a.1 { b } else { a }).map_or(own, |(genes, _)| genes);
    let [one, other] = std::array::from_fn(|_| &alive[rng.random_range(0..alive.len())].0);
    let (from, to) = (rng.random_range(0..own.len()), rng.random_range(0..own.len()));
    let inside =
        |place: usize| if from <= to { (from..=to).contains(&place) } else { place >= from || place <= to };
    (0..own.len())
        .map(|place| {
            let gene = own[place];
            if !inside(place) {
                return gene;
            }
            let moved = gene + TOWARD * (best[place] - gene) + TOWARD * (one[place] - other[place]);
            // What leaves the range is thrown back into it at random.
            if (0.0..=1.0).contains(&moved) { moved } else { rng.random() }
        })
        .collect()
}

/// What candidates are judged with.
struct Judge<'a> {
    model: &'a Model,
    columns: Vec<&'a [f64]>,
    target: &'a [f64],
    range: f64,
    strongest: f64,
    spend_shares: Vec<f64>,
}

impl<'a> Judge<'a> {
    fn new(model: &'a Model) -> Self {
        let (data, own) = (model.data(), model.parts().columns());
        // One level is the regression's own intercept.
        let levels = model.layout().range(ParameterKind::Level).len();
        let skipped = usize::from(levels == 1);
        let columns: Vec<&[f64]> = (skipped..own.count()).map(|index| own.column(index)).collect();
        let target = data.kpi();
        let media = data.media().map(|medium| medium.pressure);
        let all: Vec<&[f64]> = columns.iter().copied().chain(media).collect();
        let (low, high) = target.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(*value), high.max(*value))
        });
        let total: f64 = data.channels().iter().map(Channel::total_spend).sum();
        Self {
            model,
            range: high - low,
            strongest: STRONGEST * penalties(&all, target, 2)[0],
            spend_shares: data.channels().iter().map(|channel| channel.total_spend() / total).collect(),
            columns,
            target,
        }
    }

    /// Three for each medium and one for the penalty, each from 0 to 1.
    fn genes(&self) -> usize {
        RANGES.len() * self.model.data().media().len() + 1
    }

    /// Adds a candidate to the front where it belongs there, and says how good it is: lower is better.
    fn admit(&self, genes: &[f64], front: &mut Vec<Candidate>) -> f64 {
        let Some(candidate) = self.candidate(genes) else { return f64::INFINITY };
        let fitness = candidate.nrmse + candidate.rssd;
        let beats = |a: &Candidate, b: &Candidate| a.nrmse <= b.nrmse && a.rssd <= b.rssd;
        if !front.iter().any(|other| beats(other, &candidate)) {
            front.retain(|other| !beats(&candidate, other));
            front.push(candidate);
        }
        fitness
    }

    /// `None` where a figure is not finite.
    fn candidate(&self, genes: &[f64]) -> Option<Candidate> {
        let data = self.model.data();
        let (last, of_media) = genes.split_last()?;
        let guess = |genes: &[f64]| {
            let at = |place: usize| RANGES[place].0 + genes[place] * (RANGES[place].1 - RANGES[place].0);
            MediumGuess { retention: at(0), alpha: at(1), gamma: at(2) }
        };
        let media: Vec<MediumGuess> = of_media.chunks_exact(RANGES.len()).map(guess).collect();
        let series: Vec<Vec<f64>> = data
            .media()
            .zip(&media)
            .map(|(medium, guess)| saturated(medium.pressure, *guess))
            .collect::<Option<_>>()?;
        let of_media = series.iter().map(|values| Column { values, signed: false });
        let of_rest = self.columns.iter().map(|values| Column { values, signed: true });
        let columns: Vec<Column<'_>> = of_media.chain(of_rest).collect();
        let weakest = WEAKEST * self.strongest;
        let penalty = weakest + (self.strongest - weakest) * last;
        let fit = Regression::fit(&columns, self.target, penalty, true);
        // A baseline below zero means nothing: it is left out, as Robyn does.
        let fit =
            if fit.intercept < 0.0 { Regression::fit(&columns, self.target, penalty, false) } else { fit };
        let contributions: Vec<f64> = series
            .iter()
            .zip(&fit.coefficients)
            .map(|(values, coefficient)| coefficient * values.iter().sum::<f64>())
            .collect();
        let expected = |period: usize| {
            let parts = columns.iter().zip(&fit.coefficients);
            fit.intercept + parts.map(|(column, weight)| weight * column.values[period]).sum::<f64>()
        };
        let periods = self.target.len() as f64;
        let squares: f64 =
            self.target.iter().enumerate().map(|(period, value)| (value - expected(period)).powi(2)).sum();
        let mean = self.target.iter().sum::<f64>() / periods;
        let total: f64 = self.target.iter().map(|value| (value - mean).powi(2)).sum();
        let worth = data.kpi_value().unwrap_or(1.0);
        let roi = data.channels().iter().zip(&contributions);
        let candidate = Candidate {
            nrmse: (squares / periods).sqrt() / self.range,
            rssd: distance(&self.spend_shares, &contributions),
            r_squared: 1.0 - squares / total,
            roi: roi.map(|(channel, effect)| worth * effect / channel.total_spend()).collect(),
            contributions,
            penalty,
            media,
        };
        (candidate.nrmse.is_finite() && candidate.rssd.is_finite()).then_some(candidate)
    }
}

/// How far shares of the effect are from shares of the spend, over paid channels.
fn distance(spend_shares: &[f64], contributions: &[f64]) -> f64 {
    let paid = &contributions[..spend_shares.len()];
    let total: f64 = paid.iter().sum();
    let share = |effect: f64| if total > 0.0 { effect / total } else { 0.0 };
    let squares: f64 =
        paid.iter().zip(spend_shares).map(|(effect, spend)| (share(*effect) - spend).powi(2)).sum();
    let without = paid.iter().filter(|effect| **effect == 0.0).count() as f64 / paid.len().max(1) as f64;
    squares.sqrt() * (1.0 + without)
}

fn saturated(pressure: &[f64], guess: MediumGuess) -> Option<Vec<f64>> {
    let carried = recursive_adstock(ArrayView1::from(pressure), guess.retention, false).ok()?.to_vec();
    let half = robyn_inflexion(&carried, guess.gamma);
    let response = |x: &f64| Saturation::Hill.evaluate(*x, &[guess.alpha, half]).value;
    Some(carried.iter().map(response).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn effects_in_proportion_to_the_spend_are_no_distance_away() {
        assert_relative_eq!(distance(&[0.5, 0.3, 0.2], &[50.0, 30.0, 20.0]), 0.0, epsilon = 1e-15);
        // Half of the channels without effect makes it half as large again.
        assert_relative_eq!(distance(&[0.5, 0.5], &[1.0, 0.0]), 0.5_f64.sqrt() * 1.5, max_relative = 1e-12);
        // An organic medium has no spend to compare with.
        assert_relative_eq!(distance(&[0.5, 0.5], &[1.0, 1.0, 7.0]), 0.0);
    }
}
