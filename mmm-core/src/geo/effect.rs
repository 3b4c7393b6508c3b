//! From what a prior is about to a coefficient per geo, and back.
//!
//! With `k[g] = spread * e[g]`, `T` the outcome that the measure stands for (a return times the spend, a
//! share times the total outcome) and `D[g]` the outcome of a coefficient of one in geo `g`:
//!
//! | form       | measure     | coefficient of geo `g`                                     |
//! |------------|-------------|------------------------------------------------------------|
//! | normal     | coefficient | `centre + k[g]`                                            |
//! | log-normal | coefficient | `exp(centre + k[g])`                                       |
//! | normal     | any other   | `(T - sum of D[j] k[j]) / sum of D[j] + k[g]`              |
//! | log-normal | any other   | `T exp(k[g]) / sum of D[j] exp(k[j])`                      |
//!
//! In the last two rows the contribution of all geos, `sum of D[g] beta[g]`, is `T`.
//!
//! # Source
//!
//! `calculate_beta_x` of Meridian 2.1.

use super::{Form, layout::Slot};

/// How the coefficients of one effect follow from parameters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Effect {
    pub(super) sharing: Sharing,
    /// What turns the measure into an outcome; `None` where the measure is a coefficient.
    pub(super) factor: Option<f64>,
    /// What a coefficient that is shared or separate is multiplied with.
    pub(super) weight: f64,
}

/// Where the parameters of an effect are.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sharing {
    Shared(Slot),
    /// The place of the first geo's.
    Separate(usize),
    Hierarchical {
        centre: Slot,
        spread: Slot,
        /// The place of the first geo's `e`.
        offsets: usize,
        form: Form,
    },
}

/// The derivatives that [`Effect::pull_back`] writes into.
pub(super) struct Slopes<'a> {
    /// By every parameter on its own scale; added to.
    pub(super) by_value: &'a mut [f64],
    /// By the outcome of a coefficient of one in every geo; written.
    pub(super) by_outcome: &'a mut [f64],
}

impl Effect {
    /// Writes the coefficient of every geo.
    pub(super) fn coefficients(&self, values: &[f64], outcome: &[f64], beta: &mut [f64]) {
        match self.sharing {
            Sharing::Shared(slot) => {
                let measure = slot.value(values);
                let total: f64 = outcome.iter().sum();
                beta.fill(self.factor.map_or(self.weight * measure, |factor| measure * factor / total));
            }
            Sharing::Separate(first) => write(beta, &values[first..], self.weight),
            Sharing::Hierarchical { centre, spread, offsets, form } => {
                let (centre, spread) = (centre.value(values), spread.value(values));
                for (beta, offset) in beta.iter_mut().zip(&values[offsets..]) {
                    *beta = spread * offset;
                }
                if form == Form::LogNormal {
                    for beta in beta.iter_mut() {
                        *beta = beta.exp();
                    }
                }
                let met: f64 = beta.iter().zip(outcome).map(|(beta, outcome)| beta * outcome).sum();
                match (form, self.factor) {
                    (Form::Normal, None) => beta.iter_mut().for_each(|beta| *beta += centre),
                    (Form::LogNormal, None) => {
                        let height = centre.exp();
                        for beta in beta.iter_mut() {
                            *beta *= height;
                        }
                    }
                    (Form::Normal, Some(factor)) => {
                        let shift = (centre * factor - met) / outcome.iter().sum::<f64>();
                        for beta in beta.iter_mut() {
                            *beta += shift;
                        }
                    }
                    (Form::LogNormal, Some(factor)) => {
                        let height = centre * factor / met;
                        for beta in beta.iter_mut() {
                            *beta *= height;
                        }
                    }
                }
            }
        }
    }

