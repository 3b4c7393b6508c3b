// E0277: a topic is a tenant's
// says: `str` is no authority over a tenant
use tenancy_sqlx::TenantDatabase;

async fn handler(database: TenantDatabase) {
    let _listener = database.listen("acme", "jobs").await;
}

fn main() {}
