//! The same rows protected and not, in a database with a seal and in one without.

use tenancy_core::TenantContext;
use tenancy_core::testing::context_with_id;
use tenancy_sqlx::{SealKey, Settings, TenantDatabase};

use crate::kit::{Place, place};

/// `items` is protected, `plain` is as everybody has it who keeps tenants apart by hand. What is inserted
/// goes to `sink` and `plain_sink`.
const SCHEMA: &str = "
    SET ROLE app_owner;
    CREATE TABLE items (tenant_id uuid NOT NULL, id integer NOT NULL, name text NOT NULL,
        amount bigint NOT NULL, PRIMARY KEY (tenant_id, id));
    CREATE TABLE sink (tenant_id uuid NOT NULL, id integer NOT NULL, name text NOT NULL);
    CREATE INDEX ON sink (tenant_id, id);
    RESET ROLE;
    INSERT INTO items SELECT $tenant, id, 'item ' || id, id
        FROM generate_series(1, $tenants) AS tenant, generate_series(1, $each) AS id;
    CREATE TABLE plain (LIKE items INCLUDING ALL);
    INSERT INTO plain SELECT * FROM items;
    CREATE TABLE plain_sink (LIKE sink INCLUDING ALL);
    ALTER TABLE plain DISABLE ROW LEVEL SECURITY;
    ALTER TABLE plain_sink DISABLE ROW LEVEL SECURITY;
    SELECT tenancy.protect('items'), tenancy.protect('sink');
    GRANT SELECT, INSERT, UPDATE, DELETE ON plain, plain_sink TO app_rw;";

/// A database, and the key it is sealed with.
pub(crate) struct World {
    pub(crate) place: Place,
    pub(crate) key: Option<SealKey>,
}

impl World {
    /// With this many tenants of this many rows each.
    pub(crate) async fn new(tenants: u32, each: u32, sealed: bool) -> Self {
        let place = place().await.expect("a server");
        let schema = SCHEMA
            .replace("$tenants", &tenants.to_string())
            .replace("$tenant", "('018f2f4e-0000-7000-8000-' || lpad(to_hex(tenant), 12, '0'))::uuid")
            .replace("$each", &each.to_string());
        place.run(schema).await;
        place.run("VACUUM ANALYZE").await;
        let key = sealed.then(|| SealKey::generate(1).expect("a key"));
        if let Some(key) = &key {
            place.seal(key).await;
        }
        Self { place, key }
    }

    /// As the application has it, near or far.
    pub(crate) async fn database(&self, mut settings: Settings, far: bool) -> TenantDatabase {
        settings.seal.clone_from(&self.key);
        if far { self.place.slow_database(settings).await } else { self.place.database(settings).await }
    }
}

/// The tenants by number, from 1.
pub(crate) fn tenants(count: u32) -> Vec<TenantContext> {
    let id = |number| format!("018f2f4e-0000-7000-8000-{number:012x}").parse().expect("an id");
    (1..=count).map(|number| context_with_id(id(number))).collect()
}
