//! What a plan is good for: the figure of its outcomes, draw by draw, that is made as large as
//! possible.

use serde::{Deserialize, Serialize};

/// What is maximised.
///
/// With outcomes `x[1..n]`, their mean `m`, their quantiles `Q(p)` (linear between the ordered draws)
/// and the spend `b[c]` of every channel:
///
/// | objective                    | utility                                                   |
/// |------------------------------|-----------------------------------------------------------|
/// | mean                         | `m`                                                       |
/// | value at risk                | `Q(1 - p)`                                                |
/// | conditional value at risk    | mean of the draws up to `Q(1 - p)`                        |
/// | adjusted value at risk       | `(1 - a) m + a Q(1 - p)`                                  |
/// | tail distance                | `-(abs(Q(p) - m) + abs(m - Q(1 - p)))`                    |
/// | mean tightness               | `1 - a d / m` with the tail distance `d`                  |
/// | Sharpe ratio                 | `(m - r) / sd`, `sd` of a sample                          |
/// | return on risk capital       | `(m - r) / sum b`                                         |
/// | entropy                      | `-sum s ln s` with the shares `s = b / sum b`             |
///
/// # Source
///
/// `mmm/utility.py` of PyMC-Marketing 0.19; the tail distance, a spread, has its sign turned here, so
/// that more is always better.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "objective", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Objective {
    /// The expected outcome.
    #[default]
    Mean,
    /// The outcome that is exceeded with this probability.
    ValueAtRisk {
        /// Between 0.5 and 1.
        confidence: f64,
    },
    /// The expected outcome in the worst cases that this probability leaves.
    ConditionalValueAtRisk {
        /// Between 0.5 and 1.
        confidence: f64,
    },
    /// Between the mean and the value at risk.
    AdjustedValueAtRisk {
        /// Between 0.5 and 1.
        confidence: f64,
        /// The weight of the value at risk, from 0 to 1.
        aversion: f64,
    },
    /// How close the quantiles lie to the mean.
    TailDistance {
        /// Between 0.5 and 1.
        confidence: f64,
    },
    /// How close they lie as a share of the mean.
    MeanTightness {
        /// Between 0.5 and 1.
        confidence: f64,
        /// The weight of the spread, from 0 to 1.
        aversion: f64,
    },
    /// The mean above a certain outcome, in units of the spread.
    Sharpe {
        /// The outcome that is certain anyway, in KPI units over the horizon.
        risk_free: f64,
    },
    /// The mean above a certain outcome per unit of money.
    Raroc {
        /// The outcome that is certain anyway, in KPI units over the horizon.
        risk_free: f64,
    },
    /// How evenly the money is spread over the channels.
    Entropy,
}

/// Slopes of a utility.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Slopes {
    /// By the outcome of every draw.
    pub(super) by_outcome: Vec<f64>,
    /// By the spend of every channel, outcomes held fixed.
    pub(super) by_spend: Vec<f64>,
    order: Vec<usize>,
}

impl Objective {
    /// The utility of outcomes in all draws, bought with this spend per channel over the horizon.
    ///
    /// | name       | shape        | unit      | range    |
    /// |------------|--------------|-----------|----------|
    /// | `outcomes` | `(draws,)`   | KPI units | finite   |
    /// | `spend`    | `(channels,)`| money     | `>= 0`   |
    /// | result     | scalar       | as the formula says | |
    ///
    /// NaN without draws. `O(draws log draws)`.
    pub fn utility(self, outcomes: &[f64], spend: &[f64]) -> f64 {
        self.evaluate(outcomes, spend, &mut Slopes::default())
    }

    /// Whether the figures are in their ranges.
    pub(super) fn is_valid(self) -> bool {
        let confidence = |p: f64| p > 0.5 && p < 1.0;
        let share = |a: f64| (0.0..=1.0).contains(&a);
        match self {
            Self::Mean | Self::Entropy => true,
            Self::ValueAtRisk { confidence: p }
            | Self::ConditionalValueAtRisk { confidence: p }
            | Self::TailDistance { confidence: p } => confidence(p),
            Self::AdjustedValueAtRisk { confidence: p, aversion }
            | Self::MeanTightness { confidence: p, aversion } => confidence(p) && share(aversion),
            Self::Sharpe { risk_free } | Self::Raroc { risk_free } => risk_free.is_finite(),
        }
    }

