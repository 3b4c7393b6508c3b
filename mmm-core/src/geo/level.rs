//! The KPI without anything else: straight lines between knots that all geos share, a difference of every
//! geo, and a trend `slope[g] t^exponent`.

use crate::{
    data::Panel,
    design::{automatic_knots, even_knots, knot_weights},
    model::SpecError,
};

use super::{
    GeoKnots, GeoLevel, GeoSpec,
    layout::{Parameters, Slot},
};

/// Where the levels are among the parameters.
#[derive(Clone, Debug)]
pub(super) struct Level {
    /// The place of the first knot.
    knots: usize,
    /// Every period's two knots, counted from the first, and the weight of the second; none without a
    /// shared level.
    lines: Vec<Line>,
    /// The place of every geo's level, where it has one.
    geos: Vec<Option<usize>>,
    trend: Option<Trend>,
}

#[derive(Clone, Copy, Debug)]
struct Trend {
    /// The place of the first geo's slope.
    slopes: usize,
    exponent: Slot,
}

#[derive(Clone, Copy, Debug)]
struct Line {
    left: usize,
    right: usize,
    share: f64,
}

impl Level {
    pub(super) fn new(
        spec: &GeoSpec,
        panel: &Panel,
        target: &[f64],
        parameters: &mut Parameters,
    ) -> Result<Self, SpecError> {
        let periods = panel.periods();
        let places = knot_periods(&spec.level.knots, panel, target)?;
        let named = places.iter().map(|knot| format!("knot[{}]", panel.dates()[*knot]));
        let knots = parameters.add_each(named, spec.level.knot);
        let weights = knot_weights(periods, &places);
        let line = |column: ndarray::ArrayView1<'_, f64>| {
            let left = column.iter().position(|weight| *weight > 0.0)?;
            let right = (left + 1).min(places.len() - 1);
            Some(Line { left, right, share: 1.0 - column[left] })
        };
        let lines = weights.columns().into_iter().filter_map(line).collect();
        let (prior, without) = match spec.level.geos {
            GeoLevel::Own(prior) => (prior, None),
            GeoLevel::Contrast(prior) => (prior, Some(most_populous(panel))),
        };
        let own: Vec<usize> = (0..panel.geos().len()).filter(|geo| Some(*geo) != without).collect();
        let first =
            parameters.add_each(own.iter().map(|geo| format!("level[{}]", panel.geos()[*geo])), prior);
        let mut geos = vec![None; panel.geos().len()];
        for (place, geo) in own.into_iter().enumerate() {
            geos[geo] = Some(first + place);
        }
        let trend = spec.trend.map(|trend| Trend {
            exponent: parameters.add("trend_exponent".to_owned(), trend.exponent),
            slopes: parameters.add_each(panel.geos().iter().map(|geo| format!("trend[{geo}]")), trend.slope),
        });
        Ok(Self { knots, lines, geos, trend })
    }

    /// Writes the level of every geo and period.
    pub(super) fn fill(&self, values: &[f64], levels: &mut [f64]) {
        let periods = levels.len() / self.geos.len();
        for (geo, (own, levels)) in self.geos.iter().zip(levels.chunks_exact_mut(periods)).enumerate() {
            levels.fill(own.map_or(0.0, |place| values[place]));
            for (level, line) in levels.iter_mut().zip(&self.lines) {
                let (left, right) = (values[self.knots + line.left], values[self.knots + line.right]);
                *level += left + line.share * (right - left);
            }
            if let Some(trend) = self.trend {
                let (slope, exponent) = (values[trend.slopes + geo], trend.exponent.value(values));
                for (period, level) in levels.iter_mut().enumerate() {
                    *level += slope * (period as f64).powf(exponent);
                }
            }
        }
    }

    /// Adds the derivatives by the parameters, given those by the level of every geo and period.
    pub(super) fn pull_back(&self, values: &[f64], by_level: &[f64], by_value: &mut [f64]) {
        let periods = by_level.len() / self.geos.len();
        for (geo, (own, slopes)) in self.geos.iter().zip(by_level.chunks_exact(periods)).enumerate() {
            if let Some(place) = own {
                by_value[*place] += slopes.iter().sum::<f64>();
            }
            for (slope, line) in slopes.iter().zip(&self.lines) {
                by_value[self.knots + line.left] += (1.0 - line.share) * slope;
                by_value[self.knots + line.right] += line.share * slope;
            }
            if let Some(trend) = self.trend {
                let exponent = trend.exponent.value(values);
                // The first period is zero whatever the exponent.
                for (period, by_level) in slopes.iter().enumerate().skip(1) {
                    let power = (period as f64).powf(exponent) * by_level;
                    by_value[trend.slopes + geo] += power;
                    let by_exponent = values[trend.slopes + geo] * power * (period as f64).ln();
                    trend.exponent.add(by_value, by_exponent);
                }
            }
        }
    }
}

fn knot_periods(knots: &GeoKnots, panel: &Panel, target: &[f64]) -> Result<Vec<usize>, SpecError> {
    let periods = panel.periods();
    let knots = match knots {
        GeoKnots::None => return Ok(Vec::new()),
        GeoKnots::Usual if panel.geos().len() == 1 => vec![0],
        GeoKnots::Usual => (0..periods).collect(),
        GeoKnots::Even(count) => even_knots(periods, *count),
        GeoKnots::At(knots) => knots.clone(),
        GeoKnots::Automatic => {
            let features = panel.media().len() + panel.treatments().len() + panel.controls().len();
            automatic_knots(target, panel.geos().len(), features).unwrap_or_default()
        }
    };
    let ascending = knots.windows(2).all(|pair| pair[0] < pair[1]);
    let inside = knots.last().is_some_and(|last| *last < periods);
    if ascending && inside { Ok(knots) } else { Err(SpecError::Knots { periods }) }
}

/// The geo with the largest population, the first of them.
fn most_populous(panel: &Panel) -> usize {
    let people = panel.population();
    (0..people.len()).rev().max_by(|a, b| people[*a].total_cmp(&people[*b])).unwrap_or(0)
}
