//! Fits a CSV file and prints its returns.
use std::{ops::ControlFlow, time::Instant};
use mmm_core::{data::Dataset, fit::FitSettings, model::{Model, ModelSpec}};
fn main() {
    let path = std::env::args().nth(1).unwrap();
    let mut reader = csv::Reader::from_path(path).unwrap();
    let headers = reader.headers().unwrap().clone();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let col = |n: &str| -> Vec<f64> { let i = headers.iter().position(|h| h == n).unwrap(); rows.iter().map(|r| r[i].parse().unwrap()).collect() };
    let dates: Vec<String> = rows.iter().map(|r| r[0].to_owned()).collect();
    let data = Dataset::builder().dates(dates).kpi("y", col("y")).channel("x1", col("x1")).channel("x2", col("x2"))
        .control("event_1", col("event_1")).control("event_2", col("event_2")).control("t", col("t")).build().unwrap();
    let model = Model::new(ModelSpec::pymc(), data).unwrap();
    for seed in 1..=5 {
        let t = Instant::now();
        let fit = model.fit_observed(&FitSettings::seeded(seed), |_| ControlFlow::Continue(())).unwrap();
        println!("seed {seed} {:?} div {:?}", t.elapsed(), fit.divergences());
        let t = Instant::now(); let d = fit.diagnostics(); println!("diag {:?}", t.elapsed());
        let t = Instant::now(); let e = fit.effects(); println!("effects {:?}", t.elapsed());
        let s = mmm_core::artifact::Summary::new(&fit, &d, &e).unwrap();
        println!("{}", s.convergence); println!("{:?} {:?} {:?}", s.measures, s.convergence.min_ess_bulk, s.convergence.min_ess_tail);
        for q in d.all() { if q.ess_bulk < 1200.0 || q.ess_tail < 1000.0 { println!("   {} {:.4} {:.0} {:.0}", q.name, q.r_hat, q.ess_bulk, q.ess_tail); } }
        let p = fit.parameters();
        for (i, n) in model.layout().names().iter().enumerate() {
            let v = p.index_axis(ndarray::Axis(2), i);
            if seed==1 {println!("  {n} {:.4} {:.4}", v.mean().unwrap(), v.std(1.0));}
        }
    }
}
