//! Several rows for each date, one a geo, that become one series.
//!
//! Every geo needs the same dates: a sum over geos of which one is missing for a week would show a loss
//! that nobody had. Money, outcomes and exposure are added up; controls are averaged over people where a
//! population says how many live in each geo, else over geos.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::civil::Date;

use super::problem::{Code, Problem, Problems, count, quoted};
use super::series::Rows;
use super::table::{RawColumn, Table};

/// How many missing dates a message names.
const NAMED: usize = 3;

/// With fewer rows than one in so many, the column tells no regions apart; its holes are not listed, nor looked
/// for, since there may be millions.
const MOST_HOLES: usize = 4;

/// Which geo each row is about.
#[derive(Debug)]
pub(super) struct Geos<'a> {
    /// The geo of each row, by number; `None` has been reported.
    of_rows: Vec<Option<usize>>,
    names: Vec<&'a str>,
}

impl<'a> Geos<'a> {
    /// Reads the column that names the geos.
    pub(super) fn read(table: &'a Table, column: &RawColumn, problems: &mut Problems) -> Self {
        let mut numbers: HashMap<&str, usize> = HashMap::new();
        let mut names = Vec::new();
        let mut number = |(row, cell): (usize, &'a str)| {
            if cell.is_empty() {
                let what = "the cell is empty. Name the region that the row is about.";
                problems.push(Problem::cell(Code::EmptyCell, row, &column.name, what));
                return None;
            }
            Some(*numbers.entry(cell).or_insert_with(|| {
                names.push(cell);
                names.len() - 1
            }))
        };
        let of_rows = table.cells(column).map(&mut number).collect();
        Self { of_rows, names }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.names.len()
    }

    /// Reports a geo that has a date twice or not at all, each at a row of the column of geos.
    pub(super) fn check_dates(
        &self,
        table: &Table,
        column: &RawColumn,
        dates: &[Option<Date>],
        problems: &mut Problems,
    ) {
        let mut calendars: Vec<BTreeMap<Date, usize>> = vec![BTreeMap::new(); self.count()];
        for (((line, _), geo), date) in table.cells(column).zip(&self.of_rows).zip(dates) {
            let (Some(geo), Some(date)) = (*geo, *date) else { continue };
            if let Some(first) = calendars[geo].get(&date) {
                let name = quoted(self.names[geo]);
                let what = format!(
                    "{name} has {date} in row {first} already. Delete one of the two or add them up."
                );
                problems.push(Problem::cell(Code::DuplicateDate, line, &column.name, what));
            } else {
                calendars[geo].insert(date, line);
            }
        }
        // Dates and geos that could not be read may well be those that seem to be missing.
        if dates.contains(&None) || self.of_rows.contains(&None) {
            return;
        }
        let all: BTreeSet<Date> = dates.iter().flatten().copied().collect();
        if all.len() * self.count() > MOST_HOLES * dates.len() {
            let what = format!(
                "there are {} and {}, but {} only. Every region needs a row for every date.",
                count(self.count(), "region"),
                count(all.len(), "date"),
                count(dates.len(), "row")
            );
            problems.push(Problem::column(Code::GeoGap, &column.name, what));
            return;
        }
        for (geo, calendar) in calendars.iter().enumerate() {
            let mut missing = Vec::new();
            for date in &all {
                match calendar.get(date) {
                    Some(line) => self.report_missing(geo, &mut missing, (*line, "before"), column, problems),
                    None => missing.push(*date),
                }
            }
            let last = calendar.last_key_value().map_or(0, |(_, line)| *line);
            self.report_missing(geo, &mut missing, (last, "after"), column, problems);
        }
    }

    fn report_missing(
        &self,
        geo: usize,
        missing: &mut Vec<Date>,
        (line, side): (usize, &str),
        column: &RawColumn,
        problems: &mut Problems,
    ) {
        if missing.is_empty() {
            return;
        }
        let named: Vec<String> = missing.iter().take(NAMED).map(ToString::to_string).collect();
        let more = if missing.len() > NAMED {
            format!(" and {} more", missing.len() - NAMED)
        } else {
            String::new()
        };
        let what = format!(
            "{} has no row for {}{more} {side} this one. Every region needs the same dates; add what is missing.",
            quoted(self.names[geo]),
            named.join(", ")
        );
        problems.push(Problem::cell(Code::GeoGap, line, &column.name, what));
        missing.clear();
    }

