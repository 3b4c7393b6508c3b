//! Model runs: started, watched and read, by people and by programs.

mod api;
mod events;
pub mod feed;
mod pages;

pub use api::{api_cancel, api_read, api_start};
pub use events::{api_events, page_events};
pub use pages::{cancel_form, chart, list_page, page, progress, start_form};

use mmm_core::artifact::Summary;
use tenancy_core::plan::Feature;
use tenancy_core::{JobId, TenantContext};
use tenancy_sqlx::TenantTx;
use tenancy_sqlx::jobs::JobState;

use crate::analysis::{self, Analysis, Run};
use crate::app::App;
use crate::failure::Failure;
use crate::kept::Space;
use crate::pages::{Progress, RunFacts, RunOutcome, RunRow, Stage, WorkState};
use crate::usage;

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
            (JobState::Cancelled, _) => RunOutcome::Cancelled,
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
        JobState::Cancelled => WorkState::Cancelled,
    };
    let stage = Stage::ALL.into_iter().find(|stage| Some(stage.key()) == run.stage.as_deref());
    let stage =
        stage.unwrap_or(if run.state == JobState::Done { Stage::Summarising } else { Stage::Checking });
    Progress::new(state, run.percent, stage, run.seconds_left, stage.note())
}

/// Whether the tenant's plan has budget plans.
pub fn may_plan(context: &TenantContext) -> bool {
    usage::entitlements(context).includes(&Feature::ADVANCED_ANALYTICS)
}

/// What a finished run found, as far as the tenant's plan shows it.
pub fn summary(context: &TenantContext, analysis: &Analysis) -> Result<Option<Summary>, Failure> {
    let Some(results) = analysis.results.clone() else { return Ok(None) };
    let mut summary: Summary = serde_json::from_value(results).map_err(Failure::internal)?;
    if !may_plan(context) {
        summary.recommendation = None;
    }
    Ok(Some(summary))
}

/// The same of a run of the tenant, by its id.
pub async fn finished(
    app: &App,
    context: &TenantContext,
    tx: &mut TenantTx,
    id: JobId,
) -> Result<Option<Summary>, Failure> {
    let analysis = one(app, context, tx, id).await?;
    analysis.map_or(Ok(None), |analysis| summary(context, &analysis))
}

/// A run of the tenant, from what is kept where it has ended.
pub async fn one(
    app: &App,
    context: &TenantContext,
    tx: &mut TenantTx,
    id: JobId,
) -> Result<Option<Analysis>, Failure> {
    match kept(app, context, id).await {
        Some(ended) => Ok(Some(ended)),
        None => load(app, context, tx, id).await,
    }
}

/// A run that has ended and was read before.
async fn kept(app: &App, context: &TenantContext, id: JobId) -> Option<Analysis> {
    app.kept.find(context, Space::Run, &id.to_string()).await
}

/// A run as the database has it; one that has ended is kept.
async fn load(
    app: &App,
    context: &TenantContext,
    tx: &mut TenantTx,
    id: JobId,
) -> Result<Option<Analysis>, Failure> {
    let found = analysis::read(tx, id).await?;
    if let Some(ended) = found.as_ref().filter(|found| found.run.state.is_final()) {
        app.kept.put(context, Space::Run, &id.to_string(), ended).await?;
    }
    Ok(found)
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
