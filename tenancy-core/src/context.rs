//! The one authority: a tenant that a directory answered, and who acts in it.
//!
//! | made by                                | from                                    |
//! |----------------------------------------|-----------------------------------------|
//! | [`TenantContext::for_request`]         | a directory's answer to an address      |
//! | [`TenantContext::for_job`]             | a directory's answer to a job's envelope |
//! | `testing::context` (feature `testing`) | nothing; tests only                     |
//!
//! No constructor takes a string or a bare id:
//!
//! ```compile_fail
//! let context: tenancy_core::TenantContext = "acme".parse().unwrap();
//! ```
//!
//! ```compile_fail
//! let context = tenancy_core::TenantContext::from(tenancy_core::TenantId::new());
//! ```
//!
//! Host and credential must agree: [`TenantContext::authenticated`] is the only way to a member as
//! actor, and it refuses an identity of another tenant.

use std::fmt;
use std::sync::Arc;

use crate::{Actor, Identity, JobEnvelope, JobId, Lifecycle, Permission, Tenant, TenantId};

/// A tenant and who acts in it. Cheap to clone; pass it by reference for authority.
#[derive(Clone)]
pub struct TenantContext {
    tenant: Arc<Tenant>,
    actor: Actor,
    origin: Origin,
}

/// Where a context came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// A resolver read it from a request's address.
    Request,
    /// A worker read it from a job's envelope.
    Job(JobId),
    /// A test made it up.
    Test,
}

/// Why no context could be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContextError {
    /// The tenant is there but not served.
    #[error("tenant {tenant} is {}", status.as_str())]
    Inactive {
        /// The tenant.
        tenant: TenantId,
        /// Where in its life it is.
        status: Lifecycle,
    },
    /// Address (or envelope) and credential name different tenants: a stolen credential, or a link
    /// to the wrong workspace.
    #[error("the address belongs to tenant {context}, the credential to tenant {credential}")]
    Conflict {
        /// The tenant of the address.
        context: TenantId,
        /// The tenant of the credential.
        credential: TenantId,
    },
}

impl TenantContext {
    /// The context of a request to an active tenant's address; nobody is known to act yet.
    ///
    /// # Errors
    ///
    /// [`ContextError::Inactive`] for a tenant that is not served.
    pub fn for_request(tenant: Arc<Tenant>) -> Result<Self, ContextError> {
        Self::active(tenant, Actor::Anonymous, Origin::Request)
    }

    /// The context in which a worker runs a job, with the actor who asked for it.
    ///
    /// # Errors
    ///
    /// [`ContextError::Conflict`] when the envelope names another tenant,
    /// [`ContextError::Inactive`] for a tenant that is not served.
    pub fn for_job(tenant: Arc<Tenant>, envelope: &JobEnvelope) -> Result<Self, ContextError> {
        agree(tenant.id(), envelope.tenant_id)?;
        Self::active(tenant, Actor::Service { name: "worker" }, Origin::Job(envelope.job_id))
    }

    /// The same context with the person of a verified credential as actor.
    ///
    /// # Errors
    ///
    /// [`ContextError::Conflict`] when the credential was issued for another tenant.
    pub fn authenticated(&self, identity: &Identity) -> Result<Self, ContextError> {
        agree(self.tenant.id(), identity.tenant_id)?;
        let actor = Actor::Member { user: identity.user_id, role: identity.role };
        Ok(Self { actor, ..self.clone() })
    }

    /// The tenant.
    pub fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    /// The tenant's id.
    pub fn tenant_id(&self) -> TenantId {
        self.tenant.id()
    }

    /// Who acts.
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Where the context came from.
    pub const fn origin(&self) -> Origin {
        self.origin
    }

    /// Whether the actor may do `permission`.
    pub fn may(&self, permission: Permission) -> bool {
        self.actor.may(permission)
    }

    pub(crate) fn active(tenant: Arc<Tenant>, actor: Actor, origin: Origin) -> Result<Self, ContextError> {
        match tenant.status() {
            Lifecycle::Active => Ok(Self { tenant, actor, origin }),
            status => Err(ContextError::Inactive { tenant: tenant.id(), status }),
        }
    }
}

impl fmt::Debug for TenantContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantContext")
            .field("tenant", &self.tenant.id())
            .field("actor", &self.actor)
            .field("origin", &self.origin)
            .finish()
    }
}

/// The agreement check: both sides must name the same tenant.
fn agree(context: TenantId, credential: TenantId) -> Result<(), ContextError> {
    if context == credential { Ok(()) } else { Err(ContextError::Conflict { context, credential }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Role, TenantRecord, UserId};

    fn tenant(status: Lifecycle) -> Arc<Tenant> {
        Arc::new(Tenant::from_directory(TenantRecord {
            id: TenantId::new(),
            slug: "acme".parse().unwrap(),
            name: "Acme".into(),
            status,
            plan: "starter".parse().unwrap(),
            settings: serde_json::Value::Null,
        }))
    }

    #[test]
    fn only_active_tenants_have_a_context() {
        assert!(TenantContext::for_request(tenant(Lifecycle::Active)).is_ok());
        for status in [Lifecycle::Provisioning, Lifecycle::Suspended, Lifecycle::Erasing, Lifecycle::Erased] {
            let refused = TenantContext::for_request(tenant(status));
            assert!(matches!(refused, Err(ContextError::Inactive { status: s, .. }) if s == status));
        }
    }

    #[test]
    fn a_credential_of_another_tenant_is_a_conflict() {
        let context = TenantContext::for_request(tenant(Lifecycle::Active)).unwrap();
        let foreign = Identity { tenant_id: TenantId::new(), user_id: UserId::new(), role: Role::Owner };
        assert!(matches!(context.authenticated(&foreign), Err(ContextError::Conflict { .. })));

        let own = Identity { tenant_id: context.tenant_id(), ..foreign };
        let context = context.authenticated(&own).unwrap();
        assert_eq!(context.actor().user(), Some(own.user_id));
        assert!(context.may(Permission::ManageUsers));
    }

    #[test]
    fn a_job_of_another_tenant_is_a_conflict() {
        let tenant = tenant(Lifecycle::Active);
        let envelope = JobEnvelope::new(JobId::new(), TenantId::new(), None);
        assert!(matches!(
            TenantContext::for_job(tenant.clone(), &envelope),
            Err(ContextError::Conflict { .. })
        ));
        let envelope = JobEnvelope::new(JobId::new(), tenant.id(), None);
        let context = TenantContext::for_job(tenant, &envelope).unwrap();
        assert_eq!(context.origin(), Origin::Job(envelope.job_id));
    }

    #[test]
    fn nobody_may_do_anything() {
        let context = TenantContext::for_request(tenant(Lifecycle::Active)).unwrap();
        for permission in Role::Owner.permissions() {
            assert!(!context.may(*permission));
        }
    }
}
