//! How long a budget takes to plan: ten channels, 52 weeks, a thousand draws.
//!
//! ```text
//! cargo bench -p mmm-core --bench budget
//! ```

use std::{error::Error, time::Instant};

use mmm_core::{
    budget::{Budget, Flighting, Objective},
    fit::FitSettings,
    model::{Model, ModelSpec},
    simulate::Scenario,
};

const TIMES: usize = 7;

fn main() -> Result<(), Box<dyn Error>> {
    let names: Vec<String> = (1..=10).map(|channel| format!("channel {channel}")).collect();
    let data = Scenario::weekly(names.iter().map(String::as_str)).weeks(208).seed(1).simulate()?.data;
    let fit = Model::new(ModelSpec::default(), data)?.fit(&FitSettings::seeded(1))?;
    println!("{}", fit.convergence());
    let fit = fit.require_converged()?;
    let start = Instant::now();
    let planner = fit.planner()?;
    println!("{:>8.1} ms: what is left of the fit for planning", start.elapsed().as_secs_f64() * 1e3);
    let year = Budget::default().horizon(52);
    let risk = Objective::ConditionalValueAtRisk { confidence: 0.9 };
    let group = year.clone().group([names[0].as_str(), names[1].as_str()], 0.0, 1e12);
    for (what, budget) in [
        ("expected outcome, today's total", year.clone()),
        ("conditional value at risk", year.clone().objective(risk)),
        ("expected outcome with a group", group),
        ("marginal return of one", Budget::marginal_return(1.0).horizon(52)),
        ("return of one at least", Budget::return_at_least(1.0).horizon(52)),
    ] {
        report(what, || {
            planner.optimize(&budget).map(|plan| plan.gain.mean).map_err(|error| error.to_string())
        });
    }
    for (what, flighting) in [
        ("the same every week, carry-over in and out", Flighting::Even),
        ("an amount per channel and week", Flighting::Free),
    ] {
        report(what, || {
            fit.schedule(&year, flighting).map(|plan| plan.gain.mean).map_err(|error| error.to_string())
        });
    }
    Ok(())
}

/// The best of some runs.
fn report(what: &str, plan: impl Fn() -> Result<f64, String>) {
    let mut best = f64::INFINITY;
    let mut answer = Err(String::new());
    for _ in 0..TIMES {
        let start = Instant::now();
        answer = plan();
        best = best.min(start.elapsed().as_secs_f64() * 1e3);
    }
    match answer {
        Ok(gain) => println!("{best:>8.1} ms: {what}, gain {gain:.0}"),
        Err(error) => println!("{best:>8.1} ms: {what}: {error}"),
    }
}
