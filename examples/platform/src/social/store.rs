//! Social accounts in the tenant's tables.

use serde::Serialize;
use sqlx::Row;
use sqlx::postgres::PgRow;
use tenancy_sqlx::TenantTx;
use uuid::Uuid;

use crate::failure::Failure;

/// An account at another network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Account {
    /// Its id.
    pub id: Uuid,
    /// Where it is.
    pub network: String,
    /// What it is called there.
    pub handle: String,
}

fn account(row: &PgRow) -> Result<Account, sqlx::Error> {
    Ok(Account { id: row.try_get("id")?, network: row.try_get("network")?, handle: row.try_get("handle")? })
}

fn taken(error: sqlx::Error) -> Failure {
    match error {
        sqlx::Error::Database(error) if error.is_unique_violation() => Failure::Conflict {
            code: "account_exists",
            message: "This account is connected already.".to_owned(),
        },
        other => Failure::internal(other),
    }
}

pub(super) async fn insert(tx: &mut TenantTx, account: &Account, by: Option<Uuid>) -> Result<(), Failure> {
    sqlx::query("INSERT INTO social_accounts (id, network, handle, created_by) VALUES ($1, $2, $3, $4)")
        .bind(account.id)
        .bind(&account.network)
        .bind(&account.handle)
        .bind(by)
        .execute(&mut **tx)
        .await
        .map(drop)
        .map_err(taken)
}

/// Accounts that are connected, by network and name.
pub(super) async fn list(tx: &mut TenantTx) -> Result<Vec<Account>, Failure> {
    let rows = sqlx::query(
        "SELECT id, network, handle FROM social_accounts WHERE deleted_at IS NULL
         ORDER BY network, lower(handle) LIMIT 500",
    )
    .fetch_all(&mut **tx)
    .await
    .map_err(Failure::internal)?;
    rows.iter().map(account).collect::<Result<_, _>>().map_err(Failure::internal)
}

pub(super) async fn find(tx: &mut TenantTx, id: Uuid) -> Result<Option<Account>, Failure> {
    let row = sqlx::query(
        "SELECT id, network, handle FROM social_accounts WHERE id = $1 AND deleted_at IS NULL
         FOR NO KEY UPDATE",
    )
    .bind(id)
    .fetch_optional(&mut **tx)
    .await
    .map_err(Failure::internal)?;
    row.as_ref().map(account).transpose().map_err(Failure::internal)
}

pub(super) async fn update(tx: &mut TenantTx, account: &Account) -> Result<(), Failure> {
    sqlx::query("UPDATE social_accounts SET network = $2, handle = $3 WHERE id = $1")
        .bind(account.id)
        .bind(&account.network)
        .bind(&account.handle)
        .execute(&mut **tx)
        .await
        .map(drop)
        .map_err(taken)
}

/// Marks an account as disconnected; whether there is, or was, one.
pub(super) async fn remove(tx: &mut TenantTx, id: Uuid) -> Result<bool, Failure> {
    sqlx::query("UPDATE social_accounts SET deleted_at = coalesce(deleted_at, now()) WHERE id = $1")
        .bind(id)
        .execute(&mut **tx)
        .await
        .map(|done| done.rows_affected() > 0)
        .map_err(Failure::internal)
}
