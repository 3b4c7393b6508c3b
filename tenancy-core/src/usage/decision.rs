//! The answer to "may this be used?".

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Serialize, Serializer};

/// Whether something may be used, and what the figures are.
///
/// `used` is the authority's last figure with what was used here since: a bound from below. There is
/// no `?` form on purpose: whoever asks must look at the answer.
///
/// As JSON: `{"allowed", "reason", "used", "limit", "retry_after", "resets_at"}`, times in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a refusal is an answer, not an error: look at the verdict"]
pub struct Decision {
    /// Yes, or no and why.
    pub verdict: Verdict,
    /// How much is used.
    pub used: u64,
    /// How much may be used; `None` without a limit.
    pub limit: Option<u64>,
    /// When the same question may be answered otherwise, if time alone can change it.
    pub retry_after: Option<Duration>,
    /// When the count begins anew, for counters.
    pub resets_at: Option<SystemTime>,
}

/// Yes, or no and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may be used, and counts as used.
    Allowed,
    /// It may not; nothing was counted.
    Refused(Reason),
}

/// Why something may not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reason {
    /// The plan's limit is reached.
    LimitExceeded,
    /// Too much at once.
    RateLimited,
}

impl Decision {
    /// A yes.
    pub const fn allowed(used: u64, limit: Option<u64>) -> Self {
        Self { verdict: Verdict::Allowed, used, limit, retry_after: None, resets_at: None }
    }

    /// A no.
    pub const fn refused(reason: Reason, used: u64, limit: Option<u64>) -> Self {
        Self { verdict: Verdict::Refused(reason), used, limit, retry_after: None, resets_at: None }
    }

    /// Whether it may be used.
    pub const fn is_allowed(&self) -> bool {
        matches!(self.verdict, Verdict::Allowed)
    }

    /// What is left below the limit.
    pub fn remaining(&self) -> Option<u64> {
        self.limit.map(|limit| limit.saturating_sub(self.used))
    }
}

impl Serialize for Decision {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Shape {
            allowed: bool,
            reason: Option<Reason>,
            used: u64,
            limit: Option<u64>,
            retry_after: Option<u64>,
            resets_at: Option<u64>,
        }
        let reason = match self.verdict {
            Verdict::Allowed => None,
            Verdict::Refused(reason) => Some(reason),
        };
        let unix = |at: SystemTime| at.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let shape = Shape {
            allowed: self.is_allowed(),
            reason,
            used: self.used,
            limit: self.limit,
            retry_after: self.retry_after.map(|wait| wait.as_secs_f64().ceil() as u64),
            resets_at: self.resets_at.map(unix),
        };
        shape.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn as_json_it_says_allowed() {
        let yes = serde_json::to_value(Decision::allowed(3, Some(10))).unwrap();
        assert_eq!(yes["allowed"], true);
        let no = Decision {
            retry_after: Some(Duration::from_millis(1200)),
            resets_at: Some(UNIX_EPOCH + Duration::from_hours(1)),
            ..Decision::refused(Reason::LimitExceeded, 10, Some(10))
        };
        let expected = json!({"allowed": false, "reason": "limit_exceeded", "used": 10, "limit": 10,
            "retry_after": 2, "resets_at": 3600});
        assert_eq!(serde_json::to_value(no).unwrap(), expected);
    }

    #[test]
    fn nothing_is_left_of_a_limit_that_was_lowered_below_what_is_used() {
        assert_eq!(Decision::allowed(9, Some(4)).remaining(), Some(0));
        assert_eq!(Decision::allowed(9, None).remaining(), None);
    }
}
