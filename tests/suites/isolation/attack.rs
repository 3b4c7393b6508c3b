//! The generated attacks on the platform's own schema, and what notices when a guard of it is gone.

use sqlx::{Connection as _, PgConnection};
use tenancy_sqlx::testing::{Target, attack, mutate};
use tests::world::ground;

/// V1, V2, AC21 to AC28: every relation × verb × path, with rows of two tenants in every table.
#[tokio::test]
async fn the_platforms_schema_holds_against_every_generated_attack() {
    let (cluster, database) = ground().await.unwrap();
    let target = Target::new(database.options_for("app_rw", cluster.role_password()), database.admin());
    let report = attack(&target).await.unwrap();
    assert!(report.is_clean(), "{report}");
    for table in super::TABLES.iter().chain(&super::LOGS) {
        let name = format!("public.{table} · select · direct");
        assert!(report.tried.iter().any(|tried| tried.name == name), "{name} was not tried");
    }
}

/// What the catalog has of policies, grants and keys with a tenant, counted without the suite.
const GUARDS: &str = "
    WITH rel AS (
        SELECT c.oid, c.relacl, c.relowner, c.relispartition, a.attnum AS tenant FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
        WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_'
    )
    SELECT (SELECT count(*) FROM pg_policies),
           (SELECT count(*) FROM rel, aclexplode(relacl) x WHERE x.grantee <> relowner),
           (SELECT count(*) FROM rel JOIN pg_index i ON i.indrelid = rel.oid WHERE indisunique AND tenant = ANY (indkey::int2[]))
           + (SELECT count(*) FROM rel JOIN pg_constraint k ON k.conrelid = rel.oid WHERE contype = 'f' AND tenant = ANY (conkey))";

/// V3: whatever is taken away, the proof, an attack or a control turns red.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_guard_of_the_platforms_schema_can_be_removed_unnoticed() {
    let (cluster, database) = ground().await.unwrap();
    let mut admin = PgConnection::connect_with(&database.admin()).await.unwrap();
    let (policies, grants, keys): (i64, i64, i64) =
        sqlx::query_as(GUARDS).fetch_one(&mut admin).await.unwrap();
    admin.close().await.unwrap();
    let target = Target::new(database.options_for("app_rw", cluster.role_password()), database.admin());
    let report = mutate(&target).await.unwrap();
    println!("{report}");
    let counted = |kind| i64::try_from(report.count(kind)).unwrap();
    assert_eq!(counted("policy"), policies);
    assert!(counted("grant") >= grants, "{} of {grants} grants were removed", counted("grant"));
    assert_eq!(counted("key"), keys);
    let defects: Vec<_> = report.defects().map(|mutant| format!("{} {}", mutant.kind, mutant.what)).collect();
    assert!(defects.is_empty(), "nobody notices when these are gone: {defects:#?}");
}
