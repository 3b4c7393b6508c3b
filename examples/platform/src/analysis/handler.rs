//! A run as the worker does it: read the source, fit on blocking threads, store the end at once.

use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use mmm_core::fit::FitSettings;
use serde_json::{Value, json};
use sqlx::Row;
use sqlx::types::Json;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::fit::{Fitted, Meter, fit};
use super::{KIND, ModelChoice};
use crate::data::{StoreError, load_source};
use crate::ingest::Source;
use crate::worker::{Handler, HandlerFuture, Settings, Work, WorkError};

/// How often progress is written: at most four times a second.
const NEWS: Duration = Duration::from_millis(250);

/// Does jobs of the kind [`KIND`].
#[derive(Clone, Debug)]
pub struct AnalysisHandler {
    threads: Option<usize>,
}

impl AnalysisHandler {
    /// A handler whose fits share the machine's cores: all of them for one job at a time.
    pub fn new(settings: &Settings) -> Self {
        let cores = available_parallelism().map_or(1, usize::from);
        let threads = (settings.concurrency > 1).then(|| (cores / settings.concurrency).max(1));
        Self { threads }
    }

    async fn analyse(&self, work: &Work) -> Result<(), WorkError> {
        let mut task = load(work).await?;
        task.settings.threads = self.threads;
        let fitted = observed(work, task).await?;
        let written = Written {
            results: json_of(&fitted.summary)?,
            diagnostics: json_of(&fitted.convergence)?,
            planner: fitted.planner.as_ref().map(json_of).transpose()?,
        };
        work.persist(|| Box::pin(store(work, &fitted, &written))).await
    }
}

impl Handler for AnalysisHandler {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn run<'a>(&'a self, work: &'a Work) -> HandlerFuture<'a> {
        Box::pin(self.analyse(work))
    }
}

/// What is to be fitted, and how.
struct Task {
    source: Source,
    choice: ModelChoice,
    settings: FitSettings,
}

/// What a fit leaves, as it is stored.
struct Written {
    results: Value,
    diagnostics: Value,
    planner: Option<Value>,
}

async fn load(work: &Work) -> Result<Task, WorkError> {
    let mut tx = work.begin().await?;
    let row =
        sqlx::query("SELECT source_id, seed, parameters->'choice' AS choice FROM mmm_models WHERE id = $1")
            .bind(work.record().id.as_uuid())
            .fetch_optional(&mut *tx)
            .await?;
    let gone = || WorkError::Failed("The data of this run was deleted before the run began.".to_owned());
    let row = row.ok_or_else(gone)?;
    let seed: i64 = row.try_get("seed")?;
    let choice =
        row.try_get::<Option<Json<ModelChoice>>, _>("choice")?.map_or_else(Default::default, |c| c.0);
    let source = load_source(&mut tx, row.try_get("source_id")?).await.map_err(|error| match error {
        StoreError::Database(error) => WorkError::from(error),
        other => WorkError::Failed(format!("The data of this run cannot be read: {other}.")),
    })?;
    let settings = FitSettings::seeded(seed.cast_unsigned());
    Ok(Task { source: source.ok_or_else(gone)?, choice, settings })
}

/// Fits on blocking threads and writes news meanwhile, whenever there is any.
async fn observed(work: &Work, task: Task) -> Result<Fitted, WorkError> {
    let Task { source, choice, settings } = task;
    let meter = Arc::new(Meter::default());
    let (shared, halt) = (Arc::clone(&meter), work.halt().clone());
    let mut fitting = tokio::task::spawn_blocking(move || fit(&source, choice, &settings, &shared, &halt));
    let mut news = interval_at(Instant::now() + NEWS / 5, NEWS);
    news.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut written = None;
    loop {
        tokio::select! {
            ended = &mut fitting => {
                return ended.unwrap_or_else(|error| match error.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    Err(_) => Err(WorkError::Halted),
                });
            }
            _ = news.tick() => {
                let read = meter.read();
                if written != Some(read) {
                    work.progress(read.0, read.1.as_str()).await?;
                    written = Some(read);
                }
            }
        }
    }
}

/// Everything that a finished run leaves, in one transaction after a check of the lease.
async fn store(work: &Work, fitted: &Fitted, written: &Written) -> Result<(), WorkError> {
    let mut tx = work.begin().await?;
    let mut job = tx.hold(work.claimed()).await?;
    sqlx::query(
        "UPDATE mmm_models SET dataset_hash = $2, converged = $3, diagnostics = $4, results = $5,
            planner = $6::text::json WHERE id = $1",
    )
    .bind(work.record().id.as_uuid())
    .bind(&fitted.dataset_hash)
    .bind(fitted.convergence.converged)
    .bind(&written.diagnostics)
    .bind(&written.results)
    .bind(written.planner.as_ref().map(Value::to_string))
    .execute(&mut **job.tx())
    .await?;
    job.done(&json!({ "converged": fitted.convergence.converged })).await?;
    Ok(tx.commit().await?)
}

fn json_of(value: &impl serde::Serialize) -> Result<Value, WorkError> {
    serde_json::to_value(value)
        .map_err(|error| WorkError::Failed(format!("The fit cannot be written down: {error}.")))
}
