//! The same columns for several geos over the same periods.

use super::{Date, Frequency, PanelBuilder};

/// Regular dates, a KPI, media and controls of several geos, checked together.
///
/// Every series is stored geo after geo. Exposures may reach further back than the KPI, so that what was
/// shown before the first period still works in it: they have [`before`](Self::before) more periods.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    pub(super) geos: Vec<String>,
    pub(super) dates: Vec<Date>,
    pub(super) before: usize,
    pub(super) frequency: Frequency,
    pub(super) kpi_name: String,
    pub(super) kpi: Vec<f64>,
    pub(super) worth: Option<Vec<f64>>,
    pub(super) population: Vec<f64>,
    pub(super) media: Vec<PanelMedium>,
    pub(super) controls: Vec<PanelColumn>,
    pub(super) treatments: Vec<PanelColumn>,
}

/// A paid channel, or an organic medium, in every geo.
#[derive(Clone, Debug, PartialEq)]
pub struct PanelMedium {
    pub(super) name: String,
    pub(super) spend: Option<Vec<f64>>,
    pub(super) exposure: Exposure,
}

/// How often a medium was seen.
#[derive(Clone, Debug, PartialEq)]
pub enum Exposure {
    /// One number: impressions, clicks, money.
    Volume(Vec<f64>),
    /// How many people saw it, and how often each of them did.
    Reach {
        /// People.
        reach: Vec<f64>,
        /// Contacts per person.
        frequency: Vec<f64>,
    },
}

/// A control, or a treatment other than a medium, in every geo.
#[derive(Clone, Debug, PartialEq)]
pub struct PanelColumn {
    pub(super) name: String,
    pub(super) values: Vec<f64>,
}

impl Panel {
    /// Starts collecting the columns.
    pub fn builder() -> PanelBuilder {
        PanelBuilder::default()
    }

    /// The geos, in the order in which they first appeared.
    pub fn geos(&self) -> &[String] {
        &self.geos
    }

    /// The periods of the KPI, ascending and regular.
    pub fn dates(&self) -> &[Date] {
        &self.dates
    }

    /// The number of periods of the KPI.
    pub fn periods(&self) -> usize {
        self.dates.len()
    }

    /// How many periods the exposures reach back before the first period of the KPI.
    pub const fn before(&self) -> usize {
        self.before
    }

    /// The distance between two dates.
    pub const fn frequency(&self) -> Frequency {
        self.frequency
    }

    /// What the KPI is called.
    pub fn kpi_name(&self) -> &str {
        &self.kpi_name
    }

    /// The KPI, `(geos * periods)`.
    pub fn kpi(&self) -> &[f64] {
        &self.kpi
    }

    /// What a unit of the KPI was worth in each geo and period, where that is known.
    pub fn worth(&self) -> Option<&[f64]> {
        self.worth.as_deref()
    }

    /// The population of every geo; one each where it was not given.
    pub fn population(&self) -> &[f64] {
        &self.population
    }

    /// The paid channels and then the organic media, each in the order they were added.
    pub fn media(&self) -> &[PanelMedium] {
        &self.media
    }

    /// The controls, in the order they were added.
    pub fn controls(&self) -> &[PanelColumn] {
        &self.controls
    }

    /// The treatments that are no media, such as a price or a promotion of one's own, in the order they
    /// were added.
    pub fn treatments(&self) -> &[PanelColumn] {
        &self.treatments
    }
}

impl PanelMedium {
    /// What the medium is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Money spent in each geo and period of the KPI; `None` for an organic medium.
    pub fn spend(&self) -> Option<&[f64]> {
        self.spend.as_deref()
    }

    /// What was seen of it, `(geos * (before + periods))` each.
    pub const fn exposure(&self) -> &Exposure {
        &self.exposure
    }
}

impl PanelColumn {
    /// What the column is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The values, `(geos * periods)`.
    pub fn values(&self) -> &[f64] {
        &self.values
    }
}
