//! One run: its progress while it works, then its results with diagnostics, or why there are none.
//!
//! [`Progress`] is also the JSON of `GET /runs/{id}/progress`, so that page and script say the same.

use std::cmp::Ordering;

use askama::Template;
use serde::Serialize;

use crate::charts::Figure;
use crate::words::{self, Finding, Interval, Unit};

use super::frame::{Frame, asset_version};
use super::overview::{ModelInfo, Sureness};

/// What the page shows.
#[derive(Clone, Debug)]
pub struct RunView {
    /// Id of the run.
    pub id: String,
    /// Name of the data source.
    pub source_name: String,
    /// Id of the data source, for "run again".
    pub source_id: String,
    /// Where it stands.
    pub state: RunState,
    /// Whether the reader may start and cancel runs.
    pub may_run: bool,
}

/// Where a run stands.
#[derive(Clone, Debug)]
pub enum RunState {
    /// Queued or running.
    Working(Progress),
    /// Finished; converged or not, see [`RunResults::converged`].
    Done(Box<RunResults>),
    /// Cancelled by people of the workspace.
    Cancelled {
        /// When.
        at: String,
    },
    /// Stopped with an error.
    Failed {
        /// Why, as a sentence.
        reason: String,
        /// What to do, as a sentence.
        advice: String,
    },
}

/// State word of the progress JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkState {
    /// Waits for a worker.
    Queued,
    /// Is being worked on.
    Running,
    /// Finished.
    Done,
    /// Stopped with an error.
    Failed,
    /// Cancelled by people of the workspace.
    Cancelled,
}

/// What a run is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
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
    /// All stages in order.
    pub const ALL: [Self; 4] = [Self::Checking, Self::Preparing, Self::Sampling, Self::Summarising];

    /// Name in JSON and as the key of the page's list.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Checking => "checking",
            Self::Preparing => "preparing",
            Self::Sampling => "sampling",
            Self::Summarising => "summarising",
        }
    }

    /// What people read.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Checking => "Checking the data",
            Self::Preparing => "Preparing the model",
            Self::Sampling => "Sampling",
            Self::Summarising => "Summarising",
        }
    }

    /// What happens in it.
    pub const fn note(self) -> &'static str {
        match self {
            Self::Checking => "dates, gaps, roles of the columns",
            Self::Preparing => "scales, seasons and priors",
            Self::Sampling => "several independent chains, so that they can disagree",
            Self::Summarising => "effects, returns and intervals",
        }
    }
}

/// How far a run is; the JSON of `GET /runs/{id}/progress`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// Queued, running, done, failed or cancelled.
    pub state: WorkState,
    /// Draws done of all draws, 0 to 100.
    pub percent: u8,
    /// What it is doing.
    pub stage: Stage,
    /// Estimate of the rest.
    pub seconds_left: Option<u64>,
    /// The detail of the stage: "4 chains, 1,200 of 8,000 draws".
    pub detail: String,
    /// "About 25 seconds left", as the page says it; filled by [`Progress::new`].
    pub text: String,
}

impl Progress {
    /// Progress with its sentence.
    pub fn new(
        state: WorkState,
        percent: u8,
        stage: Stage,
        seconds_left: Option<u64>,
        detail: impl Into<String>,
    ) -> Self {
        let text = Self::sentence(state, seconds_left);
        Self { state, percent: percent.min(100), stage, seconds_left, detail: detail.into(), text }
    }

    fn sentence(state: WorkState, seconds_left: Option<u64>) -> String {
        match (state, seconds_left) {
            (WorkState::Queued, _) => "Waiting for a free worker".to_owned(),
            (WorkState::Running, Some(seconds)) => {
                format!("{} left", words::capital(&words::duration(seconds)))
            }
            (WorkState::Running, None) => "Working out how long it takes".to_owned(),
            (WorkState::Done, _) => "Finished".to_owned(),
            (WorkState::Failed, _) => "Stopped".to_owned(),
            (WorkState::Cancelled, _) => "Cancelled".to_owned(),
        }
    }

