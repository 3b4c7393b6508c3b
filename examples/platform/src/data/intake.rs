//! What becomes of a file: read, checked, and kept as an upload or as a source. Both the API and the
//! pages end here.

use std::error::Error;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, BodyDataStream, HttpBody as _};
use axum::extract::multipart::{Field, Multipart, MultipartError};
use axum::extract::{DefaultBodyLimit, FromRequest as _, Request};
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::{self, Stream};
use serde::Serialize;
use tenancy_core::TenantContext;
use tenancy_core::plan::Meter;
use tenancy_tower::refusal::Refusal;
use tokio::time::timeout;
use uuid::Uuid;

use super::expiry;
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

impl Accepted {
    fn ready(source_id: Uuid, rows: usize, validated: Validated) -> Self {
        let Validated { columns, warnings, .. } = validated;
        Self { source_id, status: "ready", rows, columns, warnings }
    }
}

/// How much a form may have beside its file.
const BESIDE: usize = 1024 * 1024;

/// How much of a body that is too large is read and thrown away, so that its sender gets to see the
/// answer instead of a broken connection.
const DRAIN: usize = 512 * 1024 * 1024;

/// How long a sender may be silent; who says nothing for longer gives its turn to others.
const IDLE: Duration = Duration::from_secs(20);

/// Why a body was not read to its end.
#[derive(Clone, Copy, Debug, thiserror::Error)]
enum Cut {
    #[error("the body is too large")]
    TooLarge,
    #[error("the body broke off")]
    Broken,
}

impl From<Cut> for Failure {
    fn from(cut: Cut) -> Self {
        match cut {
            Cut::TooLarge => Refusal::TooLarge.into(),
            Cut::Broken => Self::invalid(
                "broken_upload",
                "The upload broke off. Nothing was stored; send the file again.",
            ),
        }
    }
}

/// A body of at most so many bytes. What is beyond them is drained before the refusal.
fn bounded(body: Body, most: usize) -> impl Stream<Item = Result<Bytes, Cut>> + Send + 'static {
    // A body that says itself that it is too large is drained from its first byte on.
    let left = if body.size_hint().lower() > most as u64 { 0 } else { most };
    stream::try_unfold((body.into_data_stream(), left), |(mut chunks, left)| async move {
        let Some(chunk) = next(&mut chunks).await? else { return Ok(None) };
        let Some(left) = left.checked_sub(chunk.len()) else {
            drain(&mut chunks).await;
            return Err(Cut::TooLarge);
        };
        Ok(Some((chunk, (chunks, left))))
    })
}

async fn next(chunks: &mut BodyDataStream) -> Result<Option<Bytes>, Cut> {
    let chunk = timeout(IDLE, chunks.next()).await.map_err(|_| Cut::Broken)?;
    chunk.transpose().map_err(|_| Cut::Broken)
}

async fn drain(chunks: &mut BodyDataStream) {
    let mut drained = 0;
    while drained < DRAIN
        && let Ok(Some(chunk)) = next(chunks).await
    {
        drained += chunk.len();
    }
}

/// Reads a body of at most so many bytes into memory.
pub(crate) async fn read_body(body: Body, most: usize) -> Result<Vec<u8>, Failure> {
    let mut chunks = pin!(bounded(body, most));
    let mut bytes = Vec::new();
    while let Some(chunk) = chunks.next().await {
        bytes.extend_from_slice(&chunk?);
    }
    Ok(bytes)
}

/// The form of an upload with a file of at most so many bytes. Its size is bounded here and not by the
/// router's limit, which would break the connection off instead of answering.
pub(super) async fn form(app: &App, request: Request, most: usize) -> Result<Multipart, Failure> {
    let mut request = request.map(|body| Body::from_stream(bounded(body, most + BESIDE)));
    DefaultBodyLimit::disable().apply(&mut request);
    let form = Multipart::from_request(request, app).await;
    form.map_err(|_| {
        Failure::invalid("bad_form", "Send the file as the field `file` of a form with a boundary.")
    })
}

