//! The data of the benchmarks.

use std::{env, error::Error, path::PathBuf};

use mmm_core::data::Dataset;

/// What to read from a file.
pub(crate) struct Source {
    pub(crate) file: &'static str,
    pub(crate) date: &'static str,
    pub(crate) kpi: &'static str,
    pub(crate) channels: &'static [&'static str],
    pub(crate) controls: &'static [&'static str],
}

pub(crate) const QUICKSTART: Source = Source {
    file: "pymc-marketing/mmm_example.csv",
    date: "date_week",
    kpi: "y",
    channels: &["x1", "x2"],
    controls: &["event_1", "event_2", "t"],
};
pub(crate) const SMALL_BUSINESS: Source = Source {
    file: "mmm-param-recovery/small_business_data.csv",
    date: "date",
    kpi: "y",
    channels: &["x1_Search-Ads", "x2_Social-Media", "x3_Local-Ads", "x4_Email"],
    controls: &["c1", "c2"],
};

impl Source {
    pub(crate) fn path(&self) -> Result<PathBuf, Box<dyn Error>> {
        let shared = env::var_os("TENANCY_SHARED").ok_or("name the folder in TENANCY_SHARED")?;
        Ok(PathBuf::from(shared).join("mmm/data").join(self.file))
    }

    pub(crate) fn load(&self) -> Result<Dataset, Box<dyn Error>> {
        let mut reader = csv::Reader::from_path(self.path()?)?;
        let headers = reader.headers()?.clone();
        let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>()?;
        let column = |name: &str| -> Result<Vec<&str>, Box<dyn Error>> {
            let place =
                headers.iter().position(|header| header == name).ok_or(format!("no column {name}"))?;
            Ok(rows.iter().map(|row| &row[place]).collect())
        };
        let numbers = |name: &str| -> Result<Vec<f64>, Box<dyn Error>> {
            Ok(column(name)?.into_iter().map(str::parse).collect::<Result<_, _>>()?)
        };
        let mut builder = Dataset::builder().dates(column(self.date)?).kpi(self.kpi, numbers(self.kpi)?);
        for name in self.channels {
            builder = builder.channel(*name, numbers(name)?);
        }
        for name in self.controls {
            builder = builder.control(*name, numbers(name)?);
        }
        Ok(builder.build()?)
    }
}
