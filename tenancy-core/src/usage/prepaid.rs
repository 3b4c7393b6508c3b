//! Counts calls without asking the authority about each: units are drawn in chunks and paid ahead.
//!
//! A drawn chunk counts as used at the authority from the moment it is granted, so however many
//! processes draw, what all of them admit together never exceeds the limit. What a process holds and
//! does not use it gives back; what it loses in a crash stays counted. Rules that make this safe:
//!
//! 1. A chunk belongs to one period and is never used after its end by this process's clock.
//! 2. Giving back is tried once: an answer that is lost leaves the units counted, never uncounted.
//! 3. A refusal is remembered for a second, so that a tenant at its limit does not load the authority.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use super::{Decision, Reason};
use crate::plan::Meter;
use crate::store::Answer;
use crate::{Clock, StoreError, TenantId};

/// How many units are asked for at once; the authority gives fewer as the limit comes near.
const CHUNK: u64 = 32;
const REFUSAL_REMEMBERED: Duration = Duration::from_secs(1);

/// What an authority answered to a draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// How many units were granted; zero when the limit is reached.
    pub units: u64,
    /// The authority's figure, with these units in it.
    pub used: u64,
    /// The limit.
    pub limit: Option<u64>,
    /// Which period they belong to: its beginning, in seconds since 1970.
    pub period: i64,
    /// How long that period still lasts.
    pub lasts: Duration,
}

/// Who counts: one for all processes.
pub trait CounterAuthority: Send + Sync + 'static {
    /// Counts up to `want` units as used and answers how many.
    fn draw<'a>(&'a self, tenant: TenantId, meter: &'a Meter, want: u64) -> Answer<'a, Chunk>;

    /// Takes back units of a period that were not used. Called at most once for a unit.
    fn give_back<'a>(&'a self, tenant: TenantId, meter: &'a Meter, period: i64, units: u64)
    -> Answer<'a, ()>;
}

/// Admits calls of one meter from chunks. See the [module docs](super).
pub struct Prepaid {
    authority: Arc<dyn CounterAuthority>,
    meter: Meter,
    clock: Arc<dyn Clock>,
    held: Mutex<HashMap<TenantId, Held>>,
}

#[derive(Clone, Copy)]
struct Held {
    left: u64,
    used: u64,
    limit: Option<u64>,
    period: i64,
    ends: SystemTime,
    touched: SystemTime,
}

impl Held {
    fn decision(&self, now: SystemTime, admitted: bool) -> Decision {
        let used = self.used.saturating_sub(self.left);
        let decision = if admitted {
            Decision::allowed(used, self.limit)
        } else {
            let retry_after = self.ends.duration_since(now).ok();
            Decision { retry_after, ..Decision::refused(Reason::LimitExceeded, used, self.limit) }
        };
        Decision { resets_at: Some(self.ends), ..decision }
    }
}

impl Prepaid {
    /// Counts this meter at an authority.
    pub fn new(authority: Arc<dyn CounterAuthority>, meter: Meter, clock: Arc<dyn Clock>) -> Self {
        Self { authority, meter, clock, held: Mutex::default() }
    }

    /// Takes one unit if that can be decided without asking the authority.
    pub fn peek(&self, tenant: TenantId) -> Option<Decision> {
        let now = self.clock.now();
        let mut table = self.table();
        let held = table.get_mut(&tenant).filter(|held| now < held.ends)?;
        if held.left > 0 {
            (held.left, held.touched) = (held.left - 1, now);
            return Some(held.decision(now, true));
        }
        let full = held.limit.is_some_and(|limit| held.used >= limit);
        let fresh = now < held.touched.checked_add(REFUSAL_REMEMBERED)?;
        (full && fresh).then(|| held.decision(now, false))
    }

