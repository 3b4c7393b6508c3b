//! Simulation-based calibration of the default model: does a 90 % interval hold the truth nine times in
//! ten?
//!
//! ```text
//! cargo run --release -p mmm-core --example calibration -- [FITS] [SEED]
//! ```
//!
//! Truths are drawn from the priors, a KPI is invented with each, and each is fitted. What was found is in
//! the documentation of [`mmm_core::validate`].

use std::{env, error::Error, time::Instant};

use mmm_core::{
    model::{ChannelSpec, Model, ModelSpec, Prior},
    simulate::Scenario,
    validate::Study,
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let fits = arguments.next().map_or(Ok(1000), |text| text.parse())?;
    let seed = arguments.next().map_or(Ok(1), |text| text.parse())?;
    let start = Instant::now();
    let result = Study::of(fits, seed).run(&model()?, |done| {
        if done % 100 == 0 {
            eprintln!("{done} fits after {:.0} s", start.elapsed().as_secs_f64());
        }
    })?;
    println!("{:<28} {:>9} {:>10}", "quantity", "coverage", "p of ranks");
    for of in &result.quantities {
        println!("{:<28} {:>8.1}% {:>10.4}", of.name, 100.0 * of.coverage, of.p_value);
    }
    println!(
        "{} fits, {} with divergences, {:.1} s; pooled coverage {:.2} %; band of one quantity {:.1} % to {:.1} %, \
         {} outside; smallest p {:.1e}",
        result.fits,
        result.diverged,
        start.elapsed().as_secs_f64(),
        100.0 * result.pooled_coverage,
        100.0 * result.band.0,
        100.0 * result.band.1,
        result.outside().count(),
        result.worst_p_value()
    );
    Ok(())
}

/// Two channels over a year and a half, with priors as wide as a national model's usually are.
fn model() -> Result<Model, Box<dyn Error>> {
    let data = Scenario::weekly(["tv", "search"]).weeks(78).seed(1).simulate()?.data;
    let spec = ModelSpec {
        fourier_order: 1,
        channel: ChannelSpec { beta: Prior::HalfNormal { sd: 0.3 }, ..ChannelSpec::default() },
        intercept: Prior::Normal { mean: 0.5, sd: 0.2 },
        control: Prior::Normal { mean: 0.0, sd: 0.1 },
        fourier: Prior::Laplace { location: 0.0, scale: 0.05 },
        sigma: Prior::HalfNormal { sd: 0.1 },
        ..ModelSpec::default()
    };
    Ok(Model::new(spec, data)?)
}
