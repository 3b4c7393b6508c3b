//! Asking for a run.

use mmm_core::fit::FitSettings;
use serde_json::json;
use tenancy_core::plan::Meter;
use tenancy_core::{Decision, JobId, TenantContext};
use tenancy_sqlx::TenantTx;
use tenancy_sqlx::jobs::{JobError, NewJob};
use tenancy_sqlx::usage::{UsageError, UsageEvent};
use uuid::Uuid;

use super::{KIND, ModelChoice};

/// The seed where none is given: the same data gives the same numbers every time.
pub const DEFAULT_SEED: u64 = 42;

/// Why no run was started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The tenant has no such source.
    #[error("there is no such data source")]
    UnknownSource,
    /// The tenant's plan allows no more runs this month.
    #[error("no more runs are left this month")]
    LimitExceeded(Decision),
    /// The run could not be counted.
    #[error("the run could not be counted")]
    Usage(#[from] UsageError),
    /// The database refused or is away.
    #[error("the run could not be started")]
    Database(#[from] sqlx::Error),
    /// The job was not enqueued.
    #[error("the run could not be enqueued")]
    Job(#[from] JobError),
}

/// Starts a run on a source, in the request's transaction: it exists if the request succeeds.
///
/// # Errors
///
/// [`StartError::UnknownSource`] for an unknown id and another tenant's alike;
/// [`StartError::LimitExceeded`], after which nothing may be committed.
pub async fn start(
    tx: &mut TenantTx,
    context: &TenantContext,
    source: Uuid,
    seed: Option<u64>,
    choice: ModelChoice,
) -> Result<JobId, StartError> {
    // Locked, so that it is not deleted before the run's row refers to it.
    let known = sqlx::query("SELECT FROM data_sources WHERE id = $1 FOR KEY SHARE")
        .bind(source)
        .fetch_optional(&mut **tx)
        .await?;
    if known.is_none() {
        return Err(StartError::UnknownSource);
    }
    let decision = tx.count(&Meter::ANALYSIS_RUNS_MONTH, 1).await?;
    if !decision.is_allowed() {
        return Err(StartError::LimitExceeded(decision));
    }
    let job = NewJob::new(KIND, json!({})).requested_by(context.actor().user());
    let job = tx.enqueue(&job).await?.job_id;
    let by = context.actor().user().map(|user| user.to_string());
    let event = UsageEvent::new(Meter::ANALYSIS_RUNS_MONTH, 1, format!("analysis:{job}"));
    tx.record(&event.subject(by)).await?;

    let settings = FitSettings::seeded(seed.unwrap_or(DEFAULT_SEED));
    let parameters = json!({ "choice": choice, "settings": settings });
    sqlx::query(
        "INSERT INTO mmm_models (id, source_id, model_type, parameters, seed) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(job.as_uuid())
    .bind(source)
    .bind(choice.name())
    .bind(parameters)
    .bind(settings.seed.cast_signed())
    .execute(&mut **tx)
    .await?;
    Ok(job)
}
