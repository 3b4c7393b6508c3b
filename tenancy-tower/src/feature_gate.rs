//! Stops requests whose tenant has not bought the feature behind a route.
//!
//! Mount it on each route that belongs to a feature, inside `RequirePermissionLayer`: who may not do
//! something anyway is not told to buy it.
//!
//! | request carries                        | answer                                   |
//! |----------------------------------------|------------------------------------------|
//! | context, plan or override has the feature | whatever the route says               |
//! | context without it                     | 403, `plan_required`, names the plan     |
//! | no context (wiring bug)                | 500, names the layer                     |

use std::sync::Arc;

use http::request::Parts;
use tenancy_core::TenantContext;
use tenancy_core::plan::{Catalogue, Feature};
use tower_layer::Layer;

use crate::gate::{Decide, Gated, Grant, Step};
use crate::refusal::Refusal;

/// Asks each request's tenant for a feature. See the [module docs](self).
#[derive(Clone, Debug)]
pub struct FeatureGateLayer {
    catalogue: Arc<Catalogue>,
    feature: Feature,
}

impl FeatureGateLayer {
    /// Lets pass only tenants that have `feature` by these plans and their own overrides.
    pub const fn new(catalogue: Arc<Catalogue>, feature: Feature) -> Self {
        Self { catalogue, feature }
    }

    /// Whether a context's tenant has the feature; also for handlers that decide late.
    ///
    /// # Errors
    ///
    /// [`Refusal::Wiring`] without a context, [`Refusal::PlanRequired`] without the feature.
    pub fn verdict(&self, context: Option<&TenantContext>) -> Result<(), Refusal> {
        let context = context.ok_or(Refusal::Wiring { layer: "TenantLayer" })?;
        if self.catalogue.entitlements(context.tenant()).includes(&self.feature) {
            return Ok(());
        }
        let plan = self.catalogue.smallest_with(&self.feature).map(|plan| plan.name().to_owned());
        Err(Refusal::PlanRequired { feature: self.feature.clone(), plan })
    }
}

impl Decide for FeatureGateLayer {
    fn decide(&self, parts: &mut Parts) -> Step {
        Step::Now(self.verdict(parts.extensions.get()).map(|()| Grant::default()))
    }
}

impl<S> Layer<S> for FeatureGateLayer {
    type Service = Gated<Self, S>;

    fn layer(&self, inner: S) -> Self::Service {
        Gated::new(self.clone(), inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use tenancy_core::testing::{context_of, record};
    use tenancy_core::{Tenant, TenantRecord};

    fn gate(feature: Feature) -> FeatureGateLayer {
        FeatureGateLayer::new(Arc::new(Catalogue::standard()), feature)
    }

    fn context(plan: &str, settings: serde_json::Value) -> TenantContext {
        let plan = plan.parse().unwrap();
        context_of(&Arc::new(Tenant::from_directory(TenantRecord { plan, settings, ..record("acme") })))
    }

    #[test]
    fn plan_and_override_decide() {
        let granted = json!({"features": {"ai_content": true}});
        let denied = json!({"features": {"ai_content": false}});
        for (plan, settings, passes) in [
            ("starter", json!({}), false),
            ("professional", json!({}), true),
            ("enterprise", json!({}), true),
            ("unheard_of", json!({}), false),
            ("starter", granted, true),
            ("enterprise", denied, false),
        ] {
            let verdict = gate(Feature::AI_CONTENT).verdict(Some(&context(plan, settings)));
            assert_eq!(verdict.is_ok(), passes, "{plan}: {verdict:?}");
        }
    }

    #[test]
    fn a_refusal_names_the_plan_to_buy_and_a_missing_context_the_layer() {
        let refusal = gate(Feature::AI_CONTENT).verdict(Some(&context("starter", json!({})))).unwrap_err();
        assert_eq!(refusal.code(), "plan_required");
        assert!(refusal.message().contains("This feature requires Professional plan"));
        assert!(matches!(gate(Feature::AI_CONTENT).verdict(None), Err(Refusal::Wiring { .. })));
    }
}
