//! Which run advice is taken from, and what to do where there is none.

use mmm_core::artifact::Summary;
use mmm_core::budget::{Planner, Recommendation};
use tenancy_core::{JobId, TenantContext};
use tenancy_sqlx::TenantTx;
use tenancy_sqlx::jobs::JobState;

use super::request::{Asked, refused};
use crate::analysis::{self, Latest, Run};
use crate::app::App;
use crate::failure::Failure;
use crate::pages;
use crate::runs::{finished, one};

/// A run that may be acted upon.
pub(super) struct Basis {
    pub(super) run: Run,
    pub(super) summary: Summary,
    /// Today's budget split anew.
    pub(super) usual: Recommendation,
}

/// Why there is no advice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoAdvice {
    NoRun,
    UnderWay(JobId),
    NotConverged(JobId),
    NoResult(JobId),
    TooOld(JobId),
}

impl NoAdvice {
    /// For programs.
    const fn code(self) -> &'static str {
        match self {
            Self::NoRun => "no_finished_run",
            Self::UnderWay(_) => "run_not_finished",
            Self::NotConverged(_) => "not_converged",
            Self::NoResult(_) => "run_without_result",
            Self::TooOld(_) => "run_too_old",
        }
    }

    /// Why, in one line.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::NoRun => "There is no advice yet: nothing was analysed.",
            Self::UnderWay(_) => "The analysis is under way; advice follows when it has finished.",
            Self::NotConverged(_) => "The run did not settle on one answer, so it gives no advice.",
            Self::NoResult(_) => "The run ended without a result, so it gives no advice.",
            Self::TooOld(_) => "This run was made before budgets could be planned with it.",
        }
    }

    /// What to do.
    pub(super) const fn advice(self) -> &'static str {
        match self {
            Self::NoRun => "Upload your data, confirm what its columns mean, and run the analysis.",
            Self::UnderWay(_) => "Come back in a minute, or watch its progress.",
            Self::NotConverged(_) => {
                "Look at which checks it failed and what to do about each, then run it again."
            }
            Self::NoResult(_) | Self::TooOld(_) => "Run the analysis again on the same data.",
        }
    }

    /// Where to go.
    pub(super) fn action(self) -> (String, &'static str) {
        match self {
            Self::NoRun => ("/data".to_owned(), "Go to data"),
            Self::UnderWay(id) => (format!("/runs/{id}"), "See its progress"),
            Self::NotConverged(id) | Self::NoResult(id) => (format!("/runs/{id}"), "See what to do"),
            Self::TooOld(id) => (format!("/runs/{id}"), "Go to the run"),
        }
    }
}

impl From<NoAdvice> for Failure {
    fn from(why: NoAdvice) -> Self {
        Self::Conflict { code: why.code(), message: format!("{} {}", why.title(), why.advice()) }
    }
}

/// The run that is asked for, or the newest converged one. An unknown id and another tenant's are not
/// found.
pub(super) async fn basis(
    app: &App,
    context: &TenantContext,
    tx: &mut TenantTx,
    asked: &Asked,
) -> Result<Result<Basis, NoAdvice>, Failure> {
    let run = match &asked.analysis {
        Some(id) => {
            let id: JobId = id.parse().map_err(|_| Failure::NOT_FOUND)?;
            one(app, context, tx, id).await?.ok_or(Failure::NOT_FOUND)?.run
        }
        None => match analysis::latest(tx).await? {
            Latest { converged: Some(run), .. } | Latest { newest: Some(run), .. } => run,
            Latest { .. } => return Ok(Err(NoAdvice::NoRun)),
        },
    };
    if let Some(why) = unusable(&run) {
        return Ok(Err(why));
    }
    let Some(summary) = finished(app, context, tx, run.id).await? else {
        return Ok(Err(NoAdvice::NoResult(run.id)));
    };
    let Some(usual) = summary.recommendation.clone() else { return Ok(Err(NoAdvice::TooOld(run.id))) };
    Ok(Ok(Basis { run, summary, usual }))
}

fn unusable(run: &Run) -> Option<NoAdvice> {
    match (run.state, run.converged) {
        (JobState::Done, Some(true)) => None,
        (JobState::Done, _) => Some(NoAdvice::NotConverged(run.id)),
        (JobState::Queued | JobState::Running, _) => Some(NoAdvice::UnderWay(run.id)),
        (JobState::Failed | JobState::Cancelled, _) => Some(NoAdvice::NoResult(run.id)),
    }
}

/// The plan that is asked for.
pub(super) async fn plan(
    app: &App,
    context: &TenantContext,
    tx: &mut TenantTx,
    asked: &Asked,
    basis: &Basis,
) -> Result<Recommendation, Failure> {
    if asked.is_usual() {
        return Ok(basis.usual.clone());
    }
    let budget = asked.budget(&basis.usual)?;
    let planner: Planner =
        analysis::planner(tx, basis.run.id).await?.ok_or(NoAdvice::TooOld(basis.run.id))?;
    let turn = app.planning.take(context.tenant_id()).await;
    let planned = tokio::task::spawn_blocking(move || {
        let planned = planner.optimize(&budget);
        drop(turn);
        planned
    });
    let planned = planned.await.map_err(Failure::internal)?;
    planned.map_err(|error| refused(&error, pages::period(&basis.summary)))
}
