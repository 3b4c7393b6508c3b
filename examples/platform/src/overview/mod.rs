//! The first page of a workspace, and the same numbers for programs.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};
use sqlx::Row as _;
use tenancy_core::TenantContext;
use tenancy_sqlx::TenantTx;
use tenancy_sqlx::jobs::JobState;
use tenancy_tower::extract::Member;
use uuid::Uuid;

use crate::analysis::{self, Latest, Run};
use crate::app::App;
use crate::data::store;
use crate::failure::Failure;
use crate::kept::Space;
use crate::pages::{self, OverviewState, OverviewView, Section};
use crate::runs::{facts, finished, how_far};
use crate::view;

/// `GET /`
pub async fn page(State(app): State<App>, Member { context, .. }: Member) -> Result<Response, Failure> {
    let mut tx = app.database.begin_read(&context).await?;
    let Latest { converged, newest } = analysis::latest(&mut tx).await?;
    let state = match (converged, newest) {
        (Some(best), newest) => {
            let under_way = newest.filter(|run| matches!(run.state, JobState::Queued | JobState::Running));
            let facts = facts(&best, under_way.map(|run| run.id.to_string()));
            let summary = finished(&app, &context, &mut tx, best.id).await?;
            let found = summary.and_then(|summary| pages::results(&summary, &facts));
            found.map_or(OverviewState::Empty, |results| OverviewState::Ready(Box::new(results)))
        }
        (None, Some(newest)) => without_result(&app, &context, &mut tx, newest).await?,
        (None, None) => without_run(&mut tx).await?,
    };
    let frame = view::frame(&mut tx, &context, Section::Overview).await?;
    let page = OverviewView { state }.render(&frame)?;
    Ok(view::html(StatusCode::OK, page))
}

async fn without_result(
    app: &App,
    context: &TenantContext,
    tx: &mut TenantTx,
    newest: Run,
) -> Result<OverviewState, Failure> {
    let run_id = newest.id.to_string();
    Ok(match newest.state {
        JobState::Queued | JobState::Running => OverviewState::Running { run_id, progress: how_far(&newest) },
        JobState::Failed | JobState::Cancelled => {
            OverviewState::Failed { run_id, reason: newest.reason.unwrap_or_default() }
        }
        JobState::Done => {
            let summary = finished(app, context, tx, newest.id).await?;
            let diagnostics = summary.map(|summary| pages::run_results(&summary, &facts(&newest, None)));
            let failing = diagnostics.map(|results| results.diagnostics).unwrap_or_default();
            OverviewState::NotConverged {
                run_id,
                failing: failing.into_iter().filter(|check| !check.passed).collect(),
            }
        }
    })
}

async fn without_run(tx: &mut TenantTx) -> Result<OverviewState, Failure> {
    let ready = store::list(tx).await?.into_iter().find(|source| source.summary.is_some());
    Ok(ready.map_or(OverviewState::Empty, |source| OverviewState::DataReady {
        source_id: source.id.to_string(),
        source_name: source.name,
    }))
}

/// `GET /tenant/dashboard/metrics`
pub async fn metrics(State(app): State<App>, Member { context, .. }: Member) -> Result<Json<Value>, Failure> {
    let mut tx = app.database.begin_read(&context).await?;
    let best = analysis::latest(&mut tx).await?.converged;
    let source = match &best {
        Some(best) => Some(best.source_id),
        None => store::list(&mut tx).await?.into_iter().find(|source| source.summary.is_some()).map(|s| s.id),
    };
    let Some(source) = source else { return Ok(Json(json!({ "data": null, "model": null }))) };
    // A newer run or source is another name. Neither changes under the name that it has.
    let name = format!("{source} {}", best.as_ref().map(|best| best.id.to_string()).unwrap_or_default());
    let figures = app
        .kept
        .made(&context, Space::Results, &name, || figures(&app, &context, &mut tx, source, best.as_ref()));
    figures.await.map(Json)
}

/// What a source holds, and what the run that was fitted to it found.
async fn figures(
    app: &App,
    context: &TenantContext,
    tx: &mut TenantTx,
    source: Uuid,
    best: Option<&Run>,
) -> Result<Value, Failure> {
    let data = data_metrics(tx, source).await?;
    let model = match best {
        Some(best) => finished(app, context, tx, best.id).await?.map(|summary| {
            json!({
                "analysis_id": best.id,
                "channels": summary.channels,
                "measures": summary.measures,
                "sentences": pages::results(&summary, &facts(best, None)).map(|results| results.lead),
            })
        }),
        None => None,
    };
    Ok(json!({ "data": data, "model": model }))
}

/// What the rows of a source add up to, as plain SQL adds them.
async fn data_metrics(tx: &mut TenantTx, source: Uuid) -> Result<Value, Failure> {
    let total = sqlx::query(
        "SELECT min(date)::text AS first, max(date)::text AS last, coalesce(sum(kpi), 0) AS kpi,
                coalesce(sum(spend), 0) AS spend, count(*) FILTER (WHERE channel IS NULL) AS periods
         FROM marketing_data WHERE source_id = $1",
    )
    .bind(source)
    .fetch_one(&mut **tx)
    .await
    .map_err(Failure::internal)?;
    let channels = sqlx::query(
        "SELECT channel, sum(spend) AS spend FROM marketing_data
         WHERE source_id = $1 AND spend IS NOT NULL GROUP BY channel ORDER BY channel",
    )
    .bind(source)
    .fetch_all(&mut **tx)
    .await
    .map_err(Failure::internal)?;
    let mut spends = serde_json::Map::new();
    for row in channels {
        let name: String = row.try_get("channel").map_err(Failure::internal)?;
        spends.insert(name, json!(row.try_get::<f64, _>("spend").map_err(Failure::internal)?));
    }
    let text = |column| total.try_get::<Option<String>, _>(column).map_err(Failure::internal);
    let number = |column| total.try_get::<f64, _>(column).map_err(Failure::internal);
    Ok(json!({
        "source_id": source,
        "first": text("first")?,
        "last": text("last")?,
        "periods": total.try_get::<i64, _>("periods").map_err(Failure::internal)?,
        "kpi_total": number("kpi")?,
        "spend_total": number("spend")?,
        "spend_by_channel": spends,
    }))
}
