// E0277: an operator's authority is not a tenant's
// says: goes through `OperatorDoor`, with a `Reason`
use tenancy_sqlx::{Reason, TenantDatabase};

async fn handler(database: TenantDatabase, reason: Reason) {
    let _tx = database.begin(&reason).await;
}

fn main() {}
