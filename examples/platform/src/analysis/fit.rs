//! The computing part of a run: from a source to a summary, on blocking threads, without a database.

use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use mmm_core::artifact::Summary;
use mmm_core::budget::Planner;
use mmm_core::data::Dataset;
use mmm_core::diagnose::Convergence;
use mmm_core::fit::{FitError, FitSettings};
use mmm_core::model::Model;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::ModelChoice;
use crate::ingest::{Channel, Source};
use crate::worker::{Halt, WorkError};

/// What a run is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Stage {
    /// Reading the data once more.
    Checking,
    /// Building the model.
    Preparing,
    /// Drawing from the posterior.
    Sampling,
    /// Computing contributions and intervals.
    Summarising,
}

impl Stage {
    /// All of them, in order.
    pub const ALL: [Self; 4] = [Self::Checking, Self::Preparing, Self::Sampling, Self::Summarising];

    /// Its name, as it is stored and answered.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Checking => "checking",
            Self::Preparing => "preparing",
            Self::Sampling => "sampling",
            Self::Summarising => "summarising",
        }
    }
}

/// How far a fit is: set by the threads that fit, read by whoever reports.
#[derive(Debug, Default)]
pub struct Meter {
    stage: AtomicU8,
    done: AtomicUsize,
    total: AtomicUsize,
}

impl Meter {
    /// Percent of all draws (below 100 until everything is finished) and the stage.
    pub fn read(&self) -> (u8, Stage) {
        let (done, total) = (self.done.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed));
        let percent = (100 * done).checked_div(total).unwrap_or(0).min(99);
        let stage = Stage::ALL[usize::from(self.stage.load(Ordering::Relaxed)).min(3)];
        (u8::try_from(percent).unwrap_or(99), stage)
    }

    fn enter(&self, stage: Stage) {
        self.stage.store(stage as u8, Ordering::Relaxed);
    }
}

/// What a fit leaves.
#[derive(Clone, Debug)]
pub struct Fitted {
    /// The SHA-256 of the data, in hexadecimal.
    pub dataset_hash: String,
    /// Whether the numbers may be acted upon, and why not.
    pub convergence: Convergence,
    /// What a page shows. Without convergence it names no channel's figures.
    pub summary: Summary,
    /// What plans other budgets; only with convergence.
    pub planner: Option<Planner>,
}

