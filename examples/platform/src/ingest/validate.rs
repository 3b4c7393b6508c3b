//! The last gate: a table and its roles become a source, or a list of everything in the way.
//!
//! Order: roles against columns, dates, amounts of each column, media by channel, geos, the calendar, columns
//! against each other. No step is skipped because another failed, as long as it still has something to
//! look at, so that one upload brings all problems to light.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;

use super::geo::{self, Geos};
use super::problem::{Code, Problem, Problems, count, quoted};
use super::role::Role;
use super::roles::Roles;
use super::series::{Periods, Reader, Readings, Rows};
use super::source::Validated;
use super::table::Table;
use super::{calendar, worth};

/// Fewer periods than this for each column of the model deserve a warning.
const PERIODS_PER_COLUMN: usize = 5;

/// Makes a source of a table under the given roles, or says everything that is in the way.
///
/// `kpi_value` is what one unit of the KPI is worth in the currency of the spend, if that is known.
/// Warnings about reading the file come first among the warnings.
pub fn validate(table: &Table, roles: &Roles, kpi_value: Option<f64>) -> Result<Validated, Vec<Problem>> {
    let (mut problems, mut warnings) = (Problems::default(), Problems::default());
    table.warnings().iter().cloned().for_each(|warning| warnings.push(warning));
    report_roles(table, roles, &mut problems);
    report_worth(kpi_value, roles, &mut problems);
    let read = Readings::new(Reader { table, roles, problems: &mut problems, warnings: &mut warnings });
    let kpi_value = match (read.kpi.first(), read.worths.first()) {
        (Some(kpi), Some(per_unit)) => worth::of_column(table, kpi, per_unit, &mut problems, &mut warnings),
        _ => kpi_value,
    };
    let periods = periods(table, roles, &read, (&mut problems, &mut warnings));
    read.report_names(&mut problems);
    report_twins(read.media().chain(read.controls()), &mut warnings);
    let source = periods.and_then(|(periods, geos)| {
        report_width(periods.dates.len(), read.media().chain(read.controls()).count(), &mut warnings);
        if geos.is_some() {
            report_still(&read, &periods, &mut problems);
        }
        read.source(periods, kpi_value, geos)
    });
    match source {
        Some(source) if problems.is_empty() => {
            let columns = read.columns(roles.columns(table));
            Ok(Validated { source, columns, warnings: warnings.into_list() })
        }
        _ => Err(problems.into_list()),
    }
}

/// Which rows make each period, and how many geos are summed; `None` where that cannot be told.
fn periods(
    table: &Table,
    roles: &Roles,
    read: &Readings<'_>,
    (problems, warnings): (&mut Problems, &mut Problems),
) -> Option<(Periods, Option<usize>)> {
    let geos = read.geo.map(|column| (column, Geos::read(table, column, problems)));
    let population = read.populations.first();
    if let (Some(population), false) = (population, roles.has(Role::Geo)) {
        let what = "no column has the role “geo”, so there is nothing to weight, and it was not used.";
        warnings.push(Problem::column(Code::PopulationUnused, &population.column.name, what));
    }
    let weights =
        geos.as_ref().zip(population).map(|((_, geos), people)| geos.weights(table, people, problems));
    let (column, dates) = read.dates.as_ref()?;
    if let Some((column, geos)) = &geos {
        geos.check_dates(table, column, dates, problems);
    }
    let rows = if geos.is_some() { geo::first_rows(dates) } else { (0..dates.len()).collect() };
    let calendar = calendar::check(table, &column.name, dates, &rows, problems, warnings);

    let mut of_dates: BTreeMap<Date, Vec<usize>> = BTreeMap::new();
    for (row, date) in dates.iter().enumerate() {
        of_dates.entry((*date)?).or_default().push(row);
    }
    let periods = Periods {
        frequency: calendar?,
        dates: of_dates.keys().copied().collect(),
        rows: of_dates.into_values().collect(),
        weights: weights.map_or(Some(None), |weights| weights.map(Some))?,
    };
    Some((periods, geos.map(|(_, geos)| geos.count()).filter(|count| *count > 1)))
}

