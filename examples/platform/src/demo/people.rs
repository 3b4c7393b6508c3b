//! Who is in the demo: two tenants of different trades and looks, and an operator.

use mmm_core::data::Date;
use mmm_core::simulate::Scenario;
use serde_json::{Value, json};
use tenancy_core::Role;

use crate::failure::Failure;

/// A demo tenant.
#[derive(Clone, Copy, Debug)]
pub struct DemoTenant {
    /// The name in its address.
    pub slug: &'static str,
    /// The name people read.
    pub name: &'static str,
    /// Its plan.
    pub plan: &'static str,
    /// The colour of its brand.
    pub accent: &'static str,
    /// Who signs in.
    pub email: &'static str,
    /// Their name.
    pub person: &'static str,
    /// Their role.
    pub role: Role,
    /// Name of its data.
    pub file_name: &'static str,
    channels: &'static [&'static str],
    weeks: usize,
    seed: u64,
}

/// The demo tenants.
pub const TENANTS: [DemoTenant; 2] = [
    DemoTenant {
        slug: "acme",
        name: "Acme Coffee",
        plan: "professional",
        accent: "#0f766e",
        email: "anna@acme.example",
        person: "Anna Berg",
        role: Role::Owner,
        file_name: "acme-weekly.csv",
        channels: &["TV", "Search", "Social", "Display"],
        weeks: 156,
        seed: 11,
    },
    DemoTenant {
        slug: "globex",
        name: "Globex Outdoor",
        plan: "starter",
        accent: "#7c3aed",
        email: "gil@globex.example",
        person: "Gil Moreau",
        role: Role::Owner,
        file_name: "globex-weekly.csv",
        channels: &["Video", "Search", "Out of home"],
        weeks: 130,
        seed: 23,
    },
];

/// The operator's address.
pub const OPERATOR_EMAIL: &str = "operator@mmm.example";
/// The operator's name.
pub(super) const OPERATOR_NAME: &str = "Olga Petrova";

impl DemoTenant {
    /// What the platform keeps about it.
    pub fn settings(&self) -> Value {
        json!({ "brand": { "accent": self.accent } })
    }

    /// Its data as a file.
    ///
    /// # Errors
    ///
    /// When the simulator refuses the scenario.
    pub fn csv(&self) -> Result<String, Failure> {
        csv(self.channels, self.weeks, self.seed)
    }
}

/// A small file to try uploads with.
///
/// # Errors
///
/// When the simulator refuses the scenario.
pub fn example_csv() -> Result<String, Failure> {
    csv(&["TV", "Search", "Social"], 104, 5)
}

/// Simulated weeks as a spreadsheet would hold them.
fn csv(channels: &[&str], weeks: usize, seed: u64) -> Result<String, Failure> {
    let start: Date = "2023-01-02".parse().map_err(Failure::internal)?;
    let scenario = Scenario::weekly(channels.iter().copied()).start(start).weeks(weeks).seed(seed);
    let data = scenario.simulate().map_err(Failure::internal)?.data;

    let mut writer = csv::Writer::from_writer(Vec::new());
    let spends = data.channels().iter().map(|channel| format!("{} spend", channel.name()));
    let controls = data.controls().iter().map(|control| control.name().to_owned());
    let head = ["week".to_owned(), "revenue".to_owned()].into_iter().chain(spends).chain(controls);
    writer.write_record(head).map_err(Failure::internal)?;
    for (at, date) in data.dates().iter().enumerate() {
        let kpi = format!("{:.2}", data.kpi()[at]);
        let spends = data.channels().iter().map(|channel| format!("{:.2}", channel.spend()[at]));
        let controls = data.controls().iter().map(|control| format!("{:.4}", control.values()[at]));
        let row = [date.to_string(), kpi].into_iter().chain(spends).chain(controls);
        writer.write_record(row).map_err(Failure::internal)?;
    }
    let bytes = writer.into_inner().map_err(|error| Failure::internal(error.to_string()))?;
    String::from_utf8(bytes).map_err(Failure::internal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::{self, Role as Column, Roles};

    #[test]
    fn every_demo_file_passes_as_suggested() {
        let files = TENANTS.iter().map(DemoTenant::csv).chain([example_csv()]);
        for file in files {
            let table = ingest::read(file.unwrap().as_bytes()).unwrap();
            let columns = ingest::suggest(&table);
            let spends = columns.iter().filter(|column| column.role == Column::MediaSpend).count();
            assert!(spends >= 3, "{columns:?}");
            let roles = Roles::suggested(&columns);
            let validated = ingest::validate(&table, &roles, Some(1.0)).unwrap();
            assert_eq!(validated.source.channels.len(), spends);
        }
    }
}
