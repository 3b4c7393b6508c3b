//! The KPI after the end of the data, for planned media and expected controls.
//!
//! Dates go on as before; carry-over starts from the last observed pressure; planned spend buys at the
//! average cost per unit of the data; organic media without a plan are silent. The level stays where it
//! was last, the trend and the seasonality go on, controls are scaled as those of the data were.

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

use crate::{
    data::{Channel, Date, Frequency},
    design::{knot_weights, mean_and_sd, yearly_fourier},
    fit::Fit,
    model::{Draw, ShapeValues, Steps},
};

use super::{EffectError, Interval};

/// The most draws that are looked at; they are taken evenly from all.
const MOST_DRAWS: usize = 1000;
/// The random stream of a forecast's noise; chains use the streams from 0 up.
const FORECAST_STREAM: u64 = u64::MAX - 3;

/// What is planned and expected, one value per period after the data.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Outlook {
    /// Money per paid channel, exposure per organic medium; media that are not named get nothing.
    pub media: BTreeMap<String, Vec<f64>>,
    /// Every control of the data, in its unit.
    pub controls: BTreeMap<String, Vec<f64>>,
}

/// The KPI to come, in its units.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    /// The periods after the data.
    pub dates: Vec<Date>,
    /// The expected KPI.
    pub expected: Vec<Interval>,
    /// The KPI with its noise.
    pub predictive: Vec<Interval>,
    /// The KPI without media.
    pub baseline: Vec<Interval>,
    /// What every medium adds, in the order of the model.
    pub media: Vec<(String, Vec<Interval>)>,
}

impl Fit {
    /// Forecasts so many periods.
    ///
    /// # Errors
    ///
    /// [`EffectError::Outlook`] where a column is missing, unknown, of another length or not finite;
    /// [`EffectError::Dates`] where the calendar ends.
    pub fn forecast(&self, periods: usize, outlook: &Outlook) -> Result<Forecast, EffectError> {
        let dates = self.dates_after(periods)?;
        let columns = self.columns_after(&dates, outlook)?;
        let series = self.series_after(periods, outlook)?;
        let (model, media) = (self.model(), self.model().parts().media());
        let (layout, scale) = (model.layout(), model.kpi_scale());
        let (mut work, mut steps) = (media.work(), Steps::default());
        let table = |rows: usize| vec![Vec::new(); rows * periods];
        let (mut baseline, mut expected, mut predictive) = (table(1), table(1), table(1));
        let mut parts = table(layout.channels());
        let mut rng = ChaCha8Rng::seed_from_u64(self.settings().seed);
        rng.set_stream(FORECAST_STREAM);
        for parameters in self.some_draws(MOST_DRAWS) {
            let mut sums = vec![0.0; periods];
            for (index, column) in columns.iter().enumerate() {
                let weight = parameters[layout.linear_place(index)] * scale;
                crate::vector::add_scaled(&mut sums, weight, column);
            }
            for (draws, value) in baseline.iter_mut().zip(&sums) {
                draws.push(*value);
            }
            for (index, series) in series.iter().enumerate() {
                let places = layout.channel(index);
                let mut shapes = ShapeValues::default();
                let shapes = shapes.read_with(places, |place| parameters[place]);
                media.forward(index, shapes, &mut work);
                let draw = Draw { weights: work.weights(index), shape: shapes.saturation };
                media.reaction(index).forward(draw, series, &mut steps);
                let height = parameters[places.beta] * scale;
                let cells = parts[index * periods..(index + 1) * periods].iter_mut();
                for ((draws, sum), effect) in cells.zip(&mut sums).zip(&steps.outer) {
                    draws.push(height * effect);
                    *sum += height * effect;
                }
            }
            let sigma = parameters[layout.sigma()] * scale;
            for ((expected, predictive), value) in expected.iter_mut().zip(&mut predictive).zip(&sums) {
                let noise: f64 = StandardNormal.sample(&mut rng);
                expected.push(*value);
                predictive.push(value + sigma * noise);
            }
        }
        let intervals = |cells: &mut [Vec<f64>]| cells.iter_mut().map(|draws| Interval::of(draws)).collect();
        Ok(Forecast {
            expected: intervals(&mut expected),
            predictive: intervals(&mut predictive),
            baseline: intervals(&mut baseline),
            media: model
                .data()
                .media()
                .zip(parts.chunks_exact_mut(periods))
                .map(|(medium, cells)| (medium.name.to_owned(), intervals(cells)))
                .collect(),
            dates,
        })
    }

