//! The specification: what the columns of a CSV file are, and the model.
//!
//! ```json
//! {
//!   "columns": {
//!     "date": "date_week",
//!     "kpi": "y",
//!     "kpi_value": 1.0,
//!     "channels": ["x1", {"name": "tv", "spend": "tv_cost", "exposure": "tv_grp"}],
//!     "organic": ["newsletter"],
//!     "controls": ["event_1", "t"],
//!     "events": [{"name": "christmas", "days": ["2024-12-24", "2024-12-25"]}]
//!   },
//!   "model": {"max_lag": 8, "fourier_order": 2, "sigma": {"distribution": "half_normal", "sd": 2.0}},
//!   "fit": {"seed": 7, "chains": 4, "tune": 1000, "draws": 1000},
//!   "names": {"saturation_alpha": "saturation_beta"}
//! }
//! ```
//!
//! * `columns` is the only part that must be there; `kpi_value`, `organic`, `controls` and `events` may be absent.
//!   A channel is the name of its spend's column, or an object.
//! * `geo_model` in place of `model`, for `density` only, is a [`GeoSpec`] as it serialises: a model of several geos, or one of
//!   Meridian's of a single nation; what is absent is Meridian's. Its columns may further say
//!   `"geo": "region", "population": "people", "worth": "revenue_per_order", "treatments": ["promo"]`, and a
//!   channel or an organic medium may have `"reach"` and `"frequency"` in place of `"exposure"`. Without
//!   `geo` all rows are of one nation. Its prior of a paid channel looks like
//!   `"effect": {"measure": {"roi": {}}, "prior": {"distribution": "log_normal", "mu": 0.2, "sigma": 0.9},
//!   "pooling": {"hierarchical": {"spread": {"distribution": "half_normal", "sd": 1.0}, "form": "log_normal"}}}`.
//! * `model` is a [`ModelSpec`] as it serialises; what is absent has its default value.
//!   A channel's families and priors look like
//!   `"channel": {"adstock": {"family": "weibull_cdf", "priors": {"lam": {"distribution": "gamma", "shape": 0.64,
//!   "rate": 0.32}}}, "saturation": {"family": "michaelis_menten"}, "beta": {"distribution": "half_normal", "sd": 2.0}}`,
//!   and the same under `overrides` by the name of a channel.
//! * `fit` is a [`FitSettings`] as it serialises.
//! * `names` is for `density` only: what a parameter of the file is called here, where the names differ.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, bail};
use mmm_core::{
    data::{
        Dataset, Panel,
        csv::{ChannelColumns, Columns as National, EventDays, NamedChannel},
    },
    fit::FitSettings,
    geo::{GeoModel, GeoSpec},
    model::{Model, ModelSpec},
};
use serde::{Deserialize, Serialize};

/// See the [module docs](self).
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Spec {
    pub(crate) columns: Columns,
    #[serde(default)]
    pub(crate) model: ModelSpec,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) geo_model: Option<GeoSpec>,
    #[serde(default)]
    pub(crate) fit: FitSettings,
    #[serde(default)]
    pub(crate) names: BTreeMap<String, String>,
}

/// What the columns of a file are.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Columns {
    date: String,
    geo: Option<String>,
    population: Option<String>,
    kpi: String,
    kpi_value: Option<f64>,
    worth: Option<String>,
    channels: Vec<Channel>,
    #[serde(default)]
    organic: Vec<Channel>,
    #[serde(default)]
    treatments: Vec<String>,
    #[serde(default)]
    controls: Vec<String>,
    #[serde(default)]
    events: Vec<EventDays>,
}

/// A paid channel or an organic medium: the name of its only column, or an object.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged)]
enum Channel {
    Column(String),
    Described(Described),
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Described {
    name: String,
    spend: Option<String>,
    exposure: Option<String>,
    reach: Option<String>,
    frequency: Option<String>,
}

/// The groups in which Meridian keeps its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    Paid,
    PaidReach,
    Organic,
    OrganicReach,
    Treatment,
    Control,
}

