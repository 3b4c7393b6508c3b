//! One plan: its features, its limits, its rate and its share of the database.
//!
//! JSON is read in every spelling that is about, and written in one:
//!
//! | ours       | also read                                                              |
//! |------------|------------------------------------------------------------------------|
//! | `limits`   | `usage_caps`; `max_social_accounts`, `max_campaigns`, `max_users`, `storage_quota_gb`, `api_rate_limit` |
//! | `features` | `feature_entitlements`                                                 |
//! | `code`     | none: the name in lower case stands in for it                          |

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::{Feature, Meter, PlanCode};
use crate::rate::Rate;

/// The older names of limits, as fields of their own.
pub(super) const OLDER: [(&str, Meter); 5] = [
    ("max_social_accounts", Meter::SOCIAL_ACCOUNTS),
    ("max_campaigns", Meter::CAMPAIGNS),
    ("max_users", Meter::USERS),
    ("storage_quota_gb", Meter::STORAGE_GB),
    ("api_rate_limit", Meter::API_CALLS_HOUR),
];

/// How many connections a tenant may hold at once where nothing is said about it.
pub(super) const CONNECTIONS: NonZeroU32 = NonZeroU32::MIN.saturating_add(3);

/// What can be bought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Read")]
pub struct Plan {
    code: PlanCode,
    name: String,
    features: BTreeSet<Feature>,
    limits: BTreeMap<Meter, u64>,
    rate: Rate,
    connections: NonZeroU32,
}

/// Why a plan cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The code is blank or noisy.
    #[error("the plan's code cannot be used: {0}")]
    Code(#[from] super::PlanCodeError),
    /// The name is blank.
    #[error("the plan has no name")]
    BlankName,
    /// A limit was given twice, in two spellings.
    #[error("the limit of {0} is given twice")]
    Twice(Meter),
}

/// Collects the parts of a [`Plan`]; [`build`](Self::build) is the only step that can fail.
#[derive(Clone, Debug)]
#[must_use = "nothing is granted until `build` is called"]
pub struct PlanBuilder {
    code: String,
    name: String,
    features: BTreeSet<Feature>,
    limits: BTreeMap<Meter, u64>,
    rate: Rate,
    connections: NonZeroU32,
}

impl Plan {
    /// Begins a plan without features and without limits.
    pub fn builder(code: impl Into<String>) -> PlanBuilder {
        PlanBuilder {
            code: code.into(),
            name: String::new(),
            features: BTreeSet::new(),
            limits: BTreeMap::new(),
            rate: Rate::default(),
            connections: CONNECTIONS,
        }
    }

    /// Its code.
    pub const fn code(&self) -> &PlanCode {
        &self.code
    }

    /// The name people read.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its features as they are written down; `all_features` is one entry.
    pub const fn features(&self) -> &BTreeSet<Feature> {
        &self.features
    }

    /// Its limits. A meter without one is unlimited.
    pub const fn limits(&self) -> &BTreeMap<Meter, u64> {
        &self.limits
    }

    /// How fast a tenant may call.
    pub const fn rate(&self) -> Rate {
        self.rate
    }

    /// How many of a process's connections to the database a tenant may hold at once.
    pub const fn connections(&self) -> NonZeroU32 {
        self.connections
    }

    /// Whether it has a feature, by name or because it has all.
    pub fn includes(&self, feature: &Feature) -> bool {
        self.features.contains(feature) || self.features.contains(&Feature::ALL)
    }
}

impl PlanBuilder {
    /// The name people read.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Adds a feature.
    pub fn feature(mut self, feature: Feature) -> Self {
        self.features.insert(feature);
        self
    }

    /// Adds every feature of a smaller plan.
    pub fn inherit(mut self, smaller: &Plan) -> Self {
        self.features.extend(smaller.features.iter().cloned());
        self
    }

    /// Caps a meter. A meter without a cap is unlimited; a cap of zero allows nothing.
    pub fn cap(mut self, meter: Meter, cap: u64) -> Self {
        self.limits.insert(meter, cap);
        self
    }

