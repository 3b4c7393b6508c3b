//! Which plans there are.

use super::{Entitlements, Feature, Meter, Overrides, Plan, PlanBuilder, PlanCode};
use crate::Tenant;
use crate::rate::Rate;

/// The plans, from the smallest to the largest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catalogue {
    plans: Vec<Plan>,
}

impl Catalogue {
    /// A catalogue of these plans, from the smallest to the largest.
    pub fn of(plans: impl IntoIterator<Item = Plan>) -> Self {
        Self { plans: plans.into_iter().collect() }
    }

    /// Starter, professional and enterprise. Each has the features of the one before it.
    pub fn standard() -> Self {
        let starter = Plan::builder("starter")
            .name("Starter")
            .feature(Feature::BASIC_SOCIAL)
            .feature(Feature::BASIC_ANALYTICS)
            .cap(Meter::SOCIAL_ACCOUNTS, 10)
            .cap(Meter::CAMPAIGNS, 25)
            .cap(Meter::USERS, 10)
            .cap(Meter::STORAGE_GB, 5)
            .cap(Meter::API_CALLS_HOUR, 10_000)
            .cap(Meter::ANALYSIS_RUNS_MONTH, 200)
            .rate(Rate::per_second(100, 2_000));
        let professional = |starter: &Plan| {
            Plan::builder("professional")
                .name("Professional")
                .inherit(starter)
                .feature(Feature::ADVANCED_ANALYTICS)
                .feature(Feature::AI_CONTENT)
                .cap(Meter::SOCIAL_ACCOUNTS, 50)
                .cap(Meter::CAMPAIGNS, 250)
                .cap(Meter::USERS, 50)
                .cap(Meter::STORAGE_GB, 100)
                .cap(Meter::API_CALLS_HOUR, 100_000)
                .cap(Meter::ANALYSIS_RUNS_MONTH, 2_000)
                .rate(Rate::per_second(200, 4_000))
                .connections(8)
        };
        let enterprise = Plan::builder("enterprise")
            .name("Enterprise")
            .feature(Feature::ALL)
            .cap(Meter::API_CALLS_HOUR, 1_000_000)
            .rate(Rate::per_second(1_000, 10_000))
            .connections(16);
        let built = |plan: PlanBuilder| plan.build().ok();
        let starter = built(starter);
        let professional = starter.as_ref().and_then(|starter| built(professional(starter)));
        Self::of([starter, professional, built(enterprise)].into_iter().flatten())
    }

    /// The plans, from the smallest to the largest.
    pub fn plans(&self) -> &[Plan] {
        &self.plans
    }

    /// The plan with this code.
    pub fn find(&self, code: &PlanCode) -> Option<&Plan> {
        self.plans.iter().find(|plan| plan.code() == code)
    }

    /// The smallest plan that has a feature.
    pub fn smallest_with(&self, feature: &Feature) -> Option<&Plan> {
        self.plans.iter().find(|plan| plan.includes(feature))
    }

    /// What a tenant may use: its plan, with what it was granted or denied beside it. A plan that is
    /// not in the catalogue has no feature.
    pub fn entitlements<'a>(&'a self, tenant: &Tenant) -> Entitlements<'a> {
        Entitlements::new(self.find(tenant.plan()), Overrides::of(tenant.settings()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_three_plans_and_each_has_what_the_one_before_has() {
        let catalogue = Catalogue::standard();
        let codes: Vec<_> = catalogue.plans().iter().map(|plan| plan.code().as_str()).collect();
        assert_eq!(codes, ["starter", "professional", "enterprise"]);
        for pair in catalogue.plans().windows(2) {
            for feature in pair[0].features() {
                assert!(pair[1].includes(feature), "{} lacks {feature}", pair[1].name());
            }
            assert!(pair[0].connections() < pair[1].connections());
            for (meter, cap) in pair[1].limits() {
                assert!(pair[0].limits().get(meter).is_some_and(|smaller| smaller < cap), "{meter}");
            }
        }
    }

    #[test]
    fn the_smallest_plan_with_a_feature_is_what_an_upgrade_prompt_names() {
        let catalogue = Catalogue::standard();
        let name = |feature| catalogue.smallest_with(&feature).map(Plan::name);
        assert_eq!(name(Feature::BASIC_SOCIAL), Some("Starter"));
        assert_eq!(name(Feature::AI_CONTENT), Some("Professional"));
        assert_eq!(name("custom_domain".parse().unwrap()), Some("Enterprise"));
    }
}
