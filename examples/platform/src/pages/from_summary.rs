//! Turns the summary of a fit into views and charts; the only place of the pages that knows
//! `mmm-core`.
//!
//! The rule that nothing may be advised from a fit that has not converged is kept here: without
//! convergence [`results`] answers nothing, and [`chart`] gives only the chart of the fit.
//!
//! Figures of all channels together, and each one's part of them, come from joint draws and are in the
//! summary: intervals of a sum are no sum of intervals. A document of an older format has none of
//! them, and what it does not know is left out rather than approximated.

use jiff::Timestamp;
use mmm_core::artifact::Summary;
use mmm_core::data::Date;
use mmm_core::model::Knots;
pub use mmm_core::report::{curves, period};
use mmm_core::report::{decomposition, quality, returns, shares};
use mmm_core::transform::saturation::Saturation;

use crate::charts::{Chart, ResponseCurves, day, sparkline};
use crate::words::{self, Finding, Interval, Unit, capital, fixed};

use super::advice::Advice;
use super::diagnosed;
use super::frame::moment;
use super::overview::{ModelInfo, Results, Sureness, Tile};
use super::run::RunResults;

/// What a summary does not know about its run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFacts {
    /// Id of the run.
    pub run_id: String,
    /// Name of the data source.
    pub source_name: String,
    /// When it was finished.
    pub finished: Timestamp,
    /// A newer run under way, by id.
    pub newer_run: Option<String>,
}

/// The overview of a converged fit; `None` without convergence.
pub fn results(summary: &Summary, facts: &RunFacts) -> Option<Results> {
    if !summary.convergence.converged {
        return None;
    }
    let base = format!("/runs/{}", facts.run_id);
    let (decomposition, returns) = (decomposition(summary), returns(summary));
    let channels = findings(summary);
    let media = summary.media.as_ref();
    let share = media.map(|media| Finding::media_share(&summary.model.kpi, interval(&media.share)));
    let lead = share.into_iter().chain(channels.first().cloned()).collect();
    Some(Results {
        model: model_info(summary, facts),
        newer_run: facts.newer_run.clone(),
        lead,
        channels,
        tiles: tiles(summary),
        decomposition: decomposition.figure(&base),
        roi: returns.figure(&base),
        curves: planned_curves(summary).map(|chart| chart.figure(&base)),
        advice: summary.recommendation.as_ref().map(|plan| Advice::new(summary, plan)),
        sureness: sureness(summary),
    })
}

/// The page of a finished run, converged or not.
pub fn run_results(summary: &Summary, facts: &RunFacts) -> RunResults {
    let converged = summary.convergence.converged;
    let base = format!("/runs/{}", facts.run_id);
    let charts = ["decomposition", "roi", "curves", "fit", "shares"];
    RunResults {
        converged,
        model: model_info(summary, facts),
        fit: fit_sentence(summary),
        findings: if converged { findings(summary) } else { Vec::new() },
        figures: charts.iter().filter_map(|id| chart(summary, id)).map(|chart| chart.figure(&base)).collect(),
        diagnostics: diagnosed::checks(&summary.convergence),
        measures: diagnosed::measures(summary),
        carry_over: diagnosed::carry_over(summary),
        parameters: summary.parameters.iter().map(diagnosed::parameter).collect(),
        sureness: sureness(summary),
    }
}

/// A chart by the name in its address; `None` for an unknown one, and for all but `fit` without
/// convergence.
pub fn chart(summary: &Summary, id: &str) -> Option<Box<dyn Chart>> {
    match id {
        "fit" => Some(Box::new(quality(summary))),
        _ if !summary.convergence.converged => None,
        "decomposition" => Some(Box::new(decomposition(summary))),
        "roi" => Some(Box::new(returns(summary))),
        "curves" => planned_curves(summary).map(|chart| Box::new(chart) as Box<dyn Chart>),
        "shares" => shares(summary).map(|shares| Box::new(shares) as Box<dyn Chart>),
        _ => None,
    }
}

fn planned_curves(summary: &Summary) -> Option<ResponseCurves> {
    curves(summary, summary.recommendation.as_ref()?)
}

/// What each channel returned, and what came without spend.
fn findings(summary: &Summary) -> Vec<Finding> {
    let organic = summary.organic.iter().map(|organic| {
        let (name, share) = (&organic.name, interval(&organic.share));
        let kpi = &summary.model.kpi;
        let sentence = format!(
            "{name} drove {} of {kpi} without spend, so it has no return.",
            share.say(&Unit::Percent)
        );
        Finding::new(name, sentence, share, Unit::Percent)
    });
    returns(summary).findings().into_iter().chain(organic).collect()
}

