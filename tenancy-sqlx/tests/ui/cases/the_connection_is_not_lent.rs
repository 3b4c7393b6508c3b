// E0308: a transaction derefs to its own executor, not to the driver's connection
use sqlx::PgConnection;
use tenancy_sqlx::TenantTx;

fn raw(tx: &mut TenantTx) -> &mut PgConnection {
    &mut **tx
}

fn main() {}
