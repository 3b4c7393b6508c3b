//! Asks what has changed about tenants, so that the directory may go on believing the rest.
//!
//! Changes are stamped with the id of their transaction. Every answer says from which id on something
//! may still be missing from it, which is where the next question starts: a transaction that was open
//! meanwhile is in the next answer, and none is ever in no answer.

use std::sync::{Arc, Weak};
use std::time::Duration;

use sqlx::{PgPool, Row};
use tenancy_core::TenantId;
use tokio::time::sleep;
use uuid::Uuid;

use super::directory::Near;
use crate::hint::Hints;

const CHANNEL: &str = "tenancy_tenants";
/// How often it asks while tenants are asked for.
const ASK: Duration = Duration::from_millis(400);

/// Watches for as long as the memory is used by anybody and the pool is open.
pub(super) fn watch(near: &Arc<Near>, pool: &PgPool) {
    tokio::spawn(keep_watching(Arc::downgrade(near), pool.clone()));
}

async fn keep_watching(near: Weak<Near>, pool: PgPool) {
    let hints = Hints::listen(pool.connect_options().as_ref().clone(), CHANNEL);
    let mut since = None;
    while !pool.is_closed() {
        let hinted = tokio::select! {
            () = hints.next() => true,
            () = sleep(ASK) => false,
        };
        let Some(near) = near.upgrade() else { return };
        // Nobody who asks later believes what is remembered: it has not been confirmed.
        if !near.was_wanted() && !hinted {
            continue;
        }
        let asked = near.now();
        match changed(&pool, since).await {
            Ok((horizon, changed)) => {
                if !changed.is_empty() {
                    near.forget(&changed);
                }
                // The first answer says nothing of what changed before it: what was read until then may be old.
                match since {
                    Some(_) => near.confirm(asked),
                    None => near.clear(),
                }
                since = Some(horizon);
            }
            Err(error) => tracing::debug!(%error, "tenants are not watched, they are asked for one by one"),
        }
    }
}

/// From where to ask next, and which tenants changed since.
async fn changed(pool: &PgPool, since: Option<i64>) -> Result<(i64, Vec<TenantId>), sqlx::Error> {
    let row = sqlx::query("SELECT horizon, tenants FROM control.tenants_changed($1)")
        .bind(since)
        .fetch_one(pool)
        .await?;
    let tenants: Vec<Uuid> = row.try_get("tenants")?;
    Ok((row.try_get("horizon")?, tenants.into_iter().map(TenantId::from_uuid).collect()))
}
