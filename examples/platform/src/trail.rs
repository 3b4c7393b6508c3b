//! What people of a tenant did, and who changed what, written in the transaction of the deed itself:
//! it is there if and only if the deed is. What operators do to a tenant is in a log of theirs (see
//! [`operator`](crate::operator)).

use serde_json::Value;
use tenancy_core::UserId;
use tenancy_sqlx::TenantTx;

use crate::failure::Failure;

/// Notes that a person did something, such as `login`.
pub async fn activity(tx: &mut TenantTx, user: Option<UserId>, what: &'static str) -> Result<(), Failure> {
    sqlx::query("INSERT INTO tenant_activity (user_id, activity_type) VALUES ($1, $2)")
        .bind(user.map(UserId::as_uuid))
        .bind(what)
        .execute(&mut **tx)
        .await
        .map(drop)
        .map_err(Failure::internal)
}

/// Notes a change with what was and what is.
pub async fn change(
    tx: &mut TenantTx,
    by: UserId,
    action: &'static str,
    (old, new): (Value, Value),
) -> Result<(), Failure> {
    sqlx::query("INSERT INTO audit_logs (user_id, action, old_values, new_values) VALUES ($1, $2, $3, $4)")
        .bind(by.as_uuid())
        .bind(action)
        .bind(old)
        .bind(new)
        .execute(&mut **tx)
        .await
        .map(drop)
        .map_err(Failure::internal)
}
