//! The log density of a model of a panel, with its analytic gradient and without allocation.

use std::f64::consts::TAU;

use crate::vector::{add_scaled, dot};

use super::{
    GeoModel, Likelihood, Link,
    term::{Adjoints, TermWork},
};

/// Evaluates a [`GeoModel`]'s log density and gradient without allocating.
#[derive(Clone, Debug)]
pub struct GeoPosterior {
    model: GeoModel,
    values: Vec<f64>,
    by_value: Vec<f64>,
    terms: Vec<TermWork>,
    adjoints: Adjoints,
    /// The expected KPI of every geo and period, then the derivative by it.
    expected: Vec<f64>,
}

impl GeoPosterior {
    pub(super) fn new(model: GeoModel) -> Self {
        let parts = model.parts();
        let (geos, periods) = (parts.panel.geos().len(), parts.panel.periods());
        Self {
            values: vec![0.0; parts.parameters.names.len()],
            by_value: vec![0.0; parts.parameters.names.len()],
            terms: parts.terms.iter().map(|term| term.work(geos, periods)).collect(),
            adjoints: Adjoints::new(periods, 2 * periods + parts.panel.before()),
            expected: vec![0.0; geos * periods],
            model,
        }
    }

    /// The log density of the data and the parameters, with its gradient.
    ///
    /// | name            | shape  | unit                         | range  |
    /// |-----------------|--------|------------------------------|--------|
    /// | `unconstrained` | `(P,)` | logarithm, log-odds or plain | finite |
    /// | `gradient`      | `(P,)` | written, per unit of those   |        |
    /// | result          | scalar | natural logarithm            |        |
    ///
    /// The order is that of [`GeoModel::names`]. Where a value leaves the range of floating point numbers,
    /// the result is `-inf` or NaN, never a panic; slices of another length are an error of the caller and
    /// yield NaN. `O(geos * periods * (media * max_lag + columns))` without allocation.
    pub fn log_density(&mut self, unconstrained: &[f64], gradient: &mut [f64]) -> f64 {
        let parts = self.model.parts();
        let size = self.values.len();
        if unconstrained.len() != size || gradient.len() != size {
            return f64::NAN;
        }
        let mut log_density = 0.0;
        for (place, prior) in parts.parameters.priors.iter().enumerate() {
            let value = prior.prior().support().constrain(unconstrained[place]);
            let (term, slope) = prior.evaluate(unconstrained[place], value);
            self.values[place] = value;
            log_density += term;
            gradient[place] = slope;
        }
        log_density += self.likelihood();
        let parts = self.model.parts();
        for (place, prior) in parts.parameters.priors.iter().enumerate() {
            gradient[place] += self.by_value[place] * prior.prior().support().slope(self.values[place]);
        }
        log_density
    }

    /// The log density at parameters of their own scale, in the order of [`GeoModel::names`]: priors of
    /// those and the likelihood, without any change of variables.
    pub fn log_density_of(&mut self, values: &[f64]) -> f64 {
        let mut unconstrained = values.to_vec();
        self.model.unconstrain(&mut unconstrained);
        let mut gradient = vec![0.0; values.len()];
        let log_density = self.log_density(&unconstrained, &mut gradient);
        let priors = self.model.parts().parameters.priors.iter();
        let slopes = priors.zip(values).map(|(prior, value)| prior.prior().support().slope(*value).ln());
        log_density - slopes.sum::<f64>()
    }

    /// The log likelihood at `values`; leaves the derivatives by them in `by_value`.
    fn likelihood(&mut self) -> f64 {
        let parts = self.model.parts();
        let Self { values, by_value, terms, adjoints, expected, .. } = self;
        let periods = parts.panel.periods();
        parts.level.fill(values, expected);
        for (term, work) in parts.terms.iter().zip(terms.iter_mut()) {
            term.forward(values, &parts.worth, work);
            for (geo, expected) in expected.chunks_exact_mut(periods).enumerate() {
                add_scaled(expected, work.beta[geo], term.series(geo, work));
            }
        }
        by_value.fill(0.0);
        let mut log_likelihood = 0.0;
        let plain = parts.spec.likelihood == Likelihood::Normal && parts.spec.link == Link::Identity;
        let geos = expected.chunks_exact_mut(periods).zip(parts.target.values.chunks_exact(periods));
        for (((expected, target), noise), unit) in geos.zip(&parts.noise).zip(&parts.target.units) {
            let sigma = noise.value(values);
            if plain {
                let precision = 1.0 / (sigma * sigma);
                for (expected, target) in expected.iter_mut().zip(target) {
                    *expected = target - *expected;
                }
                let squares = dot(expected, expected) * precision;
                log_likelihood -= 0.5 * squares + periods as f64 * (sigma.ln() + 0.5 * TAU.ln());
                noise.add(by_value, (squares - periods as f64) / sigma);
                for residual in expected.iter_mut() {
                    *residual *= precision;
                }
            } else {
                let (value, by_sigma) = parts.observation.pull_back(target, expected, sigma, *unit);
                log_likelihood += value;
                noise.add(by_value, by_sigma);
            }
        }
        parts.level.pull_back(values, expected, by_value);
        for (term, work) in parts.terms.iter().zip(terms) {
            term.pull_back(values, (expected, &parts.worth), work, adjoints, by_value);
        }
        log_likelihood
    }

