//! Stretches of a data set, for fitting on one part and judging on another.

use std::ops::Range;

use super::{
    Channel, Control, DataError, Dataset, MIN_PERIODS, Organic, Problem, ProblemCode, check::is_constant,
};

impl Dataset {
    /// The periods of a range, counted from 0.
    ///
    /// A control that does not change within the range stays: it says nothing there, and the model gives
    /// it no weight. A medium that does not, does not.
    ///
    /// # Errors
    ///
    /// [`DataError`] where the range is too short or beyond the data, or a medium or the KPI does not
    /// change within it.
    pub fn window(&self, range: Range<usize>) -> Result<Self, DataError> {
        let mut problems = Vec::new();
        if range.end > self.periods() || range.len() < MIN_PERIODS {
            problems.push(Problem::whole(
                ProblemCode::TooShort,
                format!(
                    "the periods {} to {} of {} make no data set; at least {MIN_PERIODS} are needed",
                    range.start + 1,
                    range.end,
                    self.periods()
                ),
            ));
            return Err(DataError::new(problems));
        }
        let cut = |values: &[f64]| values[range.clone()].to_vec();
        let mut silent = |name: &str, values: &[f64], code| {
            if is_constant(&values[range.clone()]) {
                let message = format!(
                    "it never changes from period {} to {}, so nothing can be learnt there",
                    range.start + 1,
                    range.end
                );
                problems.push(Problem::column(code, name, message));
            }
        };
        silent(&self.kpi_name, &self.kpi, ProblemCode::UnusableKpi);
        for medium in self.media() {
            silent(medium.name, medium.pressure, ProblemCode::ConstantChannel);
        }
        if !problems.is_empty() {
            return Err(DataError::new(problems));
        }
        Ok(Self {
            dates: self.dates[range.clone()].to_vec(),
            kpi: cut(&self.kpi),
            channels: self
                .channels
                .iter()
                .map(|channel| Channel {
                    name: channel.name.clone(),
                    spend: cut(&channel.spend),
                    exposure: channel.exposure.as_deref().map(cut),
                })
                .collect(),
            organic: self
                .organic
                .iter()
                .map(|organic| Organic { name: organic.name.clone(), exposure: cut(&organic.exposure) })
                .collect(),
            controls: self
                .controls
                .iter()
                .map(|control| Control { name: control.name.clone(), values: cut(&control.values) })
                .collect(),
            kpi_name: self.kpi_name.clone(),
            frequency: self.frequency,
            kpi_value: self.kpi_value,
        })
    }

    /// The same data with another KPI, such as an invented one; `None` for another length.
    pub(crate) fn with_kpi(&self, kpi: Vec<f64>) -> Option<Self> {
        (kpi.len() == self.periods()).then(|| Self { kpi, ..self.clone() })
    }
}

#[cfg(test)]
mod tests {
    use crate::simulate::Scenario;

    use super::*;

    #[test]
    fn a_window_holds_its_periods_and_nothing_else() {
        let data = Scenario::weekly(["tv", "search"]).organic(["mail"]).weeks(80).simulate().unwrap().data;
        let window = data.window(10..50).unwrap();
        assert_eq!(window.dates(), &data.dates()[10..50]);
        assert_eq!(window.kpi(), &data.kpi()[10..50]);
        for (cut, whole) in window.media().zip(data.media()) {
            assert_eq!((cut.name, cut.pressure), (whole.name, &whole.pressure[10..50]));
        }
        for (cut, whole) in window.controls().iter().zip(data.controls()) {
            assert_eq!(cut.values(), &whole.values()[10..50]);
        }
        assert_eq!(data.window(0..80).unwrap(), data);
    }

    #[test]
    fn a_window_in_which_a_medium_is_silent_is_refused_by_name() {
        let data = Scenario::weekly(["tv"]).weeks(80).simulate().unwrap().data;
        let late = (0..80).map(|week| if week < 60 { 0.0 } else { f64::from(week) });
        let data = Dataset::builder()
            .dates(data.dates())
            .kpi("sales", data.kpi().iter().copied())
            .channel("tv", late)
            .build()
            .unwrap();
        let error = data.window(0..60).unwrap_err();
        assert_eq!(error.problems()[0].code, ProblemCode::ConstantChannel);
        assert!(data.window(0..70).is_ok());
        for range in [0..10, 60..81] {
            assert_eq!(data.window(range).unwrap_err().problems()[0].code, ProblemCode::TooShort);
        }
    }
}