fn report_roles(table: &Table, roles: &Roles, problems: &mut Problems) {
    for (name, role) in roles.iter().filter(|(_, role)| *role != Role::Ignore) {
        if table.column(name).is_none() {
            let known: Vec<&str> = table.columns().iter().map(|column| column.name.as_str()).collect();
            let what =
                format!("the file has no such column for “{role}”. Its columns: {}.", known.join(", "));
            problems.push(Problem::column(Code::MissingColumn, name, what));
        }
    }
    // A role whose column is missing was said above; "choose one" would send the user the wrong way.
    let needed = [
        (
            Role::Date,
            Code::NoDate,
            "No column has the role “date”. Choose the column with the days or weeks.",
        ),
        (
            Role::Kpi,
            Code::NoKpi,
            "No column has the role “kpi”. Choose the outcome that marketing should move.",
        ),
        (
            Role::MediaSpend,
            Code::NoMedia,
            "No column has the role “media_spend”. Choose the spend of at least one channel.",
        ),
    ];
    for (role, code, what) in needed {
        if !roles.has(role) {
            problems.push(Problem::file(code, what));
        }
    }
    let once = [
        (Role::Date, Code::TwoDates),
        (Role::Geo, Code::TwoGeos),
        (Role::Kpi, Code::TwoKpis),
        (Role::RevenuePerKpi, Code::TwoWorths),
        (Role::Population, Code::TwoPopulations),
    ];
    for (role, code) in once {
        let mut columns = table.columns().iter().filter(|column| roles.of(&column.name) == role);
        if let Some(first) = columns.next() {
            for column in columns {
                let what = format!(
                    "{} has the role “{role}” already, and there can be only one.",
                    quoted(&first.name)
                );
                problems.push(Problem::column(code, &column.name, what));
            }
        }
    }
}

fn report_worth(kpi_value: Option<f64>, roles: &Roles, problems: &mut Problems) {
    if let Some(value) = kpi_value.filter(|value| !worth::is_worth(*value)) {
        problems.push(Problem::file(Code::BadKpiValue, worth::advice(&value.to_string())));
    }
    if kpi_value.is_some() && roles.has(Role::RevenuePerKpi) {
        let what = "A column says what one unit of the KPI is worth, and a value was given as well. Leave the value \
                    empty, or give the column the role “ignore”.";
        problems.push(Problem::file(Code::TwoWorths, what));
    }
}

/// Reports what differs between geos only: summed or averaged it never changes.
fn report_still(read: &Readings<'_>, periods: &Periods, problems: &mut Problems) {
    let summed = read.kpi.iter().chain(read.media()).map(|rows| (rows, periods.sums(rows)));
    let averaged = read.controls().map(|rows| (rows, periods.means(rows)));
    for (rows, values) in summed.chain(averaged) {
        let ends = |ends: (f64, f64), value: f64| (ends.0.min(value), ends.1.max(value));
        let (least, most) = values.into_iter().flatten().fold((f64::INFINITY, f64::NEG_INFINITY), ends);
        // Up to rounding, which depends on the order of the geos.
        if most - least <= 1e-9 * most.abs().max(least.abs()) {
            let what = "over all geos it is the same in every period, so nothing can be learnt from it. Give it the role \
                        “ignore”.";
            problems.push(Problem::column(Code::Constant, &rows.column.name, what));
        }
    }
}

/// Warns of columns with the same values, whose effects cannot be told apart.
fn report_twins<'a>(rows: impl Iterator<Item = &'a Rows<'a>>, warnings: &mut Problems) {
    let mut seen: HashMap<Vec<u64>, &str> = HashMap::new();
    for Rows { column, values, .. } in rows {
        let Some(bits) = values.iter().map(|value| value.map(f64::to_bits)).collect::<Option<Vec<u64>>>()
        else {
            continue;
        };
        match seen.get(&bits) {
            Some(twin) => {
                let what = format!(
                    "it has the same values as {}, so their effects cannot be told apart.",
                    quoted(twin)
                );
                warnings.push(Problem::column(Code::SameValues, &column.name, what));
            }
            None => {
                seen.insert(bits, &column.name);
            }
        }
    }
}

