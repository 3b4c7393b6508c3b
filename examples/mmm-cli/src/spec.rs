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
//!     "controls": ["event_1", "t"]
//!   },
//!   "model": {"max_lag": 8, "fourier_order": 2, "sigma": {"distribution": "half_normal", "sd": 2.0}},
//!   "fit": {"seed": 7, "chains": 4, "tune": 1000, "draws": 1000},
//!   "names": {"saturation_alpha": "saturation_beta"}
//! }
//! ```
//!
//! * `columns` is the only part that must be there; `kpi_value`, `organic` and `controls` may be absent.
//!   A channel is the name of its spend's column, or an object.
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
    data::Dataset,
    fit::FitSettings,
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
    kpi: String,
    kpi_value: Option<f64>,
    channels: Vec<Channel>,
    #[serde(default)]
    organic: Vec<String>,
    #[serde(default)]
    controls: Vec<String>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged)]
enum Channel {
    Spend(String),
    Exposed(Exposed),
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Exposed {
    name: String,
    spend: String,
    exposure: Option<String>,
}

impl Spec {
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = read(path)?;
        serde_json::from_str(&text).with_context(|| format!("{} is no specification", path.display()))
    }

    /// A specification for a file without one: dates in the first column, the KPI in the second, and a
    /// channel in every column whose name has the word `spend` or `cost`; all others are controls.
    pub(crate) fn guess(csv: &str) -> anyhow::Result<Self> {
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        let names: Vec<String> = reader.headers()?.iter().map(str::to_owned).collect();
        let [date, kpi, rest @ ..] = names.as_slice() else { bail!("there are fewer than two columns") };
        let is_channel =
            |name: &&String| name.to_lowercase().split('_').any(|word| word == "spend" || word == "cost");
        let (channels, controls): (Vec<&String>, Vec<&String>) = rest.iter().partition(is_channel);
        if channels.is_empty() {
            bail!("no column is named like a channel's spend; describe the columns with --spec");
        }
        Ok(Self {
            columns: Columns {
                date: date.clone(),
                kpi: kpi.clone(),
                kpi_value: None,
                channels: channels.into_iter().cloned().map(Channel::Spend).collect(),
                organic: Vec::new(),
                controls: controls.into_iter().cloned().collect(),
            },
            model: ModelSpec::default(),
            fit: FitSettings::default(),
            names: BTreeMap::new(),
        })
    }

    /// Reads the columns of a CSV file and checks them.
    pub(crate) fn dataset(&self, csv: &str) -> anyhow::Result<Dataset> {
        let table = Table::read(csv)?;
        let columns = &self.columns;
        let mut builder = Dataset::builder()
            .dates(table.texts(&columns.date)?)
            .kpi(columns.kpi.as_str(), table.numbers(&columns.kpi)?);
        if let Some(worth) = columns.kpi_value {
            builder = builder.kpi_value(worth);
        }
        for channel in &columns.channels {
            builder = match channel {
                Channel::Spend(name) => builder.channel(name, table.numbers(name)?),
                Channel::Exposed(Exposed { name, spend, exposure: None }) => {
                    builder.channel(name, table.numbers(spend)?)
                }
                Channel::Exposed(Exposed { name, spend, exposure: Some(exposure) }) => {
                    builder.exposed_channel(name, table.numbers(spend)?, table.numbers(exposure)?)
                }
            };
        }
        for name in &columns.organic {
            builder = builder.organic(name, table.numbers(name)?);
        }
        for name in &columns.controls {
            builder = builder.control(name, table.numbers(name)?);
        }
        Ok(builder.build()?)
    }

    /// The model of a CSV file.
    pub(crate) fn bind(&self, csv: &str) -> anyhow::Result<Model> {
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
