//! Data sources for people: the list with its drop zone, and the page on which columns get roles.

use axum::Form;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Redirect, Response};
use tenancy_core::TenantContext;
use tenancy_tower::extract::Member;
use tenancy_tower::refusal::Refusal;
use uuid::Uuid;

use super::intake::{self, Incoming};
use super::store;
use crate::analysis;
use crate::app::App;
use crate::demo::example_csv;
use crate::failure::Failure;
use crate::ingest::{self, Kind, Role, Roles, Table};
use crate::pages::{
    ColumnView, DataView, MappingView, PreviewRow, Problem, RunRow, Section, SourceRow, SourceStatus,
    UploadProblem,
};
use crate::runs;
use crate::view;
use crate::words::Unit;

/// Further rows with problems that the mapping page shows below its preview.
const PROBLEM_ROWS: usize = 30;

/// `GET /data`
pub async fn list_page(State(app): State<App>, Member { context, .. }: Member) -> Result<Response, Failure> {
    data_page(&app, &context, StatusCode::OK, None).await
}

async fn data_page(
    app: &App,
    context: &TenantContext,
    status: StatusCode,
    refused: Option<UploadProblem>,
) -> Result<Response, Failure> {
    let mut tx = app.database.begin_read(context).await?;
    let sources = store::list(&mut tx).await?.into_iter().map(|listed| SourceRow {
        id: listed.id.to_string(),
        name: listed.name,
        status: if listed.summary.is_some() { SourceStatus::Ready } else { SourceStatus::Proposed },
        rows: listed.rows.unwrap_or(0),
        counts: listed.summary.unwrap_or_else(|| "Waiting for its roles, for an hour".to_owned()),
        uploaded: listed.created,
    });
    let max_megabytes = ingest::MAX_BYTES as u64 / 1_000_000;
    let view = DataView { sources: sources.collect(), refused, max_megabytes };
    let frame = view::frame(&mut tx, context, Section::Data).await?;
    Ok(view::html(status, view.render(&frame)?))
}

/// `POST /data`
pub async fn upload_form(
    State(app): State<App>,
    Member { context, .. }: Member,
    request: Request,
) -> Result<Response, Failure> {
    // Until the file is stored: so long its bytes are in memory.
    let _turn = app.reading.take(context.tenant_id()).await;
    let form = intake::form(&app, request, ingest::MAX_BYTES).await?;
    let incoming = match intake::read_form(form).await {
        Ok(incoming) => incoming,
        Err(Failure::Refused(Refusal::TooLarge)) => return Err(Refusal::TooLarge.into()),
        Err(failure) => return refused(&app, &context, String::new(), failure).await,
    };
    let name = incoming.file_name.clone();
    match intake::accept(&app, &context, Incoming { roles: None, ..incoming }).await {
        Ok(accepted) => Ok(Redirect::to(&format!("/data/{}", accepted.source_id)).into_response()),
        Err(failure) => refused(&app, &context, name, failure).await,
    }
}

async fn refused(
    app: &App,
    context: &TenantContext,
    file_name: String,
    failure: Failure,
) -> Result<Response, Failure> {
    let (messages, advice) = match failure {
        Failure::Data(problems) => {
            let messages = problems.into_iter().map(|problem| problem.message).collect();
            (messages, "Nothing was stored. Correct the file and upload it again.")
        }
        // Says itself what to do.
        Failure::Invalid { message, .. } => (vec![message], ""),
        other => return Err(other),
    };
    let advice = advice.to_owned();
    let problem = UploadProblem { file_name, messages, advice };
    data_page(app, context, StatusCode::UNPROCESSABLE_ENTITY, Some(problem)).await
}

/// `POST /data/example`
pub async fn example(State(app): State<App>, Member { context, .. }: Member) -> Result<Response, Failure> {
    let incoming = Incoming {
        file_name: "example.csv".to_owned(),
        bytes: example_csv()?.into_bytes(),
        ..Incoming::default()
    };
    let accepted = intake::accept(&app, &context, incoming).await?;
    Ok(Redirect::to(&format!("/data/{}", accepted.source_id)).into_response())
}

