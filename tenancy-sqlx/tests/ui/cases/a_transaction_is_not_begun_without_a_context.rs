// E0061: there is no default tenant
use tenancy_sqlx::TenantDatabase;

async fn handler(database: TenantDatabase) {
    let _tx = database.begin().await;
}

fn main() {}