    /// What every contributor adds over all geos and periods in KPI units, at the values of the last
    /// evaluation.
    pub(super) fn contributions(&self) -> impl Iterator<Item = f64> {
        let parts = self.model.parts();
        let predictors = self.predictors();
        let terms = (0..parts.terms.len()).filter(|term| parts.terms[*term].contributes);
        terms.map(move |term| {
            self.brought(
                term,
                |geo| parts.terms[term].series(geo, &self.terms[term]),
                &predictors,
                &parts.units,
            )
        })
    }

    /// The worth of what a term adds over all geos and periods, at the values of the last evaluation.
    pub(super) fn outcome(&self, term: usize, predictors: &[f64]) -> f64 {
        let parts = self.model.parts();
        self.brought(term, |geo| parts.terms[term].series(geo, &self.terms[term]), predictors, &parts.worth)
    }

    /// What a term with this series instead of its own would add to the KPI without it, weighted per geo and
    /// period.
    pub(super) fn brought<'a>(
        &self,
        term: usize,
        series: impl Fn(usize) -> &'a [f64],
        predictors: &[f64],
        weights: &[f64],
    ) -> f64 {
        let parts = self.model.parts();
        let (of, work, periods) = (&parts.terms[term], &self.terms[term], parts.panel.periods());
        let baseline = of.baseline();
        let mut total = 0.0;
        for (geo, beta) in work.beta.iter().enumerate() {
            let cells = geo * periods..(geo + 1) * periods;
            let (series, weights) = (series(geo), &weights[cells.clone()]);
            total += match parts.spec.link {
                Link::Identity => beta * (dot(series, weights) - baseline * weights.iter().sum::<f64>()),
                Link::Log => {
                    let own = of.series(geo, work).iter().zip(series).zip(&predictors[cells]).zip(weights);
                    own.map(|(((own, other), predictor), weight)| {
                        let without = predictor - beta * (own - baseline);
                        weight * without.exp() * (beta * (other - baseline)).exp_m1()
                    })
                    .sum()
                }
            };
        }
        total
    }

    /// How much every geo's KPI says about its coefficient, or about the logarithm of that, at the values of
    /// the last evaluation: the sum of squared derivatives by the variance of the noise.
    pub(super) fn knowledge(&self, term: usize, logarithm: bool) -> Vec<f64> {
        let parts = self.model.parts();
        let (of, work) = (&parts.terms[term], &self.terms[term]);
        let of_geo = |(geo, beta): (usize, &f64)| {
            let (series, sigma) = (of.series(geo, work), parts.noise[geo].value(&self.values));
            let slope = if logarithm { *beta } else { 1.0 };
            slope * slope * dot(series, series) / (sigma * sigma)
        };
        work.beta.iter().enumerate().map(of_geo).collect()
    }

    /// The linear predictor of every geo and period, at the values of the last evaluation.
    pub(super) fn predictors(&self) -> Vec<f64> {
        let parts = self.model.parts();
        let periods = parts.panel.periods();
        let mut predictors = vec![0.0; self.expected.len()];
        parts.level.fill(&self.values, &mut predictors);
        for (term, work) in parts.terms.iter().zip(&self.terms) {
            for (geo, predictors) in predictors.chunks_exact_mut(periods).enumerate() {
                add_scaled(predictors, work.beta[geo], term.series(geo, work));
            }
        }
        predictors
    }

    /// The expected KPI of every geo and period in its own unit; its median where the likelihood is
    /// log-normal.
    pub(super) fn expected_kpi(&self, predictors: &[f64]) -> Vec<f64> {
        let parts = self.model.parts();
        let cells = predictors.iter().zip(&parts.units);
        cells.map(|(mu, unit)| unit * (parts.observation.location(*mu) + parts.target.shift)).collect()
    }

    /// The parameters on their own scale at the last evaluation.
    pub(super) fn values(&self) -> &[f64] {
        &self.values
    }
}
