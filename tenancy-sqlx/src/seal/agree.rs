//! Whether program and database agree about the seal, asked before anybody is served.
//!
//! Nothing is prepared for it, so that it may be asked through a pooler.

use std::time::{Duration, UNIX_EPOCH};

use sqlx::{AssertSqlSafe, Executor, PgPool, Row, SqlSafeStr, raw_sql};
use tenancy_core::{Clock, TenantId};

use super::{CLOCK_MARGIN, SealKey, SealMismatch};
use crate::error::ConnectError;
use crate::statement::{self, Access, Begin};

/// Tries the key with a tenant that does not exist, and compares the clocks.
pub(crate) async fn check_seal(
    pool: &PgPool,
    key: Option<&SealKey>,
    clock: &dyn Clock,
) -> Result<(), ConnectError> {
    let required = is_required(pool).await?;
    let key = match (key, required) {
        (Some(key), true) => key,
        (None, false) => return Ok(()),
        (None, true) => return Err(SealMismatch::KeyMissing.into()),
        (Some(_), false) => return Err(SealMismatch::NotSealed.into()),
    };
    let asked = clock.now();
    let there: f64 =
        raw_sql("SELECT extract(epoch FROM clock_timestamp())::float8").fetch_one(pool).await?.try_get(0)?;
    // Between asking and the answer the database's clock was read: half way, as good as any guess.
    let here = asked.duration_since(UNIX_EPOCH).unwrap_or_default()
        + clock.now().duration_since(asked).unwrap_or_default() / 2;
    let difference = Duration::try_from_secs_f64((there - here.as_secs_f64()).abs()).unwrap_or(Duration::MAX);
    if difference > CLOCK_MARGIN {
        return Err(SealMismatch::Clock { difference }.into());
    }
    try_key(pool, key, clock).await
}

async fn is_required(pool: &PgPool) -> Result<bool, sqlx::Error> {
    match raw_sql("SELECT tenancy.seal_required()").fetch_one(pool).await {
        Ok(row) => row.try_get(0),
        // A schema from before the seal, or one without `tenancy` at all: whoever serves it asks for its version.
        Err(sqlx::Error::Database(e)) if matches!(e.code().as_deref(), Some("42883" | "3F000" | "42501")) => {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

async fn try_key(pool: &PgPool, key: &SealKey, clock: &dyn Clock) -> Result<(), ConnectError> {
    let tenant = TenantId::new();
    let begin = Begin {
        access: Access::Read,
        tenant,
        seal: Some(key.seal(tenant, clock.now())),
        statement_timeout: Duration::from_secs(10),
    };
    let mut conn = pool.acquire().await?;
    // Whatever comes of it, this connection is not used for anything else.
    conn.close_on_drop();
    conn.execute(AssertSqlSafe(statement::begin(&begin)).into_sql_str()).await?;
    match conn.execute("SELECT tenancy.current_tenant()").await {
        Ok(_) => Ok(()),
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("28000") => {
            let (kid, reason) = (key.kid().to_owned(), error.message().to_owned());
            Err(SealMismatch::Rejected { kid, reason }.into())
        }
        Err(error) => Err(error.into()),
    }
}
