//! What somebody has decided to live with, each with a reason.

use super::{Verdict, rules};

/// Which rules are silenced, and why; by default none. And whether warnings are refused; by default not.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    allowed: Vec<(&'static str, String)>,
    strict: bool,
}

/// A rule that does not exist, or a reason that says nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no rule of the proof, or the reason to allow it is blank")]
pub struct UnknownRule(String);

impl Policy {
    /// Silences a rule. An error that is allowed is a hole that was meant: say why.
    ///
    /// # Errors
    ///
    /// [`UnknownRule`] for a rule that does not exist and for a blank reason.
    pub fn allow(mut self, rule: &str, reason: &str) -> Result<Self, UnknownRule> {
        let known = rules::find(rule).filter(|_| !reason.trim().is_empty());
        let known = known.ok_or_else(|| UnknownRule(rule.to_owned()))?;
        self.allowed.push((known.id, reason.trim().to_owned()));
        Ok(self)
    }

    /// Refuses on warnings as well.
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// Whether nobody is to be served with this verdict.
    pub fn refuses(&self, verdict: Verdict) -> bool {
        match verdict {
            Verdict::Pass => false,
            Verdict::Warn => self.strict,
            Verdict::Refuse => true,
        }
    }

    /// Why a rule is silenced, if it is.
    pub fn reason_for(&self, rule: &str) -> Option<&str> {
        self.allowed.iter().find(|(id, _)| *id == rule).map(|(_, reason)| reason.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_rules_are_allowed_and_only_with_a_reason() {
        assert!(Policy::default().allow("R99", "why not").is_err());
        assert!(Policy::default().allow("R42", "  ").is_err());
        let policy = Policy::default().allow("R42", "the provider does not let us").unwrap();
        assert_eq!(policy.reason_for("R42"), Some("the provider does not let us"));
        assert_eq!(policy.reason_for("R43"), None);
    }
}
