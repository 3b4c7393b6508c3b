//! A rate limit per tenant, kept in the process.
//!
//! Each process counts for itself: with two of them a tenant may be twice as fast. Limits that must
//! hold over processes are counters. The table is bounded: entries whose allowance is whole again say
//! nothing and are dropped when it is full, and if all are in use the one that is nearest to it is.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use super::{Decision, Reason};
use crate::rate::{Rate, gcra};
use crate::{Clock, TenantId};

/// Limits how fast tenants may call. See the [module docs](super).
pub struct RateLimiter {
    clock: Arc<dyn Clock>,
    most: usize,
    times: Mutex<HashMap<TenantId, u64>>,
}

impl RateLimiter {
    /// A limiter that remembers at most this many tenants at once.
    pub fn new(clock: Arc<dyn Clock>, most: usize) -> Self {
        Self { clock, most: most.max(1), times: Mutex::default() }
    }

    /// Decides one call of a tenant. `used` of the answer is what is taken of the burst.
    pub fn admit(&self, tenant: TenantId, rate: Rate) -> Decision {
        let now = self.clock.now();
        let nanos = nanos(now);
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        if times.len() >= self.most && !times.contains_key(&tenant) {
            make_room(&mut times, nanos);
        }
        let tat = times.entry(tenant).or_insert(0);
        let step = gcra(rate, *tat, nanos, 1);
        *tat = step.tat;
        drop(times);
        let burst = u64::from(rate.burst());
        let (used, limit) = (burst.saturating_sub(u64::from(step.remaining)), Some(burst));
        let decision = if step.passes() {
            Decision::allowed(used, limit)
        } else {
            Decision { retry_after: step.wait, ..Decision::refused(Reason::RateLimited, used, limit) }
        };
        Decision { resets_at: now.checked_add(step.whole_after), ..decision }
    }
}

impl fmt::Debug for RateLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimiter").field("most", &self.most).finish_non_exhaustive()
    }
}

fn make_room(times: &mut HashMap<TenantId, u64>, now: u64) {
    let before = times.len();
    times.retain(|_, tat| *tat > now);
    if times.len() < before {
        return;
    }
    if let Some(tenant) = times.iter().min_by_key(|(_, tat)| **tat).map(|(tenant, _)| *tenant) {
        times.remove(&tenant);
    }
}

fn nanos(at: SystemTime) -> u64 {
    at.duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(u64::MAX / 2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    struct Hand(Mutex<SystemTime>);

    impl Clock for Hand {
        fn now(&self) -> SystemTime {
            *self.0.lock().unwrap()
        }
    }

    fn limiter(most: usize) -> (Arc<Hand>, RateLimiter) {
        let hand = Arc::new(Hand(Mutex::new(UNIX_EPOCH + Duration::from_secs(1_000))));
        (Arc::clone(&hand), RateLimiter::new(hand, most))
    }

    #[test]
    fn one_tenant_at_its_limit_does_not_slow_another() {
        let (hand, limiter) = limiter(10);
        let (a, b, rate) = (TenantId::new(), TenantId::new(), Rate::per_second(1, 2));
        assert!(limiter.admit(a, rate).is_allowed() && limiter.admit(a, rate).is_allowed());
        let refused = limiter.admit(a, rate);
        assert_eq!(refused.retry_after, Some(Duration::from_secs(1)));
        assert_eq!((refused.used, refused.limit), (2, Some(2)));
        assert!(limiter.admit(b, rate).is_allowed());
        *hand.0.lock().unwrap() += Duration::from_secs(1);
        assert!(limiter.admit(a, rate).is_allowed());
    }

    #[test]
    fn the_table_stays_bounded_and_keeps_who_is_at_the_limit() {
        let (_, limiter) = limiter(3);
        let (a, rate) = (TenantId::new(), Rate::per_second(1, 5));
        while limiter.admit(a, rate).is_allowed() {}
        for _ in 0..100 {
            assert!(limiter.admit(TenantId::new(), rate).is_allowed());
        }
        assert!(limiter.times.lock().unwrap().len() <= 3);
        assert!(!limiter.admit(a, rate).is_allowed());
    }
}