    /// The stages with their mark, `done`, `current` or `waiting`, and what is said about them.
    pub fn stages(&self) -> [(Stage, &'static str, &str); 4] {
        Stage::ALL.map(|stage| {
            let mark = match (self.state, stage.cmp(&self.stage)) {
                (WorkState::Queued, _) | (_, Ordering::Greater) => "waiting",
                (WorkState::Done, _) | (_, Ordering::Less) => "done",
                (_, Ordering::Equal) => "current",
            };
            let detailed = mark == "current" && !self.detail.is_empty();
            (stage, mark, if detailed { self.detail.as_str() } else { stage.note() })
        })
    }
}

/// What a finished run found.
#[derive(Clone, Debug)]
pub struct RunResults {
    /// Whether all checks passed. Without that, `findings` and charts of returns must stay empty.
    pub converged: bool,
    /// Where the numbers come from.
    pub model: ModelInfo,
    /// How well the model describes the data, one sentence.
    pub fit: String,
    /// One statement per channel.
    pub findings: Vec<Finding>,
    /// Charts in the order of the page.
    pub figures: Vec<Figure>,
    /// Checks in words, failing ones first.
    pub diagnostics: Vec<Diagnostic>,
    /// How well the model describes the data, in words.
    pub measures: Vec<Measure>,
    /// How long each channel's effect lasts.
    pub carry_over: Vec<Measure>,
    /// The parameters, for analysts.
    pub parameters: Vec<Parameter>,
    /// What was assumed.
    pub sureness: Sureness,
}

/// One check of the sampler.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// What was checked: "Chains agree".
    pub name: String,
    /// What was found: "R-hat 1.002; 1.01 is the limit".
    pub found: String,
    /// Whether it passed.
    pub passed: bool,
    /// What to do if it did not; empty otherwise.
    pub advice: String,
}

/// One figure in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Measure {
    /// What is measured.
    pub name: String,
    /// What was found.
    pub found: String,
}

/// One parameter of the model.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Parameter {
    /// Name: "Search: half-life".
    pub name: String,
    /// Its interval.
    pub value: Interval,
    /// Rank-normalised split R-hat.
    pub r_hat: f64,
    /// Bulk effective sample size.
    pub ess_bulk: f64,
    /// Tail effective sample size.
    pub ess_tail: f64,
}

impl RunResults {
    /// "Show 14 parameters".
    pub(crate) fn parameters_label(&self) -> String {
        format!("Show {}", words::counted(self.parameters.len() as u64, "parameter", "parameters"))
    }

    /// Charts over time: the wide column.
    pub(crate) fn over_time(&self) -> impl Iterator<Item = &Figure> {
        self.figures.iter().filter(|figure| !is_by_channel(figure))
    }

    /// Charts with a row per channel: the narrow column beside it.
    pub(crate) fn by_channel(&self) -> impl Iterator<Item = &Figure> {
        self.figures.iter().filter(|figure| is_by_channel(figure))
    }
}

fn is_by_channel(figure: &Figure) -> bool {
    matches!(figure.id, "roi" | "shares")
}

impl Parameter {
    /// `2.1 (90 %: 1.7 to 2.4)`.
    pub fn said(&self) -> String {
        self.value.say(&Unit::Plain)
    }

    /// R-hat with three decimals.
    pub fn r_hat_text(&self) -> String {
        words::fixed(self.r_hat, 3)
    }

    /// The smaller of the two sample sizes.
    pub fn ess_text(&self) -> String {
        words::fixed(self.ess_bulk.min(self.ess_tail), 0)
    }
}

impl RunView {
    /// The page.
    pub fn render(&self, frame: &Frame) -> Result<String, askama::Error> {
        Page { frame, view: self, assets: asset_version() }.render()
    }
}

#[derive(Template)]
#[template(path = "run.html")]
struct Page<'a> {
    frame: &'a Frame,
    view: &'a RunView,
    assets: String,
}
