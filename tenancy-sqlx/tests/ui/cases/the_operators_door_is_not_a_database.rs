// E0308: where a tenant's database is wanted, the operator's door does not go
use tenancy_sqlx::{OperatorDoor, TenantDatabase};

fn serve(_database: &TenantDatabase) {}

fn start(door: &OperatorDoor) {
    serve(door);
}

fn main() {}