    /// Whether the utility is an outcome, so that money can be set against it.
    pub(super) const fn is_in_kpi_units(self) -> bool {
        matches!(
            self,
            Self::Mean
                | Self::ValueAtRisk { .. }
                | Self::ConditionalValueAtRisk { .. }
                | Self::AdjustedValueAtRisk { .. }
        )
    }

    /// The utility and its slopes; those of quantiles are those of the draws they lie between.
    pub(super) fn evaluate(self, outcomes: &[f64], spend: &[f64], slopes: &mut Slopes) -> f64 {
        let count = outcomes.len() as f64;
        let mean = outcomes.iter().sum::<f64>() / count;
        slopes.by_outcome.clear();
        slopes.by_outcome.resize(outcomes.len(), 0.0);
        slopes.by_spend.clear();
        slopes.by_spend.resize(spend.len(), 0.0);
        match self {
            Self::Mean => {
                slopes.add_mean(1.0);
                mean
            }
            Self::ValueAtRisk { confidence } => {
                slopes.sort(outcomes);
                slopes.add_quantile(outcomes, 1.0 - confidence, 1.0)
            }
            Self::ConditionalValueAtRisk { confidence } => {
                slopes.sort(outcomes);
                let least = slopes.add_quantile(outcomes, 1.0 - confidence, 0.0);
                let worst = slopes.order.partition_point(|place| outcomes[*place] <= least).max(1);
                for place in &slopes.order[..worst.min(outcomes.len())] {
                    slopes.by_outcome[*place] = 1.0 / worst as f64;
                }
                slopes.order.iter().take(worst).map(|place| outcomes[*place]).sum::<f64>() / worst as f64
            }
            Self::AdjustedValueAtRisk { confidence, aversion } => {
                slopes.sort(outcomes);
                slopes.add_mean(1.0 - aversion);
                let least = slopes.add_quantile(outcomes, 1.0 - confidence, aversion);
                (1.0 - aversion) * mean + aversion * least
            }
            Self::TailDistance { confidence } => -slopes.tail_distance(outcomes, mean, confidence, -1.0),
            Self::MeanTightness { confidence, aversion } => {
                let distance = slopes.tail_distance(outcomes, mean, confidence, -aversion / mean);
                slopes.add_mean(aversion * distance / (mean * mean));
                1.0 - aversion * distance / mean
            }
            Self::Sharpe { risk_free } => {
                let squares: f64 = outcomes.iter().map(|outcome| (outcome - mean).powi(2)).sum();
                let sd = (squares / (count - 1.0)).sqrt();
                let ratio = (mean - risk_free) / sd;
                for (slope, outcome) in slopes.by_outcome.iter_mut().zip(outcomes) {
                    *slope = (1.0 / count - ratio * (outcome - mean) / (sd * (count - 1.0))) / sd;
                }
                ratio
            }
            Self::Raroc { risk_free } => {
                let total: f64 = spend.iter().sum();
                slopes.add_mean(1.0 / total);
                slopes.by_spend.fill(-(mean - risk_free) / (total * total));
                (mean - risk_free) / total
            }
            Self::Entropy => {
                let total: f64 = spend.iter().sum();
                let part =
                    |amount: f64| if amount > 0.0 { amount / total * (amount / total).ln() } else { 0.0 };
                let entropy = -spend.iter().map(|amount| part(*amount)).sum::<f64>();
                for (slope, amount) in slopes.by_spend.iter_mut().zip(spend) {
                    // At nothing the slope is infinite; a tiny share stands for it.
                    *slope = -((amount / total).max(1e-12).ln() + entropy) / total;
                }
                entropy
            }
        }
    }
}

