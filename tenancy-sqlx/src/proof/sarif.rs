//! The report as SARIF 2.1.0, which code hosts show beside the code.

use serde_json::{Value, json};

use super::rules::RULES;
use super::{Report, Severity};

impl Report {
    /// The report as a SARIF 2.1.0 log.
    pub fn to_sarif(&self) -> Value {
        let rules: Vec<Value> = RULES
            .iter()
            .map(|rule| json!({ "id": rule.id, "shortDescription": { "text": rule.reason } }))
            .collect();
        let results: Vec<Value> = self
            .findings
            .iter()
            .map(|finding| {
                let level = match finding.severity {
                    Severity::Info => "note",
                    Severity::Warn => "warning",
                    Severity::Error => "error",
                };
                let text = format!("{}: {} Mend it: {}", finding.object, finding.reason, finding.fix);
                json!({
                    "ruleId": finding.rule,
                    "level": level,
                    "message": { "text": text },
                    "locations": [{ "logicalLocations": [{ "fullyQualifiedName": finding.object }] }],
                })
            })
            .collect();
        json!({
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [{
                "tool": { "driver": {
                    "name": "tenancy-sqlx proof",
                    "version": env!("CARGO_PKG_VERSION"),
                    "rules": rules,
                } },
                "results": results,
            }],
        })
    }
}
