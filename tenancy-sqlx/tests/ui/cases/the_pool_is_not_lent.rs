// E0616: the pool is private
use tenancy_sqlx::TenantDatabase;

async fn handler(database: TenantDatabase) {
    let _conn = database.pool.acquire().await;
}

fn main() {}
