//! What a tenant's transaction is begun with.

use std::sync::Arc;

use tenancy_core::TenantContext;

/// Authority over one tenant: a [`TenantContext`], and nothing else.
///
/// It is a trait so that the compiler can say where a context comes from when something else is given.
/// Nobody else can implement it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no authority over a tenant",
    label = "a `TenantContext` is wanted here",
    note = "a resolver makes one of a request (`TenantContext::for_request`), a worker of a job (`TenantContext::for_job`); \
            there is none from a string or an id, so hand the context down",
    note = "what an operator does for all tenants goes through `OperatorDoor`, with a `Reason`"
)]
pub trait Authority: private::Sealed + Sync {
    /// The context.
    fn context(&self) -> &TenantContext;
}

impl Authority for TenantContext {
    fn context(&self) -> &TenantContext {
        self
    }
}

impl Authority for Arc<TenantContext> {
    fn context(&self) -> &TenantContext {
        self
    }
}

mod private {
    use std::sync::Arc;

    use tenancy_core::TenantContext;

    pub trait Sealed {}
    impl Sealed for TenantContext {}
    impl Sealed for Arc<TenantContext> {}
}
