//! Prediction of periods that the model has not seen: one holdout, or many from a rolling origin.
//!
//! The model is fitted to the first periods alone. Its draws are then read on the longer data in the
//! same units, with the media and controls that really happened, and compared with the KPI there:
//!
//! | figure     | formula over the unseen periods                                                    |
//! |------------|------------------------------------------------------------------------------------|
//! | wMAPE      | `sum |y - mean| / sum |y|`                                                          |
//! | NRMSE      | `sqrt(mean (y - mean)²)` by the range of the KPI that was seen                      |
//! | CRPS       | mean of [`crps`](crate::effect::crps) of the predictive draws, in KPI units         |
//! | density    | `mean ln mean_s p(y | draw s)`, in units of the largest KPI                         |
//! | coverage   | share of periods inside the 90 % predictive band                                    |
//! | naive      | wMAPE of the value a year before, or of the last one seen where there is none       |

use serde::{Deserialize, Serialize};

use crate::{
    data::Date,
    diagnose::{Convergence, Replications},
    effect::{Interval, crps, log_likelihood},
    fit::FitSettings,
    model::Model,
};

use super::ValidateError;

/// How well unseen periods were predicted; see the source file's table for the formulas.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unseen {
    /// Absolute errors as a share of the KPI.
    pub wmape: f64,
    /// Root mean squared error as a share of the KPI's range.
    pub nrmse: f64,
    /// Continuously ranked probability score, in KPI units.
    pub crps: f64,
    /// Mean log density.
    pub log_density: f64,
    /// Share of periods inside the 90 % band; near 0.9 where the model knows what it does not know.
    pub band_coverage: f64,
    /// wMAPE of a forecast that needs no model.
    pub naive_wmape: f64,
}

/// A fit to the first periods and its prediction of those after them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Holdout {
    /// How many periods were fitted.
    pub seen: usize,
    /// The unseen periods.
    pub dates: Vec<Date>,
    /// The KPI there.
    pub actual: Vec<f64>,
    /// The prediction there, noise included.
    pub predicted: Vec<Interval>,
    /// How good it is.
    pub unseen: Unseen,
    /// Whether the fit converged.
    pub convergence: Convergence,
}

/// Several holdouts, each with more seen periods than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RollingOrigin {
    /// How often the origin moves; at least 1.
    pub folds: usize,
    /// How many periods are predicted from each origin, and by which the origin moves; at least 1.
    pub horizon: usize,
}

/// The answer of a [`RollingOrigin`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CrossValidation {
    /// One entry per origin, in the order of time.
    pub folds: Vec<Holdout>,
    /// The means over the folds.
    pub mean: Unseen,
}

impl Default for RollingOrigin {
    /// Four quarters of weekly data.
    fn default() -> Self {
        Self { folds: 4, horizon: 13 }
    }
}

impl Model {
    /// Fits all but the last so many periods and predicts those.
    ///
    /// # Errors
    ///
    /// [`ValidateError`] where the rest is no data set for this model, or the fit fails.
    pub fn holdout(&self, periods: usize, settings: &FitSettings) -> Result<Holdout, ValidateError> {
        let seen = self.data().periods().checked_sub(periods).filter(|_| periods > 0);
        let seen =
            seen.ok_or(ValidateError::Settings("there must be periods to hold out, and some to fit"))?;
        self.predict_after(seen, periods, settings)
    }

    /// Fits ever more of the data and predicts what comes next.
    ///
    /// # Errors
    ///
    /// As [`holdout`](Self::holdout).
    pub fn roll(
        &self,
        plan: &RollingOrigin,
        settings: &FitSettings,
    ) -> Result<CrossValidation, ValidateError> {
        let unseen = plan.folds.checked_mul(plan.horizon).filter(|unseen| *unseen > 0);
        let first = unseen.and_then(|unseen| self.data().periods().checked_sub(unseen));
        let first = first.ok_or(ValidateError::Settings("the folds need more periods than there are"))?;
        let fold = |fold| self.predict_after(first + fold * plan.horizon, plan.horizon, settings);
        let folds: Vec<Holdout> = (0..plan.folds).map(fold).collect::<Result<_, _>>()?;
        let mean = |figure: fn(&Unseen) -> f64| {
            folds.iter().map(|fold| figure(&fold.unseen)).sum::<f64>() / folds.len() as f64
        };
        let mean = Unseen {
            wmape: mean(|of| of.wmape),
            nrmse: mean(|of| of.nrmse),
            crps: mean(|of| of.crps),
            log_density: mean(|of| of.log_density),
            band_coverage: mean(|of| of.band_coverage),
            naive_wmape: mean(|of| of.naive_wmape),
        };
        Ok(CrossValidation { folds, mean })
    }

    fn predict_after(
        &self,
        seen: usize,
        horizon: usize,
        settings: &FitSettings,
    ) -> Result<Holdout, ValidateError> {
        let data = self.data();
        let model = Self::new(self.spec().clone(), data.window(0..seen)?)?;
        let fit = model.fit(settings)?;
        let convergence = fit.convergence();
        let whole = data.window(0..seen + horizon)?;
        let reading = fit.read_on(model.continued(whole)?);
        let draws = Replications::of(&reading);
        let densities = log_likelihood(&reading);
        let periods = seen..seen + horizon;
        let actual = data.kpi()[periods.clone()].to_vec();
        let mut predicted = Vec::with_capacity(horizon);
        let (mut score, mut density) = (0.0, 0.0);
        for (period, actual) in periods.clone().zip(&actual) {
            let mut values = draws.of_period(period);
            score += crps(*actual, &mut values);
            predicted.push(Interval {
                mean: draws.expected.column(period).mean().unwrap_or(f64::NAN),
                ..Interval::of(&mut values)
            });
            density += log_mean_exp(&densities.column(period).to_vec());
        }
        let seen_kpi = &data.kpi()[..seen];
        let (low, high) =
            seen_kpi.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
        let errors = || actual.iter().zip(&predicted).map(|(actual, predicted)| actual - predicted.mean);
        let size: f64 = actual.iter().map(|value| value.abs()).sum();
        let year = (364 / data.frequency().days()) as usize;
        let before = |period: usize| period.checked_sub(year).filter(|at| *at < seen).unwrap_or(seen - 1);
        let naive = periods.clone().map(|period| (data.kpi()[period] - data.kpi()[before(period)]).abs());
        let inside =
            actual.iter().zip(&predicted).filter(|(value, band)| (band.q5..=band.q95).contains(value));
        let count = horizon as f64;
        let unseen = Unseen {
            wmape: errors().map(f64::abs).sum::<f64>() / size,
            nrmse: (errors().map(|error| error * error).sum::<f64>() / count).sqrt() / (high - low),
            crps: score / count,
            log_density: density / count,
            band_coverage: inside.count() as f64 / count,
            naive_wmape: naive.sum::<f64>() / size,
        };
        Ok(Holdout { seen, dates: data.dates()[periods].to_vec(), actual, predicted, unseen, convergence })
    }
}

fn log_mean_exp(values: &[f64]) -> f64 {
    let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    largest + (values.iter().map(|value| (value - largest).exp()).sum::<f64>() / values.len() as f64).ln()
}