    /// How fast a tenant may call.
    pub const fn rate(mut self, rate: Rate) -> Self {
        self.rate = rate;
        self
    }

    /// How many of a process's connections to the database a tenant may hold at once: four where nothing is
    /// said, and zero counts as one.
    pub fn connections(mut self, most: u32) -> Self {
        self.connections = NonZeroU32::new(most).unwrap_or(NonZeroU32::MIN);
        self
    }

    /// The plan.
    ///
    /// # Errors
    ///
    /// [`PlanError::Code`], [`PlanError::BlankName`].
    pub fn build(self) -> Result<Plan, PlanError> {
        if self.name.trim().is_empty() {
            return Err(PlanError::BlankName);
        }
        Ok(Plan {
            code: self.code.parse()?,
            name: self.name,
            features: self.features,
            limits: self.limits,
            rate: self.rate,
            connections: self.connections,
        })
    }
}

/// A plan as others write it.
#[derive(Deserialize)]
struct Read {
    code: Option<String>,
    name: String,
    #[serde(default, alias = "feature_entitlements")]
    features: BTreeSet<Feature>,
    #[serde(default, alias = "usage_caps")]
    limits: BTreeMap<Meter, u64>,
    #[serde(default)]
    rate: Rate,
    connections: Option<NonZeroU32>,
    #[serde(flatten)]
    rest: BTreeMap<String, serde_json::Value>,
}

impl TryFrom<Read> for Plan {
    type Error = PlanError;

    fn try_from(read: Read) -> Result<Self, PlanError> {
        let mut plan = Self::builder(read.code.unwrap_or_else(|| read.name.to_ascii_lowercase()));
        (plan.name, plan.features, plan.limits, plan.rate) =
            (read.name, read.features, read.limits, read.rate);
        plan.connections = read.connections.unwrap_or(CONNECTIONS);
        for (field, meter) in OLDER {
            let Some(cap) = read.rest.get(field).and_then(serde_json::Value::as_u64) else { continue };
            if plan.limits.insert(meter.clone(), cap).is_some() {
                return Err(PlanError::Twice(meter));
            }
        }
        plan.build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_empty_plan_grants_nothing_and_limits_nothing() {
        let plan = Plan::builder("free").name("Free").build().unwrap();
        assert!(!plan.includes(&Feature::BASIC_SOCIAL));
        assert!(plan.limits().is_empty());
    }

    #[test]
    fn blank_codes_and_names_are_refused() {
        for code in ["", " ", "\t\n", "Free"] {
            assert!(matches!(Plan::builder(code).name("x").build(), Err(PlanError::Code(_))), "{code:?}");
        }
        assert_eq!(Plan::builder("free").name(" ").build(), Err(PlanError::BlankName));
    }

    #[test]
    fn every_spelling_reads_as_the_same_plan() {
        let ours = json!({"code": "professional", "name": "Professional",
            "limits": {"campaigns": 50, "users": 7}, "features": ["api_access"]});
        let caps = json!({"name": "Professional",
            "usage_caps": {"campaigns": 50, "users": 7}, "feature_entitlements": ["api_access"]});
        let older = json!({"name": "Professional", "price": 49.99,
            "max_campaigns": 50, "max_users": 7, "features": ["api_access"]});
        let ours: Plan = serde_json::from_value(ours).unwrap();
        for spelling in [caps, older] {
            let plan: Plan = serde_json::from_value(spelling).unwrap();
            assert_eq!(plan, ours);
        }
        let written = serde_json::to_value(&ours).unwrap();
        assert_eq!(serde_json::from_value::<Plan>(written).unwrap(), ours);
    }

    #[test]
    fn a_limit_in_two_spellings_is_refused() {
        let twice = json!({"name": "x", "limits": {"campaigns": 1}, "max_campaigns": 2});
        assert!(serde_json::from_value::<Plan>(twice).is_err());
        let negative = json!({"name": "x", "limits": {"campaigns": -1}});
        assert!(serde_json::from_value::<Plan>(negative).is_err());
    }
}
