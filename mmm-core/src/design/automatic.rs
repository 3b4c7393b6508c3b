//! Knots where the KPI asks for them.
//!
//! A straight line is laid through a knot at every period, and bends are taken back one after the other by
//! an adaptive ridge: with second differences `D` of the values `a` at the knots,
//!
//! ```text
//! a = argmin |y - X a|^2 + penalty * sum of w[j] (D a)[j]^2,   w[j] = 1 / ((D a)[j]^2 + 1e-10)
//! ```
//!
//! is repeated until `w[j] (D a)[j]^2` settles near zero or one; the bends near one stay. Of the knots
//! found at a hundred penalties those with the lowest information criterion are taken.

use super::knot_weights;

/// Penalties from `10^-1` to `10^2`, evenly by their logarithm.
const PENALTIES: usize = 100;
/// Repetitions over all penalties together.
const MOST_ROUNDS: usize = 1000;
/// The square of a bend that counts as none.
const FLAT: f64 = 1e-10;
/// The change below which a selection has settled.
const SETTLED: f64 = 1e-6;
/// A bend above this stays.
const STAYS: f64 = 0.99;

/// The periods at which the level should bend, the first and the last among them; `None` where no number of
/// bends fits.
///
/// | name       | shape           | unit           | range                             |
/// |------------|-----------------|----------------|-----------------------------------|
/// | `target`   | `(geos * T,)`   | scaled KPI     | finite, geo after geo             |
/// | `geos`     | scalar          |                | `>= 1`                            |
/// | `features` | scalar          |                | media, treatments and controls    |
/// | result     | `(K,)`          | period         | ascending, from `0` to `T - 1`    |
///
/// `O(T)` a round, at most a thousand rounds.
///
/// # Source
///
/// `AKS` of Meridian 2.1, after Goepp, Bouaziz and Nuel (2018), *Spline regression with automatic knot
/// selection*.
pub fn automatic_knots(target: &[f64], geos: usize, features: usize) -> Option<Vec<usize>> {
    let periods = target.len().checked_div(geos)?;
    // A knot in every period but the last one before the end: one fewer than there are periods.
    let candidates = periods.checked_sub(3)?;
    let most = candidates.checked_sub(features).filter(|most| *most >= 1)?;
    let level = Averages::of(target, geos, periods);
    let all: Vec<usize> = (0..periods - 2).chain([periods - 1]).collect();
    let full = level.system(&all);
    let left = (target.len() - all.len()) as f64;
    let noise = (level.misfit(&all, &full.solve(&level.products(&all))) / left).powi(2);
    let products = level.products(&all);
    let mut weights = vec![1.0; candidates];
    let mut selected = vec![1.0; candidates];
    let mut best: Option<(f64, Vec<usize>)> = None;
    let mut step = 0;
    for _ in 0..MOST_ROUNDS {
        let exponent = -1.0 + 3.0 * step as f64 / (PENALTIES - 1) as f64;
        let penalty = 10_f64.powf(exponent) / (geos as f64).sqrt();
        let values = full.clone().penalized(penalty, &weights).solve(&products);
        let mut change = 0.0_f64;
        for (place, bend) in values.windows(3).map(|at| at[0] - 2.0 * at[1] + at[2]).enumerate() {
            weights[place] = 1.0 / (bend * bend + FLAT);
            let now = weights[place] * bend * bend;
            change = change.max((selected[place] - now).abs());
            selected[place] = now;
        }
        if change >= SETTLED {
            continue;
        }
        // The bend of candidate `j` is at period `j + 1`.
        let inner = (0..candidates).filter(|place| selected[*place] > STAYS).map(|place| place + 1);
        let knots: Vec<usize> = [0].into_iter().chain(inner).chain([periods - 1]).collect();
        let count = knots.len() - 2;
        if (1..=most).contains(&count) {
            let values = level.system(&knots).solve(&level.products(&knots));
            let criterion = 2.0 * knots.len() as f64 + level.misfit(&knots, &values) / noise;
            if best.as_ref().is_none_or(|(lowest, _)| criterion <= *lowest) {
                best = Some((criterion, knots));
            }
        }
        step += 1;
        if step == PENALTIES {
            break;
        }
    }
    best.map(|(_, knots)| knots)
}

/// What all geos together say about each period, every geo less its own mean.
struct Averages {
    geos: f64,
    means: Vec<f64>,
    /// The squares within periods, which no level explains.
    within: f64,
}

/// A symmetric matrix with two diagonals beside the main one.
#[derive(Clone)]
struct Banded {
    main: Vec<f64>,
    first: Vec<f64>,
    second: Vec<f64>,
}

impl Averages {
    fn of(target: &[f64], geos: usize, periods: usize) -> Self {
        let centred: Vec<f64> = target
            .chunks_exact(periods)
            .flat_map(|geo| {
                let mean = geo.iter().sum::<f64>() / periods as f64;
                geo.iter().map(move |value| value - mean)
            })
            .collect();
        let column = |period: usize| centred.iter().skip(period).step_by(periods);
        let means: Vec<f64> = (0..periods).map(|period| column(period).sum::<f64>() / geos as f64).collect();
        let apart = |period: usize| column(period).map(|value| (value - means[period]).powi(2)).sum::<f64>();
        Self { within: (0..periods).map(apart).sum(), geos: geos as f64, means }
    }