/// `GET /data/template.csv`
pub async fn template() -> Response {
    const TEMPLATE: &str = "week,sales,tv_spend,search_spend,social_spend,price\n\
        2026-01-05,1200,300,150,80,9.99\n2026-01-12,1260,280,160,90,9.99\n";
    let attachment = "attachment; filename=\"template.csv\"";
    ([(CONTENT_TYPE, "text/csv; charset=utf-8"), (CONTENT_DISPOSITION, attachment)], TEMPLATE).into_response()
}

/// `GET /data/{id}`
pub async fn mapping_page(
    State(app): State<App>,
    Member { context, .. }: Member,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id: Uuid = id.parse().map_err(|_| Failure::NOT_FOUND)?;
    let mut tx = app.database.begin_read(&context).await?;
    let frame = view::frame(&mut tx, &context, Section::Data).await?;
    let view = if let Some(stored) = store::load(&mut tx, id).await? {
        let runs = analysis::list(&mut tx, Some(id)).await.map_err(Failure::internal)?;
        ready_view(id, stored, runs.iter().map(runs::row).collect())
    } else {
        drop(tx);
        let waiting = intake::waiting(&app, &context, id).await?;
        let known = intake::suggested(&app, &context, &waiting.table).await?;
        let mut view = proposed_view(&waiting, &Roles::suggested(&known.columns));
        view.warnings.extend(known.said());
        view.kpi_value = known.kpi_value.map(|value| value.to_string()).unwrap_or_default();
        view
    };
    Ok(view::html(StatusCode::OK, view.render(&frame)?))
}

/// `POST /data/{id}/roles`
pub async fn confirm_form(
    State(app): State<App>,
    Member { context, .. }: Member,
    Path(id): Path<String>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let id: Uuid = id.parse().map_err(|_| Failure::NOT_FOUND)?;
    let waiting = match intake::waiting(&app, &context, id).await {
        Err(Failure::Conflict { .. }) => return Ok(Redirect::to(&format!("/data/{id}")).into_response()),
        other => other?,
    };
    // Fields are numbered by column, since a browser may change what a name looks like.
    let named = waiting.table.columns().iter().enumerate().flat_map(|(at, column)| {
        let fields = &fields;
        ["role", "channel"].into_iter().filter_map(move |kind| {
            let said = field(fields, &format!("{kind}-{at}"))?;
            Some((format!("{kind}[{}]", column.name), said))
        })
    });
    let named: Vec<(String, &str)> = named.collect();
    let roles = Roles::from_form(named.iter().map(|(field, said)| (field.as_str(), *said)));
    let roles = roles.map_err(Failure::Data)?;
    let typed = field(&fields, "kpi_value").unwrap_or_default();
    let worth = ingest::kpi_value(typed);

    let failure = match worth.clone() {
        Ok(worth) => match intake::promote(&app, &context, &waiting, roles.clone(), worth).await {
            Ok(_) => return Ok(Redirect::to(&format!("/data/{id}")).into_response()),
            Err(failure) => failure,
        },
        Err(problem) => Failure::Data(vec![problem]),
    };
    let Failure::Data(problems) = failure else { return Err(failure) };
    let mut view = proposed_view(&waiting, &roles);
    typed.clone_into(&mut view.kpi_value);
    view.kpi_value_error = worth.err().map(|problem| problem.message);
    if view.kpi_value_error.is_none() {
        view.problem_rows = rows_of(&waiting.table, &problems, &view.preview);
        view.problems = problems.into_iter().map(|problem| located(&waiting.table, problem)).collect();
    }
    let mut tx = app.database.begin_read(&context).await?;
    let frame = view::frame(&mut tx, &context, Section::Data).await?;
    Ok(view::html(StatusCode::UNPROCESSABLE_ENTITY, view.render(&frame)?))
}

/// The last value of a form's field.
fn field<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    fields.iter().rev().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
}

