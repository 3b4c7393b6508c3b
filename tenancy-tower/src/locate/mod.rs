//! Reads from a request's address which tenant it is for, without asking anybody.
//!
//! A [`Locator`] is synchronous and pure: the same head gives the same answer, and a wrong one can
//! only ever be "no tenant". It trusts the address alone; `x-forwarded-host`, `forwarded` and
//! `x-original-host` are never read, since any client can send them.

mod authority;
mod base_domain;
mod subdomain;

use http::request::Parts;
use tenancy_core::TenantKey;

pub(crate) use authority::Authority;
pub use base_domain::{BaseDomain, BaseDomainError};
pub use subdomain::SubdomainLocator;

/// What a request's address names.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Located {
    /// A tenant, if there is one of that name.
    Tenant(TenantKey),
    /// The platform's own address.
    Apex,
    /// A name that the platform keeps for itself, such as `www`, `api` or `admin`.
    Reserved(&'static str),
    /// A well-formed address that is none of ours.
    Unknown,
    /// No address, several that differ, or one that cannot be right.
    Malformed,
}

/// Reads a tenant's name from a request's head.
pub trait Locator: Send + Sync + 'static {
    /// What the address of this request names.
    fn locate(&self, parts: &Parts) -> Located;
}

impl<L: Locator + ?Sized> Locator for std::sync::Arc<L> {
    fn locate(&self, parts: &Parts) -> Located {
        (**self).locate(parts)
    }
}
