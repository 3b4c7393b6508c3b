//! Turns the summary of a fit into views and charts; the only place of the pages that knows
//! `mmm-core`.
//!
//! The rule that nothing may be advised from a fit that has not converged is kept here: without
//! convergence [`results`] answers nothing, and [`chart`] gives only the chart of the fit.
//!
//! Totals over channels and shares among them come from joint draws. A summary of the first format
//! has none: there [`Totals`] adds up the ends of the channels' intervals, which is right for the mean
//! and wider than the joint interval where channels are estimated at each other's cost, the usual
//! case. The page says so under what was assumed.

use jiff::Timestamp;
use jiff::civil::Date;
use mmm_core::artifact::Summary;
use mmm_core::data::Frequency;

use crate::charts::{Chart, Decomposition, Fit, Layer, Returns, RoiRow, ShareRow, Shares, sparkline};
use crate::words::{self, Finding, Interval, Unit, capital, fixed};

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
    let channels = returns.findings();
    let totals = Totals::of(summary);
    let mut lead = vec![Finding::media_share(&summary.model.kpi, totals.share)];
    lead.extend(channels.first().cloned());
    Some(Results {
        model: model_info(summary, facts),
        newer_run: facts.newer_run.clone(),
        lead,
        channels,
        tiles: tiles(summary, &totals),
        decomposition: decomposition.figure(&base),
        roi: returns.figure(&base),
        sureness: sureness(summary),
    })
}

/// The page of a finished run, converged or not.
pub fn run_results(summary: &Summary, facts: &RunFacts) -> RunResults {
    let converged = summary.convergence.converged;
    let base = format!("/runs/{}", facts.run_id);
    let charts = ["decomposition", "roi", "fit", "shares"];
    RunResults {
        converged,
        model: model_info(summary, facts),
        fit: fit_sentence(summary),
        findings: if converged { returns(summary).findings() } else { Vec::new() },
        figures: charts.iter().filter_map(|id| chart(summary, id)).map(|chart| chart.figure(&base)).collect(),
        diagnostics: diagnosed::checks(&summary.convergence),
        parameters: summary.parameters.iter().map(diagnosed::parameter).collect(),
        sureness: sureness(summary),
    }
}

/// A chart by the name in its address; `None` for an unknown one, and for all but `fit` without
/// convergence.
pub fn chart(summary: &Summary, id: &str) -> Option<Box<dyn Chart>> {
    match id {
        "fit" => Some(Box::new(fit(summary))),
        _ if !summary.convergence.converged => None,
        "decomposition" => Some(Box::new(decomposition(summary))),
        "roi" => Some(Box::new(returns(summary))),
        "shares" => Some(Box::new(shares(summary))),
        _ => None,
    }
}

/// All channels together.
struct Totals {
    spend: f64,
    share: Interval,
    roi: Interval,
}

impl Totals {
    fn of(summary: &Summary) -> Self {
        if let Some(media) = &summary.media {
            return Self { spend: media.spend, share: interval(&media.share), roi: interval(&media.roi) };
        }
        let spend: f64 = summary.channels.iter().map(|channel| channel.spend).sum();
        let add = |figure: fn(&mmm_core::effect::Interval) -> f64, of_share: bool| -> f64 {
            summary.channels.iter().map(|c| figure(if of_share { &c.share } else { &c.contribution })).sum()
        };
        let sum = |of_share| {
            Interval::new(add(|i| i.mean, of_share), add(|i| i.q5, of_share), add(|i| i.q95, of_share))
        };
        let worth = summary.model.kpi_value.unwrap_or(1.0);
        Self { spend, share: sum(true), roi: sum(false).scaled(worth / spend) }
    }
}

fn tiles(summary: &Summary, totals: &Totals) -> Vec<Tile> {
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
        Tile::estimate("Driven by media", totals.share, &Unit::Percent, "the rest would have come anyway"),
    ];
    if summary.model.kpi_value.is_some() {
        let clear = summary.channels.iter().filter(|channel| channel.roi.q5 > 1.0).count();
        tiles.push(Tile::estimate("Blended return", totals.roi, &Unit::Plain, &per("per unit of spend")));
        tiles.push(Tile {
            label: "Reliably above break-even".to_owned(),
            value: format!("{clear} of {}", summary.channels.len()),
            range: "channels whose whole 90\u{a0}% interval is above 1".to_owned(),
            note: String::new(),
            spark: None,
        });
    } else {
        let label = format!("{} per unit of spend", capital(kpi));
        tiles.push(Tile::estimate(&label, totals.roi, &Unit::Plain, &per("what media brought")));
        tiles.push(Tile::measured("Spend over the window", totals.spend, &Unit::Plain));
    }
    tiles
}

