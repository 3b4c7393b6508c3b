//! What one unit of the KPI is worth: a number that was typed, or a column that says it row by row.
//!
//! The model values every unit alike, so the column becomes one number: all money that the units
//! brought, divided by all units. A plain average would count a week without sales like any other. The
//! uploader is told the number, since all returns depend on it.

use super::MAX_MAGNITUDE;
use super::number::{self, Decimal, Reading};
use super::problem::{Code, Problem, Problems, quoted};
use super::series::Rows;
use super::table::Table;

/// The worth of a unit, `sum(kpi * per_unit) / sum(kpi)`; `None` where that was reported as a problem.
pub(super) fn of_column(
    table: &Table,
    kpi: &Rows<'_>,
    per_unit: &Rows<'_>,
    problems: &mut Problems,
    warnings: &mut Problems,
) -> Option<f64> {
    let Rows { column, values, .. } = per_unit;
    let cells = table.cells(column).zip(values);
    let mut refused = false;
    for ((row, cell), _) in cells.filter(|(_, worth)| worth.is_some_and(|worth| worth < 0.0)) {
        let what =
            format!("a unit of the KPI cannot be worth {}. Enter an amount of at least zero.", quoted(cell));
        problems.push(Problem::cell(Code::BadKpiValue, row, &column.name, what));
        refused = true;
    }
    // A cell that cannot be read has been reported.
    let pairs: Option<Vec<(f64, f64)>> =
        kpi.values.iter().zip(values).map(|(kpi, worth)| (*kpi).zip(*worth)).collect();
    let pairs = pairs.filter(|_| !refused)?;
    let units: f64 = pairs.iter().map(|(kpi, _)| kpi).sum();
    let value = pairs.iter().map(|(kpi, worth)| kpi * worth).sum::<f64>() / units;
    if !is_worth(value) {
        let what = "it gives the units of the KPI no worth above zero on average. Correct it, or give it the role “ignore”.";
        problems.push(Problem::column(Code::BadKpiValue, &column.name, what));
        return None;
    }
    let shown = crate::words::Unit::Plain.say(value);
    let what =
        format!("one unit of the KPI is worth {shown} on average, and returns are computed with that.");
    warnings.push(Problem::column(Code::WorthOfColumn, &column.name, what));
    Some(value)
}

/// Reads what one unit of the KPI is worth, as typed into a form; nothing typed is `None`.
pub fn kpi_value(text: &str) -> Result<Option<f64>, Problem> {
    let bad = |what: String| Err(Problem::file(Code::BadKpiValue, what));
    match number::read(text) {
        Reading::Empty => Ok(None),
        Reading::Amount(amount) if amount.is_unclear() => {
            let shown = quoted(text.trim());
            bad(format!(
                "The value of one KPI unit, {shown}, could be read two ways. Write it as 1234.00 or 1.23."
            ))
        }
        Reading::Amount(amount) => {
            let value = amount.under(Decimal::Point).or_else(|| amount.under(Decimal::Comma));
            match value {
                Some(value) if is_worth(value) => Ok(Some(value)),
                _ => bad(advice(text)),
            }
        }
        _ => bad(advice(text)),
    }
}

/// Whether a value can be what one unit of the KPI is worth.
pub(super) fn is_worth(value: f64) -> bool {
    value.is_finite() && value > 0.0 && value <= MAX_MAGNITUDE
}

pub(super) fn advice(text: &str) -> String {
    let shown = quoted(text.trim());
    format!(
        "The value of one KPI unit must be an amount above zero, not {shown}. Correct it, or leave it empty."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_worth_a_positive_amount_or_nothing_is_said() {
        assert_eq!(
            (kpi_value(" "), kpi_value("12,50"), kpi_value("€ 40")),
            (Ok(None), Ok(Some(12.5)), Ok(Some(40.0)))
        );
        for text in ["0", "-1", "NaN", "inf", "1e308", "1e999", "abc", "1.234", "5 %"] {
            assert_eq!(kpi_value(text).map_err(|problem| problem.code), Err(Code::BadKpiValue), "{text:?}");
        }
    }
}
