//! Columns under their roles: what they say row by row, and what that is period by period.

use std::collections::HashMap;

use jiff::civil::Date;

use super::category::{self, Category};
use super::media::{self, Paid};
use super::problem::{Code, Problem, Problems, quoted};
use super::role::{ColumnRole, Role};
use super::roles::Roles;
use super::source::{Channel, Frequency, Series, Source};
use super::table::{RawColumn, Table};
use super::{columns, date};

/// What a column says in each row, under the name of the series that it becomes; a `None` has been
/// reported.
#[derive(Debug)]
pub(super) struct Rows<'a> {
    pub(super) name: String,
    pub(super) column: &'a RawColumn,
    pub(super) values: Vec<Option<f64>>,
}

/// Reads columns by role and keeps what is wrong with them.
pub(super) struct Reader<'a, 'r> {
    pub(super) table: &'a Table,
    pub(super) roles: &'a Roles,
    pub(super) problems: &'r mut Problems,
    pub(super) warnings: &'r mut Problems,
}

impl<'a> Reader<'a, '_> {
    /// The columns with a role, in the order of the file.
    pub(super) fn with_role(&self, role: Role) -> impl Iterator<Item = &'a RawColumn> + use<'a> {
        let (table, roles) = (self.table, self.roles);
        table.columns().iter().filter(move |column| roles.of(&column.name) == role)
    }

    /// The amounts of all columns with a role, checked for it.
    pub(super) fn amounts(&mut self, role: Role) -> Vec<Rows<'a>> {
        let columns = self.with_role(role);
        let read = |column: &'a RawColumn| {
            let values = columns::amounts(self.table, column, role, self.problems, self.warnings);
            columns::check(self.table, column, role, &values, self.problems, self.warnings);
            let name = self.roles.channel(&column.name).unwrap_or(&column.name).to_owned();
            Rows { name, column, values }
        };
        columns.map(read).collect()
    }
}

/// Everything that the columns of a table say, row by row.
pub(super) struct Readings<'a> {
    pub(super) dates: Option<(&'a RawColumn, Vec<Option<Date>>)>,
    pub(super) geo: Option<&'a RawColumn>,
    pub(super) kpi: Vec<Rows<'a>>,
    pub(super) worths: Vec<Rows<'a>>,
    pub(super) channels: Vec<Paid<'a>>,
    pub(super) organic: Vec<Rows<'a>>,
    pub(super) numbers: Vec<Rows<'a>>,
    pub(super) categories: Vec<Category<'a>>,
    pub(super) populations: Vec<Rows<'a>>,
}

impl<'a> Readings<'a> {
    /// Reads every column under its role and reports what is wrong with it.
    pub(super) fn new(mut reader: Reader<'a, '_>) -> Self {
        let (kpi, worths) = (reader.amounts(Role::Kpi), reader.amounts(Role::RevenuePerKpi));
        let (spends, exposures) = (reader.amounts(Role::MediaSpend), reader.amounts(Role::MediaExposure));
        let organic = reader.amounts(Role::OrganicMedia);
        let (numbers, populations) = (reader.amounts(Role::Control), reader.amounts(Role::Population));
        let (dates, geo) = (reader.with_role(Role::Date).next(), reader.with_role(Role::Geo).next());
        let words = reader.with_role(Role::CategoricalControl);
        let Reader { table, problems, warnings, .. } = reader;
        for medium in &organic {
            columns::check_pressure(medium, problems, warnings);
        }
        Self {
            dates: dates.map(|column| (column, date::column(&column.name, table.cells(column), problems))),
            geo,
            kpi,
            worths,
            channels: media::pair(spends, exposures, problems, warnings),
            organic,
            numbers,
            categories: words.filter_map(|column| category::read(table, column, problems)).collect(),
            populations,
        }
    }

