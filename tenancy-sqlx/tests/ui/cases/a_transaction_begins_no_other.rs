// E0277: a part of a transaction is a savepoint, not a begin of the driver's
use sqlx::Acquire;
use tenancy_sqlx::TenantTx;

async fn nested(mut tx: TenantTx) {
    let _inner = Acquire::begin(&mut *tx).await;
}

fn main() {}
