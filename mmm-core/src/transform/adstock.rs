//! Adstock families: the weights with which a period's pressure works in the periods after it.
//!
//! With `L` lags, `l = 0, …, L - 1`, before normalisation:
//!
//! | family            | `w[l]`                                                      | parameters            |
//! |-------------------|-------------------------------------------------------------|-----------------------|
//! | `none`            | `1` for `l = 0`, else `0`                                   |                       |
//! | `geometric`       | `alpha^l`, `0^0 = 1`                                        | `alpha` in `[0, 1]`   |
//! | `endless`         | `(1 - alpha) alpha^l`, never normalised further             | `alpha` in `[0, 1]`   |
//! | `half_life`       | `0.5^(l / half_life)`                                       | `half_life > 0`       |
//! | `binomial`        | `(1 - l / (L + 1))^(1 / alpha - 1)`                         | `alpha` in `[0, 1]`   |
//! | `binomial_closed` | `(1 - l / L)^(1 / alpha - 1)`                               | `alpha` in `[0, 1]`   |
//! | `delayed`         | `alpha^((l - theta)^2)`                                     | `alpha`, `theta >= 0` |
//! | `weibull_pdf`     | density `d(l + 1)`, scaled from its least to its greatest   | `lam > 0`, `k > 0`    |
//! | `weibull_cdf`     | product of `exp(-(j / lam)^k)` over `j = 1, …, l`           | `lam > 0`, `k > 0`    |
//!
//! with `d(t) = (k / lam) (t / lam)^(k - 1) exp(-(t / lam)^k)`. A density that is the same at every
//! lag gives the weights of `none`.
//!
//! # Source
//!
//! PyMC-Marketing 1.3 for every family but `binomial_closed`, which is Meridian's, and `endless`, which over as
//! many lags as there are periods is `LightweightMMM`'s (see [`recursive`](super::recursive)); Weibull weights
//! equal Robyn's where `L` is the length of the series (see [`robyn_scale`]).

use serde::{Deserialize, Serialize};

use super::Parameter;

/// A family of adstock weights. See the [module docs](self).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Adstock {
    /// Nothing is carried.
    None,
    /// The same share is kept from every period to the next.
    #[default]
    Geometric,
    /// Geometric, as if its memory had no end: a burst adds up to one over all time.
    Endless,
    /// Geometric, described by the time after which half is left.
    HalfLife,
    /// Slow at first, then faster, zero one lag after the memory ends; PyMC-Marketing's.
    Binomial,
    /// Slow at first, then faster, zero where the memory ends; Meridian's.
    BinomialClosed,
    /// Strongest `theta` periods later.
    Delayed,
    /// The shape of a Weibull density: may rise before it falls.
    WeibullPdf,
    /// The product of Weibull survivals: falls at a rate that changes with time.
    WeibullCdf,
}

impl Adstock {
    /// The parameters, in the order in which every function here takes them.
    pub const fn parameters(self) -> &'static [Parameter] {
        const ALPHA: Parameter = Parameter::share("alpha");
        const WEIBULL: &[Parameter] = &[Parameter::positive("lam"), Parameter::positive("k")];
        match self {
            Self::None => &[],
            Self::Geometric | Self::Endless | Self::Binomial | Self::BinomialClosed => &[ALPHA],
            Self::HalfLife => const { &[Parameter::positive("half_life")] },
            Self::Delayed => const { &[ALPHA, Parameter::not_negative("theta")] },
            Self::WeibullPdf | Self::WeibullCdf => WEIBULL,
        }
    }

    /// Writes weights and their derivatives by each parameter.
    ///
    /// | name         | shape   | range                                    |
    /// |--------------|---------|------------------------------------------|
    /// | `parameters` | `(P,)`  | as [`parameters`](Self::parameters) says |
    /// | `weights`    | `(L,)`  | written, `>= 0`                          |
    /// | `slopes`     | `(2 L)` | written, one parameter after the other   |
    ///
    /// Normalised weights are `w / S` with `S = sum w`, their slopes `(w' - w S' / S) / S`. `O(L)`
    /// without allocation; parameters out of range give weights that are not finite.
    pub(crate) fn fill(self, parameters: &[f64], normalized: bool, weights: &mut [f64], slopes: &mut [f64]) {
        let lags = weights.len();
        let (first, second) = slopes.split_at_mut(lags);
        let second = &mut second[..lags];
        match (self, parameters) {
            (Self::Geometric, &[alpha]) => geometric(alpha, weights, first),
            (Self::Endless, &[alpha]) => {
                geometric(alpha, weights, first);
                for (weight, slope) in weights.iter_mut().zip(first.iter_mut()) {
                    *slope = (1.0 - alpha) * *slope - *weight;
                    *weight *= 1.0 - alpha;
                }
            }
            (Self::HalfLife, &[half_life]) => {
                let alpha = 0.5_f64.powf(1.0 / half_life);
                geometric(alpha, weights, first);
                let by_half_life = alpha * std::f64::consts::LN_2 / (half_life * half_life);
                for slope in first.iter_mut() {
                    *slope *= by_half_life;
                }
            }
            (Self::Binomial, &[alpha]) => binomial(alpha, lags as f64 + 1.0, weights, first),
            (Self::BinomialClosed, &[alpha]) => binomial(alpha, lags as f64, weights, first),
            (Self::Delayed, &[alpha, theta]) => delayed(alpha, theta, weights, first, second),
            (Self::WeibullPdf, &[lam, k]) => weibull_pdf(lam, k, weights, first, second),
            (Self::WeibullCdf, &[lam, k]) => weibull_cdf(lam, k, weights, first, second),
            _ => only_now(weights, first, second),
        }
        let sum: f64 = weights.iter().sum();
        if normalized && self != Self::Endless && sum != 0.0 {
            for weight in weights.iter_mut() {
                *weight /= sum;
            }
            for slopes in slopes.chunks_exact_mut(lags).take(self.parameters().len()) {
                let sum_slope: f64 = slopes.iter().sum();
                for (slope, weight) in slopes.iter_mut().zip(weights.iter()) {
                    *slope = (*slope - *weight * sum_slope) / sum;
                }
            }
        }
    }
}

