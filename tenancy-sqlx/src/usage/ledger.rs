//! The ledger: what was used, when, for whom. Rows are added in the transaction of the work and never
//! changed; the application's role has no right to.
//!
//! Every event carries an idempotency key of its tenant's own. The first event with a key counts; the
//! same event again is a replay and counts nothing; another event with that key is refused. Another
//! tenant's keys are another tenant's.

use serde_json::Value;
use sqlx::Row;
use tenancy_core::plan::Meter;

use super::{MOST, UsageError, amount};
use crate::tx::TenantTx;

/// Something that was used.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "nothing is recorded until it is handed to a transaction"]
pub struct UsageEvent {
    meter: Meter,
    amount: u64,
    key: String,
    subject: Option<String>,
    properties: Value,
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// It counts.
    Counted,
    /// It was counted before.
    Replayed,
}

impl UsageEvent {
    /// So much of a meter, under a key that names this event among the tenant's.
    pub fn new(meter: Meter, amount: u64, key: impl Into<String>) -> Self {
        Self {
            meter,
            amount,
            key: key.into(),
            subject: None,
            properties: Value::Object(serde_json::Map::new()),
        }
    }

    /// Who used it, in the tenant's own words.
    pub fn subject(mut self, subject: Option<String>) -> Self {
        self.subject = subject;
        self
    }

    /// What else is known about it: an object.
    pub fn properties(mut self, properties: Value) -> Self {
        self.properties = properties;
        self
    }

    fn check(&self) -> Result<(), UsageError> {
        let fits =
            |text: &str| !text.trim().is_empty() && text.chars().count() <= 200 && !text.contains('\0');
        if !(1..=MOST).contains(&self.amount) {
            Err(UsageError::Event("the amount is a whole number from 1 to 10^15"))
        } else if !fits(&self.key) {
            Err(UsageError::Event("the idempotency key has 1 to 200 characters"))
        } else if self.subject.as_deref().is_some_and(|subject| !fits(subject)) {
            Err(UsageError::Event("the subject has 1 to 200 characters"))
        } else if !self.properties.is_object() || self.properties.to_string().contains("\\u0000") {
            Err(UsageError::Event("the properties are an object without null characters"))
        } else {
            Ok(())
        }
    }
}

impl TenantTx {
    /// Adds an event to the tenant's ledger; it counts when the transaction commits.
    ///
    /// # Errors
    ///
    /// [`UsageError::Event`] before anything is sent; [`UsageError::KeyReused`].
    pub async fn record(&mut self, event: &UsageEvent) -> Result<Recorded, UsageError> {
        event.check()?;
        let added = sqlx::query(
            "INSERT INTO public.usage_events (meter, amount, subject, properties, idempotency_key)
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (tenant_id, idempotency_key) DO NOTHING",
        )
        .bind(event.meter.as_str())
        .bind(amount(event.amount))
        .bind(&event.subject)
        .bind(&event.properties)
        .bind(&event.key)
        .execute(&mut **self)
        .await?;
        if added.rows_affected() > 0 {
            return Ok(Recorded::Counted);
        }
        let same: Option<bool> = sqlx::query_scalar(
            "SELECT meter = $2 AND amount = $3 AND subject IS NOT DISTINCT FROM $4 AND properties = $5
             FROM public.usage_events WHERE idempotency_key = $1",
        )
        .bind(&event.key)
        .bind(event.meter.as_str())
        .bind(amount(event.amount))
        .bind(&event.subject)
        .bind(&event.properties)
        .fetch_optional(&mut **self)
        .await?;
        if same == Some(true) { Ok(Recorded::Replayed) } else { Err(UsageError::KeyReused) }
    }

    /// What the ledger holds of this month (UTC), by meter.
    ///
    /// # Errors
    ///
    /// [`UsageError::Database`].
    pub async fn recorded_this_month(&mut self) -> Result<Vec<(Meter, u64)>, UsageError> {
        let rows = sqlx::query(
            "SELECT meter, least(sum(amount), 9223372036854775807)::bigint AS total FROM public.usage_events
             WHERE recorded_at >= date_trunc('month', now(), 'UTC') GROUP BY meter ORDER BY meter",
        )
        .fetch_all(&mut **self)
        .await?;
        rows.iter()
            .map(|row| {
                let meter = row.try_get::<&str, _>("meter")?.parse();
                let meter = meter.map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
                Ok((meter, u64::try_from(row.try_get::<i64, _>("total")?).unwrap_or(0)))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_no_ledger_takes_is_refused_before_it_is_sent() {
        let event = |amount, key: &str| UsageEvent::new(Meter::API_CALLS_HOUR, amount, key);
        assert!(event(1, "a").check().is_ok());
        for bad in [
            event(0, "a"),
            event(MOST + 1, "a"),
            event(u64::MAX, "a"),
            event(1, ""),
            event(1, " "),
            event(1, "a\0"),
            event(1, &"a".repeat(201)),
            event(1, "a").subject(Some(String::new())),
            event(1, "a").properties(json!([1])),
            event(1, "a").properties(json!({"a": "\u{0}"})),
        ] {
            assert!(matches!(bad.check(), Err(UsageError::Event(_))), "{bad:?}");
        }
    }
}
