//! How fast Meridian's own model of several geos is drawn from, on Meridian's simulated data.
//!
//! ```text
//! TENANCY_SHARED=FOLDER cargo bench -p mmm-core --bench geo [-- GEOS KNOTS SEEDS]
//! ```
//!
//! The folder holds `mmm/data`. Every row is one fit with 4 chains of 1000 + 1000 draws of
//! `GeoSpec::meridian()` with evenly spaced knots; memory is the most the process has held so far. A single
//! geo stands for the nation of `national_all_channels.csv`.

use std::{env, error::Error, fs, hint::black_box, path::PathBuf, time::Instant};

use mmm_core::{
    data::Panel,
    fit::FitSettings,
    geo::{GeoKnots, GeoModel, GeoSpec},
};

/// Number of geos, knots and seeds.
struct Job {
    geos: usize,
    knots: usize,
    seeds: u64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let numbers: Vec<usize> = env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let jobs = match numbers.as_slice() {
        [] => [1, 10, 40].map(|geos| Job { geos, knots: 16, seeds: 1 }).into(),
        [geos, rest @ ..] => {
            let (knots, seeds) = (rest.first().copied().unwrap_or(16), rest.get(1).copied().unwrap_or(1));
            vec![Job { geos: *geos, knots, seeds: seeds as u64 }]
        }
    };
    println!(
        "{:>4} {:>5} {:>6} {:>8} {:>4} {:>7} {:>9} {:>8} {:>8} {:>8} {:>7} {:>4} {:>5}",
        "geos",
        "knots",
        "params",
        "us/grad",
        "seed",
        "wall s",
        "gradients",
        "bulk",
        "tail",
        "ESS / s",
        "R-hat",
        "div",
        "MB"
    );
    for Job { geos, knots, seeds } in jobs {
        let mut spec = GeoSpec::meridian();
        spec.level.knots = GeoKnots::Even(knots);
        let model = GeoModel::new(spec, load(geos)?)?;
        let cost = gradient(&model);
        for seed in 1..=seeds {
            let start = Instant::now();
            let fit = model.fit(&FitSettings::seeded(seed))?;
            let wall = start.elapsed().as_secs_f64();
            let verdict = fit.convergence();
            let (bulk, tail) = (verdict.min_ess_bulk.unwrap_or(0.0), verdict.min_ess_tail.unwrap_or(0.0));
            println!(
                "{geos:>4} {knots:>5} {:>6} {cost:>8.1} {seed:>4} {wall:>7.2} {:>9} {bulk:>8.0} {tail:>8.0} {:>8.1} {:>7.4} {:>4} {:>5.0}",
                model.names().len(),
                fit.gradient_evaluations(),
                bulk / wall,
                verdict.worst_r_hat.unwrap_or(f64::NAN),
                verdict.divergences,
                peak_megabytes()
            );
            println!("     {verdict}");
        }
    }
    Ok(())
}

/// Microseconds a gradient takes, the best of many.
fn gradient(model: &GeoModel) -> f64 {
    let mut posterior = model.posterior();
    let point = vec![0.1; model.names().len()];
    let mut slopes = point.clone();
    let mut best = f64::INFINITY;
    for _ in 0..50 {
        let start = Instant::now();
        black_box(posterior.log_density(&point, &mut slopes));
        best = best.min(start.elapsed().as_secs_f64());
    }
    best * 1e6
}

/// The most memory this process has held, where the system says.
fn peak_megabytes() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.map_or(f64::NAN, |kilobytes| kilobytes / 1024.0)
}

/// The first geos of the file, or the nation.
fn load(geos: usize) -> Result<Panel, Box<dyn Error>> {
    let shared = env::var_os("TENANCY_SHARED").ok_or("name the folder in TENANCY_SHARED")?;
    let file = if geos == 1 { "national_all_channels.csv" } else { "geo_all_channels.csv" };
    let mut reader = csv::Reader::from_path(PathBuf::from(shared).join("mmm/data/meridian").join(file))?;
    let headers = reader.headers()?.clone();
    let place = |name: &str| headers.iter().position(|header| header == name);
    let mut rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>()?;
    if let Some(geo) = place("geo") {
        let mut kept: Vec<String> = Vec::new();
        rows.retain(|row| {
            let known = kept.iter().any(|name| name == &row[geo]);
            if !known && kept.len() < geos {
                kept.push(row[geo].to_owned());
            }
            known || kept.last().is_some_and(|name| name == &row[geo])
        });
    }
    let texts = |name: &str| -> Result<Vec<&str>, Box<dyn Error>> {
        let place = place(name).ok_or_else(|| format!("no column {name}"))?;
        Ok(rows.iter().map(|row| &row[place]).collect())
    };
    let column = |name: &str| -> Result<Vec<f64>, Box<dyn Error>> {
        Ok(texts(name)?.into_iter().map(str::parse).collect::<Result<_, _>>()?)
    };
    let mut builder = if place("geo").is_some() {
        Panel::builder().rows(texts("geo")?, texts("time")?).population(column("population")?)
    } else {
        Panel::builder().national(texts("time")?)
    };
    builder = builder.kpi("conversions", column("conversions")?).worth(column("revenue_per_conversion")?);
    for channel in 0..5 {
        let name = format!("Channel{channel}");
        let (spend, seen) = (column(&format!("{name}_spend"))?, column(&format!("{name}_impression"))?);
        builder = builder.exposed_channel(name, spend, seen);
    }
    builder = builder
        .organic("Organic_channel0", column("Organic_channel0_impression")?)
        .treatment("Promo", column("Promo")?);
    for name in ["competitor_sales_control", "sentiment_score_control"] {
        builder = builder.control(name, column(name)?);
    }
    Ok(builder.build()?)
}
