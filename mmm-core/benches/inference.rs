//! How fast the posterior is drawn, with and without the curvature at the mode, in one run.
//!
//! ```text
//! TENANCY_SHARED=FOLDER cargo bench -p mmm-core --bench inference [-- SEEDS]
//! ```
//!
//! The folder holds `mmm/data`. Every row is one fit with 4 chains of 1000 + 1000 draws.

#[path = "shared/floor.rs"]
mod floor;
mod shared;

use std::{env, error::Error, hint::black_box, time::Instant};

use floor::Floor;
use mmm_core::{
    fit::{FitSettings, Metric},
    model::{ChannelSpec, Knots, Model, ModelSpec, ParameterKind},
};
use shared::{QUICKSTART, SMALL_BUSINESS, Source};

const ROBYN: Source = Source {
    file: "robyn/dt_simulated_weekly.csv",
    date: "DATE",
    kpi: "revenue",
    channels: &["tv_S", "ooh_S", "print_S", "facebook_S", "search_S"],
    controls: &["competitor_sales_B", "newsletter"],
};
const MERIDIAN: Source = Source {
    file: "meridian/national_media.csv",
    date: "time",
    kpi: "conversions",
    channels: &["Channel0_spend", "Channel1_spend", "Channel2_spend", "Channel3_spend"],
    controls: &["competitor_activity_score_control", "sentiment_score_control"],
};

fn main() -> Result<(), Box<dyn Error>> {
    let seeds = env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(3);
    let hill = |knots| ModelSpec { channel: ChannelSpec::hill(), knots, ..ModelSpec::default() };
    println!(
        "{:<22} {:<9} {:>5} {:>7} {:>10} {:>9} {:>9} {:>9} {:>7} {:>5}",
        "model", "metric", "seed", "wall s", "gradients", "min bulk", "min tail", "ESS / s", "R-hat", "div."
    );
    for (name, source, spec) in [
        ("quickstart, logistic", QUICKSTART, ModelSpec::pymc()),
        ("quickstart, Hill", QUICKSTART, hill(Knots::None)),
        ("Meridian, Hill, knots", MERIDIAN, hill(Knots::Even(6))),
        ("Robyn, Hill, knots", ROBYN, hill(Knots::Even(8))),
        ("small business, Hill", SMALL_BUSINESS, hill(Knots::None)),
    ] {
        let model = Model::new(spec, source.load()?)?;
        println!(
            "{name}: {:.2} us a gradient over a floor of {:.2}, {:.1} ms a preview",
            gradient(&model),
            arithmetic(&model),
            preview(&model)
        );
        for seed in 1..=seeds {
            for metric in [Metric::Diagonal, Metric::Laplace] {
                let start = Instant::now();
                let fit = model.fit(&FitSettings { metric, ..FitSettings::seeded(seed) })?;
                let wall = start.elapsed().as_secs_f64();
                let verdict = fit.convergence();
                let (bulk, tail) = (verdict.min_ess_bulk.unwrap_or(0.0), verdict.min_ess_tail.unwrap_or(0.0));
                println!(
                    "{name:<22} {:<9} {seed:>5} {wall:>7.3} {:>10} {bulk:>9.0} {tail:>9.0} {:>9.0} {:>7.4} {:>5}",
                    format!("{metric:?}"),
                    fit.gradient_evaluations(),
                    bulk / wall,
                    verdict.worst_r_hat.unwrap_or(f64::NAN),
                    verdict.divergences
                );
            }
        }
    }
    Ok(())
}

/// Microseconds a gradient takes, the best of many.
fn gradient(model: &Model) -> f64 {
    let mut posterior = model.posterior();
    let point = vec![0.1; model.layout().len()];
    let mut slopes = point.clone();
    best_of(300, || {
        for _ in 0..20 {
            black_box(posterior.log_density(&point, &mut slopes));
        }
    }) * 1e6
        / 20.0
}

/// Microseconds of its arithmetic alone, the best of many.
fn arithmetic(model: &Model) -> f64 {
    let layout = model.layout();
    let columns = [ParameterKind::Level, ParameterKind::Control, ParameterKind::Fourier];
    let columns = columns.into_iter().map(|kind| layout.range(kind).len()).sum();
    let mut floor = Floor::new(model.data().periods(), layout.channels(), model.spec().max_lag, columns);
    best_of(300, || {
        for _ in 0..20 {
            black_box(floor.run());
        }
    }) * 1e6
        / 20.0
}

/// Milliseconds a preview of 1000 draws takes, without effects; the best of ten.
fn preview(model: &Model) -> f64 {
    best_of(10, || drop(black_box(model.preview(1, 1000)))) * 1e3
}

fn best_of(times: usize, mut work: impl FnMut()) -> f64 {
    let time = |_| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    };
    (0..times).map(time).fold(f64::INFINITY, f64::min)
}
