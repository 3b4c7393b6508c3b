//! Reading a run: state and progress from its job, results from its model.

use jiff::Timestamp;
use mmm_core::budget::Planner;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::Row;
use sqlx::postgres::PgRow;
use tenancy_core::JobId;
use tenancy_sqlx::TenantTx;
use tenancy_sqlx::jobs::JobState;
use uuid::Uuid;

/// Below this share an estimate of the rest says nothing.
const ESTIMATE_FROM: i16 = 5;

/// Why a run could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The database refused or is away.
    #[error("the run cannot be reached")]
    Database(#[from] sqlx::Error),
    /// What is stored cannot be read back.
    #[error("the stored run cannot be read: {0}")]
    Corrupt(String),
}

/// A run, without its results.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Its id.
    pub id: JobId,
    /// The source it is fitted to.
    pub source_id: Uuid,
    /// The name of that source.
    pub source_name: String,
    /// Where it stands.
    pub state: JobState,
    /// Draws done of all draws, 0 to 100.
    pub percent: u8,
    /// What it is doing; see [`Stage`](super::Stage).
    pub stage: Option<String>,
    /// Estimate of the rest while it is running.
    pub seconds_left: Option<u64>,
    /// Whether its numbers may be acted upon; unknown until it is done.
    pub converged: Option<bool>,
    /// Why it failed, in words.
    pub reason: Option<String>,
    /// The seed of its draws.
    pub seed: u64,
    /// The SHA-256 of the data it was fitted to.
    pub dataset_hash: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When its latest attempt began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

/// A run as `GET /tenant/analysis/{id}` answers it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Analysis {
    /// Where it stands.
    #[serde(flatten)]
    pub run: Run,
    /// A [`Summary`](mmm_core::artifact::Summary) once it is done; one that has not converged names
    /// no channel.
    pub results: Option<Value>,
}

const COLUMNS: &str = "j.id, m.source_id, s.name AS source_name, m.seed, m.dataset_hash, m.converged, j.state, j.percent, j.stage, j.reason,
    (extract(epoch FROM j.created_at) * 1000000)::bigint AS created_at,
    (extract(epoch FROM j.started_at) * 1000000)::bigint AS started_at,
    (extract(epoch FROM j.finished_at) * 1000000)::bigint AS finished_at,
    extract(epoch FROM clock_timestamp() - j.started_at)::float8 AS elapsed
    FROM mmm_models m JOIN jobs j ON j.id = m.id JOIN data_sources s ON s.id = m.source_id";

/// A run of the tenant, or `None` for an unknown id and another tenant's alike.
///
/// # Errors
///
/// [`ReadError`].
pub async fn read(tx: &mut TenantTx, id: JobId) -> Result<Option<Analysis>, ReadError> {
    let sql = sqlx::AssertSqlSafe(format!("SELECT m.results, {COLUMNS} WHERE m.id = $1"));
    let row = sqlx::query(sql).bind(id.as_uuid()).fetch_optional(&mut **tx).await?;
    row.map(|row| Ok(Analysis { run: run(&row)?, results: row.try_get("results")? })).transpose()
}

/// Those of these runs that the tenant has, without their results.
///
/// # Errors
///
/// [`ReadError`].
pub async fn read_all(tx: &mut TenantTx, ids: &[JobId]) -> Result<Vec<Run>, ReadError> {
    let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} WHERE m.id = ANY($1)"));
    let ids: Vec<Uuid> = ids.iter().map(|id| id.as_uuid()).collect();
    let rows = sqlx::query(sql).bind(ids).fetch_all(&mut **tx).await?;
    rows.iter().map(run).collect()
}

/// The latest runs of the tenant, of one source or of all, newest first.
///
/// # Errors
///
/// [`ReadError`].
pub async fn list(tx: &mut TenantTx, source: Option<Uuid>) -> Result<Vec<Run>, ReadError> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} WHERE $1 IS NULL OR m.source_id = $1 ORDER BY m.created_at DESC, m.id DESC LIMIT 200"
    ));
    let rows = sqlx::query(sql).bind(source).fetch_all(&mut **tx).await?;
    rows.iter().map(run).collect()
}

/// Where a workspace stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Latest {
    /// Its newest run that was not cancelled: what was cancelled says nothing about the workspace.
    pub newest: Option<Run>,
    /// Its newest run that has converged.
    pub converged: Option<Run>,
}

/// The newest runs of the tenant, however many others there are.
///
/// # Errors
///
/// [`ReadError`].
pub async fn latest(tx: &mut TenantTx) -> Result<Latest, ReadError> {
    Ok(Latest {
        newest: newest(tx, "j.state <> 'cancelled'").await?,
        converged: newest(tx, "j.state = 'done' AND m.converged").await?,
    })
}

async fn newest(tx: &mut TenantTx, which: &'static str) -> Result<Option<Run>, ReadError> {
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} WHERE {which} ORDER BY m.created_at DESC, m.id DESC LIMIT 1"
    ));
    let row = sqlx::query(sql).fetch_optional(&mut **tx).await?;
    row.as_ref().map(run).transpose()
}

/// What plans budgets with a run's model; `None` without convergence, and for runs from before it was
/// kept.
///
/// # Errors
///
/// [`ReadError`].
pub async fn planner(tx: &mut TenantTx, id: JobId) -> Result<Option<Planner>, ReadError> {
    let text: Option<Option<String>> =
        sqlx::query_scalar("SELECT planner::text FROM mmm_models WHERE id = $1")
            .bind(id.as_uuid())
            .fetch_optional(&mut **tx)
            .await?;
    let read =
        |text: String| serde_json::from_str(&text).map_err(|error| ReadError::Corrupt(error.to_string()));
    text.flatten().map(read).transpose()
}

fn run(row: &PgRow) -> Result<Run, ReadError> {
    let corrupt = |error: &dyn std::fmt::Display| ReadError::Corrupt(error.to_string());
    let moment = |micros: i64| Timestamp::from_microsecond(micros).map_err(|error| corrupt(&error));
    let maybe = |column: &str| row.try_get::<Option<i64>, _>(column);
    let state: JobState = row.try_get::<String, _>("state")?.parse().map_err(|error| corrupt(&error))?;
    let percent: i16 = row.try_get("percent")?;
    let elapsed: Option<f64> = row.try_get("elapsed")?;
    let seconds_left = elapsed
        .filter(|_| state == JobState::Running && percent >= ESTIMATE_FROM)
        .map(|elapsed| (elapsed * f64::from(100 - percent) / f64::from(percent)).ceil() as u64);
    Ok(Run {
        id: JobId::from_uuid(row.try_get("id")?),
        source_id: row.try_get("source_id")?,
        source_name: row.try_get("source_name")?,
        state,
        percent: u8::try_from(percent.clamp(0, 100)).unwrap_or(100),
        stage: row.try_get("stage")?,
        seconds_left,
        converged: row.try_get("converged")?,
        reason: row.try_get("reason")?,
        seed: row.try_get::<i64, _>("seed")?.cast_unsigned(),
        dataset_hash: row.try_get("dataset_hash")?,
        created_at: moment(row.try_get("created_at")?)?,
        started_at: maybe("started_at")?.map(moment).transpose()?,
        finished_at: maybe("finished_at")?.map(moment).transpose()?,
    })
}
