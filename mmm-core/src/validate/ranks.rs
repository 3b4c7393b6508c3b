//! Where the truth lies among the draws.

use statrs::distribution::{ChiSquared, ContinuousCDF};

use crate::fit::Fit;

/// The parameters and contributions that a KPI was invented with.
pub(super) struct Truth {
    parameters: Vec<f64>,
    contributions: Vec<f64>,
}

impl Truth {
    /// That of the first draw of a fit.
    pub(super) fn of(fit: &Fit) -> Self {
        let parameters = fit.parameters().rows().into_iter().next().map_or(Vec::new(), |row| row.to_vec());
        let contributions =
            fit.contributions().rows().into_iter().next().map_or(Vec::new(), |row| row.to_vec());
        Self { parameters, contributions }
    }

    /// Name, truth and all draws of every parameter and every contribution.
    pub(super) fn beside<'a>(&'a self, fit: &'a Fit) -> impl Iterator<Item = (String, f64, Vec<f64>)> + 'a {
        let own = fit.model().layout().names().iter().cloned();
        let media = fit.model().data().media().map(|medium| format!("contribution[{}]", medium.name));
        let columns = fit.parameters();
        let parameters = (0..self.parameters.len())
            .map(move |at| columns.index_axis(ndarray::Axis(2), at).iter().copied().collect());
        let columns = fit.contributions();
        let contributions = (0..self.contributions.len())
            .map(move |at| columns.index_axis(ndarray::Axis(2), at).iter().copied().collect());
        let truths = self.parameters.iter().chain(&self.contributions).copied();
        own.chain(media)
            .zip(truths)
            .zip(parameters.chain(contributions))
            .map(|((name, truth), draws)| (name, truth, draws))
    }
}

/// How many of `count` evenly taken draws lie below the truth: from 0 to `count`, each alike where the
/// draws come from the right distribution and are independent.
pub(super) fn rank(truth: f64, draws: &[f64], count: usize) -> usize {
    (0..count).filter(|at| draws[at * draws.len() / count] < truth).count()
}

/// The probability of ranks at least as uneven as these if all were alike: Pearson's test.
///
/// | name    | shape  | range                    |
/// |---------|--------|--------------------------|
/// | `ranks` | `(N,)` | `0..=count`              |
/// | `bins`  | scalar | a divisor of `count + 1` |
/// | result  | scalar | `[0, 1]`                 |
pub(super) fn uniformity(ranks: &[usize], count: usize, bins: usize) -> f64 {
    let mut found = vec![0.0; bins];
    for rank in ranks {
        found[rank * bins / (count + 1)] += 1.0;
    }
    let expected = ranks.len() as f64 / bins as f64;
    let statistic: f64 = found.iter().map(|found| (found - expected).powi(2) / expected).sum();
    ChiSquared::new(bins as f64 - 1.0).map_or(f64::NAN, |chi| chi.sf(statistic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rank_counts_what_lies_below() {
        let draws: Vec<f64> = (0..990).map(f64::from).collect();
        assert_eq!(rank(-1.0, &draws, 99), 0);
        assert_eq!(rank(495.5, &draws, 99), 50);
        assert_eq!(rank(1e9, &draws, 99), 99);
    }

    #[test]
    fn even_ranks_pass_and_leaning_ranks_fail() {
        let even: Vec<usize> = (0..1000).map(|at| at % 100).collect();
        assert!(uniformity(&even, 99, 20) > 0.999);
        let leaning: Vec<usize> = (0..1000).map(|at| at % 100 * 9 / 10).collect();
        assert!(uniformity(&leaning, 99, 20) < 1e-4);
        let narrow: Vec<usize> = (0..1000).map(|at| if at % 3 == 0 { at % 5 } else { at % 100 }).collect();
        assert!(uniformity(&narrow, 99, 20) < 1e-4);
    }
}
