//! What an operator sees: every tenant, what was done to one, and counts over the tenants' tables.

use sqlx::Row;
use sqlx::postgres::PgRow;
use tenancy_core::{Lifecycle, Slug, TenantId};

use super::OperatorDoor;

/// A tenant as operators see it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TenantOverview {
    /// Its id.
    pub id: TenantId,
    /// The name in its address.
    pub slug: String,
    /// The name people read.
    pub name: String,
    /// Where in its life it is.
    pub status: Lifecycle,
    /// The code of its plan.
    pub plan: String,
    /// When it was made, in seconds since 1970.
    pub created_at: i64,
    /// How many members it has.
    pub users: i64,
    /// How many invitations are open.
    pub invitations: i64,
    /// Calls of its programs since midnight UTC.
    pub api_calls_today: i64,
    /// Bytes that it keeps.
    pub storage_bytes: i64,
}

/// A change that an operator made.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct OperatorEvent {
    /// When, in seconds since 1970.
    pub at: i64,
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// What, in one word.
    pub action: String,
    /// What exactly.
    pub detail: serde_json::Value,
}

impl OperatorDoor {
    /// Every tenant that is not erased, or the one that is asked for, by address name.
    ///
    /// # Errors
    ///
    /// The server's.
    pub async fn tenants(&self, only: Option<TenantId>) -> Result<Vec<TenantOverview>, sqlx::Error> {
        let sql =
            "SELECT *, extract(epoch FROM created_at)::bigint AS created FROM control.admin_tenants($1)";
        let rows = sqlx::query(sql).bind(only.map(TenantId::as_uuid)).fetch_all(&self.pool).await?;
        rows.iter().map(overview).collect()
    }

    /// Whether no tenant has this name in its address.
    ///
    /// # Errors
    ///
    /// The server's.
    pub async fn is_free(&self, slug: &Slug) -> Result<bool, sqlx::Error> {
        sqlx::query_scalar("SELECT control.admin_slug_is_free($1)")
            .bind(slug.as_str())
            .fetch_one(&self.pool)
            .await
    }

    /// The latest fifty changes that operators made to a tenant, newest first.
    ///
    /// # Errors
    ///
    /// The server's.
    pub async fn events(&self, tenant: TenantId) -> Result<Vec<OperatorEvent>, sqlx::Error> {
        let sql = "SELECT extract(epoch FROM at)::bigint AS at, actor, reason, action, detail
                   FROM control.admin_events($1)";
        let rows = sqlx::query(sql).bind(tenant.as_uuid()).fetch_all(&self.pool).await?;
        let event = |row: &PgRow| {
            Ok(OperatorEvent {
                at: row.try_get("at")?,
                actor: row.try_get("actor")?,
                reason: row.try_get("reason")?,
                action: row.try_get("action")?,
                detail: row.try_get("detail")?,
            })
        };
        rows.iter().map(event).collect()
    }

    /// Runs one question of the application's over its tenants' tables; `$1` is the tenant, or null for
    /// all of them. The role may read those tables and change nothing but through functions that log.
    ///
    /// # Errors
    ///
    /// The server's.
    pub async fn ask(&self, sql: &'static str, tenant: Option<TenantId>) -> Result<Vec<PgRow>, sqlx::Error> {
        sqlx::query(sql).bind(tenant.map(TenantId::as_uuid)).fetch_all(&self.pool).await
    }
}

fn overview(row: &PgRow) -> Result<TenantOverview, sqlx::Error> {
    let status: String = row.try_get("status")?;
    Ok(TenantOverview {
        id: TenantId::from_uuid(row.try_get("id")?),
        slug: row.try_get("subdomain")?,
        name: row.try_get("name")?,
        status: status.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
        plan: row.try_get("plan")?,
        created_at: row.try_get("created")?,
        users: row.try_get("users")?,
        invitations: row.try_get("invitations")?,
        api_calls_today: row.try_get("api_calls_today")?,
        storage_bytes: row.try_get("storage_bytes")?,
    })
}
