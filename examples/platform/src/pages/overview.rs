//! The first page: what worked, as a sentence; four tiles; what drove the KPI and what each channel
//! returned; how sure that is. Until there is a result it says what to do next.

use askama::Template;

use crate::charts::Figure;
use crate::words::{Finding, Interval, Unit};

use super::advice::Advice;
use super::frame::{Frame, asset_version};
use super::run::{Diagnostic, Progress};

/// What the page shows.
#[derive(Clone, Debug)]
pub struct OverviewView {
    /// Where the workspace stands.
    pub state: OverviewState,
}

/// Where a workspace stands.
#[derive(Clone, Debug)]
pub enum OverviewState {
    /// Nothing was uploaded.
    Empty,
    /// Data is ready, no run was started.
    DataReady {
        /// Id of the source.
        source_id: String,
        /// Its name.
        source_name: String,
    },
    /// The first run is under way.
    Running {
        /// Id of the run.
        run_id: String,
        /// How far it is.
        progress: Progress,
    },
    /// The only finished run did not converge: no advice.
    NotConverged {
        /// Id of the run.
        run_id: String,
        /// The failing checks.
        failing: Vec<Diagnostic>,
    },
    /// The only finished run failed.
    Failed {
        /// Id of the run.
        run_id: String,
        /// Why, as a sentence.
        reason: String,
    },
    /// There is a result.
    Ready(Box<Results>),
}

/// A finished and converged result.
#[derive(Clone, Debug)]
pub struct Results {
    /// Where the numbers come from.
    pub model: ModelInfo,
    /// A newer run under way, by id.
    pub newer_run: Option<String>,
    /// The answer, first line of the page: one or two statements.
    pub lead: Vec<Finding>,
    /// One statement per channel, best first.
    pub channels: Vec<Finding>,
    /// Four tiles.
    pub tiles: Vec<Tile>,
    /// What drove the KPI.
    pub decomposition: Figure,
    /// What each channel returned.
    pub roi: Figure,
    /// What more or less spend would bring; none where the plan or the run does not have it.
    pub curves: Option<Figure>,
    /// How the same budget is best split; none likewise.
    pub advice: Option<Advice>,
    /// How sure, and what was assumed.
    pub sureness: Sureness,
}

/// Where the numbers come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelInfo {
    /// Id of the run.
    pub run_id: String,
    /// Name of the data source.
    pub source_name: String,
    /// First and last day: "2 Apr 2018 to 30 Aug 2021".
    pub window: String,
    /// Version of the model: "mmm-core 0.1.0, seed 42".
    pub version: String,
    /// When it was finished, in words.
    pub finished: String,
}

/// One large number.
#[derive(Clone, Debug, PartialEq)]
pub struct Tile {
    /// What it is.
    pub label: String,
    /// The number.
    pub value: String,
    /// Its interval, or that it was measured.
    pub range: String,
    /// What it means, in a few words.
    pub note: String,
    /// A small line, as SVG from [`sparkline`](crate::charts::sparkline).
    pub spark: Option<String>,
}

impl Tile {
    /// An estimate: the number with its interval.
    pub fn estimate(label: &str, value: Interval, unit: &Unit, note: &str) -> Self {
        Self {
            label: label.to_owned(),
            value: value.say_mean(unit),
            range: value.say_range(unit),
            note: note.to_owned(),
            spark: None,
        }
    }

    /// A measured number, which has no interval; shortened, with the exact number in the note.
    pub fn measured(label: &str, value: f64, unit: &Unit) -> Self {
        Self {
            label: label.to_owned(),
            value: unit.say_short(value),
            range: "measured, no interval".to_owned(),
            note: if value.abs() < 1e6 { String::new() } else { unit.say(value) },
            spark: None,
        }
    }

    /// The same tile with a small line.
    #[must_use]
    pub fn with_spark(mut self, svg: String) -> Self {
        self.spark = Some(svg);
        self
    }
}

/// How sure, and what was assumed: the last block of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sureness {
    /// How well the model describes the data.
    pub fit: String,
    /// Whether the sampler agreed with itself.
    pub convergence: String,
    /// What was assumed, one sentence each.
    pub assumptions: Vec<String>,
}

impl OverviewView {
    /// The page.
    pub fn render(&self, frame: &Frame) -> Result<String, askama::Error> {
        Page { frame, view: self, assets: asset_version() }.render()
    }
}

#[derive(Template)]
#[template(path = "overview.html")]
struct Page<'a> {
    frame: &'a Frame,
    view: &'a OverviewView,
    assets: String,
}
