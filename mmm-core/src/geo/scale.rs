//! How KPI, exposures and columns of a panel are brought to a common scale.

use crate::data::{Exposure, Panel};

use super::Scaling;

/// The KPI in scaled units: `kpi[g, t] = unit[g] * (target[g, t] + shift)`.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) values: Vec<f64>,
    pub(super) units: Vec<f64>,
    pub(super) shift: f64,
}

impl Target {
    pub(super) fn of(panel: &Panel, scaling: Scaling) -> Self {
        let periods = panel.periods();
        let (units, shift): (Vec<f64>, f64) = match scaling {
            Scaling::Maximum => (panel.kpi().chunks_exact(periods).map(largest).collect(), 0.0),
            Scaling::Mean => (panel.kpi().chunks_exact(periods).map(mean).collect(), 0.0),
            Scaling::Population => {
                let per_head: Vec<f64> = by_geo(panel.kpi(), panel.population());
                let (mean, sd) = mean_and_sd(&per_head);
                (panel.population().iter().map(|people| people * sd).collect(), mean / sd)
            }
        };
        let values = by_geo(panel.kpi(), &units).into_iter().map(|value| value - shift).collect();
        Self { values, units, shift }
    }
}

/// What every geo's exposure to a medium is divided with; its reach, where that is known.
pub(super) fn exposure_units(panel: &Panel, exposure: &Exposure, scaling: Scaling) -> Vec<f64> {
    let (Exposure::Volume(series) | Exposure::Reach { reach: series, .. }) = exposure;
    let per_geo = series.chunks_exact(panel.before() + panel.periods());
    // A geo in which the medium was never seen keeps its zeros.
    let or_one = |unit: f64| if unit > 0.0 { unit } else { 1.0 };
    match scaling {
        Scaling::Maximum => per_geo.map(largest).map(or_one).collect(),
        Scaling::Mean => per_geo.map(mean).map(or_one).collect(),
        Scaling::Population => {
            let mut seen = by_geo(series, panel.population());
            seen.retain(|value| *value > 0.0);
            let middle = median(&mut seen);
            panel.population().iter().map(|people| people * middle).collect()
        }
    }
}

/// A control or treatment in scaled units.
pub(super) fn column(values: &[f64], scaling: Scaling) -> Vec<f64> {
    match scaling {
        Scaling::Maximum => values.to_vec(),
        Scaling::Mean => {
            let unit = mean(values);
            // A column that is zero on average has no mean to be divided with.
            let unit = if unit == 0.0 { 1.0 } else { unit };
            values.iter().map(|value| value / unit).collect()
        }
        Scaling::Population => {
            let (mean, sd) = mean_and_sd(values);
            values.iter().map(|value| (value - mean) / sd).collect()
        }
    }
}

/// Divides every geo's part of a series by the geo's unit.
pub(super) fn by_geo(values: &[f64], units: &[f64]) -> Vec<f64> {
    let parts = values.chunks_exact(values.len() / units.len()).zip(units);
    parts.flat_map(|(part, unit)| part.iter().map(move |value| value / unit)).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn largest(values: &[f64]) -> f64 {
    values.iter().copied().fold(0.0, f64::max)
}

/// The median; the panel has media that were seen.
fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let (low, high) = (values.len().saturating_sub(1) / 2, values.len() / 2);
    0.5 * (values.get(low).copied().unwrap_or(1.0) + values.get(high).copied().unwrap_or(1.0))
}

/// Mean and population standard deviation; the panel refuses columns without any spread.
fn mean_and_sd(values: &[f64]) -> (f64, f64) {
    let mean = mean(values);
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64;
    (mean, variance.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn the_median_lies_between_the_middle_two() {
        assert_relative_eq!(median(&mut [5.0, 1.0, 2.0]), 2.0);
        assert_relative_eq!(median(&mut [5.0, 1.0, 2.0, 3.0]), 2.5);
    }

    #[test]
    fn a_scaled_column_has_mean_zero_and_deviation_one() {
        let scaled = column(&[3.0, 8.0, 1.0, 4.0], Scaling::Population);
        let (mean, sd) = mean_and_sd(&scaled);
        assert_relative_eq!(mean, 0.0, epsilon = 1e-15);
        assert_relative_eq!(sd, 1.0, max_relative = 1e-15);
    }
}