fn decomposition(summary: &Summary) -> Decomposition {
    let over_time = &summary.over_time;
    let layer = |(colour, channel): (usize, &mmm_core::artifact::ChannelSeries)| Layer {
        name: channel.name.clone(),
        colour,
        effect: channel.mean.clone(),
    };
    Decomposition {
        kpi: summary.model.kpi.clone(),
        period: period(summary).to_owned(),
        dates: dates(summary),
        baseline: over_time.baseline.clone(),
        channels: over_time.channels.iter().enumerate().map(layer).collect(),
        actual: over_time.actual.clone(),
        q5: over_time.band_low.clone(),
        q95: over_time.band_high.clone(),
        media_share: Totals::of(summary).share,
    }
}

fn returns(summary: &Summary) -> Returns {
    let row = |(colour, channel): (usize, &mmm_core::artifact::ChannelSummary)| RoiRow {
        name: channel.name.clone(),
        colour,
        roi: interval(&channel.roi),
        p_above_break_even: channel.p_above_break_even,
        prior: None,
    };
    Returns {
        kpi: summary.model.kpi.clone(),
        has_value: summary.model.kpi_value.is_some(),
        rows: summary.channels.iter().enumerate().map(row).collect(),
    }
}

fn fit(summary: &Summary) -> Fit {
    let over_time = &summary.over_time;
    Fit {
        kpi: summary.model.kpi.clone(),
        period: period(summary).to_owned(),
        dates: dates(summary),
        actual: over_time.actual.clone(),
        predicted: over_time.fitted.clone(),
        q5: over_time.band_low.clone(),
        q95: over_time.band_high.clone(),
        r2: summary.measures.r_squared,
        mape: summary.measures.mape,
    }
}

/// The part of a channel in the effect of all; without joint draws low against the others' high, and
/// the other way round.
fn shares(summary: &Summary) -> Shares {
    let sum = |figure: fn(&mmm_core::effect::Interval) -> f64| -> f64 {
        summary.channels.iter().map(|channel| figure(&channel.contribution)).sum()
    };
    let (mean, low, high) = (sum(|i| i.mean), sum(|i| i.q5), sum(|i| i.q95));
    let part = |own: f64, all: f64| if all == 0.0 { 0.0 } else { own / all };
    let row = |(colour, channel): (usize, &mmm_core::artifact::ChannelSummary)| {
        let own = &channel.contribution;
        ShareRow {
            name: channel.name.clone(),
            colour,
            spend: channel.spend,
            effect: channel.effect_share.as_ref().map_or_else(
                || {
                    Interval::new(
                        part(own.mean, mean),
                        part(own.q5, own.q5 + high - own.q95),
                        part(own.q95, own.q95 + low - own.q5),
                    )
                },
                interval,
            ),
        }
    };
    Shares { rows: summary.channels.iter().enumerate().map(row).collect() }
}

fn model_info(summary: &Summary, facts: &RunFacts) -> ModelInfo {
    let dates = dates(summary);
    let day = |date: Option<&Date>| date.map_or(String::new(), |d| d.strftime("%-d %b %Y").to_string());
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

fn sureness(summary: &Summary) -> Sureness {
    let spec = &summary.model.spec;
    let period = period(summary);
    let inside = fixed(summary.measures.band_coverage * 100.0, 0);
    let season = match (spec.fourier_order, spec.trend) {
        (0, false) => "No season and no trend was modelled; slow changes are in the baseline.",
        (0, true) => "A straight trend was modelled, but no season.",
        (_, false) => "Seasons repeat each year; there is no trend besides them.",
        (_, true) => "Seasons repeat each year, on a straight trend.",
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
    let mut assumptions = vec![
        format!("The effect of spend fades geometrically over at most {lag} and saturates as spend grows."),
        season.to_owned(),
        controls,
        worth,
    ];
    if summary.media.is_none() {
        assumptions.push(
            "Intervals of all channels together add up those of each channel, which makes them rather too wide \
             than too narrow."
                .to_owned(),
        );
    }
    Sureness {
        fit: format!(
            "{} {inside}\u{a0}% of the {period}s lie inside the 90\u{a0}% band.",
            fit_sentence(summary)
        ),
        convergence: diagnosed::sentence(&summary.convergence),
        assumptions,
    }
}

const fn period(summary: &Summary) -> &'static str {
    match summary.model.frequency {
        Frequency::Daily => "day",
        Frequency::Weekly => "week",
    }
}

/// Dates pass between the crates as text; what `mmm-core` writes is always `YYYY-MM-DD`.
fn dates(summary: &Summary) -> Vec<Date> {
    summary.over_time.dates.iter().map(|date| date.to_string().parse().unwrap_or_default()).collect()
}

fn interval(of: &mmm_core::effect::Interval) -> Interval {
    Interval::new(of.mean, of.q5, of.q95)
}
