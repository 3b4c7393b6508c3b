//! What one unit of the KPI is worth, where a column says so period by period.
//!
//! The model values every unit alike, so the column becomes one number: all money that the units
//! brought, divided by all units. A plain average would count a week without sales like any other. The
//! uploader is told the number, since all returns depend on it.

use super::problem::{Code, Problem, Problems, quoted};
use super::roles::is_worth;
use super::table::{RawColumn, Table};

type Read<'a> = (&'a RawColumn, Vec<Option<f64>>);

/// The worth of a unit, `sum(kpi * per_unit) / sum(kpi)`; `None` where that was reported as a problem.
pub(super) fn of_column(
    table: &Table,
    (_, kpi): &Read<'_>,
    (column, per_unit): &Read<'_>,
    problems: &mut Problems,
    warnings: &mut Problems,
) -> Option<f64> {
    let cells = table.cells(column).zip(per_unit);
    let mut refused = false;
    for ((row, cell), _) in cells.filter(|(_, worth)| worth.is_some_and(|worth| worth < 0.0)) {
        let what =
            format!("a unit of the KPI cannot be worth {}. Enter an amount of at least zero.", quoted(cell));
        problems.push(Problem::cell(Code::BadKpiValue, row, &column.name, what));
        refused = true;
    }
    // A cell that cannot be read has been reported.
    let pairs: Option<Vec<(f64, f64)>> =
        kpi.iter().zip(per_unit).map(|(kpi, worth)| (*kpi).zip(*worth)).collect();
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
