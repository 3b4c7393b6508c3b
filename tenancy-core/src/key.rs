//! What a request or a job says about its tenant, before anybody has looked it up.

use std::fmt;

use crate::{Slug, TenantId};

/// A name by which a [`Directory`](crate::store::Directory) finds a tenant. It proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TenantKey {
    /// The name in the tenant's address: `acme` of `acme.example.com`.
    Slug(Slug),
    /// The tenant's id, as a job's envelope or a token carries it.
    Id(TenantId),
}

impl fmt::Display for TenantKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Slug(slug) => slug.fmt(f),
            Self::Id(id) => id.fmt(f),
        }
    }
}
