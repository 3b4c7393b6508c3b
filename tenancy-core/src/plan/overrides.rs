//! What one tenant was granted or denied beside its plan, read from the tenant's settings.
//!
//! ```json
//! {"limits": {"campaigns": 2, "users": null}, "features": {"ai_content": true}, "rate": {"per_second": 5, "burst": 10},
//!  "connections": 2}
//! ```
//!
//! `null` lifts a limit. The older field names (`max_campaigns`, …) are read as well; `limits` wins.
//! What cannot be an override is passed over: the database refuses to store it in the first place.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use serde::Serialize;
use serde_json::Value;

use super::plan::OLDER;
use super::{Feature, Meter};
use crate::rate::Rate;

/// Limits, features, a rate and a share of the database that differ from the plan's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Overrides {
    /// Limits; `None` lifts one.
    pub limits: BTreeMap<Meter, Option<u64>>,
    /// Features that are granted (`true`) or denied.
    pub features: BTreeMap<Feature, bool>,
    /// Another rate.
    pub rate: Option<Rate>,
    /// Another number of connections to the database.
    pub connections: Option<NonZeroU32>,
}

impl Overrides {
    /// The overrides in a tenant's settings.
    pub fn of(settings: &Value) -> Self {
        let mut limits = BTreeMap::new();
        for (field, meter) in OLDER {
            limits.extend(
                settings.get(field).filter(|value| is_cap(value)).map(|value| (meter, value.as_u64())),
            );
        }
        let named = settings.get("limits").and_then(Value::as_object).into_iter().flatten();
        let named = named.filter(|(_, value)| is_cap(value));
        limits.extend(named.filter_map(|(name, value)| Some((name.parse().ok()?, value.as_u64()))));
        let features = settings.get("features").and_then(Value::as_object).into_iter().flatten();
        let features = features.filter_map(|(name, value)| Some((name.parse().ok()?, value.as_bool()?)));
        let rate = settings.get("rate").and_then(|rate| serde_json::from_value(rate.clone()).ok());
        let connections = settings.get("connections").and_then(Value::as_u64);
        let connections = connections.and_then(|most| NonZeroU32::new(most.try_into().ok()?));
        Self { limits, features: features.collect(), rate, connections }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

fn is_cap(value: &Value) -> bool {
    value.is_null() || value.is_u64()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn both_spellings_are_read_and_limits_wins() {
        let read = Overrides::of(&json!({"max_campaigns": 2, "max_users": 3, "limits": {"users": null}}));
        assert_eq!(read.limits.get(&Meter::CAMPAIGNS), Some(&Some(2)));
        assert_eq!(read.limits.get(&Meter::USERS), Some(&None));
    }

    #[test]
    fn what_cannot_be_an_override_is_passed_over() {
        for settings in [
            json!(null),
            json!([]),
            json!({"limits": 7}),
            json!({"limits": {"campaigns": -1, "Users": 3, "x": "2", "y": 1.5}}),
            json!({"features": ["ai_content"]}),
            json!({"features": {"ai_content": "yes"}}),
            json!({"rate": {"per_second": 0, "burst": 1}}),
            json!({"connections": 0}),
            json!({"connections": "9"}),
            json!({"connections": 5_000_000_000_u64}),
        ] {
            assert!(Overrides::of(&settings).is_empty(), "{settings}");
        }
    }
}
