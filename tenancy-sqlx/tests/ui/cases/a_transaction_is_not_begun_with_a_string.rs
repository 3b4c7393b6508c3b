// E0277: the message says where a context comes from
// says: `str` is no authority over a tenant
// says: there is none from a string or an id, so hand the context down
use tenancy_sqlx::TenantDatabase;

async fn handler(database: TenantDatabase) {
    let _tx = database.begin("acme").await;
}

fn main() {}