fn report_width(periods: usize, columns: usize, warnings: &mut Problems) {
    if columns * PERIODS_PER_COLUMN > periods {
        let what = format!(
            "{} for {} of media and controls: results will be uncertain. Merge small channels or add history.",
            count(periods, "period"),
            count(columns, "column")
        );
        warnings.push(Problem::file(Code::ManyColumns, what));
    }
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::*;

    /// Sixty weeks with two channels; `change` edits the lines before they are read.
    fn table(change: impl Fn(usize, String) -> String) -> Table {
        let mut text = String::from("week,y,tv,radio,promo\n");
        for n in 0..60_i64 {
            let day = jiff::civil::date(2023, 1, 2).checked_add(jiff::Span::new().days(n * 7)).unwrap();
            text.push_str(&change(
                n as usize + 2,
                format!("{day},{},{},{},{}", 100 + n, n % 7, n % 5, n % 2),
            ));
            text.push('\n');
        }
        read(text.as_bytes()).unwrap()
    }

    fn roles(json: &str) -> Roles {
        Roles::from_json(json).unwrap()
    }

    const ROLES: &str =
        r#"{"week":"date","y":"kpi","tv":"media_spend","radio":"media_spend","promo":"control"}"#;

    #[test]
    fn good_data_becomes_a_source() {
        let Validated { source, warnings, .. } =
            validate(&table(|_, line| line), &roles(ROLES), Some(2.0)).unwrap();
        assert_eq!(source.extent().to_string(), "60 weeks, 2 channels, 1 control, no gaps");
        assert_eq!(warnings, []);
        assert_eq!(source.kpi.values.first(), Some(&100.0));
        assert!(source.channels.iter().all(|channel| channel.spend.len() == source.dates.len()));
    }

    #[test]
    fn a_column_may_say_what_a_unit_is_worth_and_then_nothing_else_may() {
        let with_price = |price: fn(usize) -> String| {
            let lines = (0..60_u8).map(|n| {
                let date = jiff::civil::date(2023, 1, 2).saturating_add(jiff::Span::new().weeks(n));
                format!("{date},{},{},{}", 100 * u32::from(n % 3), n % 7, price(n.into()))
            });
            read(format!("week,y,tv,price\n{}", lines.collect::<Vec<_>>().join("\n")).as_bytes()).unwrap()
        };
        let asked = roles(r#"{"week":"date","y":"kpi","tv":"media_spend","price":"revenue_per_kpi"}"#);
        // 2.0 where a hundred were sold, 5.0 where two hundred were; what nobody bought does not count.
        let price = |n: usize| ["9.5", "2.0", "5.0"][n % 3].to_owned();
        let Validated { source, warnings, .. } = validate(&with_price(price), &asked, None).unwrap();
        assert_eq!(source.kpi_value, Some(4.0));
        assert_eq!(warnings.iter().map(|warning| warning.code).collect::<Vec<_>>(), [Code::WorthOfColumn]);
        assert!(warnings[0].message.contains('4'), "{}", warnings[0].message);

        let codes = |table: &Table, worth| -> Vec<Code> {
            validate(table, &asked, worth).unwrap_err().iter().map(|problem| problem.code).collect()
        };
        assert_eq!(codes(&with_price(price), Some(1.0)), [Code::TwoWorths]);
        let below = with_price(|n| if n == 7 { "-1" } else { "2" }.to_owned());
        assert_eq!(codes(&below, None), [Code::BadKpiValue]);
        assert_eq!(codes(&with_price(|_| "0".to_owned()), None), [Code::BadKpiValue]);
    }

    #[test]
    fn values_follow_their_dates_when_rows_are_sorted() {
        let shuffled = table(|_, line| line);
        let mut lines: Vec<String> =
            shuffled.preview(60).into_iter().map(|row| row.cells.join(",")).collect();
        lines.reverse();
        let text = format!("week,y,tv,radio,promo\n{}", lines.join("\n"));
        let sorted = validate(&read(text.as_bytes()).unwrap(), &roles(ROLES), None).unwrap();
        let straight = validate(&table(|_, line| line), &roles(ROLES), None).unwrap();
        assert_eq!(sorted.source, straight.source);
        assert_eq!(sorted.warnings.first().map(|warning| warning.code), Some(Code::OutOfOrder));
    }

    #[test]
    fn every_problem_is_reported_at_once() {
        let table = table(|row, line| match row {
            5 => line.replace(",1", ",-1"),
            9 => "2023-02-20,,x,0,0".to_owned(),
            12 => line.replace("2023", "1923"),
            _ => line,
        });
        let asked = r#"{"week":"date","y":"kpi","tv":"media_spend","cinema":"media_spend","promo":"date"}"#;
        let codes: Vec<Code> = validate(&table, &roles(asked), Some(-1.0))
            .unwrap_err()
            .iter()
            .map(|problem| problem.code)
            .collect();
        let expected = [
            Code::BadKpiValue,
            Code::MissingColumn,
            Code::TwoDates,
            Code::EmptyCell,
            Code::NotANumber,
            Code::ImplausibleDate,
        ];
        for code in expected {
            assert!(codes.contains(&code), "{code} is not among {codes:?}");
        }
    }

    #[test]
    fn twins_and_crowds_are_warned_of() {
        let table = table(|_, line| line);
        let mut warnings = Problems::default();
        report_width(60, 13, &mut warnings);
        let column = table.column("tv").unwrap();
        let rows = || Rows { name: "tv".to_owned(), column, values: vec![Some(1.0)] };
        let pair = [rows(), rows()];
        report_twins(pair.iter(), &mut warnings);
        let codes: Vec<Code> = warnings.into_list().into_iter().map(|warning| warning.code).collect();
        assert_eq!(codes, [Code::ManyColumns, Code::SameValues]);
    }
}