fn tiles(summary: &Summary) -> Vec<Tile> {
    let media = summary.media.as_ref();
    let kpi = summary.model.kpi.as_str();
    let actual = &summary.over_time.actual;
    let spark = sparkline("spark", &format!("{} per {}", capital(kpi), period(summary)), actual);
    let per = |what: &str| format!("{what}, all channels together");
    let mut tiles = vec![
        Tile::measured(
            &format!("{} over the window", capital(kpi)),
            actual.iter().sum(),
            &Unit::Of(kpi.to_owned()),
        )
        .with_spark(spark),
    ];
    tiles.extend(media.map(|media| {
        let share = interval(&media.share);
        Tile::estimate("Driven by media", share, &Unit::Percent, "the rest would have come anyway")
    }));
    if summary.model.kpi_value.is_some() {
        let clear = summary.channels.iter().filter(|channel| channel.roi.q5 > 1.0).count();
        tiles.extend(media.map(|media| {
            Tile::estimate("Blended return", interval(&media.roi), &Unit::Plain, &per("per unit of spend"))
        }));
        let reliable = || Tile {
            label: "Reliably above break-even".to_owned(),
            value: format!("{clear} of {}", summary.channels.len()),
            range: "channels whose whole 90\u{a0}% interval is above 1".to_owned(),
            note: String::new(),
            spark: None,
        };
        tiles.push(available(summary).unwrap_or_else(reliable));
    } else {
        let label = format!("{} per unit of spend", capital(kpi));
        tiles.extend(media.map(|media| {
            Tile::estimate(&label, interval(&media.roi), &Unit::Plain, &per("what media brought"))
        }));
        let spend = || summary.channels.iter().map(|channel| channel.spend).sum();
        let measured = || Tile::measured("Spend over the window", spend(), &Unit::Plain);
        tiles.push(available(summary).unwrap_or_else(measured));
    }
    tiles
}

/// What another split of the same budget would bring.
fn available(summary: &Summary) -> Option<Tile> {
    let plan = summary.recommendation.as_ref()?;
    let over = words::counted(plan.horizon as u64, period(summary), &format!("{}s", period(summary)));
    let word = words::Confidence::of(plan.p_improvement).as_str();
    let unit = Unit::Of(summary.model.kpi.clone());
    let note = format!("{} over {over}; {word}", summary.model.kpi);
    Some(Tile::estimate("Gain available at the same budget", interval(&plan.gain), &unit, &note))
}

/// Where the numbers of a run come from.
pub fn model_info(summary: &Summary, facts: &RunFacts) -> ModelInfo {
    let dates = &summary.over_time.dates;
    let day = |date: Option<&Date>| date.map_or(String::new(), |date| day(*date));
    let many = format!("{}s", period(summary));
    let count = words::counted(summary.model.periods as u64, period(summary), &many);
    ModelInfo {
        run_id: facts.run_id.clone(),
        source_name: facts.source_name.clone(),
        window: format!("{} to {}, {count}", day(dates.first()), day(dates.last())),
        version: format!("mmm-core {}, seed {}", summary.model.crate_version, summary.model.settings.seed),
        finished: moment(&facts.finished),
    }
}

fn fit_sentence(summary: &Summary) -> String {
    let measures = &summary.measures;
    format!(
        "The model explains {}\u{a0}% of the variation in {} and is off by {}\u{a0}% in a typical {}.",
        fixed(measures.r_squared * 100.0, 0),
        summary.model.kpi,
        fixed(measures.mape * 100.0, 1),
        period(summary)
    )
}

/// How sure the numbers of a run are, and what was assumed.
pub fn sureness(summary: &Summary) -> Sureness {
    let spec = &summary.model.spec;
    let period = period(summary);
    let inside = fixed(summary.measures.band_coverage * 100.0, 0);
    let bends = spec.knots != Knots::None;
    let season = match (spec.fourier_order, spec.trend, bends) {
        (0, _, true) => "The level may bend every half year; no season was modelled.",
        (_, _, true) => "Seasons repeat each year, on a level that may bend every half year.",
        (0, false, _) => "No season and no trend was modelled; slow changes are in the baseline.",
        (0, true, _) => "A straight trend was modelled, but no season.",
        (_, false, _) => "Seasons repeat each year; there is no trend besides them.",
        (_, true, _) => "Seasons repeat each year, on a straight trend.",
    };
    let flattens = match spec.channel.saturation.family {
        Saturation::Hill => "flattens as spend grows, maybe after a slow start",
        _ => "flattens as spend grows",
    };
    let worth = summary.model.kpi_value.map_or_else(
        || "One unit of KPI has no value set, so nothing is said about paying off.".to_owned(),
        |value| format!("One unit of {} is worth {}.", summary.model.kpi, Unit::Plain.say(value)),
    );
    let lag = words::counted(spec.max_lag as u64, period, &format!("{period}s"));
    let controls = match summary.model.controls.len() as u64 {
        0 => "Nothing else that moves the KPI was given; whatever it was is in the baseline.".to_owned(),
        n => format!(
            "{} taken into account; what was not given is in the baseline.",
            words::counted(n, "control was", "controls were")
        ),
    };
    let price = summary.channels.iter().any(|channel| channel.cost_per_unit.is_some());
    let price = price.then(|| "Spend buys exposure at the average price in the data.".to_owned());
    Sureness {
        fit: format!(
            "{} {inside}\u{a0}% of the {period}s lie inside the 90\u{a0}% band.",
            fit_sentence(summary)
        ),
        convergence: diagnosed::sentence(&summary.convergence),
        assumptions: vec![
            format!("The effect of spend fades geometrically over at most {lag} and {flattens}."),
            season.to_owned(),
            controls,
            worth,
        ]
        .into_iter()
        .chain(price)
        .collect(),
    }
}

pub(super) fn interval(of: &mmm_core::effect::Interval) -> Interval {
    Interval::from(of)
}
