//! Runs for programs.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use tenancy_sqlx::jobs::JobState;
use tenancy_tower::extract::Member;
use uuid::Uuid;

use super::{kept, load, may_plan};
use crate::analysis::{self, Analysis, ModelChoice, Run};
use crate::app::App;
use crate::failure::{Body, Failure};

/// What to fit.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunRequest {
    source_id: String,
    #[serde(default)]
    seed: Option<u64>,
    /// Read by itself, so that an answer can name what is wrong with it.
    #[serde(default)]
    model: Option<Value>,
}

impl RunRequest {
    fn choice(&mut self) -> Result<ModelChoice, Failure> {
        let Some(model) = self.model.take() else { return Ok(ModelChoice::default()) };
        let read = match model {
            Value::Object(_) => serde_json::from_value(model).map_err(|error| error.to_string()),
            _ => Err("it is no object".to_owned()),
        };
        read.map_err(|error| {
            let what = format!(
                "This model cannot be chosen: {error}. Send {{\"saturation\": \"logistic\" or \"hill\", \
                 \"trend\": \"none\", \"linear\" or \"knots\"}}; both are optional."
            );
            Failure::invalid("bad_model", what)
        })
    }
}

/// `POST /tenant/analysis/run`
pub async fn api_start(
    State(app): State<App>,
    Member { context, .. }: Member,
    Body(mut body): Body<RunRequest>,
) -> Result<(StatusCode, Json<Value>), Failure> {
    let choice = body.choice()?;
    let source: Uuid = body.source_id.parse().map_err(|_| Failure::NOT_FOUND)?;
    let mut tx = app.database.begin(&context).await?;
    let id = analysis::start(&mut tx, &context, source, body.seed, choice).await?;
    tx.commit().await?;
    Ok((StatusCode::ACCEPTED, Json(json!({ "analysis_id": id }))))
}

/// `POST /tenant/analysis/{id}/cancel`: the run as it stands then. A run that has ended otherwise is a
/// conflict; one that was cancelled before is not.
pub async fn api_cancel(
    State(app): State<App>,
    Member { context, .. }: Member,
    Path(id): Path<String>,
) -> Result<Json<Run>, Failure> {
    let id = id.parse().map_err(|_| Failure::NOT_FOUND)?;
    let mut tx = app.database.begin(&context).await?;
    let Some(cancelled) = analysis::cancel(&mut tx, id).await? else { return Err(Failure::NOT_FOUND) };
    tx.commit().await?;
    match cancelled.state {
        JobState::Cancelled => Ok(Json(cancelled)),
        ended => Err(Failure::Conflict {
            code: "run_ended",
            message: format!("This run is {} already; there is nothing to cancel.", ended.as_str()),
        }),
    }
}

/// `GET /tenant/analysis/{id}`
pub async fn api_read(
    State(app): State<App>,
    Member { context, .. }: Member,
    Path(id): Path<String>,
) -> Result<Json<Analysis>, Failure> {
    let id = id.parse().map_err(|_| Failure::NOT_FOUND)?;
    let mut analysis = if let Some(ended) = kept(&app, &context, id).await {
        ended
    } else {
        let mut tx = app.database.begin_read(&context).await?;
        load(&app, &context, &mut tx, id).await?.ok_or(Failure::NOT_FOUND)?
    };
    if let (false, Some(Value::Object(results))) = (may_plan(&context), &mut analysis.results) {
        results.remove("recommendation");
    }
    Ok(Json(analysis))
}