    fn dates_after(&self, periods: usize) -> Result<Vec<Date>, EffectError> {
        let data = self.model().data();
        let last = data.dates().last().map_or(0, |date| date.days_since_epoch());
        let step = match data.frequency() {
            Frequency::Daily => 1,
            Frequency::Weekly => 7,
        };
        let date = |ahead: usize| {
            let days = i64::try_from(ahead).ok().and_then(|ahead| ahead.checked_mul(step))?;
            Date::from_days_since_epoch(last.checked_add(days)?)
        };
        if periods == 0 || date(periods).is_none() {
            return Err(EffectError::Dates { periods });
        }
        Ok((1..=periods).filter_map(date).collect())
    }

    /// The linear columns of the model, continued.
    fn columns_after(&self, dates: &[Date], outlook: &Outlook) -> Result<Vec<Vec<f64>>, EffectError> {
        let (model, data) = (self.model(), self.model().data());
        let (spec, seen, periods) = (model.spec(), data.periods(), dates.len());
        let known = |name: &String| data.controls().iter().any(|control| control.name() == name);
        if let Some(column) = outlook.controls.keys().find(|name| !known(name)) {
            return Err(EffectError::Outlook { column: column.clone() });
        }
        let knots = spec.knot_periods(seen).unwrap_or_default();
        let mut columns = Vec::with_capacity(model.layout().linear());
        if knots.is_empty() {
            columns.push(vec![1.0; periods]);
        } else {
            let weights = knot_weights(seen + periods, &knots);
            columns.extend(weights.rows().into_iter().map(|row| row.iter().skip(seen).copied().collect()));
        }
        for control in data.controls() {
            let values = column_of(&outlook.controls, control.name(), periods)?;
            let values = values.ok_or_else(|| EffectError::Outlook { column: control.name().to_owned() })?;
            let (shift, scale) =
                if spec.standardize_controls { mean_and_sd(control.values()) } else { (0.0, 1.0) };
            columns.push(values.iter().map(|value| (value - shift) / scale).collect());
        }
        if spec.trend {
            let last = (seen.max(2) - 1) as f64;
            columns.push((seen..seen + periods).map(|period| period as f64 / last).collect());
        }
        let modes = yearly_fourier(dates, spec.fourier_order);
        columns.extend(modes.columns().into_iter().map(|column| column.to_vec()));
        Ok(columns)
    }

    /// The scaled pressure of every medium: what is remembered, then what is planned.
    fn series_after(&self, periods: usize, outlook: &Outlook) -> Result<Vec<Vec<f64>>, EffectError> {
        let (data, media) = (self.model().data(), self.model().parts().media());
        let known = |name: &String| data.media().any(|medium| medium.name == name);
        if let Some(column) = outlook.media.keys().find(|name| !known(name)) {
            return Err(EffectError::Outlook { column: column.clone() });
        }
        let series = |(index, medium): (usize, crate::data::Medium<'_>)| {
            let history = media.history(index);
            let memory = history.len() - data.periods();
            let cost = data.channels().get(index).map_or(1.0, Channel::cost_per_unit);
            let planned = column_of(&outlook.media, medium.name, periods)?;
            let planned = planned.map_or_else(|| vec![0.0; periods], <[f64]>::to_vec);
            if planned.iter().any(|amount| *amount < 0.0) {
                return Err(EffectError::Outlook { column: medium.name.to_owned() });
            }
            let scaled = planned.iter().map(|amount| amount / (cost * media.scales()[index]));
            Ok(history[history.len() - memory..].iter().copied().chain(scaled).collect())
        };
        data.media().enumerate().map(series).collect()
    }
}

/// A column of the outlook, where it has one; an error where that has another length or is not finite.
fn column_of<'a>(
    columns: &'a BTreeMap<String, Vec<f64>>,
    name: &str,
    periods: usize,
) -> Result<Option<&'a [f64]>, EffectError> {
    match columns.get(name) {
        Some(values) if values.len() != periods || values.iter().any(|value| !value.is_finite()) => {
            Err(EffectError::Outlook { column: name.to_owned() })
        }
        other => Ok(other.map(Vec::as_slice)),
    }
}
