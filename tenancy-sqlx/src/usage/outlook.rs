//! What usage is heading for: the marks a meter has passed, and when it would reach its limit if it
//! went on as it did.
//!
//! The pace of a gauge is that of the last thirty days, from what it stood at each day; the pace of a
//! month's counter is that of the month. A counter of an hour has none: it is over too soon to act.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sqlx::Row;
use tenancy_core::plan::Meter;

use super::{MeterUsage, UsageError};
use crate::tx::TenantTx;

/// Further than this nothing is foretold.
const HORIZON: f64 = 365.0 * DAY;
const DAY: f64 = 86_400.0;

/// A mark that a meter has passed in the period that goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Alert {
    /// The meter.
    pub meter: Meter,
    /// Of its limit: 80 or 100.
    pub percent: u8,
    /// When it was passed.
    pub at: SystemTime,
}

/// What the tenant's usage is heading for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outlook {
    /// The marks passed, newest first.
    pub alerts: Vec<Alert>,
    paces: Vec<(Meter, f64)>,
}

impl Outlook {
    /// When the meter reaches its limit if it goes on as it did; `None` where it has reached it, does
    /// not within a year, or begins anew before.
    pub fn reaches_limit(&self, usage: &MeterUsage, now: SystemTime) -> Option<SystemTime> {
        let left = usage.limit?.checked_sub(usage.used).filter(|left| *left > 0)?;
        let (_, per_day) = self.paces.iter().find(|(meter, _)| *meter == usage.meter)?;
        let wait = left as f64 / per_day * DAY;
        let at = (*per_day > 0.0 && wait < HORIZON).then(|| now + Duration::from_secs_f64(wait))?;
        usage.resets_at.is_none_or(|anew| at < anew).then_some(at)
    }
}

impl TenantTx {
    /// What the tenant's usage is heading for.
    ///
    /// # Errors
    ///
    /// [`UsageError::Database`].
    pub async fn outlook(&mut self) -> Result<Outlook, UsageError> {
        let mut outlook = Outlook::default();
        for row in
            sqlx::query("SELECT meter, per_day FROM control.usage_pace()").fetch_all(&mut **self).await?
        {
            outlook.paces.push((meter(row.try_get("meter")?)?, row.try_get("per_day")?));
        }
        let sql = "SELECT meter, percent, extract(epoch FROM at)::bigint AS at FROM control.usage_alerts()";
        for row in sqlx::query(sql).fetch_all(&mut **self).await? {
            let at: i64 = row.try_get("at")?;
            outlook.alerts.push(Alert {
                meter: meter(row.try_get("meter")?)?,
                percent: u8::try_from(row.try_get::<i16, _>("percent")?).unwrap_or(u8::MAX),
                at: UNIX_EPOCH + Duration::from_secs(at.unsigned_abs()),
            });
        }
        Ok(outlook)
    }
}

fn meter(name: &str) -> Result<Meter, sqlx::Error> {
    name.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))
}

#[cfg(test)]
mod tests {
    use super::super::MeterKind;
    use super::*;

    fn reaches(used: u64, limit: Option<u64>, per_day: f64, resets_in_days: Option<u64>) -> Option<Duration> {
        let now = UNIX_EPOCH + Duration::from_hours(24 * 1_000);
        let resets_at = resets_in_days.map(|days| now + Duration::from_hours(24 * days));
        let usage = MeterUsage { meter: Meter::CAMPAIGNS, kind: MeterKind::Gauge, used, limit, resets_at };
        let outlook = Outlook { alerts: Vec::new(), paces: vec![(Meter::CAMPAIGNS, per_day)] };
        outlook.reaches_limit(&usage, now).map(|at| at.duration_since(now).unwrap())
    }

    #[test]
    fn what_grows_reaches_its_limit_at_its_pace() {
        assert_eq!(reaches(10, Some(25), 1.5, None), Some(Duration::from_hours(24 * 10)));
        assert_eq!(reaches(10, Some(25), 1.5, Some(11)), Some(Duration::from_hours(24 * 10)));
        for (used, limit, per_day, resets) in [
            (10, None, 1.5, None),
            (25, Some(25), 1.5, None),
            (30, Some(25), 1.5, None),
            (10, Some(25), 0.0, None),
            (10, Some(25), -1.0, None),
            (10, Some(25), f64::NAN, None),
            (10, Some(25), 0.01, None),
            (10, Some(25), 1.5, Some(9)),
        ] {
            assert_eq!(reaches(used, limit, per_day, resets), None, "{used} {limit:?} {per_day} {resets:?}");
        }
    }
}
