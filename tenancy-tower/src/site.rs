//! What kind of address a request came to.

/// What a request's address belongs to; in the extensions of every request that passed a
/// [`TenantLayer`](crate::TenantLayer), so that an application can send each to its own router.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Site {
    /// An active tenant; a [`TenantContext`](tenancy_core::TenantContext) lies beside it.
    Tenant,
    /// The platform's own address.
    Apex,
    /// A name that the platform keeps for itself.
    Reserved(&'static str),
}
