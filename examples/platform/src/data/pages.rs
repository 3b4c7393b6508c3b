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
use crate::ingest::{self, Kind, Roles, Table};
use crate::pages::{
    ColumnView, DataView, MappingView, PreviewRow, Problem, Role, RunRow, Section, SourceRow, SourceStatus,
    UploadProblem,
};
use crate::runs;
use crate::view;

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
    let max_megabytes = ingest::MAX_BYTES as u64 / (1024 * 1024);
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
    let form = intake::form(&app, request).await?;
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
        let (name, table) = intake::waiting_table(&app, &context, id).await?;
        let known = intake::suggested(&app, &context, &table).await?;
        let mut view = proposed_view(id, name, &table, &Roles::suggested(&known.columns));
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
    let (name, table) = match intake::waiting_table(&app, &context, id).await {
        Err(Failure::Conflict { .. }) => return Ok(Redirect::to(&format!("/data/{id}")).into_response()),
        other => other?,
    };
    let named = table.columns().iter().enumerate().filter_map(|(at, column)| {
        let role = field(&fields, &format!("role-{at}"))?;
        let role = if role == Role::Spend.value() { ingest::Role::MediaSpend.as_str() } else { role };
        Some((format!("role[{}]", column.name), role.to_owned()))
    });
    let named: Vec<(String, String)> = named.collect();
    let roles = Roles::from_form(named.iter().map(|(field, role)| (field.as_str(), role.as_str())));
    let roles = roles.map_err(Failure::Data)?;
    let typed = field(&fields, "kpi_value").unwrap_or_default();
    let worth = ingest::kpi_value(typed);

    let failure = match worth.clone() {
        Ok(worth) => match intake::promote(&app, &context, id, roles.clone(), worth).await {
            Ok(_) => return Ok(Redirect::to(&format!("/data/{id}")).into_response()),
            Err(failure) => failure,
        },
        Err(problem) => Failure::Data(vec![problem]),
    };
    let Failure::Data(problems) = failure else { return Err(failure) };
    let mut view = proposed_view(id, name, &table, &roles);
    typed.clone_into(&mut view.kpi_value);
    view.kpi_value_error = worth.err().map(|problem| problem.message);
    if view.kpi_value_error.is_none() {
        view.problem_rows = rows_of(&table, &problems, &view.preview);
        view.problems = problems.into_iter().map(|problem| located(&table, problem)).collect();
    }
    let mut tx = app.database.begin_read(&context).await?;
    let frame = view::frame(&mut tx, &context, Section::Data).await?;
    Ok(view::html(StatusCode::UNPROCESSABLE_ENTITY, view.render(&frame)?))
}

/// The last value of a form's field.
fn field<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    fields.iter().rev().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
}

fn proposed_view(id: Uuid, file_name: String, table: &Table, roles: &Roles) -> MappingView {
    let columns = table.columns().iter().map(|column| ColumnView {
        name: column.name.clone(),
        kind: kind_word(column.kind).to_owned(),
        role: role_view(roles.of(&column.name)),
    });
    MappingView {
        id: id.to_string(),
        file_name,
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
    let columns: Vec<ColumnView> = stored
        .columns
        .iter()
        // What a unit was worth is kept as one number, which the page names.
        .filter(|column| !matches!(column.role, ingest::Role::Ignore | ingest::Role::RevenuePerKpi))
        .map(|column| ColumnView {
            name: column.name.clone(),
            kind: kind_word(column.kind).to_owned(),
            role: role_view(column.role),
        })
        .collect();
    let cell = |column: &ColumnView, at: usize| {
        let value = |name: &str, list: &[ingest::Series]| {
            list.iter()
                .find(|series| series.name == name)
                .and_then(|series| series.values.get(at))
                .map(f64::to_string)
        };
        let text = match column.role {
            Role::Date => source.dates.get(at).map(ToString::to_string),
            Role::Kpi => source.kpi.values.get(at).map(f64::to_string),
            Role::Spend => value(&column.name, &source.channels),
            Role::Control => value(&column.name, &source.controls),
            Role::Worth | Role::Ignore => None,
        };
        text.unwrap_or_default()
    };
    let preview = (0..source.dates.len().min(ingest::PREVIEW_ROWS)).map(|at| PreviewRow {
        number: at as u64 + 2,
        cells: columns.iter().map(|column| cell(column, at)).collect(),
    });
    MappingView {
        id: id.to_string(),
        status: SourceStatus::Ready,
        rows: source.dates.len() as u64,
        counts: source.summary(),
        preview: preview.collect(),
        problem_rows: Vec::new(),
        problems: Vec::new(),
        warnings: stored.warnings.iter().map(|warning| warning.message.clone()).collect(),
        kpi_value: source.kpi_value.map(|value| value.to_string()).unwrap_or_default(),
        kpi_value_error: None,
        runs,
        columns,
        file_name: stored.name,
    }
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

const fn role_view(role: ingest::Role) -> Role {
    match role {
        ingest::Role::Date => Role::Date,
        ingest::Role::Kpi => Role::Kpi,
        ingest::Role::RevenuePerKpi => Role::Worth,
        ingest::Role::MediaSpend => Role::Spend,
        ingest::Role::Control => Role::Control,
        ingest::Role::Ignore => Role::Ignore,
    }
}