    /// Reports a population that changes within a geo; answers the weight of each row.
    pub(super) fn weights(
        &self,
        table: &Table,
        population: &Rows<'_>,
        problems: &mut Problems,
    ) -> Option<Vec<f64>> {
        let column = population.column;
        let mut first: Vec<Option<(f64, usize)>> = vec![None; self.count()];
        for (((line, cell), geo), people) in table.cells(column).zip(&self.of_rows).zip(&population.values) {
            let (Some(geo), Some(people)) = (*geo, *people) else { continue };
            let (before, row) = *first[geo].get_or_insert((people, line));
            if before.to_bits() != people.to_bits() {
                let what = format!(
                    "{} had another population in row {row} than {}. Enter the same number in every row of a region.",
                    quoted(self.names[geo]),
                    quoted(cell)
                );
                problems.push(Problem::cell(Code::PopulationChanges, line, &column.name, what));
            }
        }
        population.values.iter().copied().collect()
    }
}

/// The first row of each date, and those without one: what a calendar is checked by.
pub(super) fn first_rows(dates: &[Option<Date>]) -> Vec<usize> {
    let mut seen = BTreeSet::new();
    let rows = dates.iter().enumerate();
    rows.filter(|(_, date)| date.is_none_or(|date| seen.insert(date))).map(|(row, _)| row).collect()
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "sums of small whole numbers are exact")]
mod tests {
    use super::super::{Roles, Validated, read, validate};
    use super::*;

