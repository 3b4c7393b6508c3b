//! The linear columns of a model, side by side: level, controls (with the trend), Fourier modes.

use crate::data::Dataset;

use super::{knot_weights, yearly_fourier};

/// The linear columns, stored one after the other, with the names of their coefficients.
#[derive(Clone, Debug)]
pub(crate) struct Columns {
    periods: usize,
    values: Vec<f64>,
    pub(crate) level_names: Vec<String>,
    pub(crate) control_names: Vec<String>,
    pub(crate) fourier_names: Vec<String>,
}

/// How the controls enter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Controls {
    /// Whether a straight line is added.
    pub(crate) trend: bool,
    /// Whether they are centred and scaled, which the trend never is.
    pub(crate) standardize: bool,
    /// The number of periods, from the first on, whose mean and spread they are standardised with, and
    /// in which the line rises from 0 to 1.
    pub(crate) fitted: usize,
}

impl Columns {
    /// Lays the columns out. Without knots the level is one intercept.
    pub(crate) fn new(data: &Dataset, knots: &[usize], fourier_order: usize, controls: Controls) -> Self {
        let Controls { trend, standardize, fitted } = controls;
        let periods = data.periods();
        let (mut values, mut level_names) = (Vec::new(), Vec::new());
        if knots.is_empty() {
            values.resize(periods, 1.0);
            level_names.push("intercept".to_owned());
        } else {
            values.extend(knot_weights(periods, knots));
            level_names.extend(knots.iter().map(|knot| format!("knot[{}]", data.dates()[*knot])));
        }
        let mut control_names = Vec::new();
        for control in data.controls() {
            let (shift, scale) =
                if standardize { mean_and_sd(&control.values()[..fitted]) } else { (0.0, 1.0) };
            values.extend(control.values().iter().map(|value| (value - shift) / scale));
            control_names.push(control.name().to_owned());
        }
        if trend {
            let last = (fitted.max(2) - 1) as f64;
            values.extend((0..periods).map(|period| period as f64 / last));
            control_names.push("trend".to_owned());
        }
        let modes = yearly_fourier(data.dates(), fourier_order);
        for column in modes.columns() {
            values.extend(column);
        }
        let named = |kind: &'static str| (1..=fourier_order).map(move |mode| format!("{kind}_{mode}"));
        let fourier_names = named("sin").chain(named("cos")).collect();
        Self { periods, values, level_names, control_names, fourier_names }
    }

    pub(crate) const fn periods(&self) -> usize {
        self.periods
    }

    /// The number of columns.
    pub(crate) fn count(&self) -> usize {
        self.level_names.len() + self.control_names.len() + self.fourier_names.len()
    }

    pub(crate) fn column(&self, index: usize) -> &[f64] {
        &self.values[index * self.periods..(index + 1) * self.periods]
    }
}

/// Mean and population standard deviation; a column that does not change has the spread 1, so that it is
/// zero throughout.
pub(crate) fn mean_and_sd(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
    (mean, if variance > 0.0 { variance.sqrt() } else { 1.0 })
}
