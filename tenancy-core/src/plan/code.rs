//! The code of a plan.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The code of a plan, such as `starter`: lower-case letters, digits and `_`, at most 40.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PlanCode(Box<str>);

/// A text that cannot be the code of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a plan's code has 1 to 40 lower-case letters, digits and underscores")]
pub struct PlanCodeError;

impl PlanCode {
    /// The text of the code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PlanCode {
    type Err = PlanCodeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if text.is_empty() || text.len() > 40 || !plain {
            return Err(PlanCodeError);
        }
        Ok(Self(text.into()))
    }
}

impl TryFrom<String> for PlanCode {
    type Error = PlanCodeError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<PlanCode> for String {
    fn from(code: PlanCode) -> Self {
        code.0.into()
    }
}

impl fmt::Display for PlanCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_and_noisy_codes_are_refused() {
        for text in ["", " ", "Starter", "a b", "a-b", &"a".repeat(41)] {
            assert_eq!(text.parse::<PlanCode>(), Err(PlanCodeError), "{text:?}");
        }
        assert!("starter".parse::<PlanCode>().is_ok());
    }
}
