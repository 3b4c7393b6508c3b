//! Every geometric adstock series and every logistic saturation point of PyMC-Marketing.

use mmm_core::transform::{
    adstock::{Direction, GeometricAdstock},
    saturation::{logistic, logistic_slope},
};
use ndarray::Array1;

use crate::shared::{Table, deviation, say};

const TOLERANCE: f64 = 1e-12;

#[test]
fn geometric_adstock_equals_pymc_marketing() {
    let (Some(cases), Some(series)) =
        (Table::read("vectors/pymc_adstock_cases.csv"), Table::read("vectors/pymc_adstock_series.csv"))
    else {
        return;
    };
    let (case_ids, xs, ys) = (series.texts("case_id"), series.numbers("x"), series.numbers("y"));
    let [id, kind, params] = ["case_id", "kind", "params"].map(|column| cases.place(column));
    let (mut compared, mut values) = (0, 0);
    for case in cases.rows.iter().filter(|case| &case[kind] == "geometric") {
        let params: serde_json::Value = serde_json::from_str(&case[params]).unwrap();
        let max_lag = usize::try_from(params["l_max"].as_u64().unwrap()).unwrap();
        let direction = match params["mode"].as_str().unwrap() {
            "After" => Direction::After,
            "Before" => Direction::Before,
            "Overlap" => Direction::Overlap,
            other => panic!("unknown mode {other}"),
        };
        let mut adstock = GeometricAdstock::new(max_lag).toward(direction);
        if !params["normalize"].as_bool().unwrap() {
            adstock = adstock.unnormalized();
        }
        let rows: Vec<usize> = (0..xs.len()).filter(|row| case_ids[*row] == case[id]).collect();
        let pressure: Array1<f64> = rows.iter().map(|row| xs[*row]).collect();
        let carried = adstock.apply(pressure.view(), params["alpha"].as_f64().unwrap()).unwrap();
        let worst = deviation(carried, rows.iter().map(|row| ys[*row]));
        assert!(worst <= TOLERANCE, "case {}: {worst:e}", &case[id]);
        compared += 1;
        values += rows.len();
    }
    assert!(compared > 100, "only {compared} cases were found");
    say(&format!("geometric adstock: {compared} cases, {values} values"));
}

#[test]
fn logistic_saturation_equals_pymc_marketing() {
    let Some(table) = Table::read("vectors/pymc_saturation.csv") else { return };
    let (kinds, params) = (table.texts("kind"), table.texts("params"));
    let (x, y, slope) = (table.place("x"), table.place("y"), table.place("dy_dx"));
    let number = |row: usize, place: usize| table.rows[row][place].parse::<f64>().unwrap();
    let rows: Vec<usize> = (0..kinds.len()).filter(|row| kinds[*row] == "logistic").collect();
    for row in rows.iter().copied() {
        let params: serde_json::Value = serde_json::from_str(&params[row]).unwrap();
        let rate = params["lam"].as_f64().unwrap();
        let at = number(row, x);
        let actual = [logistic(at, rate), logistic_slope(at, rate)];
        let worst = deviation(actual, [number(row, y), number(row, slope)]);
        assert!(worst <= TOLERANCE, "row {row}: {worst:e}");
    }
    assert!(rows.len() > 40, "only {} points were found", rows.len());
    say(&format!("logistic saturation: {} points, value and slope", rows.len()));
}
