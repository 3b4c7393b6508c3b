//! Collects the columns of a [`Dataset`]; setters cannot fail, `build` checks everything at once.

use super::{
    Channel, Control, DataError, Dataset, Date, Organic, check, dates,
    event::Event,
    reading::{Part, Reading},
};

/// Collects the columns of a [`Dataset`]; [`build`](Self::build) is the only step that can fail.
#[derive(Clone, Debug, Default)]
#[must_use = "nothing is checked until `build` is called"]
pub struct DatasetBuilder {
    pub(super) dates: Vec<String>,
    pub(super) kpi: Option<(String, Vec<f64>)>,
    pub(super) kpi_value: Option<f64>,
    pub(super) channels: Vec<Channel>,
    pub(super) organic: Vec<Organic>,
    pub(super) controls: Vec<Control>,
    pub(super) events: Vec<Event>,
    pub(super) today: Option<Date>,
    pub(super) reading: Reading,
}

impl DatasetBuilder {
    /// The periods as `YYYY-MM-DD`, one a day or one a week, ascending without gaps.
    pub fn dates<D: ToString>(mut self, dates: impl IntoIterator<Item = D>) -> Self {
        self.dates = dates.into_iter().map(|date| date.to_string()).collect();
        self
    }

    /// What marketing is meant to move: orders, revenue, sign-ups per period.
    pub fn kpi(mut self, name: impl Into<String>, values: impl IntoIterator<Item = f64>) -> Self {
        self.kpi = Some((name.into(), values.into_iter().collect()));
        self
    }

    /// What one unit of the KPI is worth in the money of the spend; `1.0` where the KPI is revenue.
    ///
    /// Without it a return is stated in KPI units per unit of spend, and there is no break-even.
    pub const fn kpi_value(mut self, worth: f64) -> Self {
        self.kpi_value = Some(worth);
        self
    }

    /// Adds a channel with its spend per period, which is its pressure too.
    pub fn channel(mut self, name: impl Into<String>, spend: impl IntoIterator<Item = f64>) -> Self {
        self.channels.push(Channel { name: name.into(), spend: spend.into_iter().collect(), exposure: None });
        self
    }

    /// Adds a channel with its spend per period and what that bought: impressions, clicks, rating points.
    ///
    /// The exposure is the channel's pressure, and returns are per unit of spend. A planned spend becomes
    /// exposure by the channel's [cost per unit](Channel::cost_per_unit).
    pub fn exposed_channel(
        mut self,
        name: impl Into<String>,
        spend: impl IntoIterator<Item = f64>,
        exposure: impl IntoIterator<Item = f64>,
    ) -> Self {
        self.channels.push(Channel {
            name: name.into(),
            spend: spend.into_iter().collect(),
            exposure: Some(exposure.into_iter().collect()),
        });
        self
    }

    /// Adds a medium that nobody paid for, such as a newsletter: it contributes, but has no return and
    /// gets no budget.
    pub fn organic(mut self, name: impl Into<String>, exposure: impl IntoIterator<Item = f64>) -> Self {
        self.organic.push(Organic { name: name.into(), exposure: exposure.into_iter().collect() });
        self
    }

    /// Adds a control: something other than marketing that moves the KPI.
    pub fn control(mut self, name: impl Into<String>, values: impl IntoIterator<Item = f64>) -> Self {
        self.controls.push(Control { name: name.into(), values: values.into_iter().collect() });
        self
    }

    /// Adds a holiday or another event by its days: a control that holds the share of each period's days
    /// that belong to it. Events come after the other controls.
    pub fn event(mut self, name: impl Into<String>, days: impl IntoIterator<Item = Date>) -> Self {
        self.events.push(Event { name: name.into(), days: days.into_iter().collect() });
        self
    }

    /// Refuses periods that begin after this day; without it the calendar has no end, for the clock is
    /// never read here.
    pub const fn today(mut self, today: Date) -> Self {
        self.today = Some(today);
        self
    }

    /// Checks everything and hands out the data set.
    ///
    /// # Errors
    ///
    /// [`DataError`] with every problem of the input, not only the first.
    pub fn build(mut self) -> Result<Dataset, DataError> {
        let mut problems = std::mem::take(&mut self.reading.problems);
        let column = self.reading.column(Part::Date, dates::DATE_COLUMN);
        let (dates, frequency) = dates::dates(&self.dates, column, self.today, &mut problems);
        if let Some(frequency) = frequency {
            let events = std::mem::take(&mut self.events);
            self.controls
                .extend(events.into_iter().map(|event| event.over(&dates, frequency, &mut problems)));
        }
        check::columns(&self, &mut problems);
        match (self.kpi, frequency) {
            (Some((kpi_name, kpi)), Some(frequency)) if problems.is_empty() => Ok(Dataset {
                dates,
                frequency,
                kpi_name,
                kpi,
                kpi_value: self.kpi_value,
                channels: self.channels,
                organic: self.organic,
                controls: self.controls,
            }),
            _ => Err(DataError::new(problems)),
        }
    }
}
