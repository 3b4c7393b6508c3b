// E0277: without a transaction there is no statement
use tenancy_sqlx::TenantDatabase;

async fn handler(database: TenantDatabase) {
    let _rows = sqlx::query("SELECT * FROM campaigns").fetch_all(&database).await;
}

fn main() {}
