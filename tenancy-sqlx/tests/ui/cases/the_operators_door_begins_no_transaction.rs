// E0599: the operator's door is no tenant's database
use tenancy_core::TenantContext;
use tenancy_sqlx::OperatorDoor;

async fn handler(door: OperatorDoor, context: TenantContext) {
    let _tx = door.begin(&context).await;
}

fn main() {}
