//! How much a result depends on what was assumed: the priors, or the data, counted a little more or less.
//!
//! A prior raised to the power `a` counts as `a` priors. The draws are weighted with `p(theta)^(a - 1)`,
//! the weights smoothed, and the weighted distribution of a quantity is compared with the plain one. With
//! `d(a)` their distance and `a` 0.8 and 1.25,
//!
//! ```text
//! sensitivity = (d(1.25) / log2(1.25) + d(0.8) / log2(1.25)) / 2
//! ```
//!
//! The likelihood is raised likewise. Only the priors of media are: adstock, saturation and height.
//!
//! # Source
//!
//! Kallioinen, Paananen, Bürkner, Vehtari (2024), *Detecting and diagnosing prior and likelihood
//! sensitivity with power-scaling*; the distance is that of Nguyen and Vreeken (2015).

use ndarray::Axis;
use serde::{Deserialize, Serialize};

use crate::{fit::Fit, vector::sum};

use super::smooth_log_ratios;

/// The powers are this and its reciprocal.
const POWER: f64 = 1.25;
/// From this sensitivity on a result depends on what is scaled.
const NOTABLE: f64 = 0.05;

/// How much a medium's contribution depends on its assumptions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sensitivity {
    /// The medium.
    pub name: String,
    /// To the priors of media.
    pub prior: f64,
    /// To the data.
    pub likelihood: f64,
    /// What the two mean together.
    pub influence: Influence,
}

/// Who decides about a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Influence {
    /// The data: the priors could be a little wider or narrower.
    Data,
    /// The priors: the data say little. An experiment would help.
    Prior,
    /// Both, and they pull: prior and data do not agree.
    Both,
}

impl Fit {
    /// How much every medium's contribution depends on the priors and on the data, in the order of the
    /// model.
    pub fn sensitivity(&self) -> Vec<Sensitivity> {
        let parameters = self.parameters();
        let prior: Vec<f64> = parameters
            .rows()
            .into_iter()
            .map(|row| self.model().media_log_prior(|place| row[place]))
            .collect();
        let likelihood = self.log_likelihood().sum_axis(Axis(1)).to_vec();
        let (prior, likelihood) = (weights(&prior), weights(&likelihood));
        let of = |(medium, named): (usize, crate::data::Medium<'_>)| {
            let draws: Vec<f64> = self.contributions().index_axis(Axis(2), medium).iter().copied().collect();
            let (prior, likelihood) = (slope(&draws, &prior), slope(&draws, &likelihood));
            let influence = match (prior >= NOTABLE, likelihood >= NOTABLE) {
                (false, _) => Influence::Data,
                (true, false) => Influence::Prior,
                (true, true) => Influence::Both,
            };
            Sensitivity { name: named.name.to_owned(), prior, likelihood, influence }
        };
        self.model().data().media().enumerate().map(of).collect()
    }
}

/// Smoothed weights of every draw where a part of the density counts less, and more.
fn weights(log_density: &[f64]) -> [Vec<f64>; 2] {
    [POWER.recip(), POWER].map(|power| {
        let mut ratios: Vec<f64> = log_density.iter().map(|log| (power - 1.0) * log).collect();
        smooth_log_ratios(&mut ratios, 1.0);
        ratios.iter().map(|ratio| ratio.exp()).collect()
    })
}

fn slope(draws: &[f64], weights: &[Vec<f64>; 2]) -> f64 {
    let distances: f64 = weights.iter().map(|weights| weighted_distance(draws, weights)).sum();
    distances / (2.0 * POWER.log2())
}

/// How far weights move the distribution of draws: from 0 where not at all to 1.
///
/// The square root of the normalised cumulative Jensen-Shannon divergence of the weighted distribution
/// function `Q` from the plain one `P`, the larger of those of the draws and of their negatives:
///
/// ```text
/// sqrt((KL(P, M) + KL(Q, M)) / integral (P + Q)),   M = (P + Q) / 2
/// KL(A, M) = integral (A log2(A / M)) dx + integral (M - A) dx / ln 2
/// ```
///
/// | name      | shape  | unit | range               |
/// |-----------|--------|------|---------------------|
/// | `draws`   | `(S,)` | any  | finite              |
/// | `weights` | `(S,)` |      | `>= 0`, one draw each |
/// | result    | scalar |      | `[0, 1]`            |
///
/// `O(S log S)`; 0 where all draws are equal.
pub fn weighted_distance(draws: &[f64], weights: &[f64]) -> f64 {
    let one_way = |sign: f64| {
        let mut order: Vec<usize> = (0..draws.len()).collect();
        order.sort_by(|a, b| (sign * draws[*a]).total_cmp(&(sign * draws[*b])));
        let total = sum(weights);
        let (mut plain, mut weighted) = (0.0, 0.0);
        let (mut divergence, mut area) = (0.0, 0.0);
        for pair in order.windows(2) {
            plain += 1.0 / draws.len() as f64;
            weighted += weights[pair[0]] / total;
            let width = sign * (draws[pair[1]] - draws[pair[0]]);
            let middle = 0.5 * (plain + weighted);
            let relative = |share: f64| if share > 0.0 { share * (share / middle).log2() } else { 0.0 };
            // The corrections of the two parts cancel: their means lie equally far on both sides.
            divergence += width * (relative(plain) + relative(weighted));
            area += width * (plain + weighted);
        }
        if area > 0.0 { (divergence.max(0.0) / area).sqrt() } else { 0.0 }
    };
    one_way(1.0).max(one_way(-1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use statrs::distribution::{ContinuousCDF, Normal};

    /// Evenly spread draws of a normal distribution.
    fn draws() -> Vec<f64> {
        let normal = Normal::standard();
        (0..4000).map(|at| normal.inverse_cdf((f64::from(at) + 0.5) / 4000.0)).collect()
    }

    #[test]
    fn equal_weights_move_nothing_and_one_draw_moves_most() {
        let draws = draws();
        assert_relative_eq!(weighted_distance(&draws, &vec![2.0; 4000]), 0.0, epsilon = 1e-6);
        let mut one = vec![0.0; 4000];
        one[3999] = 1.0;
        assert!(weighted_distance(&draws, &one) > 0.5);
        assert_relative_eq!(weighted_distance(&[3.0; 9], &[1.0; 9]), 0.0);
    }

    #[test]
    fn units_and_direction_do_not_matter() {
        let draws = draws();
        let weights: Vec<f64> = draws.iter().map(|x| (0.3 * x).exp()).collect();
        let distance = weighted_distance(&draws, &weights);
        let other: Vec<f64> = draws.iter().map(|x| -7.0 * x).collect();
        assert_relative_eq!(weighted_distance(&other, &weights), distance, max_relative = 1e-9);
    }

    /// A normal mean with a prior of the same weight as the data: both count alike, and the more the
    /// further they are apart.
    #[test]
    fn prior_and_data_of_one_weight_count_alike() {
        // The posterior of prior N(-c, 2) and likelihood N(c, 2) is the standard normal.
        let sensitivity = |c: f64| {
            let part =
                |centre: f64| -> Vec<f64> { draws().iter().map(|x| -0.25 * (x - centre).powi(2)).collect() };
            (slope(&draws(), &weights(&part(-c))), slope(&draws(), &weights(&part(c))))
        };
        let (prior, likelihood) = sensitivity(1.0);
        assert_relative_eq!(prior, likelihood, max_relative = 1e-6);
        assert!(prior > NOTABLE, "{prior}");
        assert!(sensitivity(3.0).0 > 1.5 * prior);
    }
}
