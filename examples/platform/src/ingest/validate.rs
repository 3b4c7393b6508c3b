//! The last gate: a table and its roles become a source, or a list of everything in the way.
//!
//! Order: roles against columns, dates, amounts of each column, the calendar, columns against each
//! other. No step is skipped because another failed, as long as it still has something to look at, so
//! that one upload brings all problems to light.

use std::collections::HashMap;

use jiff::civil::Date;

use super::problem::{Code, Problem, Problems, count, quoted};
use super::roles::{Role, Roles, is_worth, worth_advice};
use super::source::{Series, Source, Validated};
use super::table::{RawColumn, Table};
use super::{calendar, columns, date, worth};

/// Fewer rows than this for each column of the model deserve a warning.
const ROWS_PER_COLUMN: usize = 5;

/// Makes a source of a table under the given roles, or says everything that is in the way.
///
/// `kpi_value` is what one unit of the KPI is worth in the currency of the spend, if that is known.
/// Warnings about reading the file come first among the warnings.
pub fn validate(table: &Table, roles: &Roles, kpi_value: Option<f64>) -> Result<Validated, Vec<Problem>> {
    let (mut problems, mut warnings) = (Problems::default(), Problems::default());
    table.warnings().iter().cloned().for_each(|warning| warnings.push(warning));
    report_roles(table, roles, &mut problems);
    if let Some(value) = kpi_value.filter(|value| !is_worth(*value)) {
        problems.push(Problem::file(Code::BadKpiValue, worth_advice(&value.to_string())));
    }
    if kpi_value.is_some() && roles.has(Role::RevenuePerKpi) {
        let what = "A column says what one unit of the KPI is worth, and a value was given as well. Leave the value \
                    empty, or give the column the role “ignore”.";
        problems.push(Problem::file(Code::TwoWorths, what));
    }
    let dates_column = with_role(table, roles, Role::Date).next();
    let dates: Option<(&RawColumn, Vec<Option<Date>>)> =
        dates_column.map(|column| (column, date::column(&column.name, table.cells(column), &mut problems)));
    let mut read = |role| -> Vec<(&RawColumn, Vec<Option<f64>>)> {
        let mut read = |column| {
            let values = columns::amounts(table, column, role, &mut problems, &mut warnings);
            columns::check(table, column, role, &values, &mut problems, &mut warnings);
            (column, values)
        };
        with_role(table, roles, role).map(&mut read).collect()
    };
    let (kpi, channels, controls) = (read(Role::Kpi), read(Role::MediaSpend), read(Role::Control));
    let worths = read(Role::RevenuePerKpi);
    let kpi_value = match (kpi.first(), worths.first()) {
        (Some(kpi), Some(per_unit)) => worth::of_column(table, kpi, per_unit, &mut problems, &mut warnings),
        _ => kpi_value,
    };
    let calendar = dates
        .as_ref()
        .map(|(column, dates)| calendar::check(table, &column.name, dates, &mut problems, &mut warnings));
    report_twins(channels.iter().chain(&controls), &mut warnings);
    report_width(table.rows(), channels.len() + controls.len(), &mut warnings);

    let source = calendar.zip(dates).and_then(|(calendar, (_, dates))| {
        let series = |read: &[(&RawColumn, Vec<Option<f64>>)]| -> Option<Vec<Series>> {
            read.iter().map(|(column, values)| sorted(&column.name, values, &calendar.order)).collect()
        };
        Some(Source {
            frequency: calendar.frequency?,
            dates: calendar
                .order
                .iter()
                .map(|row| dates.get(*row).copied().flatten())
                .collect::<Option<_>>()?,
            kpi: series(&kpi)?.into_iter().next()?,
            channels: series(&channels)?,
            controls: series(&controls)?,
            kpi_value,
        })
    });
    match source {
        Some(source) if problems.is_empty() => Ok(Validated { source, warnings: warnings.into_list() }),
        _ => Err(problems.into_list()),
    }
}

fn with_role<'a>(table: &'a Table, roles: &'a Roles, role: Role) -> impl Iterator<Item = &'a RawColumn> {
    table.columns().iter().filter(move |column| roles.of(&column.name) == role)
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
    let given = |role| roles.iter().any(|(_, given)| given == role);
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
        if !given(role) {
            problems.push(Problem::file(code, what));
        }
    }
    let once =
        [(Role::Date, Code::TwoDates), (Role::Kpi, Code::TwoKpis), (Role::RevenuePerKpi, Code::TwoWorths)];
    for (role, code) in once {
        let mut columns = with_role(table, roles, role);
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

/// Warns of columns with the same values, whose effects cannot be told apart.
fn report_twins<'a>(
    columns: impl Iterator<Item = &'a (&'a RawColumn, Vec<Option<f64>>)>,
    warnings: &mut Problems,
) {
    let mut seen: HashMap<Vec<u64>, &str> = HashMap::new();
    for (column, values) in columns {
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

fn report_width(rows: usize, columns: usize, warnings: &mut Problems) {
    if columns * ROWS_PER_COLUMN > rows {
        let what = format!(
            "{} for {} of channels and controls: results will be uncertain. Merge small channels or add history.",
            count(rows, "row"),
            count(columns, "column")
        );
        warnings.push(Problem::file(Code::ManyColumns, what));
    }
}

fn sorted(name: &str, values: &[Option<f64>], order: &[usize]) -> Option<Series> {
    let values = order.iter().map(|row| values.get(*row).copied().flatten()).collect::<Option<Vec<f64>>>()?;
    Some(Series { name: name.to_owned(), values })
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
        let Validated { source, warnings } =
            validate(&table(|_, line| line), &roles(ROLES), Some(2.0)).unwrap();
        assert_eq!(source.summary(), "60 weeks, 2 channels, 1 control, no gaps");
        assert_eq!(warnings, []);
        assert_eq!(source.kpi.values.first(), Some(&100.0));
        assert!(source.channels.iter().all(|channel| channel.values.len() == source.dates.len()));
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
        let Validated { source, warnings } = validate(&with_price(price), &asked, None).unwrap();
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
        let pair = [(column, vec![Some(1.0)]), (column, vec![Some(1.0)])];
        report_twins(pair.iter(), &mut warnings);
        let codes: Vec<Code> = warnings.into_list().into_iter().map(|warning| warning.code).collect();
        assert_eq!(codes, [Code::ManyColumns, Code::SameValues]);
    }
}