    /// What works of each medium.
    pub(super) fn media(&self) -> impl Iterator<Item = &Rows<'a>> {
        self.channels.iter().map(Paid::pressure).chain(&self.organic)
    }

    /// What else moves the KPI: numbers, then words.
    pub(super) fn controls(&self) -> impl Iterator<Item = &Rows<'a>> {
        self.numbers.iter().chain(self.categories.iter().flat_map(|category| &category.flags))
    }

    /// Reports two series of one name; the model tells them apart by it.
    pub(super) fn report_names(&self, problems: &mut Problems) {
        let channels = self.channels.iter().map(|channel| &channel.spend).chain(&self.organic);
        let mut seen: HashMap<&str, &str> = HashMap::new();
        for Rows { name, column, .. } in self.kpi.iter().chain(channels).chain(self.controls()) {
            if let Some(first) = seen.get(name.as_str()) {
                let what = format!(
                    "{} is the name of what becomes of {} already. Name another channel, or rename the column.",
                    quoted(name),
                    quoted(first)
                );
                problems.push(Problem::column(Code::SameName, &column.name, what));
            }
            seen.entry(name).or_insert(&column.name);
        }
    }

    /// The series by period; `None` where something is missing, which has been reported.
    pub(super) fn source(
        &self,
        periods: Periods,
        kpi_value: Option<f64>,
        geos: Option<usize>,
    ) -> Option<Source> {
        let sums = |rows: &Rows<'_>| Some(Series { name: rows.name.clone(), values: periods.sums(rows)? });
        let means = |rows: &Rows<'_>| Some(Series { name: rows.name.clone(), values: periods.means(rows)? });
        let channel = |paid: &Paid<'_>| {
            let exposure = paid.exposure.as_ref().map(|rows| periods.sums(rows));
            let Series { name, values: spend } = sums(&paid.spend)?;
            Some(Channel { name, spend, exposure: exposure.map_or(Some(None), |sums| sums.map(Some))? })
        };
        Some(Source {
            kpi: sums(self.kpi.first()?)?,
            channels: self.channels.iter().map(channel).collect::<Option<_>>()?,
            organic: self.organic.iter().map(sums).collect::<Option<_>>()?,
            controls: self.controls().map(means).collect::<Option<_>>()?,
            kpi_value,
            geos,
            frequency: periods.frequency,
            dates: periods.dates,
        })
    }

    /// The columns of the file, those in words with their words.
    pub(super) fn columns(&self, mut columns: Vec<ColumnRole>) -> Vec<ColumnRole> {
        for category in &self.categories {
            for column in columns.iter_mut().filter(|column| column.name == category.column.name) {
                column.levels.clone_from(&category.levels);
            }
        }
        columns
    }
}

/// Which rows make each period: one, or one for each geo.
#[derive(Debug)]
pub(super) struct Periods {
    pub(super) frequency: Frequency,
    pub(super) dates: Vec<Date>,
    /// The rows of each period.
    pub(super) rows: Vec<Vec<usize>>,
    /// What a row counts in an average; all the same without a population.
    pub(super) weights: Option<Vec<f64>>,
}

impl Periods {
    /// The total of each period; `None` where a value is missing.
    pub(super) fn sums(&self, of: &Rows<'_>) -> Option<Vec<f64>> {
        let value = |row: &usize| of.values.get(*row).copied().flatten();
        self.rows.iter().map(|rows| rows.iter().map(value).sum()).collect()
    }

    /// The weighted average of each period; `None` where a value is missing.
    pub(super) fn means(&self, of: &Rows<'_>) -> Option<Vec<f64>> {
        let weight = |row: usize| self.weights.as_ref().map_or(1.0, |weights| weights[row]);
        let value = |row: usize| of.values.get(row).copied().flatten();
        let mean = |rows: &Vec<usize>| match rows.as_slice() {
            // Not a digit changes where there is nothing to average.
            [row] => value(*row),
            rows => {
                let sum: Option<f64> = rows.iter().map(|row| Some(weight(*row) * value(*row)?)).sum();
                Some(sum? / rows.iter().map(|row| weight(*row)).sum::<f64>())
            }
        };
        self.rows.iter().map(mean).collect()
    }
}