impl Channel {
    fn described(&self, paid: bool) -> Described {
        match self {
            Self::Described(described) => described.clone(),
            Self::Column(name) => {
                let column = Some(name.clone());
                let (spend, exposure) = if paid { (column, None) } else { (None, column) };
                Described { name: name.clone(), spend, exposure, reach: None, frequency: None }
            }
        }
    }
}

impl Described {
    fn spend(&self) -> anyhow::Result<&str> {
        self.spend
            .as_deref()
            .with_context(|| format!("the channel {:?} has no column for its spend", self.name))
    }

    fn exposure(&self) -> anyhow::Result<&str> {
        self.exposure
            .as_deref()
            .with_context(|| format!("the medium {:?} has no column for its exposure", self.name))
    }

    /// Reach and frequency, where there are both.
    fn reach(&self) -> anyhow::Result<Option<(&str, &str)>> {
        match (&self.reach, &self.frequency) {
            (Some(reach), Some(frequency)) => Ok(Some((reach, frequency))),
            (None, None) => Ok(None),
            _ => bail!("{:?} needs both reach and frequency, or neither", self.name),
        }
    }
}

impl Spec {
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = read(path)?;
        serde_json::from_str(&text).with_context(|| format!("{} is no specification", path.display()))
    }

    /// A specification for a file without one, as [`National::guess`] reads its header.
    pub(crate) fn guess(csv: &str) -> anyhow::Result<Self> {
        let National { date, kpi, channels, controls, .. } = National::guess(csv.as_bytes())?;
        let named = |channel| match channel {
            ChannelColumns::Spend(name) => Channel::Column(name),
            ChannelColumns::Named(of) => Channel::Described(Described {
                name: of.name,
                spend: Some(of.spend),
                exposure: of.exposure,
                reach: None,
                frequency: None,
            }),
        };
        Ok(Self {
            columns: Columns {
                date,
                geo: None,
                population: None,
                kpi,
                kpi_value: None,
                worth: None,
                channels: channels.into_iter().map(named).collect(),
                organic: Vec::new(),
                treatments: Vec::new(),
                controls,
                events: Vec::new(),
            },
            model: ModelSpec::default(),
            geo_model: None,
            fit: FitSettings::default(),
            names: BTreeMap::new(),
        })
    }

    /// Reads the columns of a CSV file and checks them.
    pub(crate) fn dataset(&self, csv: &str) -> anyhow::Result<Dataset> {
        let columns = &self.columns;
        let geo_only = [&columns.geo, &columns.population, &columns.worth].into_iter().flatten();
        if let Some(name) = geo_only.chain(&columns.treatments).next() {
            bail!("the column {name:?} needs a `geo_model` in the specification");
        }
        let mut national = National::new(&columns.date, &columns.kpi);
        national.kpi_value = columns.kpi_value;
        for channel in &columns.channels {
            let channel = channel.described(true);
            if channel.reach()?.is_some() {
                bail!("the reach of {:?} needs a `geo_model` in the specification", channel.name);
            }
            let (name, spend, exposure) =
                (&channel.name, channel.spend()?.to_owned(), channel.exposure.clone());
            national.channels.push(ChannelColumns::Named(NamedChannel {
                name: name.clone(),
                spend,
                exposure,
            }));
        }
        for medium in &columns.organic {
            national = national.organic(medium.described(false).exposure()?);
        }
        national.controls.clone_from(&columns.controls);
        national.events.clone_from(&columns.events);
        Ok(national.read(csv.as_bytes())?)
    }

    /// Reads the columns of a CSV file as those of one or several geos and checks them.
    pub(crate) fn panel(&self, csv: &str) -> anyhow::Result<Panel> {
        let table = Table::read(csv)?;
        let columns = &self.columns;
        let dates = table.texts(&columns.date)?;
        let mut builder = match &columns.geo {
            Some(geo) => Panel::builder().rows(table.texts(geo)?, dates),
            None => Panel::builder().national(dates),
        };
        builder = builder.kpi(columns.kpi.as_str(), table.numbers(&columns.kpi)?);
        if let Some(population) = &columns.population {
            builder = builder.population(table.numbers(population)?);
        }
        builder = match (&columns.worth, columns.kpi_value) {
            (Some(worth), _) => builder.worth(table.numbers(worth)?),
            (None, Some(worth)) => builder.worth(vec![worth; table.rows.len()]),
            (None, None) => builder,
        };
        for channel in &columns.channels {
            let channel = channel.described(true);
            let spend = table.numbers(channel.spend()?)?;
            builder = match (channel.reach()?, &channel.exposure) {
                (Some((reach, frequency)), _) => {
                    let (reach, frequency) = (table.numbers(reach)?, table.numbers(frequency)?);
                    builder.reach_channel(&channel.name, spend, reach, frequency)
                }
                (None, Some(exposure)) => {
                    builder.exposed_channel(&channel.name, spend, table.numbers(exposure)?)
                }
                (None, None) => builder.channel(&channel.name, spend),
            };
        }
        for medium in &columns.organic {
            let medium = medium.described(false);
            builder = match medium.reach()? {
                Some((reach, frequency)) => {
                    builder.organic_reach(&medium.name, table.numbers(reach)?, table.numbers(frequency)?)
                }
                None => builder.organic(&medium.name, table.numbers(medium.exposure()?)?),
            };
        }
        for name in &columns.treatments {
            builder = builder.treatment(name, table.numbers(name)?);
        }
        for name in &columns.controls {
            builder = builder.control(name, table.numbers(name)?);
        }
        Ok(builder.build()?)
    }

    /// What belongs to a group, in the order of the columns.
    pub(crate) fn owners(&self, group: Group) -> anyhow::Result<Vec<String>> {
        let columns = &self.columns;
        let media = |list: &[Channel], paid: bool, reaching: bool| -> anyhow::Result<Vec<String>> {
            let mut names = Vec::new();
            for medium in list {
                let medium = medium.described(paid);
                if medium.reach()?.is_some() == reaching {
                    names.push(medium.name);
                }
            }
            Ok(names)
        };
        match group {
            Group::Paid => media(&columns.channels, true, false),
            Group::PaidReach => media(&columns.channels, true, true),
            Group::Organic => media(&columns.organic, false, false),
            Group::OrganicReach => media(&columns.organic, false, true),
            Group::Treatment => Ok(columns.treatments.clone()),
            Group::Control => Ok(columns.controls.clone()),
        }
    }

    /// The model of several geos, where the specification has one.
    pub(crate) fn bind_panel(&self, csv: &str) -> anyhow::Result<Option<GeoModel>> {
        let Some(spec) = &self.geo_model else { return Ok(None) };
        Ok(Some(GeoModel::new(spec.clone(), self.panel(csv)?)?))
    }

    /// The model of a CSV file.
    pub(crate) fn bind(&self, csv: &str) -> anyhow::Result<Model> {
        if self.geo_model.is_some() {
            bail!(
                "this command takes a `model`; a `geo_model` is for `density`, and for `GeoModel::fit` in code"
            );
        }
        Ok(Model::new(self.model.clone(), self.dataset(csv)?)?)
    }
}

