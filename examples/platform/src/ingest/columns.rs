//! Reads the amounts of a column and checks them for its role.
//!
//! | role         | refused                                        | warning                 |
//! |--------------|------------------------------------------------|-------------------------|
//! | any          | empty, NaN, infinite, unreadable, beyond 1e15  | decimal commas          |
//! | `kpi`        | the same value everywhere                      | negative values         |
//! | media        | negative values, nothing but zeros             |                         |
//! | what works   | the same value everywhere                      | active in few periods   |
//! | `control`    | the same value everywhere                      |                         |
//! | `population` | not above zero                                 |                         |
//!
//! What works is the exposure of a medium, or the spend of a channel without one.
//!
//! What a unit of the KPI is worth is checked with the KPI, in [`worth`](super::worth).
//!
//! What never changes is refused since it cannot be told from the baseline: the fit would fail.

use super::MAX_MAGNITUDE;
use super::number::{self, Decimal, Reading};
use super::problem::{Code, Problem, Problems, count, quoted};
use super::role::Role;
use super::series::Rows;
use super::table::{RawColumn, Table};

/// A medium that is active in fewer rows than this says next to nothing about its effect.
const FEW_PERIODS: usize = 5;

/// The amounts of a column, one for each row; a `None` has been reported.
pub(super) fn amounts(
    table: &Table,
    column: &RawColumn,
    role: Role,
    problems: &mut Problems,
    warnings: &mut Problems,
) -> Vec<Option<f64>> {
    let decimal = column.decimal.or_else(|| report_ambiguity(table, column, problems));
    let Some(decimal) = decimal else { return vec![None; table.rows()] };
    let mut known_currency = None;
    let mut commas = None;
    let mut report = |code, row, what: String| problems.push(Problem::cell(code, row, &column.name, what));
    let mut read = |(row, cell): (usize, &str)| {
        let amount = match number::read(cell) {
            Reading::Amount(amount) => amount,
            other => {
                let (code, what) = refusal(other, cell, role);
                report(code, row, what);
                return None;
            }
        };
        let Some(value) = amount.under(decimal) else {
            let what = format!(
                "{} has another decimal sign than the rest of the column. Use the same everywhere.",
                quoted(cell)
            );
            report(Code::MixedNumberFormats, row, what);
            return None;
        };
        if let Some(currency) = amount.currency {
            let known = *known_currency.get_or_insert(currency);
            if known != currency {
                let what = format!(
                    "{} is in another currency than the rows above ({known}). Convert it.",
                    quoted(cell)
                );
                report(Code::MixedCurrencies, row, what);
            }
        }
        if value.abs() > MAX_MAGNITUDE {
            let what =
                format!("{} is too large to be an amount. Correct it, or use a larger unit.", quoted(cell));
            report(Code::TooLarge, row, what);
            return None;
        }
        if decimal == Decimal::Comma && commas.is_none() && cell.contains([',', '.']) {
            commas = Some((cell.to_owned(), value));
        }
        Some(value)
    };
    let values = table.cells(column).map(&mut read).collect();
    if let Some((cell, value)) = commas.filter(|_| !warnings.has(Code::DecimalComma)) {
        let what = format!(
            "numbers with commas and points were read with a decimal comma: {} is {value}.",
            quoted(&cell)
        );
        warnings.push(Problem::column(Code::DecimalComma, &column.name, what));
    }
    values
}

fn report_ambiguity(table: &Table, column: &RawColumn, problems: &mut Problems) -> Option<Decimal> {
    let unclear = |(row, cell)| match number::read(cell) {
        Reading::Amount(amount) if amount.is_unclear() => Some((row, cell)),
        _ => None,
    };
    if let Some((row, cell)) = table.cells(column).find_map(unclear) {
        let what = format!(
            "{} could be thousands or decimals, and nothing in the file tells. Write numbers without thousands \
             separators and with two decimals.",
            quoted(cell)
        );
        problems.push(Problem::cell(Code::AmbiguousNumber, row, &column.name, what));
    }
    None
}

