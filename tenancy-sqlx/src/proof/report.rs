//! What was found, and what that means.

use std::fmt::{self, Write};

use serde::Serialize;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Advice: something is slow under row security, or tells a little about volume.
    Info,
    /// It weakens the isolation without opening it.
    Warn,
    /// Another tenant's rows are within reach.
    Error,
}

/// What all findings together mean: the worst of them, where advice does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Serve.
    Pass,
    /// Serve, and look at it.
    Warn,
    /// Do not serve.
    Refuse,
}

impl Verdict {
    /// Its name, as it is printed and stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Refuse => "refuse",
        }
    }
}

/// Something that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// The rule, such as `R12`.
    pub rule: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it is about.
    pub object: String,
    /// Why it leaks, in one sentence.
    pub reason: &'static str,
    /// The SQL that mends it, for a superuser; only a comment where SQL cannot.
    pub fix: String,
}

/// All findings, the worst first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// What they mean.
    pub verdict: Verdict,
    /// The findings.
    pub findings: Vec<Finding>,
}

impl Report {
    pub(super) fn new(mut findings: Vec<Finding>) -> Self {
        findings.sort_by(|a, b| {
            b.severity.cmp(&a.severity).then_with(|| a.rule.cmp(b.rule)).then_with(|| a.object.cmp(&b.object))
        });
        let verdict = match findings.first().map(|worst| worst.severity) {
            Some(Severity::Error) => Verdict::Refuse,
            Some(Severity::Warn) => Verdict::Warn,
            Some(Severity::Info) | None => Verdict::Pass,
        };
        Self { verdict, findings }
    }

    /// As one JSON object: `{"verdict": …, "findings": [{rule, severity, object, reason, fix}]}`.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!(self)
    }
}

/// One paragraph a finding, then the verdict.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.findings {
            writeln!(f, "{finding}")?;
        }
        write!(f, "verdict: {}, {} findings", self.verdict.as_str(), self.findings.len())
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Info => "info",
            Severity::Warn => "warn",
            Severity::Error => "error",
        };
        // Names come from the catalog: a line break in one must not look like a finding of its own.
        f.write_fmt(format_args!("{} {severity}: ", self.rule))?;
        for c in self.object.chars() {
            f.write_char(if c.is_control() { '\u{fffd}' } else { c })?;
        }
        write!(f, "\n    {}\n    {}", self.reason, self.fix.replace(char::is_control, "\u{fffd}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(severity: Severity, object: &str) -> Finding {
        Finding { rule: "R12", severity, object: object.into(), reason: "why", fix: "SELECT 1;".into() }
    }

    #[test]
    fn the_verdict_is_the_worst_finding_and_advice_does_not_count() {
        use Severity::{Error, Info, Warn};
        for (severities, verdict) in [
            (&[][..], Verdict::Pass),
            (&[Info], Verdict::Pass),
            (&[Info, Warn], Verdict::Warn),
            (&[Warn, Error, Info], Verdict::Refuse),
        ] {
            let report = Report::new(severities.iter().map(|s| finding(*s, "t")).collect());
            assert_eq!(report.verdict, verdict, "{severities:?}");
        }
    }

    #[test]
    fn a_name_cannot_write_a_line_of_its_own() {
        let report = Report::new(vec![finding(Severity::Error, "t\nverdict: pass")]);
        assert_eq!(report.to_string().lines().filter(|line| line.starts_with("verdict")).count(), 1);
        assert_eq!(report.to_json()["findings"][0]["severity"], "error");
        assert_eq!(report.to_json()["verdict"], "refuse");
    }
}
