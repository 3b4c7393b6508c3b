//! Sessions in `control.sessions`, by the hash of their token.

use sqlx::Row;
use sqlx::postgres::types::PgInterval;
use std::time::Duration;
use tenancy_core::store::{Answer, NewSession, Session, SessionStore, TokenHash};
use tenancy_core::{Identity, SessionId, TenantId, UserId};

use super::{Gate, parse, unavailable};

impl SessionStore for Gate {
    fn open<'a>(&'a self, session: &'a NewSession) -> Answer<'a, ()> {
        Box::pin(async move {
            sqlx::query("SELECT control.open_session($1, $2, $3, $4, $5, $6)")
                .bind(session.id.as_uuid())
                .bind(session.token.0.as_slice())
                .bind(session.identity.tenant_id.as_uuid())
                .bind(session.identity.user_id.as_uuid())
                .bind(interval(session.lifetime))
                .bind(interval(session.idle))
                .execute(&self.pool)
                .await
                .map(drop)
                .map_err(unavailable)
        })
    }

    fn find<'a>(&'a self, token: &'a TokenHash) -> Answer<'a, Option<Session>> {
        Box::pin(async move {
            let row = sqlx::query("SELECT * FROM control.find_session($1)")
                .bind(token.0.as_slice())
                .fetch_optional(&self.pool)
                .await
                .map_err(unavailable)?;
            let Some(row) = row else { return Ok(None) };
            let role: String = row.try_get("role").map_err(unavailable)?;
            Ok(Some(Session {
                id: SessionId::from_uuid(row.try_get("id").map_err(unavailable)?),
                identity: Identity {
                    tenant_id: TenantId::from_uuid(row.try_get("tenant_id").map_err(unavailable)?),
                    user_id: UserId::from_uuid(row.try_get("user_id").map_err(unavailable)?),
                    role: parse(&role)?,
                },
            }))
        })
    }

    fn end<'a>(&'a self, token: &'a TokenHash) -> Answer<'a, ()> {
        Box::pin(async move {
            sqlx::query("SELECT control.end_session($1)")
                .bind(token.0.as_slice())
                .execute(&self.pool)
                .await
                .map(drop)
                .map_err(unavailable)
        })
    }
}

/// A duration as the server's interval; longer ones than the server knows become its longest.
pub(crate) fn interval(duration: Duration) -> PgInterval {
    let microseconds = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
    PgInterval { months: 0, days: 0, microseconds }
}
