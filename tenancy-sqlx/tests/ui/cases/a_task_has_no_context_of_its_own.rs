// E0061: AC27, what is spawned is handed its context, or has none
use tenancy_core::TenantContext;
use tenancy_sqlx::TenantDatabase;

async fn handler(database: TenantDatabase, context: TenantContext) {
    let _tx = database.begin(&context).await;
    tokio::spawn(async move {
        let _tx = database.begin().await;
    });
}

fn main() {}