/// The scale `lam` of Robyn's Weibull adstock: the `share` quantile of `1, …, periods`, rounded half
/// to even.
///
/// | name      | shape  | unit    | range    |
/// |-----------|--------|---------|----------|
/// | `periods` | scalar | periods | `>= 1`   |
/// | `share`   | scalar |         | `[0, 1]` |
/// | result    | scalar | periods | `[1, T]` |
///
/// # Source
///
/// `adstock_weibull` of Robyn 3.12.
pub fn robyn_scale(periods: usize, share: f64) -> f64 {
    (1.0 + (periods.max(1) - 1) as f64 * share).round_ties_even()
}

fn only_now(weights: &mut [f64], first: &mut [f64], second: &mut [f64]) {
    weights.fill(0.0);
    first.fill(0.0);
    second.fill(0.0);
    if let Some(now) = weights.first_mut() {
        *now = 1.0;
    }
}

fn geometric(alpha: f64, weights: &mut [f64], slopes: &mut [f64]) {
    let (mut power, mut slope) = (1.0, 0.0);
    for (lag, (weight, weight_slope)) in weights.iter_mut().zip(slopes.iter_mut()).enumerate() {
        (*weight, *weight_slope) = (power, slope);
        slope = (lag as f64 + 1.0) * power;
        power *= alpha;
    }
}

fn binomial(alpha: f64, span: f64, weights: &mut [f64], slopes: &mut [f64]) {
    let exponent = 1.0 / alpha - 1.0;
    for (lag, (weight, slope)) in weights.iter_mut().zip(slopes).enumerate() {
        let base = 1.0 - lag as f64 / span;
        *weight = base.powf(exponent);
        // Where nothing is left, nothing changes either: the limit, where the product is 0 * inf.
        *slope = if *weight == 0.0 { 0.0 } else { -*weight * base.ln() / (alpha * alpha) };
    }
}

fn delayed(alpha: f64, theta: f64, weights: &mut [f64], by_alpha: &mut [f64], by_theta: &mut [f64]) {
    let log_alpha = alpha.ln();
    for (lag, weight) in weights.iter_mut().enumerate() {
        let distance = lag as f64 - theta;
        let square = distance * distance;
        *weight = alpha.powf(square);
        by_alpha[lag] = if square == 0.0 { 0.0 } else { square * alpha.powf(square - 1.0) };
        by_theta[lag] =
            if *weight == 0.0 || square == 0.0 { 0.0 } else { -2.0 * distance * log_alpha * *weight };
    }
}

fn weibull_pdf(lam: f64, k: f64, weights: &mut [f64], by_lam: &mut [f64], by_k: &mut [f64]) {
    for (lag, weight) in weights.iter_mut().enumerate() {
        let time = (lag as f64 + 1.0) / lam;
        let power = time.powf(k);
        *weight = (k / lam) * time.powf(k - 1.0) * (-power).exp();
        let live = *weight != 0.0;
        by_lam[lag] = if live { *weight * (k / lam) * (power - 1.0) } else { 0.0 };
        by_k[lag] = if live { *weight * (1.0 / k + (1.0 - power) * time.ln()) } else { 0.0 };
    }
    let lags = 0..weights.len();
    let order = |a: &usize, b: &usize| weights[*a].total_cmp(&weights[*b]);
    let (Some(least), Some(most)) = (lags.clone().min_by(order), lags.max_by(order)) else { return };
    let (low, range) = (weights[least], weights[most] - weights[least]);
    if range == 0.0 {
        only_now(weights, by_lam, by_k);
        return;
    }
    for weight in weights.iter_mut() {
        *weight = (*weight - low) / range;
    }
    for slopes in [by_lam, by_k] {
        let (low_slope, range_slope) = (slopes[least], slopes[most] - slopes[least]);
        for (slope, weight) in slopes.iter_mut().zip(weights.iter()) {
            *slope = (*slope - low_slope - *weight * range_slope) / range;
        }
    }
}

