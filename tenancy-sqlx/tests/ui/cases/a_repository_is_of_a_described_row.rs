// E0277: the message says what to implement
// says: `String` is not described as a row of a tenant's table
use tenancy_sqlx::TenantTx;

async fn handler(mut tx: TenantTx) {
    let _names = tx.repository::<String>();
}

fn main() {}
