//! Admission inside the transaction that creates or works.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use sqlx::Row;
use sqlx::postgres::{PgDatabaseError, PgRow};
use tenancy_core::Decision;
use tenancy_core::plan::Meter;
use tenancy_core::usage::Reason;
use uuid::Uuid;

use super::{UsageError, amount};
use crate::tx::TenantTx;

/// How a meter counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MeterKind {
    /// How much there is.
    Gauge,
    /// How much was done since the hour began, UTC.
    Hour,
    /// How much was done since the month began, UTC.
    Month,
}

/// A meter's figures.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MeterUsage {
    /// The meter.
    pub meter: Meter,
    /// How it counts.
    pub kind: MeterKind,
    /// How much is used, in counted units.
    pub used: u64,
    /// How much may be used, in counted units; `None` without a limit.
    pub limit: Option<u64>,
    /// When a counter begins anew.
    pub resets_at: Option<SystemTime>,
}

impl MeterUsage {
    /// Whether so much more would be admitted now. Nothing is counted, and another may be faster.
    pub fn would_admit(&self, amount: u64) -> Decision {
        let room = self.limit.is_none_or(|limit| self.used.saturating_add(amount) <= limit);
        let decision = if room {
            Decision::allowed(self.used, self.limit)
        } else {
            Decision::refused(Reason::LimitExceeded, self.used, self.limit)
        };
        Decision { resets_at: self.resets_at, ..decision }
    }
}

impl TenantTx {
    /// Counts `amount` of a gauge as held by `holder`, a thing that this transaction creates. It counts
    /// when the transaction commits. Asking again for the same holder and amount counts nothing more.
    ///
    /// Transactions of one tenant that admit the same meter wait for each other until they end.
    ///
    /// # Errors
    ///
    /// [`UsageError::Misuse`] for a meter that is unknown or no gauge, and for an amount of zero.
    pub async fn admit(
        &mut self,
        meter: &Meter,
        holder: Uuid,
        quantity: u64,
    ) -> Result<Decision, UsageError> {
        self.take(meter, Some(holder), quantity).await
    }

    /// Counts `amount` of a counter, for work that this transaction does or enqueues.
    ///
    /// # Errors
    ///
    /// [`UsageError::Misuse`] for a meter that is unknown or a gauge, and for an amount of zero.
    pub async fn count(&mut self, meter: &Meter, quantity: u64) -> Result<Decision, UsageError> {
        self.take(meter, None, quantity).await
    }

    async fn take(
        &mut self,
        meter: &Meter,
        holder: Option<Uuid>,
        quantity: u64,
    ) -> Result<Decision, UsageError> {
        let row = sqlx::query(
            "SELECT allowed, used, cap, extract(epoch FROM resets_at)::bigint AS resets_at
             FROM control.admit($1, $2, $3)",
        )
        .bind(meter.as_str())
        .bind(holder)
        .bind(amount(quantity))
        .fetch_one(&mut **self)
        .await?;
        let (used, limit, resets_at) = figures(&row)?;
        let decision = if row.try_get("allowed")? {
            Decision::allowed(used, limit)
        } else {
            Decision::refused(Reason::LimitExceeded, used, limit)
        };
        Ok(Decision { resets_at, ..decision })
    }

    /// Gives back what `holder` holds of a gauge; whether it held anything.
    ///
    /// # Errors
    ///
    /// [`UsageError::Database`].
    pub async fn release_held(&mut self, meter: &Meter, holder: Uuid) -> Result<bool, UsageError> {
        Ok(sqlx::query_scalar("SELECT control.release_held($1, $2)")
            .bind(meter.as_str())
            .bind(holder)
            .fetch_one(&mut **self)
            .await?)
    }

    /// Every meter of the tenant, with what is used and what may be.
    ///
    /// # Errors
    ///
    /// [`UsageError::Database`].
    pub async fn usage(&mut self) -> Result<Vec<MeterUsage>, UsageError> {
        let rows = sqlx::query(
            "SELECT meter, kind, used, cap, extract(epoch FROM resets_at)::bigint AS resets_at
             FROM control.usage()",
        )
        .fetch_all(&mut **self)
        .await?;
        rows.iter()
            .map(|row| {
                let (used, limit, resets_at) = figures(row)?;
                let kind = match row.try_get::<&str, _>("kind")? {
                    "gauge" => MeterKind::Gauge,
                    "hour" => MeterKind::Hour,
                    _ => MeterKind::Month,
                };
                let name: &str = row.try_get("meter")?;
                let meter = name.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
                Ok(MeterUsage { meter, kind, used, limit, resets_at })
            })
            .collect()
    }
}

/// The refusal in an error with which the database kept somebody from becoming a member, or from being
/// invited, because the plan has no seat left. `None` for every other error.
pub fn seat_refused(error: &sqlx::Error) -> Option<Decision> {
    let error = error.as_database_error()?.try_downcast_ref::<PgDatabaseError>()?;
    let (used, cap) = error.detail().filter(|_| error.code() == NO_SEAT)?.split_once(" of ")?;
    Some(Decision::refused(Reason::LimitExceeded, used.parse().ok()?, Some(cap.parse().ok()?)))
}

/// The SQLSTATE of a limit that is reached.
const NO_SEAT: &str = "53400";

type Figures = (u64, Option<u64>, Option<SystemTime>);

fn figures(row: &PgRow) -> Result<Figures, sqlx::Error> {
    let whole = |n: i64| u64::try_from(n).unwrap_or(0);
    let resets: Option<i64> = row.try_get("resets_at")?;
    let resets = resets.and_then(|at| UNIX_EPOCH.checked_add(Duration::from_secs(whole(at))));
    Ok((whole(row.try_get("used")?), row.try_get::<Option<i64>, _>("cap")?.map(whole), resets))
}
