// E0277: the message says where a context comes from
// says: `TenantId` is no authority over a tenant
// says: `TenantContext::for_request`
use tenancy_core::TenantId;
use tenancy_sqlx::TenantDatabase;

async fn handler(database: TenantDatabase, id: TenantId) {
    let _tx = database.begin_read(&id).await;
}

fn main() {}