    const ROLES: &str = r#"{"shop": "geo", "week": "date", "y": "kpi", "tv": "media_spend", "price": "control",
        "event": "categorical_control", "worth": "revenue_per_kpi", "people": "population"}"#;

    /// Forty weeks of two shops, the second three times as large; `change` edits the lines before they are
    /// read, numbered as the file numbers them.
    fn lines(change: impl Fn(usize, String) -> String) -> String {
        let mut text = "shop,week,y,tv,price,event,worth,people\n".to_owned();
        for row in 0..80_i64 {
            let (shop, week) = (row % 2, row / 2);
            let day = jiff::civil::date(2023, 1, 2).checked_add(jiff::Span::new().weeks(week)).unwrap();
            let (name, size) = if shop == 0 { ("north", 1) } else { ("south", 3) };
            let event = if week % 5 == 0 && shop == 0 { "fair" } else { "none" };
            let line = format!(
                "{name},{day},{},{},{},{event},{},{}",
                size * (100 + week % 7),
                size * (week % 3 + 1),
                10 + size + week % 4,
                size,
                1000 * size
            );
            text.push_str(&change(row as usize + 2, line));
            text.push('\n');
        }
        text
    }

    fn validated(text: &str, roles: &str) -> Result<Validated, Vec<Problem>> {
        validate(&read(text.as_bytes())?, &Roles::from_json(roles)?, None)
    }

    fn refused(change: impl Fn(usize, String) -> String) -> Vec<(Code, Option<usize>, Option<String>)> {
        let problems = validated(&lines(change), ROLES).unwrap_err();
        problems.into_iter().map(|problem| (problem.code, problem.row, problem.column)).collect()
    }

    #[test]
    fn money_and_outcomes_are_summed_and_controls_averaged_over_people() {
        let Validated { source, columns, .. } = validated(&lines(|_, line| line), ROLES).unwrap();
        assert_eq!(
            source.extent().to_string(),
            "40 weeks, 1 channel, 2 controls, no gaps, 2 geos summed to one series"
        );
        let week = |values: &[f64]| [values[0], values[1], values[2]];
        assert_eq!(week(&source.kpi.values), [400.0, 404.0, 408.0]);
        assert_eq!(week(&source.channels[0].spend), [4.0, 8.0, 12.0]);
        // A quarter of the people see 11, 12, 13 …, three quarters 13, 14, 15 ….
        assert_eq!(week(&source.controls[0].values), [12.5, 13.5, 14.5]);
        assert_eq!(
            (source.controls[1].name.as_str(), week(&source.controls[1].values)),
            ("event: fair", [0.25, 0.0, 0.0])
        );
        // A quarter of all units is worth one each, three quarters three.
        assert_eq!(source.kpi_value, Some(2.5));
        assert_eq!(columns.iter().find(|column| column.name == "event").unwrap().levels, ["none", "fair"]);

        let plain = ROLES.replace("\"population\"", "\"ignore\"");
        let source = validated(&lines(|_, line| line), &plain).unwrap().source;
        assert_eq!(
            (week(&source.controls[0].values), week(&source.controls[1].values)),
            ([12.0, 13.0, 14.0], [0.5, 0.0, 0.0])
        );
    }

    #[test]
    fn the_order_of_rows_does_not_matter() {
        let text = lines(|_, line| line);
        let mut rows: Vec<&str> = text.lines().skip(1).collect();
        let one = validated(&text, ROLES).unwrap().source;
        rows.sort_unstable();
        let by_shop = format!("{}\n{}", text.lines().next().unwrap(), rows.join("\n"));
        assert_eq!(validated(&by_shop, ROLES).unwrap().source, one);
        rows.reverse();
        let backwards = format!("{}\n{}", text.lines().next().unwrap(), rows.join("\n"));
        let Validated { source, warnings, .. } = validated(&backwards, ROLES).unwrap();
        assert_eq!(source, one);
        assert!(warnings.iter().any(|warning| warning.code == Code::OutOfOrder), "{warnings:?}");
    }

    #[test]
    fn every_geo_needs_every_date_once() {
        let shop = Some("shop".to_owned());
        // Row 20 is the tenth week of the north; what is missing is said at the week after it.
        assert_eq!(
            refused(|row, line| if row == 20 { String::new() } else { line }),
            [(Code::GeoGap, Some(22), shop.clone())]
        );
        assert_eq!(
            refused(|row, line| if row >= 79 && row % 2 == 0 { String::new() } else { line }),
            [(Code::GeoGap, Some(78), shop.clone())]
        );
        assert_eq!(
            refused(|row, line| if row == 21 {
                line.replace("south", "north").replace(",3000", ",1000")
            } else {
                line
            }),
            [(Code::DuplicateDate, Some(21), shop.clone()), (Code::GeoGap, Some(23), shop.clone())]
        );
        assert_eq!(
            refused(|row, line| if row == 21 { line.replace("south", "") } else { line }),
            [(Code::EmptyCell, Some(21), shop)]
        );
        let week = Some("week".to_owned());
        assert_eq!(
            refused(|row, line| if matches!(row, 20 | 21) { String::new() } else { line }),
            [(Code::Gap, Some(22), week)]
        );
    }

    #[test]
    fn a_column_that_names_no_regions_is_one_problem() {
        let each = |row: usize, line: String| format!("shop {row},{}", line.split_once(',').unwrap().1);
        assert_eq!(refused(each), [(Code::GeoGap, None, Some("shop".to_owned()))]);
    }

    #[test]
    fn a_population_is_one_positive_number_a_geo() {
        let people = Some("people".to_owned());
        for (value, code) in [
            ("0", Code::BadPopulation),
            ("-5", Code::BadPopulation),
            ("", Code::EmptyCell),
            ("3001", Code::PopulationChanges),
        ] {
            let found = refused(
                |row, line| if row == 21 { line.replace(",3000", &format!(",{value}")) } else { line },
            );
            assert!(found.contains(&(code, Some(21), people.clone())), "{value}: {found:?}");
        }
        let no_geo = ROLES.replace("\"geo\"", "\"ignore\"");
        let north = lines(|_, line| if line.starts_with("south") { String::new() } else { line });
        let warnings = validated(&north, &no_geo).unwrap().warnings;
        assert!(warnings.iter().any(|warning| warning.code == Code::PopulationUnused), "{warnings:?}");
    }

    #[test]
    fn what_differs_between_geos_only_is_refused() {
        let two = ROLES
            .replace("\"price\": \"control\", ", "")
            .replace('{', "{\"worth\": \"control\", ")
            .replace(", \"worth\": \"revenue_per_kpi\"", "");
        let problems = validated(&lines(|_, line| line), &two).unwrap_err();
        let found: Vec<_> =
            problems.iter().map(|problem| (problem.code, problem.column.as_deref())).collect();
        assert_eq!(found, [(Code::Constant, Some("worth"))]);
    }

    #[test]
    fn one_geo_is_no_sum() {
        let north = lines(|_, line| if line.starts_with("south") { String::new() } else { line });
        let source = validated(&north, ROLES).unwrap().source;
        assert_eq!((source.geos, source.dates.len()), (None, 40));
    }
}
