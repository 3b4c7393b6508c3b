//! What one tenant may use: the answer to a request's two questions.

use std::num::NonZeroU32;

use super::plan::CONNECTIONS;
use super::{Feature, Meter, Overrides, Plan};
use crate::rate::Rate;

/// A plan with one tenant's overrides on top.
#[derive(Clone, Debug)]
pub struct Entitlements<'a> {
    plan: Option<&'a Plan>,
    overrides: Overrides,
}

impl<'a> Entitlements<'a> {
    /// A plan, if it is known, with overrides, which win.
    pub const fn new(plan: Option<&'a Plan>, overrides: Overrides) -> Self {
        Self { plan, overrides }
    }

    /// The plan.
    pub const fn plan(&self) -> Option<&'a Plan> {
        self.plan
    }

    /// What differs from the plan.
    pub const fn overrides(&self) -> &Overrides {
        &self.overrides
    }

    /// Whether the tenant has a feature.
    pub fn includes(&self, feature: &Feature) -> bool {
        match self.overrides.features.get(feature) {
            Some(granted) => *granted,
            None => self.plan.is_some_and(|plan| plan.includes(feature)),
        }
    }

    /// The tenant's limit of a meter; `None` where it is unlimited.
    pub fn limit(&self, meter: &Meter) -> Option<u64> {
        match self.overrides.limits.get(meter) {
            Some(cap) => *cap,
            None => self.plan.and_then(|plan| plan.limits().get(meter).copied()),
        }
    }

    /// How fast the tenant may call.
    pub fn rate(&self) -> Rate {
        self.overrides.rate.or_else(|| self.plan.map(Plan::rate)).unwrap_or_default()
    }

    /// How many of a process's connections to the database the tenant may hold at once.
    pub fn connections(&self) -> NonZeroU32 {
        self.overrides.connections.or_else(|| self.plan.map(Plan::connections)).unwrap_or(CONNECTIONS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Catalogue;
    use serde_json::json;

    #[test]
    fn an_override_beats_the_plan_in_both_directions() {
        let catalogue = Catalogue::standard();
        let starter = catalogue.find(&"starter".parse().unwrap());
        let settings = json!({
            "limits": {"campaigns": 2, "users": null},
            "features": {"ai_content": true, "basic_social": false},
            "rate": {"per_second": 5, "burst": 10},
            "connections": 2,
        });
        let own = Entitlements::new(starter, Overrides::of(&settings));
        assert!(own.includes(&Feature::AI_CONTENT) && !own.includes(&Feature::BASIC_SOCIAL));
        assert!(own.includes(&Feature::BASIC_ANALYTICS) && !own.includes(&Feature::ADVANCED_ANALYTICS));
        assert_eq!(own.limit(&Meter::CAMPAIGNS), Some(2));
        assert_eq!(own.limit(&Meter::USERS), None);
        assert_eq!(own.limit(&Meter::SOCIAL_ACCOUNTS), Some(10));
        assert_eq!(own.rate(), Rate::per_second(5, 10));
        assert_eq!(own.connections().get(), 2);
        assert_eq!(Entitlements::new(starter, Overrides::default()).connections().get(), 4);
    }

    #[test]
    fn a_plan_that_nobody_knows_has_no_feature() {
        let nothing = Entitlements::new(None, Overrides::default());
        assert!(!nothing.includes(&Feature::BASIC_ANALYTICS));
        assert_eq!(nothing.rate(), Rate::default());
        assert_eq!(nothing.connections(), CONNECTIONS);
    }
}
