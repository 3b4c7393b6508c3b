// E0599: a tenant's database has none of the operator's functions
use tenancy_core::{Lifecycle, TenantId};
use tenancy_sqlx::{Reason, TenantDatabase};

async fn handler(database: TenantDatabase, reason: Reason, tenant: TenantId) {
    let _changed = database.set_status(&reason, tenant, Lifecycle::Suspended).await;
}

fn main() {}