    /// `X'X` for straight lines between knots.
    fn system(&self, knots: &[usize]) -> Banded {
        let weights = knot_weights(self.means.len(), knots);
        let product = |a: usize, b: usize| {
            self.geos * weights.row(a).iter().zip(weights.row(b)).map(|(a, b)| a * b).sum::<f64>()
        };
        let count = knots.len();
        Banded {
            main: (0..count).map(|at| product(at, at)).collect(),
            first: (1..count).map(|at| product(at - 1, at)).collect(),
            second: vec![0.0; count.saturating_sub(2)],
        }
    }

    /// `X'y`.
    fn products(&self, knots: &[usize]) -> Vec<f64> {
        let weights = knot_weights(self.means.len(), knots);
        let of = |row: ndarray::ArrayView1<'_, f64>| {
            self.geos * row.iter().zip(&self.means).map(|(weight, mean)| weight * mean).sum::<f64>()
        };
        weights.rows().into_iter().map(of).collect()
    }

    /// The sum of squares that the level leaves.
    fn misfit(&self, knots: &[usize], values: &[f64]) -> f64 {
        let weights = knot_weights(self.means.len(), knots);
        let between = self.means.iter().enumerate().map(|(period, mean)| {
            let level: f64 =
                weights.column(period).iter().zip(values).map(|(weight, value)| weight * value).sum();
            (mean - level).powi(2)
        });
        self.within + self.geos * between.sum::<f64>()
    }
}

impl Banded {
    /// Adds `penalty * D' diag(weights) D` with the second differences `D`.
    fn penalized(mut self, penalty: f64, weights: &[f64]) -> Self {
        for (at, weight) in weights.iter().map(|weight| penalty * weight).enumerate() {
            self.main[at] += weight;
            self.main[at + 1] += 4.0 * weight;
            self.main[at + 2] += weight;
            self.first[at] -= 2.0 * weight;
            self.first[at + 1] -= 2.0 * weight;
            self.second[at] += weight;
        }
        self
    }

    /// Solves for a vector by the factors `L D L'`.
    fn solve(&self, right: &[f64]) -> Vec<f64> {
        let count = self.main.len();
        let (mut pivot, mut near, mut far) = (self.main.clone(), self.first.clone(), self.second.clone());
        let mut values = right.to_vec();
        for at in 0..count {
            if at + 1 < count {
                let share = near[at] / pivot[at];
                pivot[at + 1] -= share * near[at];
                values[at + 1] -= share * values[at];
                if at + 2 < count {
                    near[at + 1] -= share * far[at];
                }
                near[at] = share;
            }
            if at + 2 < count {
                let share = far[at] / pivot[at];
                pivot[at + 2] -= share * far[at];
                values[at + 2] -= share * values[at];
                far[at] = share;
            }
        }
        for at in (0..count).rev() {
            values[at] /= pivot[at];
            if at + 1 < count {
                values[at] -= near[at] * values[at + 1];
            }
            if at + 2 < count {
                values[at] -= far[at] * values[at + 2];
            }
        }
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn the_solution_of_a_banded_system_satisfies_it() {
        let system = Banded {
            main: vec![6.0, 7.0, 8.0, 6.5, 5.0],
            first: vec![-1.0, 2.0, 0.5, -1.5],
            second: vec![0.4, -0.7, 1.1],
        };
        let right = [1.0, -2.0, 3.0, 0.5, 4.0];
        let values = system.solve(&right);
        for row in 0..5 {
            let mut sum = system.main[row] * values[row];
            sum += if row > 0 { system.first[row - 1] * values[row - 1] } else { 0.0 };
            sum += if row < 4 { system.first[row] * values[row + 1] } else { 0.0 };
            sum += if row > 1 { system.second[row - 2] * values[row - 2] } else { 0.0 };
            sum += if row < 3 { system.second[row] * values[row + 2] } else { 0.0 };
            assert_relative_eq!(sum, right[row], max_relative = 1e-12);
        }
    }

    #[test]
    fn bends_are_found_where_they_are() {
        // Two geos: flat, up from period 20, down from period 50; and a little noise.
        let of = |period: usize, geo: usize| {
            let time = period as f64;
            let line = (time - 20.0).max(0.0) - 2.0 * (time - 50.0).max(0.0);
            0.2 * line + 0.05 * (time * 12.9898 + geo as f64 * 4.1).sin() + geo as f64
        };
        let target: Vec<f64> = (0..2).flat_map(|geo| (0..80).map(move |period| of(period, geo))).collect();
        let knots = automatic_knots(&target, 2, 4).unwrap();
        assert_eq!((knots.first(), knots.last()), (Some(&0), Some(&79)));
        for bend in [20, 50] {
            assert!(knots.iter().any(|knot| knot.abs_diff(bend) <= 2), "{knots:?}");
        }
        assert!(knots.len() < 12, "{knots:?}");
    }

    #[test]
    fn too_short_a_series_has_no_bends() {
        assert_eq!(automatic_knots(&[1.0, 2.0], 1, 0), None);
        assert_eq!(automatic_knots(&[1.0, 2.0, 3.0, 5.0, 1.0], 1, 4), None);
        assert_eq!(automatic_knots(&[], 0, 0), None);
    }
}
