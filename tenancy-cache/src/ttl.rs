//! How long values live, and why those that were loaded together do not die together.
//!
//! | stored by            | lives                                   |
//! |----------------------|-----------------------------------------|
//! | `set`, `set_for`     | exactly as long as asked                |
//! | `get_or_load[_for]`  | as long as asked, less up to a tenth    |
//!
//! Values loaded at a start or after a purge would otherwise all expire in one moment, and all be
//! loaded again in the next. Jitter only ever shortens: nobody gets a value older than allowed.

use std::time::{Duration, SystemTime};

/// How long a value is kept unless said otherwise: an hour.
pub const DEFAULT_TTL: Duration = Duration::from_hours(1);

/// The largest part of its time that a loaded value may lose.
const JITTER: f64 = 0.1;

/// Where random numbers come from; tests bring their own.
pub trait Random: Send + Sync + 'static {
    /// A number of which every bit is random, such that nobody has had it before.
    fn next(&self) -> u64;
}

/// The system's randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    /// # Panics
    ///
    /// When the system has no randomness to give.
    fn next(&self) -> u64 {
        getrandom::u64().expect("randomness of the system")
    }
}

/// When a value stored at `now` for `ttl` is gone. A time too far for the clock counts as
/// [`DEFAULT_TTL`].
pub(crate) fn expiry(now: SystemTime, ttl: Duration) -> SystemTime {
    now.checked_add(ttl).or_else(|| now.checked_add(DEFAULT_TTL)).unwrap_or(now)
}

/// `ttl`, shortened by a part that `random` picks.
pub(crate) fn jittered(ttl: Duration, random: u64) -> Duration {
    let part = random as f64 / u64::MAX as f64;
    ttl.saturating_sub(ttl.mul_f64(part * JITTER))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::UNIX_EPOCH;

    #[test]
    fn jitter_takes_up_to_a_tenth_and_never_adds() {
        let hour = Duration::from_hours(1);
        assert_eq!(jittered(hour, 0), hour);
        assert_eq!(jittered(hour, u64::MAX), Duration::from_mins(54));
        for random in [1, 12_345, u64::MAX / 2, u64::MAX - 1] {
            let ttl = jittered(hour, random);
            assert!((Duration::from_mins(54)..=hour).contains(&ttl), "{ttl:?}");
        }
        assert_eq!(jittered(Duration::ZERO, 7), Duration::ZERO);
        assert!(jittered(Duration::MAX, u64::MAX) < Duration::MAX);
    }

    #[test]
    fn a_time_beyond_the_clock_is_the_default() {
        assert_eq!(expiry(UNIX_EPOCH, Duration::from_secs(5)), UNIX_EPOCH + Duration::from_secs(5));
        assert_eq!(expiry(UNIX_EPOCH, Duration::MAX), UNIX_EPOCH + DEFAULT_TTL);
    }
}
