//! What becomes of a file: read, checked, and kept as an upload or as a source. Both the API and the
//! pages end here.

use axum::body::{Body, BodyDataStream};
use axum::extract::multipart::{Field, Multipart, MultipartError};
use axum::extract::{FromRequest as _, Request};
use axum::http::header::CONTENT_LENGTH;
use bytes::Bytes;
use futures_util::StreamExt as _;
use serde::Serialize;
use tenancy_core::TenantContext;
use tenancy_core::plan::Meter;
use tenancy_tower::refusal::Refusal;
use uuid::Uuid;

use super::store::{self, Upload};
use crate::app::App;
use crate::failure::Failure;
use crate::ingest::{self, ColumnRole, Problem, Role, Roles, Table, Validated};
use crate::usage;

/// A file with what was sent beside it.
#[derive(Debug, Default)]
pub struct Incoming {
    /// Its name, as the sender calls it.
    pub file_name: String,
    /// Its bytes, at most [`ingest::MAX_BYTES`].
    pub bytes: Vec<u8>,
    /// What the columns mean, if that was said.
    pub roles: Option<Roles>,
    /// What one unit of KPI is worth, if that was said.
    pub kpi_value: Option<f64>,
}

/// What became of a file; the body of the API's answer.
#[derive(Debug, Serialize)]
pub struct Accepted {
    /// The source's id, or the one it will have.
    pub source_id: Uuid,
    /// `proposed` while the columns wait for their roles, `ready` afterwards.
    pub status: &'static str,
    /// Rows without the heading.
    pub rows: usize,
    /// Every column with its role.
    pub columns: Vec<ColumnRole>,
    /// What was noticed.
    pub warnings: Vec<Problem>,
}

/// The largest form with a file in it.
const MAX_FORM: usize = ingest::MAX_BYTES + 1024 * 1024;

/// How much of a body that is too large is read and thrown away, so that its sender gets to see the
/// answer instead of a broken connection.
const DRAIN: usize = 512 * 1024 * 1024;

