//! The list of runs, newest first: of a whole workspace, and of one data source.

use askama::Template;
use jiff::Timestamp;

use super::frame::{Frame, asset_version, moment};

/// What the page shows.
#[derive(Clone, Debug)]
pub struct RunsView {
    /// Newest first.
    pub runs: Vec<RunRow>,
}

/// One run in a list.
#[derive(Clone, Debug)]
pub struct RunRow {
    /// Id of the run.
    pub id: String,
    /// Name of its data source.
    pub source_name: String,
    /// When it was asked for.
    pub started: Timestamp,
    /// Where it stands.
    pub outcome: RunOutcome,
}

/// Where a run of a list stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunOutcome {
    /// Waits for a worker.
    Queued,
    /// Is being worked on; percent.
    Running(u8),
    /// Finished and converged.
    Done,
    /// Finished, but the chains do not agree.
    NotConverged,
    /// Stopped with an error.
    Failed,
    /// Cancelled by people of the workspace.
    Cancelled,
}

impl RunRow {
    /// The state in words.
    pub fn word(&self) -> String {
        match self.outcome {
            RunOutcome::Queued => "Queued".to_owned(),
            RunOutcome::Running(percent) => format!("Running, {percent}\u{a0}%"),
            RunOutcome::Done => "Done".to_owned(),
            RunOutcome::NotConverged => "Not converged".to_owned(),
            RunOutcome::Failed => "Failed".to_owned(),
            RunOutcome::Cancelled => "Cancelled".to_owned(),
        }
    }

    /// Class of its badge.
    pub const fn class(&self) -> &'static str {
        match self.outcome {
            RunOutcome::Queued | RunOutcome::Cancelled => "quiet",
            RunOutcome::Running(_) => "info",
            RunOutcome::Done => "good",
            RunOutcome::NotConverged => "warn",
            RunOutcome::Failed => "bad",
        }
    }

    /// When it was asked for.
    pub fn started_text(&self) -> String {
        moment(&self.started)
    }
}

impl RunsView {
    /// The page.
    pub fn render(&self, frame: &Frame) -> Result<String, askama::Error> {
        Page { frame, view: self, assets: asset_version() }.render()
    }
}

#[derive(Template)]
#[template(path = "runs.html")]
struct Page<'a> {
    frame: &'a Frame,
    view: &'a RunsView,
    assets: String,
}