/// The field `file` of a form, of at most so many bytes; empty where there is none.
pub(crate) async fn read_file(app: &App, request: Request, most: usize) -> Result<Vec<u8>, Failure> {
    let mut form = form(app, request, most).await?;
    let mut file = Vec::new();
    while let Some(field) = form.next_field().await.map_err(|error| unreadable(&error))? {
        if field.name() == Some("file") {
            file = read_field(field, most).await?;
        }
    }
    Ok(file)
}

/// Reads the form of an upload: `file`, and perhaps `roles` and `kpi_value`. A form that is refused
/// is read to its end all the same, so that its sender gets to see why.
pub(super) async fn read_form(mut form: Multipart) -> Result<Incoming, Failure> {
    let read = read_fields(&mut form).await;
    if read.is_err() {
        while let Ok(Some(_)) = form.next_field().await {}
    }
    read
}

async fn read_fields(form: &mut Multipart) -> Result<Incoming, Failure> {
    let mut incoming = Incoming::default();
    let mut found = false;
    while let Some(field) = form.next_field().await.map_err(|error| unreadable(&error))? {
        match field.name() {
            Some("file") => {
                field.file_name().unwrap_or_default().clone_into(&mut incoming.file_name);
                // A second file takes the place of the first before it is read.
                incoming.bytes = Vec::new();
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
    let (mut bytes, mut over) = (Vec::new(), false);
    while let Some(chunk) = field.chunk().await.map_err(|error| unreadable(&error))? {
        over |= bytes.len() + chunk.len() > most;
        if over {
            bytes = Vec::new();
        } else {
            bytes.extend_from_slice(&chunk);
        }
    }
    if over { Err(Refusal::TooLarge.into()) } else { Ok(bytes) }
}

async fn text(field: Field<'_>) -> Result<String, Failure> {
    let bytes = read_field(field, 256 * 1024).await?;
    String::from_utf8(bytes).map_err(|_| Failure::invalid("bad_form", "The form's text is not UTF-8."))
}

fn unreadable(error: &MultipartError) -> Failure {
    let mut causes = std::iter::successors(Some(error as &dyn Error), |&error| error.source());
    let cut = causes.find_map(|cause| cause.downcast_ref::<Cut>());
    tracing::debug!(%error, "an upload form could not be read");
    cut.copied().unwrap_or(Cut::Broken).into()
}

/// Does heavy work off the threads that serve requests, in a turn of the tenant's. The work keeps its
/// turn to its end, whether or not somebody still waits for it.
async fn in_turn<T: Send + 'static>(
    app: &App,
    context: &TenantContext,
    work: impl FnOnce() -> Result<T, Vec<Problem>> + Send + 'static,
) -> Result<T, Failure> {
    let turn = app.parsing.take(context.tenant_id()).await;
    let work = move || {
        let _turn = turn;
        work()
    };
    tokio::task::spawn_blocking(work).await.map_err(Failure::internal)?.map_err(Failure::Data)
}

async fn table(app: &App, context: &TenantContext, bytes: Vec<u8>) -> Result<(Table, Vec<u8>), Failure> {
    in_turn(app, context, move || ingest::read(&bytes).map(|table| (table, bytes))).await
}

async fn validated(
    app: &App,
    context: &TenantContext,
    table: Arc<Table>,
    roles: Roles,
    kpi_value: Option<f64>,
) -> Result<Validated, Failure> {
    in_turn(app, context, move || ingest::validate(&table, &roles, kpi_value)).await
}

/// Keeps a file: as a source where its roles were sent along, else as an upload that waits for them.
pub async fn accept(app: &App, context: &TenantContext, incoming: Incoming) -> Result<Accepted, Failure> {
    let id = Uuid::now_v7();
    let name = file_name(&incoming.file_name);
    let (table, raw) = table(app, context, incoming.bytes).await?;
    let by = context.actor().user();
    let rows = table.rows();
    let Some(roles) = incoming.roles else {
        let columns = suggested(app, context, &table).await?.columns;
        let warnings = table.warnings().to_vec();
        drop(table);
        let mut tx = app.database.begin(context).await?;
        usage::create(&mut tx, context, &Meter::STORAGE_GB, id, raw.len() as u64).await?;
        store::save_upload(&mut tx, &Upload { id, file_name: name, raw }, by).await?;
        expiry::schedule(&mut tx).await?;
        tx.commit().await?;
        return Ok(Accepted { source_id: id, status: "proposed", rows, columns, warnings });
    };
    let stored = raw.len() as u64;
    drop(raw);
    let validated = validated(app, context, Arc::new(table), roles, incoming.kpi_value).await?;
    let mut tx = app.database.begin(context).await?;
    usage::create(&mut tx, context, &Meter::STORAGE_GB, id, stored).await?;
    store::save_source(&mut tx, id, &name, &validated, by).await?;
    tx.commit().await?;
    Ok(Accepted::ready(id, rows, validated))
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
        let before = known.columns.iter().find(|known| known.name == column.name);
        let Some(ColumnRole { role, channel, .. }) = before.cloned() else { return column };
        let reason = format!("As in “{}”, which has the same columns.", known.name);
        ColumnRole { role, channel, reason, ..column }
    };
    // Where a column says what a unit is worth, the value of back then was computed from it.
    let computed = known.columns.iter().any(|column| column.role == Role::RevenuePerKpi);
    Ok(Suggested {
        columns: columns.into_iter().map(kept).collect(),
        kpi_value: known.kpi_value.filter(|_| !computed),
        earlier: Some(known.name),
    })
}

/// A file that waits for its roles, read.
pub(super) struct Waiting {
    /// Its id; the source made from it keeps it.
    pub(super) id: Uuid,
    /// Its name.
    pub(super) file_name: String,
    /// Its cells.
    pub(super) table: Arc<Table>,
}

/// Makes a source of a file that waits.
pub(super) async fn promote(
    app: &App,
    context: &TenantContext,
    Waiting { id, file_name, table }: &Waiting,
    roles: Roles,
    kpi_value: Option<f64>,
) -> Result<Accepted, Failure> {
    let validated = validated(app, context, Arc::clone(table), roles, kpi_value).await?;
    let mut tx = app.database.begin(context).await?;
    let saved = store::save_source(&mut tx, *id, file_name, &validated, context.actor().user()).await;
    match saved {
        Err(store::StoreError::Database(sqlx::Error::Database(error))) if error.is_unique_violation() => {
            return Err(already_a_source());
        }
        other => other?,
    }
    tx.commit().await?;
    Ok(Accepted::ready(*id, table.rows(), validated))
}

/// Reads the file that waits for its roles.
pub(super) async fn waiting(app: &App, context: &TenantContext, id: Uuid) -> Result<Waiting, Failure> {
    let mut tx = app.database.begin_read(context).await?;
    let Some(Upload { file_name, raw, .. }) = store::upload(&mut tx, id).await? else {
        let known = store::has_source(&mut tx, id).await?;
        return Err(if known { already_a_source() } else { Failure::NOT_FOUND });
    };
    drop(tx);
    let (table, _) = table(app, context, raw).await?;
    Ok(Waiting { id, file_name, table: Arc::new(table) })
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

    #[tokio::test]
    async fn a_body_is_read_to_its_bound_and_drained_beyond_it() {
        let sized = |text: &'static str| Body::from(text);
        let streamed = |text: &'static str| {
            let chunks = text.as_bytes().chunks(2).map(|chunk| Ok::<_, Cut>(Bytes::from_static(chunk)));
            Body::from_stream(stream::iter(chunks))
        };
        for body in [sized("12345"), streamed("12345")] {
            let read: Vec<_> = bounded(body, 5).map(Result::unwrap).collect().await;
            assert_eq!(read.concat(), b"12345");
        }
        for body in [sized("123456"), streamed("123456")] {
            let read: Vec<_> = bounded(body, 5).collect().await;
            assert!(matches!(read.last(), Some(Err(Cut::TooLarge))), "{read:?}");
        }
    }

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