fn weibull_cdf(lam: f64, k: f64, weights: &mut [f64], by_lam: &mut [f64], by_k: &mut [f64]) {
    // The logarithm of a weight, and its derivatives, are sums over the lags before.
    let (mut survival, mut slope_lam, mut slope_k) = (1.0, 0.0, 0.0);
    for (lag, weight) in weights.iter_mut().enumerate() {
        *weight = survival;
        by_lam[lag] = if survival == 0.0 { 0.0 } else { survival * slope_lam };
        by_k[lag] = if survival == 0.0 { 0.0 } else { survival * slope_k };
        let time = (lag as f64 + 1.0) / lam;
        let power = time.powf(k);
        survival *= (-power).exp();
        slope_lam += k * power / lam;
        slope_k -= power * time.ln();
    }
}

/// Every family with parameters in its range, for tests of laws.
#[cfg(test)]
pub(crate) const EXAMPLES: [(Adstock, [f64; super::MOST_PARAMETERS]); 9] = [
    (Adstock::None, [0.0, 0.0]),
    (Adstock::Geometric, [0.4, 0.0]),
    (Adstock::Endless, [0.4, 0.0]),
    (Adstock::HalfLife, [1.7, 0.0]),
    (Adstock::Binomial, [0.6, 0.0]),
    (Adstock::BinomialClosed, [0.3, 0.0]),
    (Adstock::Delayed, [0.7, 1.3]),
    (Adstock::WeibullPdf, [2.5, 1.8]),
    (Adstock::WeibullCdf, [3.1, 0.8]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    fn fill(family: Adstock, parameters: &[f64], normalized: bool) -> (Vec<f64>, Vec<f64>) {
        let (mut weights, mut slopes) = (vec![0.0; 7], vec![0.0; 14]);
        family.fill(parameters, normalized, &mut weights, &mut slopes);
        (weights, slopes)
    }

    #[test]
    fn normalised_weights_add_up_to_one_and_their_slopes_to_zero() {
        for (family, parameters) in EXAMPLES.into_iter().filter(|(family, _)| *family != Adstock::Endless) {
            let (weights, slopes) = fill(family, &parameters[..family.parameters().len()], true);
            assert_relative_eq!(weights.iter().sum::<f64>(), 1.0, max_relative = 1e-14);
            assert!(weights.iter().all(|weight| *weight >= 0.0), "{family:?}");
            for slopes in slopes.chunks_exact(7).take(family.parameters().len()) {
                assert_relative_eq!(slopes.iter().sum::<f64>(), 0.0, epsilon = 1e-14);
            }
        }
    }

    #[test]
    fn slopes_are_limits_of_differences() {
        for (family, parameters) in EXAMPLES {
            let parameters = &parameters[..family.parameters().len()];
            for normalized in [true, false] {
                let (_, slopes) = fill(family, parameters, normalized);
                for place in 0..parameters.len() {
                    let at = |step: f64| {
                        let mut moved = parameters.to_vec();
                        moved[place] += step;
                        fill(family, &moved, normalized).0
                    };
                    let (ahead, behind) = (at(1e-6), at(-1e-6));
                    for lag in 0..7 {
                        let numeric = (ahead[lag] - behind[lag]) / 2e-6;
                        assert_relative_eq!(slopes[place * 7 + lag], numeric, epsilon = 1e-8);
                    }
                }
            }
        }
    }

    #[test]
    fn an_endless_memory_adds_up_to_one_over_all_time() {
        let (weights, _) = fill(Adstock::Endless, &[0.4], true);
        assert_relative_eq!(weights.iter().sum::<f64>(), 1.0 - 0.4_f64.powi(7), max_relative = 1e-14);
    }

    #[test]
    fn half_of_the_pressure_is_left_after_the_half_life() {
        let (weights, _) = fill(Adstock::HalfLife, &[3.0], false);
        assert_relative_eq!(weights[3], 0.5, max_relative = 1e-14);
    }

    #[test]
    fn robyn_rounds_half_to_even() {
        assert_relative_eq!(robyn_scale(60, 0.5), 30.0);
        assert_relative_eq!(robyn_scale(62, 0.5), 32.0);
        assert_relative_eq!(robyn_scale(1, 0.9), 1.0);
    }
}
