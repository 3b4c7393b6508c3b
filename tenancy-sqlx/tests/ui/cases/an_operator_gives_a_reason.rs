// E0308: a context is no reason
use tenancy_core::{Lifecycle, TenantContext, TenantId};
use tenancy_sqlx::OperatorDoor;

async fn handler(door: OperatorDoor, context: TenantContext, tenant: TenantId) {
    let _changed = door.set_status(&context, tenant, Lifecycle::Suspended).await;
}

fn main() {}
