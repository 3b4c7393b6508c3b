// E0599: the gate asks its fixed questions and nothing else
use tenancy_core::TenantContext;
use tenancy_sqlx::Gate;

async fn handler(gate: Gate, context: TenantContext) {
    let _tx = gate.begin(&context).await;
}

fn main() {}
