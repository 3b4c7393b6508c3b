//! The authority behind prepaid counters: one row a tenant, meter and period, for all processes.

use std::time::Duration;

use sqlx::Row;
use tenancy_core::TenantId;
use tenancy_core::plan::Meter;
use tenancy_core::store::Answer;
use tenancy_core::usage::{Chunk, CounterAuthority};

use super::amount;
use crate::control::{Gate, unavailable};

impl CounterAuthority for Gate {
    fn draw<'a>(&'a self, tenant: TenantId, meter: &'a Meter, want: u64) -> Answer<'a, Chunk> {
        Box::pin(async move {
            let row = sqlx::query("SELECT * FROM control.draw_units($1, $2, $3)")
                .bind(tenant.as_uuid())
                .bind(meter.as_str())
                .bind(amount(want))
                .fetch_one(&self.pool)
                .await
                .map_err(unavailable)?;
            let number = |column| row.try_get::<i64, _>(column).map_err(unavailable);
            let whole = |n: i64| u64::try_from(n).unwrap_or(0);
            let seconds: f64 = row.try_get("seconds_left").map_err(unavailable)?;
            Ok(Chunk {
                units: whole(number("units")?),
                used: whole(number("used")?),
                limit: row.try_get::<Option<i64>, _>("cap").map_err(unavailable)?.map(whole),
                period: number("period")?,
                lasts: Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or_default(),
            })
        })
    }

    fn give_back<'a>(
        &'a self,
        tenant: TenantId,
        meter: &'a Meter,
        period: i64,
        units: u64,
    ) -> Answer<'a, ()> {
        Box::pin(async move {
            sqlx::query("SELECT control.give_back_units($1, $2, $3, $4)")
                .bind(tenant.as_uuid())
                .bind(meter.as_str())
                .bind(period)
                .bind(amount(units))
                .execute(&self.pool)
                .await
                .map(drop)
                .map_err(unavailable)
        })
    }
}
