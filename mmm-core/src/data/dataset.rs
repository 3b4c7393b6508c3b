//! The checked data set.

use serde::{Deserialize, Serialize};

use crate::fingerprint::Fnv;

use super::{DatasetBuilder, Date};

/// Regular dates, a KPI, media and controls that were checked together. See the
/// [module docs](super).
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    pub(super) dates: Vec<Date>,
    pub(super) frequency: Frequency,
    pub(super) kpi_name: String,
    pub(super) kpi: Vec<f64>,
    pub(super) kpi_value: Option<f64>,
    pub(super) channels: Vec<Channel>,
    pub(super) organic: Vec<Organic>,
    pub(super) controls: Vec<Control>,
}

/// The distance between two dates of a [`Dataset`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Frequency {
    /// One row a day.
    Daily,
    /// One row a week.
    Weekly,
}

impl Frequency {
    /// Days from one period to the next.
    pub const fn days(self) -> i64 {
        match self {
            Self::Daily => 1,
            Self::Weekly => 7,
        }
    }
}

/// A marketing channel, what was spent on it in money per period, and perhaps what that bought.
#[derive(Clone, Debug, PartialEq)]
pub struct Channel {
    pub(super) name: String,
    pub(super) spend: Vec<f64>,
    pub(super) exposure: Option<Vec<f64>>,
}

/// A medium without spend: a newsletter, posts of one's own.
#[derive(Clone, Debug, PartialEq)]
pub struct Organic {
    pub(super) name: String,
    pub(super) exposure: Vec<f64>,
}

/// A medium as the model sees it, paid for or not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Medium<'a> {
    /// What it is called.
    pub name: &'a str,
    /// What is carried over and saturates: exposure where it is known, else spend.
    pub pressure: &'a [f64],
}

/// Something other than marketing that moves the KPI: price, promotions, holidays.
#[derive(Clone, Debug, PartialEq)]
pub struct Control {
    pub(super) name: String,
    pub(super) values: Vec<f64>,
}

impl Dataset {
    /// Starts collecting the columns.
    pub fn builder() -> DatasetBuilder {
        DatasetBuilder::default()
    }

    /// The periods, ascending and regular.
    pub fn dates(&self) -> &[Date] {
        &self.dates
    }

    /// The distance between two dates.
    pub const fn frequency(&self) -> Frequency {
        self.frequency
    }

    /// What the KPI is called.
    pub fn kpi_name(&self) -> &str {
        &self.kpi_name
    }

    /// The KPI per period.
    pub fn kpi(&self) -> &[f64] {
        &self.kpi
    }

    /// What one unit of the KPI is worth, in the money of the spend, where it is known.
    pub const fn kpi_value(&self) -> Option<f64> {
        self.kpi_value
    }

    /// The paid channels, in the order they were added.
    pub fn channels(&self) -> &[Channel] {
        &self.channels
    }

    /// The media without spend, in the order they were added.
    pub fn organic(&self) -> &[Organic] {
        &self.organic
    }

    /// All media in the order of the model: the paid channels, then the organic ones.
    pub fn media(&self) -> impl ExactSizeIterator<Item = Medium<'_>> {
        let paid = self.channels.len();
        (0..paid + self.organic.len()).map(move |at| match self.channels.get(at) {
            Some(channel) => Medium { name: &channel.name, pressure: channel.pressure() },
            None => {
                Medium { name: &self.organic[at - paid].name, pressure: &self.organic[at - paid].exposure }
            }
        })
    }

    /// The controls, in the order they were added.
    pub fn controls(&self) -> &[Control] {
        &self.controls
    }

    /// The number of periods.
    pub fn periods(&self) -> usize {
        self.dates.len()
    }

    /// A number that changes with any name, date or value: 64-bit FNV-1a, the same on every machine.
    ///
    /// It tells whether a stored result belongs to this data. It is no cryptographic hash.
    pub fn fingerprint(&self) -> u64 {
        let mut hash = Fnv::new();
        hash.text(&self.kpi_name);
        hash.numbers(&self.kpi);
        hash.numbers(self.kpi_value.as_slice());
        for date in &self.dates {
            hash.bytes(&date.days_since_epoch().to_le_bytes());
        }
        for Channel { name, spend, exposure } in &self.channels {
            hash.text(name);
            hash.numbers(spend);
            if let Some(exposure) = exposure {
                // No column is called nothing, so this cannot be mistaken for another channel.
                hash.text("");
                hash.numbers(exposure);
            }
        }
        hash.text("controls");
        for Control { name, values } in &self.controls {
            hash.text(name);
            hash.numbers(values);
        }
        for Organic { name, exposure } in &self.organic {
            hash.text("");
            hash.text(name);
            hash.numbers(exposure);
        }
        hash.value()
    }
}

impl Channel {
    /// What the channel is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Money spent per period.
    pub fn spend(&self) -> &[f64] {
        &self.spend
    }

    /// What the spend bought per period, in a unit of its own, where that is known.
    pub fn exposure(&self) -> Option<&[f64]> {
        self.exposure.as_deref()
    }

    /// What is carried over and saturates: the exposure, else the spend.
    pub fn pressure(&self) -> &[f64] {
        self.exposure.as_deref().unwrap_or(&self.spend)
    }

    /// Money spent over all periods.
    pub fn total_spend(&self) -> f64 {
        self.spend.iter().sum()
    }

    /// What a unit of pressure cost on average: total spend by total exposure; `1` where spend is the
    /// pressure.
    pub fn cost_per_unit(&self) -> f64 {
        self.exposure.as_ref().map_or(1.0, |exposure| self.total_spend() / exposure.iter().sum::<f64>())
    }
}

impl Organic {
    /// What the medium is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The exposure per period, in the unit it was given.
    pub fn exposure(&self) -> &[f64] {
        &self.exposure
    }
}

impl Control {
    /// What the control is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value per period, in the unit it was given.
    pub fn values(&self) -> &[f64] {
        &self.values
    }
}