fn refusal(reading: Reading, cell: &str, role: Role) -> (Code, String) {
    let cure = match role {
        Role::MediaSpend => "Enter the amount, or 0 if nothing was spent.",
        Role::MediaExposure | Role::OrganicMedia => "Enter the number, or 0 if it was not seen.",
        Role::Kpi => "Enter the value; 0 only if it really was zero.",
        _ => "Enter the value, or give the column the role “ignore”.",
    };
    match reading {
        Reading::Empty => (Code::EmptyCell, format!("the cell is empty. {cure}")),
        Reading::Placeholder => {
            (Code::EmptyCell, format!("{} stands for a missing value. {cure}", quoted(cell)))
        }
        Reading::NotFinite => (Code::NotFinite, format!("{} is no amount. {cure}", quoted(cell))),
        Reading::Percent => (
            Code::NotANumber,
            format!("{} has a percent sign. Remove it from the whole column.", quoted(cell)),
        ),
        Reading::Amount(_) | Reading::Other => {
            (Code::NotANumber, format!("{} is not a number. {cure}", quoted(cell)))
        }
    }
}

/// Checks the values of a column as a whole for its role.
pub(super) fn check(
    table: &Table,
    column: &RawColumn,
    role: Role,
    values: &[Option<f64>],
    problems: &mut Problems,
    warnings: &mut Problems,
) {
    let known = || values.iter().flatten().copied();
    let name = column.name.as_str();
    let constant = is_constant(values);
    let zero = constant && known().next() == Some(0.0);
    let below_zero =
        || table.cells(column).zip(values).filter(|(_, value)| value.is_some_and(|value| value < 0.0));
    match role {
        Role::MediaSpend | Role::MediaExposure | Role::OrganicMedia => {
            let (code, what, advice, none) = if role == Role::MediaSpend {
                let advice = "Correct it, or book the refund in the period in which the money was spent.";
                (Code::NegativeSpend, "spend", advice, "nothing was ever spent")
            } else {
                (Code::NegativeExposure, "exposure", "Correct it.", "it was never seen")
            };
            for ((row, cell), _) in below_zero() {
                let what = format!("{what} of {} is below zero. {advice}", quoted(cell));
                problems.push(Problem::cell(code, row, name, what));
            }
            if zero {
                let what = format!("{none}. Give it the role “ignore”, or upload the missing numbers.");
                problems.push(Problem::column(Code::AllZero, name, what));
            }
        }
        Role::Population => {
            let cells = table.cells(column).zip(values);
            for ((row, cell), _) in cells.filter(|(_, value)| value.is_some_and(|value| value <= 0.0)) {
                let what = format!("a population of {} is not above zero. Correct it.", quoted(cell));
                problems.push(Problem::cell(Code::BadPopulation, row, name, what));
            }
        }
        Role::Kpi => {
            if constant {
                let what = "it has the same value in every row. Choose the column with the outcome that marketing should move.";
                problems.push(Problem::column(Code::Constant, name, what));
            } else if known().next().is_some() && known().all(|value| value <= 0.0) {
                let what = "it is never above zero, so nothing can have added to it. Choose another column, or turn its sign around.";
                problems.push(Problem::column(Code::KpiNeverPositive, name, what));
            }
            if let Some(((row, cell), _)) = below_zero().next() {
                let rows = count(below_zero().count(), "row");
                let what = format!(
                    "the KPI is below zero ({}), {rows} in all. Check that this is meant, as for net sales.",
                    quoted(cell)
                );
                warnings.push(Problem::cell(Code::NegativeKpi, row, name, what));
            }
        }
        Role::Control if constant => {
            let what =
                "it has the same value in every row, so it explains nothing. Give it the role “ignore”.";
            problems.push(Problem::column(Code::Constant, name, what));
        }
        Role::RevenuePerKpi
        | Role::Control
        | Role::CategoricalControl
        | Role::Date
        | Role::Geo
        | Role::Ignore => {}
    }
}

/// Checks what works of a medium as a whole; nothing but zeros has been reported.
pub(super) fn check_pressure(pressure: &Rows<'_>, problems: &mut Problems, warnings: &mut Problems) {
    let name = &pressure.column.name;
    let active = pressure.values.iter().flatten().filter(|value| **value > 0.0).count();
    if is_constant(&pressure.values) {
        if active > 0 {
            let what = "it is the same in every period, so its effect cannot be told from the baseline. Give it the role \
                        “ignore”.";
            problems.push(Problem::column(Code::Constant, name, what));
        }
    } else if active < FEW_PERIODS {
        let what =
            format!("it is above zero in {} only, so its effect will be uncertain.", count(active, "row"));
        warnings.push(Problem::column(Code::FewActivePeriods, name, what));
    }
}

