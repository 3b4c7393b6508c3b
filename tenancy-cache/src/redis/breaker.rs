//! Leaves a server alone for a while when it does not answer, so that not every request waits for it.
//!
//! | state   | request                    | becomes                                       |
//! |---------|----------------------------|-----------------------------------------------|
//! | closed  | goes through               | open after [`FAILURES`] failures in a row     |
//! | open    | refused                    | closed as soon as one that went through does well |
//! | rested  | one goes through, to probe | open again until the probe has ended          |
//!
//! The time of a probe is taken when it is let through, so one that is dropped does no harm: the next
//! follows after another rest.

use std::time::Duration;

use tokio::time::Instant;

/// How many failures in a row open the breaker.
pub(crate) const FAILURES: u32 = 3;

#[derive(Debug, Default)]
pub(crate) struct Breaker {
    failures: u32,
    open_until: Option<Instant>,
}

impl Breaker {
    /// Whether a request may go through at `now`; if it is a probe, the next has to wait for `rest`.
    pub(crate) fn admits(&mut self, now: Instant, rest: Duration) -> bool {
        match self.open_until {
            None => true,
            Some(until) if now < until => false,
            Some(_) => {
                self.open_until = Some(now + rest);
                true
            }
        }
    }

    /// A request was answered.
    pub(crate) fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// A request was not answered; true if the server is to be left alone from here.
    pub(crate) fn failed(&mut self, now: Instant, rest: Duration) -> bool {
        self.failures = self.failures.saturating_add(1);
        if self.failures >= FAILURES {
            self.open_until = Some(now + rest);
        }
        self.open_until.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_opens_after_failures_in_a_row_and_probes_once_a_rest() {
        let (start, rest) = (Instant::now(), Duration::from_secs(1));
        let mut breaker = Breaker::default();
        assert!(!breaker.failed(start, rest) && !breaker.failed(start, rest));
        breaker.succeeded();
        for _ in 1..FAILURES {
            assert!(!breaker.failed(start, rest), "only failures in a row count");
        }
        assert!(breaker.failed(start, rest));
        assert!(!breaker.admits(start, rest));
        let rested = start + rest;
        assert!(breaker.admits(rested, rest), "the probe");
        assert!(!breaker.admits(rested, rest), "one probe");
        assert!(breaker.admits(rested + rest, rest), "the probe was dropped");
        breaker.failed(rested + rest, rest);
        assert!(!breaker.admits(rested + rest, rest));
        breaker.succeeded();
        assert!(breaker.admits(start, rest));
    }
}
