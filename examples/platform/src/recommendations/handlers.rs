//! The page, the answer for programs and the table.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use mmm_core::budget::{ChannelMove, Recommendation};
use serde_json::{Value, json};
use tenancy_tower::extract::Member;

use super::basis::{Basis, NoAdvice, basis, plan};
use super::request::Asked;
use crate::app::App;
use crate::charts::{Chart as _, channel_class};
use crate::failure::Failure;
use crate::pages::{self, Advice, AdviceState, BoundsRow, PlanForm, Planned, RecommendationsView, Section};
use crate::runs::facts;
use crate::view;
use crate::words::Unit;

/// What follows the question mark.
type Pairs = Query<Vec<(String, String)>>;

/// `GET /tenant/recommendations`
pub async fn api(
    State(app): State<App>,
    Member { context, .. }: Member,
    Query(pairs): Pairs,
) -> Result<Json<Value>, Failure> {
    let asked = Asked::new(pairs)?;
    let mut tx = app.database.begin_read(&context).await?;
    let basis = basis(&app, &context, &mut tx, &asked).await??;
    let plan = plan(&app, &context, &mut tx, &asked, &basis).await?;
    let advice = Advice::new(&basis.summary, &plan);
    Ok(Json(json!({
        "analysis_id": basis.run.id,
        "source_id": basis.run.source_id,
        "finished_at": basis.run.finished_at,
        "recommended": advice.is_recommended(),
        "lead": advice.lead(),
        "advice": advice,
        "plan": plan,
    })))
}

/// `GET /recommendations/{file}`: the plan that is asked for as `plan.csv`, and the curves it is read from
/// as `curves.csv` and `curves.json`.
pub async fn export(
    State(app): State<App>,
    Member { context, .. }: Member,
    Path(file): Path<String>,
    Query(pairs): Pairs,
) -> Result<Response, Failure> {
    let asked = Asked::new(pairs)?;
    let mut tx = app.database.begin_read(&context).await?;
    let basis = basis(&app, &context, &mut tx, &asked).await??;
    let plan = plan(&app, &context, &mut tx, &asked, &basis).await?;
    let curves = || pages::curves(&basis.summary, &plan).ok_or(Failure::NOT_FOUND);
    let text = match file.as_str() {
        "curves.json" => {
            return Ok(([(CACHE_CONTROL, "private, no-store")], Json(curves()?.to_json())).into_response());
        }
        "curves.csv" => curves()?.to_csv(),
        "plan.csv" => Advice::new(&basis.summary, &plan).table().to_csv(),
        _ => return Err(Failure::NOT_FOUND),
    };
    let headers = [(CACHE_CONTROL, "private, no-store"), (CONTENT_TYPE, "text/csv; charset=utf-8")];
    let attachment = [(CONTENT_DISPOSITION, format!("attachment; filename=\"{file}\""))];
    Ok((headers, attachment, text).into_response())
}

/// `GET /recommendations`. A plan that cannot be met is answered with the form as it was typed.
pub async fn page(
    State(app): State<App>,
    Member { context, .. }: Member,
    Query(pairs): Pairs,
) -> Result<Response, Failure> {
    let asked = Asked::new(pairs)?;
    let mut tx = app.database.begin_read(&context).await?;
    let (status, state) = match basis(&app, &context, &mut tx, &asked).await? {
        Err(why) => (StatusCode::OK, nothing(why)),
        Ok(basis) => {
            let planned = plan(&app, &context, &mut tx, &asked, &basis).await;
            ready(&asked, &basis, planned)?
        }
    };
    let frame = view::frame(&mut tx, &context, Section::Advice).await?;
    Ok(view::html(status, RecommendationsView { state }.render(&frame)?))
}

fn nothing(why: NoAdvice) -> AdviceState {
    AdviceState::None { title: why.title(), advice: why.advice(), action: why.action() }
}

/// A plan with its form; or the form with what is wrong, where that can be mended in it.
fn ready(
    asked: &Asked,
    basis: &Basis,
    planned: Result<Recommendation, Failure>,
) -> Result<(StatusCode, AdviceState), Failure> {
    let (status, plan, error) = match planned {
        Ok(plan) => (StatusCode::OK, Some(plan), None),
        Err(failure) => {
            let (status, message) = failure.said()?;
            (status, None, Some(message))
        }
    };
    let (summary, facts) = (&basis.summary, facts(&basis.run, None));
    let query = asked.query();
    let curves = plan.as_ref().and_then(|plan| pages::curves(summary, plan)).map(|chart| {
        let mut figure = chart.figure("/recommendations");
        figure.csv_href = format!("/recommendations/curves.csv{query}");
        figure.json_href = format!("/recommendations/curves.json{query}");
        figure
    });
    let planned = Planned {
        model: pages::model_info(summary, &facts),
        advice: plan.map(|plan| Advice::new(summary, &plan)),
        curves,
        error,
        form: form(asked, basis),
        query,
        sureness: pages::sureness(summary),
    };
    Ok((status, AdviceState::Ready(Box::new(planned))))
}

fn form(asked: &Asked, basis: &Basis) -> PlanForm {
    let said = |amount: f64| Unit::Plain.say(amount);
    let row = |(place, of): (usize, &ChannelMove)| {
        let name = &of.name;
        BoundsRow {
            channel: name.clone(),
            class: channel_class(place),
            now: said(of.now),
            low: asked.typed(&format!("min.{name}")),
            usual_low: said(of.low),
            high: asked.typed(&format!("max.{name}")),
            usual_high: said(of.high),
            locked: asked.keeps(name),
        }
    };
    PlanForm {
        analysis: asked.analysis.clone().unwrap_or_default(),
        period: pages::period(&basis.summary),
        total: asked.typed("total"),
        total_now: said(basis.usual.total_now),
        horizon: asked.typed("horizon"),
        usual_horizon: basis.usual.horizon,
        channels: basis.usual.channels.iter().enumerate().map(row).collect(),
        asked: !asked.is_usual(),
    }
}
