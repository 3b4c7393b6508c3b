//! Campaigns in the tenant's tables.

use std::str::FromStr;

use jiff::Timestamp;
use serde::Serialize;
use sqlx::Row;
use sqlx::postgres::PgRow;
use tenancy_core::UserId;
use tenancy_sqlx::TenantTx;
use uuid::Uuid;

use super::Wanted;
use crate::data::StoreError;

/// Where a campaign stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Being written.
    Draft,
    /// Will begin.
    Scheduled,
    /// Runs.
    Active,
    /// Is stopped for now.
    Paused,
    /// Is over.
    Ended,
}

impl Status {
    /// Every status, in the order of a campaign's life.
    pub const ALL: [Self; 5] = [Self::Draft, Self::Scheduled, Self::Active, Self::Paused, Self::Ended];

    /// The name of the status, as it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Scheduled => "scheduled",
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Ended => "ended",
        }
    }
}

/// A text that names no status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a campaign is draft, scheduled, active, paused or ended")]
pub struct StatusError;

impl FromStr for Status {
    type Err = StatusError;

    fn from_str(text: &str) -> Result<Self, StatusError> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or(StatusError)
    }
}

/// A campaign.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Campaign {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub status: Status,
    /// What it may cost.
    pub budget: Option<f64>,
    /// When it was made.
    pub created_at: Timestamp,
}

fn campaign(row: &PgRow) -> Result<Campaign, StoreError> {
    let status: &str = row.try_get("status")?;
    let created = Timestamp::from_millisecond(row.try_get("created")?);
    Ok(Campaign {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        status: status.parse().map_err(|error: StatusError| StoreError::Corrupt(error.to_string()))?,
        budget: row.try_get("budget")?,
        created_at: created.map_err(|error| StoreError::Corrupt(error.to_string()))?,
    })
}

pub(super) async fn insert(
    tx: &mut TenantTx,
    id: Uuid,
    wanted: &Wanted,
    by: Option<UserId>,
) -> Result<Campaign, StoreError> {
    const SQL: &str =
        "INSERT INTO campaigns (id, name, status, budget, created_by) VALUES ($1, $2, $3, $4, $5)
        RETURNING id, name, status, budget, (extract(epoch FROM created_at) * 1000)::int8 AS created";
    let row = sqlx::query(SQL)
        .bind(id)
        .bind(&wanted.name)
        .bind(wanted.status.as_str())
        .bind(wanted.budget)
        .bind(by.map(UserId::as_uuid))
        .fetch_one(&mut **tx)
        .await?;
    campaign(&row)
}

/// Campaigns that are not deleted, newest first.
pub async fn list(tx: &mut TenantTx) -> Result<Vec<Campaign>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, name, status, budget, (extract(epoch FROM created_at) * 1000)::int8 AS created
         FROM campaigns WHERE deleted_at IS NULL ORDER BY created_at DESC, id DESC LIMIT 500",
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.iter().map(campaign).collect()
}

pub(super) async fn find(tx: &mut TenantTx, id: Uuid) -> Result<Option<Campaign>, StoreError> {
    let row = sqlx::query(
        "SELECT id, name, status, budget, (extract(epoch FROM created_at) * 1000)::int8 AS created
         FROM campaigns WHERE id = $1 AND deleted_at IS NULL FOR NO KEY UPDATE",
    )
    .bind(id)
    .fetch_optional(&mut **tx)
    .await?;
    row.as_ref().map(campaign).transpose()
}

pub(super) async fn update(tx: &mut TenantTx, changed: &Campaign) -> Result<(), StoreError> {
    sqlx::query("UPDATE campaigns SET name = $2, status = $3, budget = $4 WHERE id = $1")
        .bind(changed.id)
        .bind(&changed.name)
        .bind(changed.status.as_str())
        .bind(changed.budget)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Marks a campaign as deleted; whether there is, or was, one.
pub(super) async fn remove(tx: &mut TenantTx, id: Uuid) -> Result<bool, StoreError> {
    let done = sqlx::query("UPDATE campaigns SET deleted_at = coalesce(deleted_at, now()) WHERE id = $1")
        .bind(id)
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected() > 0)
}
