//! Stops requests whose actor may not do what the route does, before the route looks anything up.
//!
//! Mount it inside `TenantLayer` and `AuthenticateLayer`, on each route.
//!
//! | request carries                    | answer                          |
//! |------------------------------------|---------------------------------|
//! | a member with the permission       | whatever the route says         |
//! | a member without it                | 403, the same for every object  |
//! | nobody                             | 401                             |
//! | no context (wiring bug)            | 500, names the layer            |

use http::request::Parts;
use tenancy_core::{Actor, Permission, TenantContext};
use tower_layer::Layer;

use crate::gate::{Decide, Gated, Grant, Step};
use crate::refusal::{AuthFailure, Refusal};

/// Asks each request's actor for a permission. See the [module docs](self).
#[derive(Clone, Copy, Debug)]
pub struct RequirePermissionLayer {
    permission: Permission,
}

impl RequirePermissionLayer {
    /// Lets pass only actors that may do `permission`.
    pub const fn new(permission: Permission) -> Self {
        Self { permission }
    }
}

impl Decide for RequirePermissionLayer {
    fn decide(&self, parts: &mut Parts) -> Step {
        Step::Now(require(parts.extensions.get(), self.permission).map(|_| Grant::default()))
    }
}

impl<S> Layer<S> for RequirePermissionLayer {
    type Service = Gated<Self, S>;

    fn layer(&self, inner: S) -> Self::Service {
        Gated::new(*self, inner)
    }
}

/// Whether the actor of a request may do something; also for handlers that decide late.
///
/// # Errors
///
/// [`Refusal::Wiring`] without a context, [`Refusal::Unauthenticated`] for nobody,
/// [`Refusal::Forbidden`] for somebody whose role lacks the permission.
pub fn require(context: Option<&TenantContext>, permission: Permission) -> Result<&TenantContext, Refusal> {
    let context = context.ok_or(Refusal::Wiring { layer: "TenantLayer" })?;
    match context.actor() {
        Actor::Anonymous => Err(Refusal::Unauthenticated(AuthFailure::Missing)),
        actor if actor.may(permission) => Ok(context),
        _ => Err(Refusal::Forbidden(permission)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use tenancy_core::testing::tenant;
    use tenancy_core::{Identity, Role, UserId};

    #[test]
    fn every_role_passes_with_its_own_permissions_only() {
        let anonymous = TenantContext::for_request(tenant("acme")).unwrap();
        for role in Role::ALL {
            let user_id = UserId::new();
            let identity = Identity { tenant_id: anonymous.tenant_id(), user_id, role };
            let member = anonymous.authenticated(&identity).unwrap();
            for permission in Role::Owner.permissions() {
                let passed = require(Some(&member), *permission);
                assert_eq!(passed.is_ok(), role.may(*permission), "{role:?} {permission:?}");
                assert!(matches!(passed, Ok(_) | Err(Refusal::Forbidden(_))));
            }
        }
    }

    #[test]
    fn nobody_is_asked_to_sign_in_and_a_missing_context_names_the_layer() {
        let anonymous = TenantContext::for_request(Arc::clone(&tenant("acme"))).unwrap();
        let refused = require(Some(&anonymous), Permission::ViewAnalytics).unwrap_err();
        assert!(matches!(refused, Refusal::Unauthenticated(AuthFailure::Missing)));
        let refused = require(None, Permission::ViewAnalytics).unwrap_err();
        assert!(matches!(refused, Refusal::Wiring { layer: "TenantLayer" }));
    }
}