/// Reads a body into memory, up to the limit.
pub(super) async fn read_body(body: Body) -> Result<Vec<u8>, Failure> {
    let mut chunks = body.into_data_stream();
    let mut bytes = Vec::new();
    while let Some(chunk) = chunks.next().await {
        let chunk: Bytes = chunk.map_err(|_| broken())?;
        if bytes.len() + chunk.len() > ingest::MAX_BYTES {
            drop(bytes);
            drain(chunks).await;
            return Err(Refusal::TooLarge.into());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

async fn drain(mut chunks: BodyDataStream) {
    let mut drained = 0;
    while let (Some(Ok(chunk)), true) = (chunks.next().await, drained < DRAIN) {
        drained += chunk.len();
    }
}

/// The form of an upload, unless it says itself that it is too large.
pub(super) async fn form(app: &App, request: Request) -> Result<Multipart, Failure> {
    let length = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: u64| length > MAX_FORM as u64) {
        drain(request.into_body().into_data_stream()).await;
        return Err(Refusal::TooLarge.into());
    }
    let form = Multipart::from_request(request, app).await;
    form.map_err(|_| {
        Failure::invalid("bad_form", "Send the file as the field `file` of a form with a boundary.")
    })
}

/// Reads the form of an upload: `file`, and perhaps `roles` and `kpi_value`.
pub(super) async fn read_form(mut form: Multipart) -> Result<Incoming, Failure> {
    let mut incoming = Incoming::default();
    let mut found = false;
    while let Some(field) = form.next_field().await.map_err(|error| unreadable(&error))? {
        match field.name() {
            Some("file") => {
                field.file_name().unwrap_or_default().clone_into(&mut incoming.file_name);
                incoming.bytes = read_field(field, ingest::MAX_BYTES).await?;
                found = true;
            }
            Some("roles") => {
                let text = text(field).await?;
                if !text.trim().is_empty() {
                    incoming.roles = Some(Roles::from_json(&text).map_err(Failure::Data)?);
                }
            }
            Some("kpi_value") => {
                let text = text(field).await?;
                incoming.kpi_value =
                    ingest::kpi_value(&text).map_err(|problem| Failure::Data(vec![problem]))?;
            }
            _ => {}
        }
    }
    if !found || (incoming.bytes.is_empty() && incoming.file_name.is_empty()) {
        return Err(Failure::invalid("no_file", "Choose a CSV file: the form has no field `file` with one."));
    }
    Ok(incoming)
}

async fn read_field(mut field: Field<'_>, most: usize) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let mut drained = 0;
    while let Some(chunk) = field.chunk().await.map_err(|error| unreadable(&error))? {
        if drained > 0 || bytes.len() + chunk.len() > most {
            bytes = Vec::new();
            drained += chunk.len();
            if drained > DRAIN {
                break;
            }
        } else {
            bytes.extend_from_slice(&chunk);
        }
    }
    if drained > 0 { Err(Refusal::TooLarge.into()) } else { Ok(bytes) }
}

async fn text(field: Field<'_>) -> Result<String, Failure> {
    let bytes = read_field(field, 256 * 1024).await?;
    String::from_utf8(bytes).map_err(|_| Failure::invalid("bad_form", "The form's text is not UTF-8."))
}

fn broken() -> Failure {
    Failure::invalid("broken_upload", "The upload broke off. Nothing was stored; send the file again.")
}

fn unreadable(error: &MultipartError) -> Failure {
    if error.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
        return Refusal::TooLarge.into();
    }
    tracing::debug!(%error, "an upload form could not be read");
    broken()
}

/// Reads the table off the threads that serve requests.
async fn table(bytes: Vec<u8>) -> Result<(Table, Vec<u8>), Failure> {
    let read = move || ingest::read(&bytes).map(|table| (table, bytes));
    tokio::task::spawn_blocking(read).await.map_err(Failure::internal)?.map_err(Failure::Data)
}

async fn validated(table: Table, roles: Roles, kpi_value: Option<f64>) -> Result<Validated, Failure> {
    let check = move || ingest::validate(&table, &roles, kpi_value);
    tokio::task::spawn_blocking(check).await.map_err(Failure::internal)?.map_err(Failure::Data)
}

/// Keeps a file: as a source where its roles were sent along, else as an upload that waits for them.
pub async fn accept(app: &App, context: &TenantContext, incoming: Incoming) -> Result<Accepted, Failure> {
    let id = Uuid::now_v7();
    let name = file_name(&incoming.file_name);
    let (table, raw) = table(incoming.bytes).await?;
    let by = context.actor().user();
    let rows = table.rows();
    let Some(roles) = incoming.roles else {
        let columns = suggested(app, context, &table).await?.columns;
        let warnings = table.warnings().to_vec();
        drop(table);
        let mut tx = app.database.begin(context).await?;
        store::drop_expired_uploads(&mut tx).await?;
        usage::create(&mut tx, context, &Meter::STORAGE_GB, id, raw.len() as u64).await?;
        store::save_upload(&mut tx, &Upload { id, file_name: name, raw }, by).await?;
        tx.commit().await?;
        return Ok(Accepted { source_id: id, status: "proposed", rows, columns, warnings });
    };
    let stored = raw.len() as u64;
    drop(raw);
    let columns = roles.columns(&table);
    let validated = validated(table, roles, incoming.kpi_value).await?;
    let mut tx = app.database.begin(context).await?;
    usage::create(&mut tx, context, &Meter::STORAGE_GB, id, stored).await?;
    store::save_source(&mut tx, id, &name, &columns, &validated, by).await?;
    tx.commit().await?;
    Ok(Accepted { source_id: id, status: "ready", rows, columns, warnings: validated.warnings })
}

/// What the columns of a file seem to mean.
pub(super) struct Suggested {
    /// Every column with its role and the reason.
    pub(super) columns: Vec<ColumnRole>,
    /// What one unit of KPI was worth in the file that had the same columns.
    pub(super) kpi_value: Option<f64>,
    /// The name of that file.
    earlier: Option<String>,
}

impl Suggested {
    /// What people should know about where the roles come from.
    pub(super) fn said(&self) -> Option<String> {
        self.earlier.as_ref().map(|name| {
            format!("The roles are those of “{name}”, your last data with the same columns. Check that they still hold.")
        })
    }
}

/// The roles that the tenant chose last for a file with the same columns; else what names and values
/// suggest.
pub(super) async fn suggested(
    app: &App,
    context: &TenantContext,
    table: &Table,
) -> Result<Suggested, Failure> {
    let columns = ingest::suggest(table);
    let mut tx = app.database.begin_read(context).await?;
    let names = columns.iter().map(|column| column.name.clone()).collect();
    let Some(known) = store::known_roles(&mut tx, names).await? else {
        return Ok(Suggested { columns, kpi_value: None, earlier: None });
    };
    let kept = |column: ColumnRole| {
        let role = known.columns.iter().find(|known| known.name == column.name).map(|known| known.role);
        let reason = format!("As in “{}”, which has the same columns.", known.name);
        role.map_or(column.clone(), |role| ColumnRole { role, reason, ..column })
    };
    // Where a column says what a unit is worth, the value of back then was computed from it.
    let computed = known.columns.iter().any(|column| column.role == Role::RevenuePerKpi);
    Ok(Suggested {
        columns: columns.into_iter().map(kept).collect(),
        kpi_value: known.kpi_value.filter(|_| !computed),
        earlier: Some(known.name),
    })
}

/// Makes a source of an upload that waits.
pub(super) async fn promote(
    app: &App,
    context: &TenantContext,
    id: Uuid,
    roles: Roles,
    kpi_value: Option<f64>,
) -> Result<Accepted, Failure> {
    let upload = waiting(app, context, id).await?;
    let (table, _) = table(upload.raw).await?;
    let (rows, columns) = (table.rows(), roles.columns(&table));
    let validated = validated(table, roles, kpi_value).await?;
    let mut tx = app.database.begin(context).await?;
    let saved =
        store::save_source(&mut tx, id, &upload.file_name, &columns, &validated, context.actor().user())
            .await;
    match saved {
        Err(store::StoreError::Database(sqlx::Error::Database(error))) if error.is_unique_violation() => {
            return Err(already_a_source());
        }
        other => other?,
    }
    tx.commit().await?;
    Ok(Accepted { source_id: id, status: "ready", rows, columns, warnings: validated.warnings })
}

/// The upload that waits for its roles.
pub(super) async fn waiting(app: &App, context: &TenantContext, id: Uuid) -> Result<Upload, Failure> {
    let mut tx = app.database.begin_read(context).await?;
    if let Some(upload) = store::upload(&mut tx, id).await? {
        return Ok(upload);
    }
    if store::has_source(&mut tx, id).await? { Err(already_a_source()) } else { Err(Failure::NOT_FOUND) }
}

/// The table of an upload that waits.
pub(super) async fn waiting_table(
    app: &App,
    context: &TenantContext,
    id: Uuid,
) -> Result<(String, Table), Failure> {
    let upload = waiting(app, context, id).await?;
    Ok((upload.file_name, table(upload.raw).await?.0))
}

fn already_a_source() -> Failure {
    Failure::Conflict {
        code: "source_ready",
        message: "This data is in use with the roles it has. Upload the file again to choose others."
            .to_owned(),
    }
}

/// The last part of a path, without what terminals and pages could trip over, and not too long.
fn file_name(sent: &str) -> String {
    let last = sent.rsplit(['/', '\\']).next().unwrap_or_default();
    let tame: String = last.chars().filter(|c| !c.is_control()).take(120).collect();
    let tame = tame.trim();
    if tame.is_empty() || tame.chars().all(|c| c == '.') { "upload.csv".to_owned() } else { tame.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_a_name_and_no_path() {
        for (sent, kept) in [
            ("sales.csv", "sales.csv"),
            ("../../etc/passwd", "passwd"),
            ("C:\\files\\x.csv", "x.csv"),
            ("a\r\nb.csv", "ab.csv"),
            ("", "upload.csv"),
            ("..", "upload.csv"),
        ] {
            assert_eq!(file_name(sent), kept, "{sent:?}");
        }
        assert_eq!(file_name(&"ü".repeat(300)).chars().count(), 120);
    }
}
