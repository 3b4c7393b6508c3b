//! Uploads and sources in the tenant's tables. Every function takes the tenant's transaction, so
//! none of them names a tenant.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;
use sqlx::Row;
use sqlx::postgres::PgRow;
use std::collections::BTreeMap;
use tenancy_core::UserId;
use tenancy_core::plan::Meter;
use tenancy_sqlx::TenantTx;
use tenancy_sqlx::usage::UsageError;
use uuid::Uuid;

use crate::ingest::{
    Channel, ColumnRole, Extent, Frequency, Problem, Role, Series, Source, Validated, flag_name,
};

/// How many values one insert carries.
const BATCH: usize = 20_000;

/// A file that waits for its roles.
#[derive(Clone, Debug)]
pub struct Upload {
    /// Its id; the source made from it keeps it.
    pub id: Uuid,
    /// Its name.
    pub file_name: String,
    /// Its bytes.
    pub raw: Vec<u8>,
}

/// A source, or a file on its way to be one, as lists show it.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// Rows without the heading; unknown for a file that waits.
    pub rows: Option<u64>,
    /// What it covers in words; `None` for a file that waits.
    pub summary: Option<String>,
    /// When it came.
    pub created: Timestamp,
}

/// A source with what the pages say about it.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The data.
    pub source: Source,
    /// Its name.
    pub name: String,
    /// Every column with its role.
    pub columns: Vec<ColumnRole>,
    /// What was noticed.
    pub warnings: Vec<Problem>,
}

/// Why stored data cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database refused.
    #[error("the tenant's data cannot be reached")]
    Database(#[from] sqlx::Error),
    /// What is stored cannot be read back.
    #[error("the stored source cannot be read: {0}")]
    Corrupt(String),
}

/// Drops the tenant's files whose hour is over and says how many; they take up no storage from then on.
pub async fn drop_expired_uploads(tx: &mut TenantTx) -> Result<usize, UsageError> {
    let gone: Vec<Uuid> = sqlx::query_scalar("DELETE FROM uploads WHERE expires_at <= now() RETURNING id")
        .fetch_all(&mut **tx)
        .await?;
    for id in &gone {
        tx.release_held(&Meter::STORAGE_GB, *id).await?;
    }
    Ok(gone.len())
}

/// Keeps a file for an hour.
pub async fn save_upload(tx: &mut TenantTx, upload: &Upload, by: Option<UserId>) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO uploads (id, file_name, raw, created_by) VALUES ($1, $2, $3, $4)")
        .bind(upload.id)
        .bind(&upload.file_name)
        .bind(&upload.raw)
        .bind(by.map(UserId::as_uuid))
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// A file that still waits.
pub async fn upload(tx: &mut TenantTx, id: Uuid) -> Result<Option<Upload>, StoreError> {
    let row = sqlx::query("SELECT file_name, raw FROM uploads WHERE id = $1 AND expires_at > now()")
        .bind(id)
        .fetch_optional(&mut **tx)
        .await?;
    row.map(|row| Ok(Upload { id, file_name: row.try_get("file_name")?, raw: row.try_get("raw")? }))
        .transpose()
}

