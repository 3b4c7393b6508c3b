//! Results as JSON or as text.

use mmm_core::{
    artifact::Summary,
    budget::{Recommendation, Schedule},
    data::Exploration,
    diagnose::{Convergence, Influence},
};
use serde::Serialize;

use crate::{
    density::Points,
    transform::Comparison,
    validate::{Refits, Trust},
};

pub(crate) fn exploration(seen: &Exploration, json: bool) -> anyhow::Result<()> {
    if json {
        return as_json(seen);
    }
    let span = seen.span.map_or(String::new(), |(first, last)| format!(" from {first} to {last}"));
    println!("{} periods{span}", seen.periods);
    println!(
        "{:<20} {:>9} {:>14} {:>14} {:>14} {:>7} {:>8} {:>8}",
        "column", "kind", "total", "mean", "sd", "zeros", "with KPI", "VIF"
    );
    for column in &seen.columns {
        let kind = format!("{:?}", column.kind).to_lowercase();
        let inflation = column.variance_inflation.map_or_else(|| "-".to_owned(), |vif| format!("{vif:.1}"));
        println!(
            "{:<20} {kind:>9} {:>14.2} {:>14.2} {:>14.2} {:>6.0}% {:>8.2} {inflation:>8}",
            column.name,
            column.total,
            column.mean,
            column.sd,
            100.0 * column.zeros,
            column.with_kpi
        );
    }
    for note in &seen.notes {
        println!("note: {} {}", note.column, note.message);
    }
    Ok(())
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
    for check in trust.predictive_checks.iter().filter(|check| check.is_extreme()) {
        println!(
            "the model would hardly have produced the KPI's {:?}: p {:.3}",
            check.statistic, check.p_value
        );
    }
    for (shift, sensitivity) in trust.prior_shift.iter().zip(&trust.sensitivity) {
        let who = match sensitivity.influence {
            Influence::Data => "the data decide",
            Influence::Prior => "the priors decide",
            Influence::Both => "priors and data pull at it",
        };
        println!("{:<20} moved {:.2} from its prior; {who}", shift.name, shift.distance);
    }
    println!("health {:.0} of 100", trust.health.score);
    for component in &trust.health.components {
        let name = format!("{:?}", component.name).to_lowercase();
        println!("  {name:<14} {:>4.0}  {}", component.score, component.message);
    }
    if let Some(refits) = &trust.refits {
        fitted_again(refits);
    }
    Ok(())
}

fn fitted_again(refits: &Refits) {
    let Refits { unseen, refresh, perturbation, placebo, recovery } = refits;
    println!(
        "unseen periods, {} times: wMAPE {:.4} (without a model {:.4}), {:.0} % inside the 90 % band",
        unseen.folds.len(),
        unseen.mean.wmape,
        unseen.mean.naive_wmape,
        100.0 * unseen.mean.band_coverage
    );
    for (what, stability) in [("newest periods added", refresh), ("spend measured 5 % wrong", perturbation)] {
        println!("{what}: contributions change by {:.1} % at most", 100.0 * stability.worst_change());
    }
    println!(
        "a channel that never was brings less than {} with probability {:.3}",
        placebo.imitates, placebo.p_below
    );
    println!("its own findings as the truth: {:.0} % found in the 90 % intervals", 100.0 * recovery.coverage);
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
    if let Some(regret) = plan.regret {
        println!(
            "regret {:.2} ({:.2} .. {:.2}): what knowing the truth would add",
            regret.mean, regret.q5, regret.q95
        );
    }
    Ok(())
}

pub(crate) fn schedule(schedule: &Schedule, json: bool) -> anyhow::Result<()> {
    if json {
        return as_json(schedule);
    }
    for channel in &schedule.channels {
        let mark = if channel.extrapolated { "  beyond what was observed" } else { "" };
        let amounts: Vec<String> = channel.spend.iter().map(|amount| format!("{amount:.2}")).collect();
        println!("{:<20} {}{mark}", channel.name, amounts.join(" "));
    }
    println!(
        "gain {:.2} ({:.2} .. {:.2}) over {} periods and after, better with probability {:.3}",
        schedule.gain.mean, schedule.gain.q5, schedule.gain.q95, schedule.horizon, schedule.p_improvement
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
