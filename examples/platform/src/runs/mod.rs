//! Model runs: started, watched and read, by people and by programs.

mod api;
mod pages;

pub use api::{api_read, api_start};
pub use pages::{chart, list_page, page, progress, start_form};

use mmm_core::artifact::Summary;
use tenancy_sqlx::jobs::JobState;

use crate::analysis::{Analysis, Run};
use crate::failure::Failure;
use crate::pages::{Progress, RunFacts, RunOutcome, RunRow, Stage, WorkState};

/// One line of a list of runs.
pub fn row(run: &Run) -> RunRow {
    RunRow {
        id: run.id.to_string(),
        source_name: run.source_name.clone(),
        started: run.created_at,
        outcome: match (run.state, run.converged) {
            (JobState::Queued, _) => RunOutcome::Queued,
            (JobState::Running, _) => RunOutcome::Running(run.percent),
            (JobState::Done, Some(true)) => RunOutcome::Done,
            (JobState::Done, _) => RunOutcome::NotConverged,
            (JobState::Failed, _) => RunOutcome::Failed,
        },
    }
}

/// How far a run is.
pub fn how_far(run: &Run) -> Progress {
    let state = match run.state {
        JobState::Queued => WorkState::Queued,
        JobState::Running => WorkState::Running,
        JobState::Done => WorkState::Done,
        JobState::Failed => WorkState::Failed,
    };
    let stage = Stage::ALL.into_iter().find(|stage| Some(stage.key()) == run.stage.as_deref());
    let stage =
        stage.unwrap_or(if run.state == JobState::Done { Stage::Summarising } else { Stage::Checking });
    Progress::new(state, run.percent, stage, run.seconds_left, stage.note())
}

/// What a finished run found, as the model wrote it.
pub fn summary(analysis: &Analysis) -> Result<Option<Summary>, Failure> {
    let results = analysis.results.clone();
    results.map(|results| serde_json::from_value(results).map_err(Failure::internal)).transpose()
}

/// What a summary does not know about its run.
pub fn facts(run: &Run, newer_run: Option<String>) -> RunFacts {
    RunFacts {
        run_id: run.id.to_string(),
        source_name: run.source_name.clone(),
        finished: run.finished_at.unwrap_or(run.created_at),
        newer_run,
    }
}
