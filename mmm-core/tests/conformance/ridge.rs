//! The penalties of Robyn.

use mmm_core::ridge::penalties;

use crate::shared::{Table, deviation, say};

#[test]
fn penalties_equal_robyn() {
    let (Some(data), Some(expected)) =
        (Table::read("data/robyn/dt_simulated_weekly.csv"), Table::read("vectors/robyn_lambda_seq.csv"))
    else {
        return;
    };
    // Every numeric column of the file but the target.
    let columns = [
        "tv_S",
        "ooh_S",
        "print_S",
        "facebook_I",
        "search_clicks_P",
        "search_S",
        "competitor_sales_B",
        "facebook_S",
        "newsletter",
    ];
    let columns: Vec<Vec<f64>> = columns.iter().map(|name| data.numbers(name)).collect();
    let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let expected = expected.numbers("lambda");
    let found = penalties(&columns, &data.numbers("revenue"), expected.len());
    let ratios: Vec<f64> = found.iter().zip(&expected).map(|(found, expected)| found / expected).collect();
    let off = deviation(ratios, vec![1.0; expected.len()]);
    assert!(off <= 1e-12, "off by {off:e}");
    assert_eq!(expected.len(), 100);
    say(&format!("Robyn's penalties: {} within {off:.1e}", expected.len()));
}