/// Reads a text file; the error names it.
pub(crate) fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
}

/// The header and rows of a CSV file.
pub(crate) struct Table {
    headers: csv::StringRecord,
    pub(crate) rows: Vec<csv::StringRecord>,
}

impl Table {
    pub(crate) fn read(csv: &str) -> anyhow::Result<Self> {
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        let headers = reader.headers()?.clone();
        Ok(Self { headers, rows: reader.records().collect::<Result<_, _>>()? })
    }

    pub(crate) fn has(&self, column: &str) -> bool {
        self.headers.iter().any(|header| header == column)
    }

    pub(crate) fn texts(&self, column: &str) -> anyhow::Result<Vec<&str>> {
        let place = self.headers.iter().position(|header| header == column);
        let place = place.with_context(|| {
            let names: Vec<&str> = self.headers.iter().collect();
            format!("there is no column {column:?}; there are {}", names.join(", "))
        })?;
        Ok(self.rows.iter().map(|row| row[place].trim()).collect())
    }

    pub(crate) fn numbers(&self, column: &str) -> anyhow::Result<Vec<f64>> {
        let cells = self.texts(column)?.into_iter().enumerate();
        cells
            .map(|(row, cell)| {
                cell.parse().with_context(|| {
                    format!("column {column:?} has {cell:?} in row {}, which is no number", row + 2)
                })
            })
            .collect()
    }
}