fn proposed_view(waiting: &intake::Waiting, roles: &Roles) -> MappingView {
    let table = &waiting.table;
    let columns = table.columns().iter().map(|column| ColumnView {
        name: column.name.clone(),
        kind: kind_word(column.kind).to_owned(),
        role: roles.of(&column.name),
        channel: roles.channel(&column.name).unwrap_or_default().to_owned(),
    });
    MappingView {
        id: waiting.id.to_string(),
        file_name: waiting.file_name.clone(),
        status: SourceStatus::Proposed,
        rows: table.rows() as u64,
        counts: String::new(),
        columns: columns.collect(),
        preview: table.preview(ingest::PREVIEW_ROWS).into_iter().map(row_view).collect(),
        problem_rows: Vec::new(),
        problems: Vec::new(),
        warnings: table.warnings().iter().map(|warning| warning.message.clone()).collect(),
        kpi_value: String::new(),
        kpi_value_error: None,
        runs: Vec::new(),
    }
}

fn ready_view(id: Uuid, stored: store::Stored, runs: Vec<RunRow>) -> MappingView {
    let source = &stored.source;
    let dates: Vec<String> =
        source.dates.iter().take(ingest::PREVIEW_ROWS).map(ToString::to_string).collect();
    let date = stored.columns.iter().find(|column| column.role == Role::Date);
    let date_name = date.map_or("date", |column| &column.name);
    let mut series = vec![
        (view_of(date_name, Kind::Date, Role::Date), dates),
        (view_of(&source.kpi.name, Kind::Number, Role::Kpi), texts(&source.kpi.values)),
    ];
    let mut push = |name: &str, role, values: &[f64]| {
        series.push((view_of(name, Kind::Number, role), texts(values)));
    };
    for channel in &source.channels {
        push(&channel.name, Role::MediaSpend, &channel.spend);
        if let Some(exposure) = &channel.exposure {
            push(&channel.name, Role::MediaExposure, exposure);
        }
    }
    for organic in &source.organic {
        push(&organic.name, Role::OrganicMedia, &organic.values);
    }
    for control in &source.controls {
        push(&control.name, Role::Control, &control.values);
    }
    let cell = |values: &Vec<String>, at: usize| values.get(at).cloned().unwrap_or_default();
    let preview = (0..source.dates.len().min(ingest::PREVIEW_ROWS)).map(|at| PreviewRow {
        number: at as u64 + 2,
        cells: series.iter().map(|(_, values)| cell(values, at)).collect(),
    });
    MappingView {
        id: id.to_string(),
        status: SourceStatus::Ready,
        rows: source.dates.len() as u64,
        counts: source.extent().to_string(),
        preview: preview.collect(),
        problem_rows: Vec::new(),
        problems: Vec::new(),
        warnings: stored.warnings.iter().map(|warning| warning.message.clone()).collect(),
        kpi_value: source.kpi_value.map(|value| value.to_string()).unwrap_or_default(),
        kpi_value_error: None,
        runs,
        columns: series.into_iter().map(|(column, _)| column).collect(),
        file_name: stored.name,
    }
}

fn view_of(name: &str, kind: Kind, role: Role) -> ColumnView {
    ColumnView { name: name.to_owned(), kind: kind_word(kind).to_owned(), role, channel: String::new() }
}

fn texts(values: &[f64]) -> Vec<String> {
    values.iter().take(ingest::PREVIEW_ROWS).map(|value| Unit::Plain.say(*value)).collect()
}

/// The rows that problems name and the preview does not show.
fn rows_of(table: &Table, problems: &[ingest::Problem], preview: &[PreviewRow]) -> Vec<PreviewRow> {
    let shown = |row: usize| preview.iter().any(|r| r.number == row as u64);
    let mut wanted: Vec<usize> =
        problems.iter().filter_map(|problem| problem.row).filter(|row| !shown(*row)).collect();
    wanted.sort_unstable();
    wanted.dedup();
    wanted.truncate(PROBLEM_ROWS);
    let rows = table.preview(table.rows()).into_iter();
    rows.filter(|row| wanted.binary_search(&row.row).is_ok()).map(row_view).collect()
}

fn located(table: &Table, problem: ingest::Problem) -> Problem {
    let at = |name: &String| table.columns().iter().position(|column| column.name == *name);
    Problem {
        row: problem.row.map(|row| row as u64),
        column: problem.column.as_ref().and_then(at),
        code: problem.code.to_string(),
        message: problem.message,
    }
}

fn row_view(row: ingest::PreviewRow) -> PreviewRow {
    PreviewRow { number: row.row as u64, cells: row.cells }
}

const fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Date => "date",
        Kind::Number => "number",
        Kind::Text => "text",
    }
}