    /// Takes one unit, or refuses.
    ///
    /// # Errors
    ///
    /// The authority's. Nothing was counted as used by the caller.
    pub async fn take(&self, tenant: TenantId) -> Result<Decision, StoreError> {
        if let Some(decision) = self.peek(tenant) {
            return Ok(decision);
        }
        // The period's end is reckoned from before the question, so it is never put too late.
        let asked = self.clock.now();
        let chunk = self.authority.draw(tenant, &self.meter, CHUNK).await?;
        let now = self.clock.now();
        let mut table = self.table();
        let held = table.entry(tenant).or_insert(Held {
            left: 0,
            used: 0,
            limit: None,
            period: chunk.period,
            ends: now,
            touched: now,
        });
        if held.period != chunk.period || now >= held.ends {
            held.left = 0;
        }
        let ends = asked.checked_add(chunk.lasts).unwrap_or(asked);
        *held = Held {
            left: held.left + chunk.units,
            used: chunk.used,
            limit: chunk.limit,
            period: chunk.period,
            ends,
            touched: now,
        };
        // Another task's draw may have left units even where this one got none.
        let admitted = held.left > 0;
        held.left = held.left.saturating_sub(1);
        Ok(held.decision(now, admitted))
    }

    /// Gives back what was not touched for this long; with zero, everything.
    ///
    /// # Errors
    ///
    /// The authority's first; what could not be given back stays counted.
    pub async fn give_back(&self, untouched: Duration) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut idle = Vec::new();
        self.table().retain(|tenant, held| {
            let keep = now.duration_since(held.touched).unwrap_or_default() < untouched && now < held.ends;
            if !keep && held.left > 0 && now < held.ends {
                idle.push((*tenant, *held));
            }
            keep
        });
        let mut first = Ok(());
        for (tenant, held) in idle {
            let done = self.authority.give_back(tenant, &self.meter, held.period, held.left).await;
            first = first.and(done);
        }
        first
    }

    fn table(&self) -> MutexGuard<'_, HashMap<TenantId, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Prepaid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepaid").field("meter", &self.meter).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};
    use std::time::UNIX_EPOCH;

    /// An authority in memory: one period, one tenant.
    struct Memory(Mutex<(u64, u64)>);

    impl CounterAuthority for Memory {
        fn draw<'a>(&'a self, _: TenantId, _: &'a Meter, want: u64) -> Answer<'a, Chunk> {
            let mut state = self.0.lock().unwrap();
            let (used, limit) = *state;
            let units = want.min(limit - used);
            state.0 += units;
            let lasts = Duration::from_mins(1);
            let chunk = Chunk { units, used: used + units, limit: Some(limit), period: 0, lasts };
            Box::pin(async move { Ok(chunk) })
        }

        fn give_back<'a>(&'a self, _: TenantId, _: &'a Meter, _: i64, units: u64) -> Answer<'a, ()> {
            self.0.lock().unwrap().0 -= units;
            Box::pin(async { Ok(()) })
        }
    }

    struct Fixed;

    impl Clock for Fixed {
        fn now(&self) -> SystemTime {
            UNIX_EPOCH + Duration::from_secs(10)
        }
    }

    /// Futures of this authority never wait.
    fn now<T>(future: impl Future<Output = T>) -> T {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("it waits"),
        }
    }

    #[test]
    fn two_processes_together_admit_exactly_the_limit_once_units_are_back() {
        let authority = Arc::new(Memory(Mutex::new((0, 100))));
        let process = || Prepaid::new(authority.clone(), Meter::API_CALLS_HOUR, Arc::new(Fixed));
        let (one, two, tenant) = (process(), process(), TenantId::new());
        assert!(now(two.take(tenant)).unwrap().is_allowed());
        let mut admitted = 1;
        while now(one.take(tenant)).unwrap().is_allowed() {
            admitted += 1;
        }
        assert_eq!(admitted, 1 + 100 - 32, "what the other holds is not free");
        now(two.give_back(Duration::ZERO)).unwrap();
        now(one.give_back(Duration::ZERO)).unwrap();
        while now(one.take(tenant)).unwrap().is_allowed() {
            admitted += 1;
        }
        assert_eq!(admitted, 100);
        let refused = now(one.take(tenant)).unwrap();
        assert_eq!((refused.used, refused.limit), (100, Some(100)));
        assert_eq!(refused.retry_after, Some(Duration::from_mins(1)));
    }
}