    /// Turns the derivatives by the coefficients into those by parameters and outcomes. `by_beta` is used
    /// up.
    pub(super) fn pull_back(
        &self,
        values: &[f64],
        outcome: &[f64],
        beta: &[f64],
        by_beta: &mut [f64],
        slopes: Slopes<'_>,
    ) {
        let Slopes { by_value, by_outcome } = slopes;
        by_outcome.fill(0.0);
        match self.sharing {
            Sharing::Separate(first) => {
                for (slope, by_beta) in by_value[first..].iter_mut().zip(&*by_beta) {
                    *slope += self.weight * by_beta;
                }
            }
            Sharing::Shared(slot) => {
                let all: f64 = by_beta.iter().sum();
                match self.factor {
                    None => slot.add(by_value, self.weight * all),
                    Some(factor) => {
                        let share = all / outcome.iter().sum::<f64>();
                        slot.add(by_value, share * factor);
                        write(by_outcome, beta, -share);
                    }
                }
            }
            Sharing::Hierarchical { centre, spread, offsets, form } => {
                if form == Form::LogNormal {
                    by_beta.iter_mut().zip(beta).for_each(|(slope, beta)| *slope *= beta);
                }
                let all: f64 = by_beta.iter().sum();
                match (form, self.factor) {
                    (_, None) => centre.add(by_value, all),
                    (Form::Normal, Some(factor)) => {
                        let share = all / outcome.iter().sum::<f64>();
                        centre.add(by_value, share * factor);
                        write(by_outcome, beta, -share);
                        by_beta
                            .iter_mut()
                            .zip(outcome)
                            .for_each(|(slope, outcome)| *slope -= share * outcome);
                    }
                    (Form::LogNormal, Some(factor)) => {
                        let measure = centre.value(values);
                        centre.add(by_value, all / measure);
                        write(by_outcome, beta, -all / (measure * factor));
                        for ((slope, by_outcome), outcome) in
                            by_beta.iter_mut().zip(&*by_outcome).zip(outcome)
                        {
                            *slope += by_outcome * outcome;
                        }
                    }
                }
                // From here on by_beta holds the derivatives by k.
                let width = spread.value(values);
                let of_spread: f64 = by_beta.iter().zip(&values[offsets..]).map(|(k, e)| k * e).sum();
                spread.add(by_value, of_spread);
                for (slope, by_k) in by_value[offsets..].iter_mut().zip(&*by_beta) {
                    *slope += width * by_k;
                }
            }
        }
    }
}

/// `target[i] = factor * source[i]`.
fn write(target: &mut [f64], source: &[f64], factor: f64) {
    for (target, source) in target.iter_mut().zip(source) {
        *target = factor * source;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    const OUTCOME: [f64; 3] = [2.0, 5.0, 1.5];
    const VALUES: [f64; 5] = [1.7, 0.4, -0.8, 0.3, 1.1];

    fn effects() -> Vec<Effect> {
        let hierarchical =
            |form| Sharing::Hierarchical { centre: Slot::Place(0), spread: Slot::Place(1), offsets: 2, form };
        let sharings =
            [Sharing::Shared(Slot::Place(0)), hierarchical(Form::Normal), hierarchical(Form::LogNormal)];
        let all = sharings
            .into_iter()
            .flat_map(|sharing| [None, Some(30.0)].map(|factor| Effect { sharing, factor, weight: 1.0 }));
        let weighted = [Sharing::Separate(2), Sharing::Shared(Slot::Place(0))];
        all.chain(weighted.map(|sharing| Effect { sharing, factor: None, weight: 0.7 })).collect()
    }

    #[test]
    fn the_outcome_of_all_geos_is_what_the_measure_says() {
        for effect in effects().into_iter().filter(|effect| effect.factor.is_some()) {
            let mut beta = [0.0; 3];
            effect.coefficients(&VALUES, &OUTCOME, &mut beta);
            let total: f64 = beta.iter().zip(OUTCOME).map(|(beta, outcome)| beta * outcome).sum();
            assert_relative_eq!(total, 1.7 * 30.0, max_relative = 1e-13);
        }
    }

    #[test]
    fn slopes_are_limits_of_differences() {
        let weights = [0.7, -1.3, 2.1];
        for effect in effects() {
            let at = |values: &[f64], outcome: &[f64]| {
                let mut beta = [0.0; 3];
                effect.coefficients(values, outcome, &mut beta);
                beta.iter().zip(weights).map(|(beta, weight)| beta * weight).sum::<f64>()
            };
            let (mut beta, mut by_beta) = ([0.0; 3], weights);
            effect.coefficients(&VALUES, &OUTCOME, &mut beta);
            let (mut by_value, mut by_outcome) = ([0.0; 5], [0.0; 3]);
            let slopes = Slopes { by_value: &mut by_value, by_outcome: &mut by_outcome };
            effect.pull_back(&VALUES, &OUTCOME, &beta, &mut by_beta, slopes);
            let moved = |numbers: &[f64], place: usize, step: f64| {
                let mut moved = numbers.to_vec();
                moved[place] += step;
                moved
            };
            let close = |slope: f64, side: &dyn Fn(f64) -> f64| {
                let numeric = (side(1e-6) - side(-1e-6)) / 2e-6;
                assert_relative_eq!(slope, numeric, epsilon = 1e-7, max_relative = 1e-7);
            };
            for (place, slope) in by_value.into_iter().enumerate() {
                close(slope, &|step| at(&moved(&VALUES, place, step), &OUTCOME));
            }
            for (place, slope) in by_outcome.into_iter().enumerate() {
                close(slope, &|step| at(&VALUES, &moved(&OUTCOME, place, step)));
            }
        }
    }
}
