//! Results as JSON or as text.

use mmm_core::{
    artifact::Summary,
    budget::Recommendation,
    diagnose::{Convergence, PredictiveDensity},
    effect::{Accuracy, FitMeasures},
};
use serde::Serialize;

use crate::{density::Points, transform::Comparison};

/// Whether a fit can be trusted.
#[derive(Debug, Serialize)]
pub(crate) struct Trust {
    pub(crate) convergence: Convergence,
    pub(crate) energy_mobility: Vec<f64>,
    pub(crate) leave_one_out: PredictiveDensity,
    pub(crate) unreliable_periods: usize,
    pub(crate) waic: PredictiveDensity,
    pub(crate) measures: FitMeasures,
    pub(crate) accuracy: Accuracy,
}

pub(crate) fn summary(summary: &Summary, json: bool) -> anyhow::Result<()> {
    if json {
        return as_json(summary);
    }
    println!("{:<20} {:>14} {:>7} {:>9} {:>20}", "channel", "spend", "share", "return", "90 % interval");
    for channel in &summary.channels {
        let interval = format!("{:.3} .. {:.3}", channel.roi.q5, channel.roi.q95);
        let share = 100.0 * channel.share.mean;
        println!(
            "{:<20} {:>14.2} {share:>6.1}% {:>9.3} {interval:>20}",
            channel.name, channel.spend, channel.roi.mean
        );
    }
    println!("R2 {:.4}, MAPE {:.4}", summary.measures.r_squared, summary.measures.mape);
    verdict(&summary.convergence);
    Ok(())
}

pub(crate) fn trust(trust: &Trust, json: bool) -> anyhow::Result<()> {
    if json {
        return as_json(trust);
    }
    verdict(&trust.convergence);
    let lowest = trust.energy_mobility.iter().copied().fold(f64::INFINITY, f64::min);
    println!("energy: the least mobile chain has {lowest:.2}; below 0.3 it may not reach the tails");
    println!(
        "unseen periods: log density {:.1} with standard error {:.1}, {} of {} terms not reliable",
        trust.leave_one_out.elpd,
        trust.leave_one_out.standard_error,
        trust.unreliable_periods,
        trust.leave_one_out.by_period.len()
    );
    println!("information criterion: {:.1}", trust.waic.elpd);
    println!(
        "seen periods: R2 {:.4}, wMAPE {:.4}, {:.0} % inside the 90 % band",
        trust.measures.r_squared,
        trust.accuracy.wmape,
        100.0 * trust.measures.band_coverage
    );
    Ok(())
}

pub(crate) fn plan(plan: &Recommendation, json: bool) -> anyhow::Result<()> {
    if json {
        return as_json(plan);
    }
    for channel in &plan.channels {
        let mark = if channel.extrapolated { "  beyond what was observed" } else { "" };
        println!("{:<20} {:>14.2} -> {:>14.2} per period{mark}", channel.name, channel.now, channel.plan);
    }
    println!(
        "gain {:.2} ({:.2} .. {:.2}) over {} periods, better with probability {:.3}",
        plan.gain.mean, plan.gain.q5, plan.gain.q95, plan.horizon, plan.p_improvement
    );
    Ok(())
}

pub(crate) fn density(points: &Points, json: bool) -> anyhow::Result<()> {
    if json {
        return as_json(points);
    }
    println!("{:>24} {:>24} {:>10} {:>10}", "log density", "the file's", "relative", "gradient");
    for point in &points.points {
        let gradient = point.gradient_error.map_or_else(|| "-".to_owned(), |error| format!("{error:.1e}"));
        println!(
            "{:>24.14} {:>24.14} {:>10.1e} {gradient:>10}",
            point.log_density, point.expected_log_density, point.relative_error
        );
    }
    Ok(())
}

pub(crate) fn transform(comparison: &Comparison, json: bool) -> anyhow::Result<()> {
    if json {
        return as_json(comparison);
    }
    let Comparison { cases, values, max_error, worst } = comparison;
    println!("{cases} cases, {values} values, largest error {max_error:.1e}");
    if let Some(worst) = worst {
        println!("in {worst}");
    }
    Ok(())
}

fn verdict(convergence: &Convergence) {
    let verdict = if convergence.converged { "converged" } else { "NOT CONVERGED" };
    println!("{verdict}: {convergence}");
}

fn as_json(value: &impl Serialize) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string(value)?);
    Ok(())
}