/// Fits the chosen model to a source. Blocks; ends within a draw once `halt` is said.
///
/// # Errors
///
/// [`WorkError::Failed`] with the reason in words, [`WorkError::Halted`].
pub fn fit(
    source: &Source,
    choice: ModelChoice,
    settings: &FitSettings,
    meter: &Meter,
    halt: &Halt,
) -> Result<Fitted, WorkError> {
    let dataset_hash = hash(source)?;
    let data = dataset(source)?;

    meter.enter(Stage::Preparing);
    let spec = choice.spec(source);
    let model =
        Model::new(spec, data).map_err(|error| failed("No model can be built from this data", &error))?;

    meter.enter(Stage::Sampling);
    let fit = model.fit_observed(settings, |progress| {
        meter.total.store(progress.draws_total, Ordering::Relaxed);
        meter.done.fetch_max(progress.draws_done, Ordering::Relaxed);
        if halt.is_said() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let fit = fit.map_err(|error| match error {
        FitError::Cancelled => WorkError::Halted,
        error => failed("The model could not be fitted", &error),
    })?;

    meter.enter(Stage::Summarising);
    let summary = fit.summary().map_err(|error| failed("The fit gave no usable figures", &error))?;
    if halt.is_said() {
        return Err(WorkError::Halted);
    }
    let convergence = summary.convergence.clone();
    let summary = if convergence.converged { summary } else { without_advice(summary) };
    let planner = fit.require_converged().ok().and_then(|fit| fit.planner().ok());
    Ok(Fitted { dataset_hash, convergence, summary, planner })
}

/// Data, line and diagnostics stay; whatever would tell what a channel brought is left out.
fn without_advice(mut summary: Summary) -> Summary {
    summary.channels.clear();
    summary.organic.clear();
    summary.media = None;
    summary.recommendation = None;
    summary.over_time.channels.clear();
    summary.over_time.baseline.clear();
    summary.contributions.clear();
    summary
}

fn dataset(source: &Source) -> Result<Dataset, WorkError> {
    let builder =
        Dataset::builder().dates(&source.dates).kpi(&source.kpi.name, source.kpi.values.iter().copied());
    let builder = match source.kpi_value {
        Some(worth) => builder.kpi_value(worth),
        None => builder,
    };
    let builder = source.channels.iter().fold(builder, |builder, Channel { name, spend, exposure }| {
        let spend = spend.iter().copied();
        match exposure {
            Some(exposure) => builder.exposed_channel(name, spend, exposure.iter().copied()),
            None => builder.channel(name, spend),
        }
    });
    let builder = source
        .organic
        .iter()
        .fold(builder, |builder, organic| builder.organic(&organic.name, organic.values.iter().copied()));
    let builder = source
        .controls
        .iter()
        .fold(builder, |builder, control| builder.control(&control.name, control.values.iter().copied()));
    builder.build().map_err(|error| {
        let listed: Vec<String> = error.problems().iter().take(5).map(ToString::to_string).collect();
        let more = error.problems().len().saturating_sub(listed.len());
        let more = if more == 0 { String::new() } else { format!("; and {more} more") };
        WorkError::Failed(format!("This data cannot be fitted: {}{more}.", listed.join("; ")))
    })
}

/// The SHA-256 of the source as JSON: fields in a fixed order, numbers with the digits that tell them
/// apart, so equal data has an equal hash on every machine.
fn hash(source: &Source) -> Result<String, WorkError> {
    let json = serde_json::to_vec(source).map_err(|error| failed("The data cannot be read", &error))?;
    Ok(Sha256::digest(&json).iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

fn failed(what: &str, why: &dyn std::error::Error) -> WorkError {
    WorkError::Failed(format!("{what}: {why}."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::{Frequency, Series};

    /// Sixty weeks of two channels that take turns, beside a newsletter.
    fn source() -> Source {
        let series = |name: &str, of: fn(usize) -> f64| Series {
            name: name.to_owned(),
            values: (0..60).map(of).collect(),
        };
        let channel = |name: &str, of: fn(usize) -> f64| Channel {
            name: name.to_owned(),
            spend: (0..60).map(of).collect(),
            exposure: None,
        };
        Source {
            frequency: Frequency::Weekly,
            dates: jiff::civil::date(2024, 1, 1).series(jiff::Span::new().weeks(1)).take(60).collect(),
            kpi: series("sales", |week| 100.0 + 30.0 * f64::from(week % 3 == 0) + (week * 7 % 11) as f64),
            channels: vec![
                channel("tv", |week| f64::from(week % 3 == 0) * 50.0),
                channel("search", |week| f64::from(week % 2 == 0) * 20.0 + (week % 5) as f64),
            ],
            organic: vec![series("newsletter", |week| (week * 5 % 13) as f64)],
            controls: Vec::new(),
            kpi_value: None,
            geos: None,
        }
    }

    fn settings(draws: usize) -> FitSettings {
        FitSettings { tune: draws, draws, ..FitSettings::seeded(1) }
    }

    #[test]
    fn a_fit_that_did_not_converge_tells_nothing_about_channels() {
        let (_brake, halt) = Halt::new();
        let meter = Meter::default();
        let fitted = fit(&source(), ModelChoice::default(), &settings(50), &meter, &halt).unwrap();
        assert!(!fitted.convergence.converged, "50 draws cannot be enough: {}", fitted.convergence);
        let summary = serde_json::to_value(&fitted.summary).unwrap();
        assert_eq!(summary["channels"], serde_json::json!([]));
        assert_eq!(summary["organic"], serde_json::json!([]));
        assert_eq!(summary["contributions"], serde_json::json!([]));
        assert_eq!(summary["recommendation"], serde_json::Value::Null);
        assert_eq!(fitted.planner, None);
        assert_eq!(summary["over_time"]["channels"], serde_json::json!([]));
        assert_eq!(summary["over_time"]["fitted"].as_array().map(Vec::len), Some(60));
        assert!(!fitted.summary.parameters.is_empty(), "diagnostics stay");
        assert_eq!(meter.read(), (99, Stage::Summarising));
    }

    #[test]
    fn a_halted_fit_ends_within_a_draw() {
        let (brake, halt) = Halt::new();
        drop(brake);
        let begun = std::time::Instant::now();
        let ended = fit(&source(), ModelChoice::default(), &settings(1_000), &Meter::default(), &halt);
        assert!(matches!(ended, Err(WorkError::Halted)), "{ended:?}");
        assert!(begun.elapsed().as_millis() < 1_000, "{:?}", begun.elapsed());
    }

    #[test]
    fn data_without_use_is_refused_in_words() {
        let (_brake, halt) = Halt::new();
        let mut data = source();
        data.channels[0].spend.fill(0.0);
        let ended = fit(&data, ModelChoice::default(), &settings(10), &Meter::default(), &halt);
        let Err(WorkError::Failed(reason)) = ended else { panic!("{ended:?}") };
        assert!(
            reason.starts_with("This data cannot be fitted: column \"tv\": ") && reason.ends_with('.'),
            "{reason}"
        );
    }

    #[test]
    fn equal_data_has_an_equal_hash_and_no_other_has() {
        let (data, mut other) = (source(), source());
        assert_eq!(hash(&data).unwrap(), hash(&other).unwrap());
        other.channels[1].spend[3] += 1e-12;
        assert_ne!(hash(&data).unwrap(), hash(&other).unwrap());
    }
}
