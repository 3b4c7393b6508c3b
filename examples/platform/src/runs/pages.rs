//! Runs for people.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Form, Json};
use serde::Deserialize;
use tenancy_core::{Permission, TenantContext};
use tenancy_sqlx::TenantTx;
use tenancy_sqlx::jobs::JobState;
use tenancy_tower::extract::Member;
use uuid::Uuid;

use super::{facts, how_far, one, row, summary};
use crate::analysis::{self, Analysis, ModelChoice};
use crate::app::App;
use crate::failure::Failure;
use crate::pages::{self, Progress, RunState, RunView, RunsView, Section};
use crate::view;

/// What the button "Run analysis" sends.
#[derive(Debug, Deserialize)]
pub struct StartForm {
    #[serde(default)]
    source_id: String,
}

/// `GET /runs`
pub async fn list_page(State(app): State<App>, Member { context, .. }: Member) -> Result<Response, Failure> {
    let mut tx = app.database.begin_read(&context).await?;
    let runs = analysis::list(&mut tx, None).await?.iter().map(row).collect();
    let page = RunsView { runs }.render(&view::frame(&mut tx, &context, Section::Runs).await?)?;
    Ok(view::html(StatusCode::OK, page))
}

/// `POST /runs`
pub async fn start_form(
    State(app): State<App>,
    Member { context, .. }: Member,
    Form(form): Form<StartForm>,
) -> Result<Redirect, Failure> {
    let source: Uuid = form.source_id.parse().map_err(|_| Failure::NOT_FOUND)?;
    let mut tx = app.database.begin(&context).await?;
    let id = analysis::start(&mut tx, &context, source, None, ModelChoice::default()).await?;
    tx.commit().await?;
    Ok(Redirect::to(&format!("/runs/{id}")))
}

/// `POST /runs/{id}/cancel`. A run that has ended meanwhile just shows its end.
pub async fn cancel_form(
    State(app): State<App>,
    Member { context, .. }: Member,
    Path(id): Path<String>,
) -> Result<Redirect, Failure> {
    let id = id.parse().map_err(|_| Failure::NOT_FOUND)?;
    let mut tx = app.database.begin(&context).await?;
    let run = analysis::cancel(&mut tx, id).await?.ok_or(Failure::NOT_FOUND)?;
    tx.commit().await?;
    Ok(Redirect::to(&format!("/runs/{}", run.id)))
}

/// The run that an address names.
async fn named(app: &App, context: &TenantContext, tx: &mut TenantTx, id: &str) -> Result<Analysis, Failure> {
    let id = id.parse().map_err(|_| Failure::NOT_FOUND)?;
    one(app, context, tx, id).await?.ok_or(Failure::NOT_FOUND)
}

/// `GET /runs/{id}`
pub async fn page(
    State(app): State<App>,
    Member { context, .. }: Member,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let mut tx = app.database.begin_read(&context).await?;
    let analysis = named(&app, &context, &mut tx, &id).await?;
    let summary = summary(&context, &analysis)?;
    let run = analysis.run;
    let state = match (run.state, summary) {
        (JobState::Done, Some(summary)) => {
            RunState::Done(Box::new(pages::run_results(&summary, &facts(&run, None))))
        }
        (JobState::Failed, _) | (JobState::Done, None) => RunState::Failed {
            reason: run.reason.unwrap_or_else(|| "The run stopped without a result.".to_owned()),
            advice: "Check the data and run the analysis again.".to_owned(),
        },
        (JobState::Cancelled, _) => {
            RunState::Cancelled { at: pages::moment(&run.finished_at.unwrap_or(run.created_at)) }
        }
        (JobState::Queued | JobState::Running, _) => RunState::Working(how_far(&run)),
    };
    let view = RunView {
        id: run.id.to_string(),
        source_name: run.source_name,
        source_id: run.source_id.to_string(),
        state,
        may_run: context.may(Permission::RunAnalysis),
    };
    let frame = view::frame(&mut tx, &context, Section::Runs).await?;
    Ok(view::html(StatusCode::OK, view.render(&frame)?))
}

/// `GET /runs/{id}/progress`
pub async fn progress(
    State(app): State<App>,
    Member { context, .. }: Member,
    Path(id): Path<String>,
) -> Result<Json<Progress>, Failure> {
    let mut tx = app.database.begin_read(&context).await?;
    Ok(Json(how_far(&named(&app, &context, &mut tx, &id).await?.run)))
}

/// `GET /runs/{id}/charts/{chart}`: the numbers of a chart, as `.csv` or `.json`.
pub async fn chart(
    State(app): State<App>,
    Member { context, .. }: Member,
    Path((id, name)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let mut tx = app.database.begin_read(&context).await?;
    let analysis = named(&app, &context, &mut tx, &id).await?;
    let summary = summary(&context, &analysis)?.ok_or(Failure::NOT_FOUND)?;
    let (chart, kind) = name.rsplit_once('.').ok_or(Failure::NOT_FOUND)?;
    let chart = pages::chart(&summary, chart).ok_or(Failure::NOT_FOUND)?;
    let keep = (CACHE_CONTROL, "private, no-store");
    match kind {
        "json" => Ok(([keep], Json(chart.to_json())).into_response()),
        "csv" => {
            let attachment = format!("attachment; filename=\"{}.csv\"", chart.id());
            let headers = [keep, (CONTENT_TYPE, "text/csv; charset=utf-8")];
            Ok((headers, [(CONTENT_DISPOSITION, attachment)], chart.to_csv()).into_response())
        }
        _ => Err(Failure::NOT_FOUND),
    }
}
