// E0451: the fields of a context are its own
use std::sync::Arc;

use tenancy_core::{Actor, Origin, Tenant, TenantContext};

fn context(tenant: Arc<Tenant>) -> TenantContext {
    TenantContext { tenant, actor: Actor::Anonymous, origin: Origin::Request }
}

fn main() {}
