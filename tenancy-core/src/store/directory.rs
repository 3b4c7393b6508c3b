//! Which tenants there are.

use std::sync::Arc;

use super::Answer;
use crate::{Tenant, TenantKey};

/// Finds tenants by name. The trust root: what it answers becomes an authority.
pub trait Directory: Send + Sync + 'static {
    /// The tenant, if it is known without asking anybody. `None` says nothing about its existence.
    fn peek(&self, _key: &TenantKey) -> Option<Arc<Tenant>> {
        None
    }

    /// The tenant with this name, or `None` where there is none, in whatever stage of its life.
    fn find<'a>(&'a self, key: &'a TenantKey) -> Answer<'a, Option<Arc<Tenant>>>;
}

impl<D: Directory + ?Sized> Directory for Arc<D> {
    fn peek(&self, key: &TenantKey) -> Option<Arc<Tenant>> {
        (**self).peek(key)
    }

    fn find<'a>(&'a self, key: &'a TenantKey) -> Answer<'a, Option<Arc<Tenant>>> {
        (**self).find(key)
    }
}
