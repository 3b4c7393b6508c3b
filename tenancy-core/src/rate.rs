//! How fast is too fast: the generic cell rate algorithm as one pure function.
//!
//! One number per tenant is kept, the *theoretical arrival time* at which the allowance is whole
//! again. A call of cost `c` at `now` passes when
//!
//! `max(tat, now) + c / rate <= now + burst / rate`
//!
//! and moves the number to the left side. A refusal moves nothing, so asking again does not make the
//! wait longer. A number that lies further ahead than the burst (the clock went back) is drawn in to
//! the burst: nobody waits longer than it takes to refill an empty allowance.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// So many calls a second on average, and so many at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    per_second: NonZeroU32,
    burst: NonZeroU32,
}

/// Ten a second, a hundred at once.
impl Default for Rate {
    fn default() -> Self {
        Self::per_second(10, 100)
    }
}

impl Rate {
    /// A rate; zeros count as ones.
    pub const fn per_second(calls: u32, burst: u32) -> Self {
        const fn at_least_one(n: u32) -> NonZeroU32 {
            match NonZeroU32::new(n) {
                Some(n) => n,
                None => NonZeroU32::MIN,
            }
        }
        Self { per_second: at_least_one(calls), burst: at_least_one(burst) }
    }

    /// Calls a second on average.
    pub const fn calls(self) -> u32 {
        self.per_second.get()
    }

    /// Calls at once.
    pub const fn burst(self) -> u32 {
        self.burst.get()
    }

    const fn nanos_per_call(self) -> u64 {
        1_000_000_000 / self.per_second.get() as u64
    }
}

/// What [`gcra`] decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The number to keep; unchanged but for the drawing in where the call does not pass.
    pub tat: u64,
    /// Whether the call passes; if not, after how long it would. `None` when it costs more than the
    /// burst and never passes.
    pub wait: Option<Duration>,
    /// How many calls of cost one would pass now, afterwards.
    pub remaining: u32,
    /// After how long the whole burst is there again.
    pub whole_after: Duration,
}

impl Step {
    /// Whether the call passes.
    pub fn passes(&self) -> bool {
        self.wait == Some(Duration::ZERO)
    }
}

/// Decides one call of a cost at a time, both in nanoseconds of any clock; `tat` is the number that was
/// kept, `0` where none was. Runs in constant time without allocation.
pub fn gcra(rate: Rate, tat: u64, now: u64, cost: u32) -> Step {
    let call = rate.nanos_per_call();
    let burst = call.saturating_mul(u64::from(rate.burst()));
    let horizon = now.saturating_add(burst);
    let tat = tat.clamp(now, horizon);
    let next = tat.saturating_add(call.saturating_mul(u64::from(cost)));
    let (tat, wait) = if cost > rate.burst() {
        (tat, None)
    } else if next <= horizon {
        (next, Some(Duration::ZERO))
    } else {
        (tat, Some(Duration::from_nanos(next - horizon)))
    };
    // A rate above 10⁹ a second has calls of no length: everything is always left.
    let remaining = (horizon - tat).checked_div(call).unwrap_or(u64::from(rate.burst()));
    let remaining = u32::try_from(remaining).unwrap_or(u32::MAX);
    Step { tat, wait, remaining, whole_after: Duration::from_nanos(tat - now) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn a_burst_passes_then_one_per_interval() {
        let rate = Rate::per_second(10, 3);
        let mut tat = 0;
        for left in [2, 1, 0] {
            let step = gcra(rate, tat, SECOND, 1);
            assert!(step.passes());
            assert_eq!(step.remaining, left);
            tat = step.tat;
        }
        let refused = gcra(rate, tat, SECOND, 1);
        assert_eq!(refused.wait, Some(Duration::from_millis(100)));
        assert_eq!(refused.tat, tat, "a refusal costs nothing");
        assert!(gcra(rate, tat, SECOND + SECOND / 10, 1).passes());
    }

    #[test]
    fn a_rate_of_nothing_cannot_be_read() {
        for json in [
            r#"{"per_second":0,"burst":1}"#,
            r#"{"per_second":1,"burst":0}"#,
            r#"{"per_second":-1,"burst":1}"#,
        ] {
            assert!(serde_json::from_str::<Rate>(json).is_err(), "{json}");
        }
    }

    fn calls() -> impl Strategy<Value = (Rate, Vec<(u64, u32)>)> {
        let rate = (1..2_000_u32, 1..50_u32).prop_map(|(calls, burst)| Rate::per_second(calls, burst));
        (rate, prop::collection::vec((0..SECOND, 1..5_u32), 1..200))
    }

    proptest! {
        #[test]
        fn in_any_window_no_more_passes_than_burst_and_rate_allow((rate, gaps) in calls()) {
            let (mut tat, mut now, mut passed) = (0, SECOND, Vec::new());
            for (gap, cost) in gaps {
                now += gap;
                let step = gcra(rate, tat, now, cost);
                tat = step.tat;
                if step.passes() {
                    passed.push((now, u64::from(cost)));
                }
            }
            for (first, &(from, _)) in passed.iter().enumerate() {
                let mut sum = 0;
                for &(at, cost) in &passed[first..] {
                    sum += cost;
                    let most = u64::from(rate.burst()) + (at - from) / rate.nanos_per_call() + 1;
                    prop_assert!(sum <= most, "{sum} passed in {} ns of {rate:?}", at - from);
                }
            }
        }

        #[test]
        fn who_waits_as_told_passes((rate, gaps) in calls(), cost in 1..80_u32) {
            let (mut tat, mut now) = (0, SECOND);
            for (gap, cost) in gaps {
                now += gap / 1_000;
                tat = gcra(rate, tat, now, cost).tat;
            }
            match gcra(rate, tat, now, cost).wait {
                None => prop_assert!(cost > rate.burst()),
                Some(wait) => {
                    let then = now + u64::try_from(wait.as_nanos()).unwrap();
                    prop_assert!(gcra(rate, tat, then, cost).passes());
                    prop_assert!(wait.is_zero() || !gcra(rate, tat, then - 1, cost).passes());
                }
            }
        }

        #[test]
        fn no_clock_makes_anybody_wait_longer_than_a_refill(
            rate in (1..2_000_u32, 1..50_u32), tat in any::<u64>(), now in 0..u64::MAX / 2, cost in any::<u32>(),
        ) {
            let rate = Rate::per_second(rate.0, rate.1);
            let refill = Duration::from_nanos(rate.nanos_per_call() * u64::from(rate.burst()));
            let step = gcra(rate, tat, now, cost);
            prop_assert!(step.wait.is_none_or(|wait| wait <= refill));
            prop_assert!(step.whole_after <= refill && step.remaining <= rate.burst());
        }
    }
}