impl Slopes {
    fn sort(&mut self, outcomes: &[f64]) {
        self.order.clear();
        self.order.extend(0..outcomes.len());
        self.order.sort_unstable_by(|a, b| outcomes[*a].total_cmp(&outcomes[*b]));
    }

    fn add_mean(&mut self, factor: f64) {
        let each = factor / self.by_outcome.len() as f64;
        for slope in &mut self.by_outcome {
            *slope += each;
        }
    }

    /// The quantile of sorted draws; adds `factor` times its slopes.
    fn add_quantile(&mut self, outcomes: &[f64], share: f64, factor: f64) -> f64 {
        let Some(last) = self.order.len().checked_sub(1) else { return f64::NAN };
        let place = share * last as f64;
        let below = (place as usize).min(last);
        let (part, above) = (place - below as f64, (below + 1).min(last));
        let (below, above) = (self.order[below], self.order[above]);
        self.by_outcome[below] += factor * (1.0 - part);
        self.by_outcome[above] += factor * part;
        outcomes[below] + part * (outcomes[above] - outcomes[below])
    }

    /// The distance of the outer quantiles from the mean; adds `factor` times its slopes.
    fn tail_distance(&mut self, outcomes: &[f64], mean: f64, confidence: f64, factor: f64) -> f64 {
        self.sort(outcomes);
        let mut distance = 0.0;
        for share in [confidence, 1.0 - confidence] {
            let away = self.add_quantile(outcomes, share, 0.0) - mean;
            let side = factor * away.signum();
            self.add_quantile(outcomes, share, side);
            self.add_mean(-side);
            distance += away.abs();
        }
        distance
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    const ALL: [Objective; 9] = [
        Objective::Mean,
        Objective::ValueAtRisk { confidence: 0.9 },
        Objective::ConditionalValueAtRisk { confidence: 0.8 },
        Objective::AdjustedValueAtRisk { confidence: 0.9, aversion: 0.3 },
        Objective::TailDistance { confidence: 0.8 },
        Objective::MeanTightness { confidence: 0.7, aversion: 0.4 },
        Objective::Sharpe { risk_free: 0.5 },
        Objective::Raroc { risk_free: 0.5 },
        Objective::Entropy,
    ];

    #[test]
    fn slopes_are_limits_of_differences() {
        let outcomes: Vec<f64> = (0..37).map(|draw| 5.0 + (f64::from(draw) * 2.3).sin() * 2.0).collect();
        let spend = [3.0, 1.0, 2.5];
        for objective in ALL {
            let mut slopes = Slopes::default();
            let value = objective.evaluate(&outcomes, &spend, &mut slopes);
            assert_relative_eq!(value, objective.utility(&outcomes, &spend));
            let difference = |values: &[f64], place: usize, at: &dyn Fn(&[f64]) -> f64| {
                let moved = |step: f64| {
                    let mut moved = values.to_vec();
                    moved[place] += step;
                    at(&moved)
                };
                (moved(1e-6) - moved(-1e-6)) / 2e-6
            };
            for draw in 0..outcomes.len() {
                let numeric = difference(&outcomes, draw, &|moved| objective.utility(moved, &spend));
                assert_relative_eq!(slopes.by_outcome[draw], numeric, epsilon = 1e-7, max_relative = 1e-6);
            }
            for channel in 0..spend.len() {
                let numeric = difference(&spend, channel, &|moved| objective.utility(&outcomes, moved));
                assert_relative_eq!(slopes.by_spend[channel], numeric, epsilon = 1e-7, max_relative = 1e-6);
            }
        }
    }

    #[test]
    fn figures_out_of_range_are_seen() {
        assert!(ALL.into_iter().all(Objective::is_valid));
        for objective in [
            Objective::ValueAtRisk { confidence: 0.4 },
            Objective::ConditionalValueAtRisk { confidence: 1.0 },
            Objective::MeanTightness { confidence: 0.9, aversion: 1.1 },
            Objective::Sharpe { risk_free: f64::NAN },
        ] {
            assert!(!objective.is_valid(), "{objective:?}");
        }
    }
}
