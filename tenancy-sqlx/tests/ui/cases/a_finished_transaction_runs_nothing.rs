// E0382: commit takes the transaction with it
use tenancy_sqlx::TenantTx;

async fn handler(mut tx: TenantTx) {
    tx.commit().await.unwrap();
    let _rows = sqlx::query("SELECT 1").execute(&mut *tx).await;
}

fn main() {}