/// Makes a source: its description, its rows, and no more waiting file of that id.
pub async fn save_source(
    tx: &mut TenantTx,
    id: Uuid,
    name: &str,
    validated: &Validated,
    by: Option<UserId>,
) -> Result<(), StoreError> {
    let source = &validated.source;
    sqlx::query(
        "INSERT INTO data_sources (id, name, frequency, row_count, columns, warnings, kpi_value, created_by, geos)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(id)
    .bind(name)
    .bind(frequency_name(source.frequency))
    .bind(i32::try_from(source.dates.len()).unwrap_or(i32::MAX))
    .bind(json(&validated.columns)?)
    .bind(json(&validated.warnings)?)
    .bind(source.kpi_value)
    .bind(by.map(UserId::as_uuid))
    .bind(source.geos.map(|geos| i32::try_from(geos).unwrap_or(i32::MAX)))
    .execute(&mut **tx)
    .await?;

    let dates: Vec<String> = source.dates.iter().map(Date::to_string).collect();
    insert_kpi(tx, id, source, &dates).await?;
    for Channel { name, spend, exposure } in &source.channels {
        insert_medium(tx, id, name, &dates, (Some(spend), exposure.as_deref())).await?;
    }
    for Series { name, values } in &source.organic {
        insert_medium(tx, id, name, &dates, (None, Some(values))).await?;
    }
    sqlx::query("DELETE FROM uploads WHERE id = $1").bind(id).execute(&mut **tx).await?;
    Ok(())
}

/// One row a date; what a medium does not have is null.
async fn insert_medium(
    tx: &mut TenantTx,
    id: Uuid,
    name: &str,
    dates: &[String],
    (spend, exposure): (Option<&[f64]>, Option<&[f64]>),
) -> Result<(), StoreError> {
    let column = |values: Option<&[f64]>| -> Vec<Option<f64>> {
        values.map_or_else(|| vec![None; dates.len()], |values| values.iter().copied().map(Some).collect())
    };
    let (spend, exposure) = (column(spend), column(exposure));
    for ((dates, spend), exposure) in dates.chunks(BATCH).zip(spend.chunks(BATCH)).zip(exposure.chunks(BATCH))
    {
        sqlx::query(
            "INSERT INTO marketing_data (source_id, date, channel, spend, exposure)
             SELECT $1, d::date, $2, s, e FROM unnest($3::text[], $4::float8[], $5::float8[]) AS r (d, s, e)",
        )
        .bind(id)
        .bind(name)
        .bind(dates)
        .bind(spend)
        .bind(exposure)
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

async fn insert_kpi(
    tx: &mut TenantTx,
    id: Uuid,
    source: &Source,
    dates: &[String],
) -> Result<(), StoreError> {
    let metrics = (0..dates.len()).map(|at| {
        let row: BTreeMap<&str, f64> = source
            .controls
            .iter()
            .filter_map(|control| Some((control.name.as_str(), *control.values.get(at)?)))
            .collect();
        json(&row)
    });
    let metrics: Vec<Value> = metrics.collect::<Result<_, _>>()?;
    let rows = dates.chunks(BATCH).zip(source.kpi.values.chunks(BATCH)).zip(metrics.chunks(BATCH));
    for ((dates, kpi), metrics) in rows {
        sqlx::query(
            "INSERT INTO marketing_data (source_id, date, kpi, metrics)
             SELECT $1, d::date, k, m FROM unnest($2::text[], $3::float8[], $4::jsonb[]) AS r (d, k, m)",
        )
        .bind(id)
        .bind(dates)
        .bind(kpi)
        .bind(metrics)
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

/// Sources and waiting files, newest first.
pub async fn list(tx: &mut TenantTx) -> Result<Vec<Listed>, StoreError> {
    let rows = sqlx::query(
        "SELECT s.id, s.name, s.row_count, s.frequency, s.columns, s.geos,
                (extract(epoch FROM s.created_at) * 1000)::int8 AS created
         FROM data_sources s
         UNION ALL
         SELECT u.id, u.file_name, NULL, NULL, NULL, NULL, (extract(epoch FROM u.created_at) * 1000)::int8
         FROM uploads u WHERE u.expires_at > now()
         ORDER BY created DESC LIMIT 200",
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.iter().map(listed).collect()
}

fn listed(row: &PgRow) -> Result<Listed, StoreError> {
    let rows = row.try_get::<Option<i32>, _>("row_count")?.and_then(|n| u64::try_from(n).ok());
    let columns: Option<Value> = row.try_get("columns")?;
    let frequency: Option<String> = row.try_get("frequency")?;
    let summary = match (rows, columns, frequency) {
        (Some(rows), Some(columns), Some(frequency)) => {
            let columns: Vec<ColumnRole> = from_json(columns)?;
            let periods = usize::try_from(rows).unwrap_or(usize::MAX);
            Some(Extent::of_columns(periods, frequency_of(&frequency)?, &columns, geos(row)?).to_string())
        }
        _ => None,
    };
    let created = Timestamp::from_millisecond(row.try_get("created")?)
        .map_err(|error| StoreError::Corrupt(error.to_string()))?;
    Ok(Listed { id: row.try_get("id")?, name: row.try_get("name")?, rows, summary, created })
}

/// The roles of the tenant's newest source.
#[derive(Clone, Debug)]
pub struct Known {
    /// Its name.
    pub name: String,
    /// Every column with its role.
    pub columns: Vec<ColumnRole>,
    /// What one unit of KPI was worth.
    pub kpi_value: Option<f64>,
}

/// The roles of the newest source whose file had exactly these columns, in whatever order.
pub async fn known_roles(tx: &mut TenantTx, mut columns: Vec<String>) -> Result<Option<Known>, StoreError> {
    columns.sort_unstable();
    let row = sqlx::query(
        r#"SELECT name, columns, kpi_value FROM data_sources
           WHERE ARRAY(SELECT c ->> 'name' FROM jsonb_array_elements(columns) AS c ORDER BY (c ->> 'name') COLLATE "C") = $1
           ORDER BY created_at DESC, id DESC LIMIT 1"#,
    )
    .bind(columns)
    .fetch_optional(&mut **tx)
    .await?;
    row.map(|row| {
        let columns = from_json(row.try_get("columns")?)?;
        Ok(Known { name: row.try_get("name")?, columns, kpi_value: row.try_get("kpi_value")? })
    })
    .transpose()
}

/// Whether the tenant has this source.
pub async fn has_source(tx: &mut TenantTx, id: Uuid) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar("SELECT EXISTS (SELECT FROM data_sources WHERE id = $1)")
        .bind(id)
        .fetch_one(&mut **tx)
        .await?)
}

/// The data of a source, as a model takes it.
pub async fn load_source(tx: &mut TenantTx, id: Uuid) -> Result<Option<Source>, StoreError> {
    Ok(load(tx, id).await?.map(|stored| stored.source))
}

/// A source with its description; columns come back in the order of the file.
pub async fn load(tx: &mut TenantTx, id: Uuid) -> Result<Option<Stored>, StoreError> {
    let head = sqlx::query(
        "SELECT name, frequency, columns, warnings, kpi_value, geos FROM data_sources WHERE id = $1",
    )
    .bind(id)
    .fetch_optional(&mut **tx)
    .await?;
    let Some(head) = head else { return Ok(None) };
    let columns: Vec<ColumnRole> = from_json(head.try_get("columns")?)?;
    let mut source = empty_source(&head, &columns)?;

    let rows = sqlx::query(
        "SELECT date::text AS date, kpi, metrics FROM marketing_data
         WHERE source_id = $1 AND channel IS NULL ORDER BY date",
    )
    .bind(id)
    .fetch_all(&mut **tx)
    .await?;
    for row in &rows {
        let date: String = row.try_get("date")?;
        source.dates.push(date.parse().map_err(|_| StoreError::Corrupt(format!("date {date}")))?);
        source.kpi.values.push(row.try_get("kpi")?);
        let metrics: BTreeMap<String, f64> = from_json(row.try_get("metrics")?)?;
        for control in &mut source.controls {
            let value = metrics.get(&control.name).copied();
            control
                .values
                .push(value.ok_or_else(|| StoreError::Corrupt(format!("control {}", control.name)))?);
        }
    }
    for channel in &mut source.channels {
        let missing = || StoreError::Corrupt(format!("channel {}", channel.name));
        let (spend, exposure) = medium(tx, id, &channel.name).await?;
        channel.spend = spend.ok_or_else(missing)?;
        channel.exposure = exposure;
    }
    for organic in &mut source.organic {
        let missing = || StoreError::Corrupt(format!("organic medium {}", organic.name));
        organic.values = medium(tx, id, &organic.name).await?.1.ok_or_else(missing)?;
    }
    let warnings = from_json(head.try_get("warnings")?)?;
    Ok(Some(Stored { source, name: head.try_get("name")?, columns, warnings }))
}

/// The series of a source by name, without a value.
fn empty_source(head: &PgRow, columns: &[ColumnRole]) -> Result<Source, StoreError> {
    let of = |role| columns.iter().filter(move |column| column.role == role);
    let series = |name: &str| Series { name: name.to_owned(), values: Vec::new() };
    let kpi = of(Role::Kpi).next().ok_or_else(|| StoreError::Corrupt("no KPI column".to_owned()))?;
    let flags = of(Role::CategoricalControl)
        .flat_map(|column| column.levels.iter().skip(1).map(|word| series(&flag_name(&column.name, word))));
    let channel =
        |column: &ColumnRole| Channel { name: column.series().to_owned(), spend: Vec::new(), exposure: None };
    Ok(Source {
        frequency: frequency_of(&head.try_get::<String, _>("frequency")?)?,
        dates: Vec::new(),
        kpi: series(&kpi.name),
        channels: of(Role::MediaSpend).map(channel).collect(),
        organic: of(Role::OrganicMedia).map(|column| series(column.series())).collect(),
        controls: of(Role::Control).map(|column| series(&column.name)).chain(flags).collect(),
        kpi_value: head.try_get("kpi_value")?,
        geos: geos(head)?,
    })
}

fn geos(row: &PgRow) -> Result<Option<usize>, StoreError> {
    Ok(row.try_get::<Option<i32>, _>("geos")?.and_then(|geos| usize::try_from(geos).ok()))
}

/// Spend and exposure of a medium by date, each where it has any.
async fn medium(
    tx: &mut TenantTx,
    id: Uuid,
    name: &str,
) -> Result<(Option<Vec<f64>>, Option<Vec<f64>>), StoreError> {
    let rows: Vec<(Option<f64>, Option<f64>)> = sqlx::query_as(
        "SELECT spend, exposure FROM marketing_data WHERE source_id = $1 AND channel = $2 ORDER BY date",
    )
    .bind(id)
    .bind(name)
    .fetch_all(&mut **tx)
    .await?;
    let (spend, exposure): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
    Ok((spend.into_iter().collect(), exposure.into_iter().collect()))
}

const fn frequency_name(frequency: Frequency) -> &'static str {
    match frequency {
        Frequency::Daily => "daily",
        Frequency::Weekly => "weekly",
    }
}

fn frequency_of(name: &str) -> Result<Frequency, StoreError> {
    match name {
        "daily" => Ok(Frequency::Daily),
        "weekly" => Ok(Frequency::Weekly),
        other => Err(StoreError::Corrupt(format!("frequency {other}"))),
    }
}

fn json(value: &impl serde::Serialize) -> Result<Value, StoreError> {
    serde_json::to_value(value).map_err(|error| StoreError::Corrupt(error.to_string()))
}

fn from_json<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, StoreError> {
    serde_json::from_value(value).map_err(|error| StoreError::Corrupt(error.to_string()))
}