/// More than one value, and all the same.
fn is_constant(values: &[Option<f64>]) -> bool {
    let mut known = values.iter().flatten().map(|value| value.to_bits());
    let first = known.next();
    let mut others = known.peekable();
    others.peek().is_some() && others.all(|value| Some(value) == first)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Place = (Code, Option<usize>);
    type Case = (Role, &'static [&'static str], Vec<Place>, Vec<Code>);

    /// Codes and rows of problems and warnings for one column of a semicolon-separated file.
    fn checked(role: Role, cells: &[&str]) -> (Vec<Place>, Vec<Code>) {
        let text = format!("d;v\n2024-01-01;{}\n", cells.join("\n2024-01-01;"));
        let table = super::super::read(text.as_bytes()).unwrap();
        let column = table.column("v").unwrap();
        let (mut problems, mut warnings) = (Problems::default(), Problems::default());
        let values = amounts(&table, column, role, &mut problems, &mut warnings);
        check(&table, column, role, &values, &mut problems, &mut warnings);
        if role.is_media() {
            let pressure = Rows { name: column.name.clone(), column, values };
            check_pressure(&pressure, &mut problems, &mut warnings);
        }
        let places = problems.into_list().into_iter().map(|problem| (problem.code, problem.row)).collect();
        (places, warnings.into_list().into_iter().map(|warning| warning.code).collect())
    }

    #[test]
    fn each_role_has_its_own_demands() {
        let (media, exposure, organic) = (Role::MediaSpend, Role::MediaExposure, Role::OrganicMedia);
        let (kpi, control, population) = (Role::Kpi, Role::Control, Role::Population);
        let table: Vec<Case> = vec![
            (media, &["1", "2", "3", "4", "5"], vec![], vec![]),
            (media, &["1", "-2", "3"], vec![(Code::NegativeSpend, Some(3))], vec![Code::FewActivePeriods]),
            (media, &["0", "0", "0,00"], vec![(Code::AllZero, None)], vec![Code::DecimalComma]),
            (media, &["7", "7"], vec![(Code::Constant, None)], vec![]),
            (
                exposure,
                &["1", "-2", "3"],
                vec![(Code::NegativeExposure, Some(3))],
                vec![Code::FewActivePeriods],
            ),
            (exposure, &["0", "0"], vec![(Code::AllZero, None)], vec![]),
            (exposure, &["7", "7"], vec![(Code::Constant, None)], vec![]),
            (
                organic,
                &["1", "-2", "3"],
                vec![(Code::NegativeExposure, Some(3))],
                vec![Code::FewActivePeriods],
            ),
            (organic, &["1", "x", "3"], vec![(Code::NotANumber, Some(3))], vec![Code::FewActivePeriods]),
            (population, &["7", "7"], vec![], vec![]),
            (
                population,
                &["7", "0", "-1"],
                vec![(Code::BadPopulation, Some(3)), (Code::BadPopulation, Some(4))],
                vec![],
            ),
            (population, &["7", "", "7"], vec![(Code::EmptyCell, Some(3))], vec![]),
            (kpi, &["7", "7"], vec![(Code::Constant, None)], vec![]),
            (kpi, &["7", "-8"], vec![], vec![Code::NegativeKpi]),
            (kpi, &["0", "-8"], vec![(Code::KpiNeverPositive, None)], vec![Code::NegativeKpi]),
            (control, &["0", "0"], vec![(Code::Constant, None)], vec![]),
            (control, &["-1", "1"], vec![], vec![]),
            (kpi, &["1", "NA", "inf"], vec![(Code::EmptyCell, Some(3)), (Code::NotFinite, Some(4))], vec![]),
            (
                kpi,
                &["1", "1e308", "1e999"],
                vec![(Code::TooLarge, Some(3)), (Code::TooLarge, Some(4))],
                vec![],
            ),
            (
                kpi,
                &["1", "12 %", "x"],
                vec![(Code::NotANumber, Some(3)), (Code::NotANumber, Some(4))],
                vec![],
            ),
            (
                kpi,
                &["1,5", "2,5", "3.75"],
                vec![(Code::MixedNumberFormats, Some(4))],
                vec![Code::DecimalComma],
            ),
            (kpi, &["€1", "€2", "$3"], vec![(Code::MixedCurrencies, Some(4))], vec![]),
            (kpi, &["1", "1.234", "2.345"], vec![(Code::AmbiguousNumber, Some(3))], vec![]),
        ];
        for (role, cells, problems, warnings) in table {
            assert_eq!(checked(role, cells), (problems, warnings), "{role} {cells:?}");
        }
    }
}
