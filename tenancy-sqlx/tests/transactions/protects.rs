//! `tenancy.protect()`: safe to repeat, down to every partition and child, and clear about what it
//! cannot hold.

use crate::kit::{ACME, GLOBEX, acme, one_connection, place};

const POLICIES: &str =
    "SELECT string_agg(concat_ws(' ', tablename, policyname, permissive, roles, cmd, qual, with_check),
        E'\\n' ORDER BY tablename, policyname)
    FROM pg_policies WHERE schemaname = 'public' AND tablename IN ('jobs', 'things')";

#[tokio::test]
async fn it_is_safe_to_repeat() {
    let Some(place) = place().await else { return };
    let before = place.text(POLICIES).await;
    assert_eq!(
        before,
        "jobs tenant_base PERMISSIVE {public} ALL true true\n\
         jobs tenant_isolation RESTRICTIVE {public} ALL \
         (tenant_id = ( SELECT tenancy.current_tenant() AS current_tenant)) \
         (tenant_id = ( SELECT tenancy.current_tenant() AS current_tenant))\n\
         things tenant_base PERMISSIVE {public} ALL true true\n\
         things tenant_isolation RESTRICTIVE {public} ALL \
         (tenant_id = ( SELECT tenancy.current_tenant() AS current_tenant)) \
         (tenant_id = ( SELECT tenancy.current_tenant() AS current_tenant))"
    );
    let indexes = "SELECT count(*)::text FROM pg_index WHERE indrelid = 'public.things'::regclass";
    let keys = place.text(indexes).await;
    place.run("SELECT tenancy.protect('public.things'); SELECT tenancy.protect('public.things')").await;
    assert_eq!(place.text(POLICIES).await, before);
    assert_eq!(place.text(indexes).await, keys);
}

#[tokio::test]
async fn partitions_and_children_are_held_to_the_tenant_when_they_are_asked_directly() {
    let Some(place) = place().await else { return };
    place
        .run(format!(
            "SET ROLE app_owner;
             CREATE TABLE events (tenant_id uuid NOT NULL, id integer NOT NULL, PRIMARY KEY (tenant_id, id))
                 PARTITION BY HASH (tenant_id);
             CREATE TABLE events_0 PARTITION OF events FOR VALUES WITH (MODULUS 2, REMAINDER 0)
                 PARTITION BY RANGE (id);
             CREATE TABLE events_0_all PARTITION OF events_0 DEFAULT;
             CREATE TABLE events_1 PARTITION OF events FOR VALUES WITH (MODULUS 2, REMAINDER 1);
             CREATE TABLE parent (tenant_id uuid NOT NULL, id integer NOT NULL);
             CREATE TABLE child () INHERITS (parent);
             RESET ROLE;
             SELECT tenancy.protect('events'), tenancy.protect('parent');
             INSERT INTO events SELECT t::uuid, i FROM unnest(ARRAY['{ACME}', '{GLOBEX}']) t, generate_series(1, 5) i;
             INSERT INTO parent SELECT t::uuid, 1 FROM unnest(ARRAY['{ACME}', '{GLOBEX}']) t;
             INSERT INTO child SELECT t::uuid, 2 FROM unnest(ARRAY['{ACME}', '{GLOBEX}']) t;"
        ))
        .await;
    let forms = "SELECT string_agg(tablename || ' ' || qual, '; ' ORDER BY tablename) FROM pg_policies
        WHERE policyname = 'tenant_isolation' AND tablename NOT IN ('jobs', 'things', 'usage_events')";
    let (once, each) = (
        "(tenant_id = ( SELECT tenancy.current_tenant() AS current_tenant))",
        "(tenant_id = tenancy.current_tenant())",
    );
    assert_eq!(
        place.text(forms).await,
        format!(
            "child {once}; events {each}; events_0 {each}; events_0_all {each}; events_1 {each}; parent {once}"
        )
    );
    let database = place.database(one_connection()).await;
    let mut tx = database.begin(&acme()).await.expect("begin");
    for table in ["events", "events_0", "events_0_all", "events_1", "parent", "child"] {
        let foreign = format!("SELECT count(*) FROM {table} WHERE tenant_id <> $1::uuid");
        let foreign: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(foreign))
            .bind(ACME)
            .fetch_one(&mut *tx)
            .await
            .expect(table);
        assert_eq!(foreign, 0, "{table}");
    }
    let own: (i64, i64, i64) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM parent), (SELECT count(*) FROM child)",
    )
    .fetch_one(&mut *tx)
    .await
    .expect("own rows");
    assert_eq!(own, (5, 2, 1));
    sqlx::query("INSERT INTO events_1 (tenant_id, id) VALUES ($1::uuid, 9)")
        .bind(GLOBEX)
        .execute(&mut *tx)
        .await
        .expect_err("another tenant's row, directly into a partition");
}

#[tokio::test]
async fn what_cannot_be_held_to_a_tenant_is_refused_by_name() {
    let Some(place) = place().await else { return };
    place
        .run(
            "CREATE VIEW names AS SELECT tenant_id, name FROM things;
             CREATE MATERIALIZED VIEW kept AS SELECT 1 AS one;
             CREATE TABLE plain (id integer);
             CREATE TABLE texts (tenant_id text)",
        )
        .await;
    for (relation, code, words) in [
        ("names", "42809", "names is not a table"),
        ("kept", "42809", "kept is not a table"),
        ("plain", "42703", "plain has no column tenant_id of type uuid"),
        ("texts", "42703", "texts has no column tenant_id of type uuid"),
    ] {
        let refused = place.try_run(format!("SELECT tenancy.protect('{relation}')")).await;
        let error = refused.expect_err(relation);
        let error = error.as_database_error().expect("the server's");
        assert_eq!(error.code().as_deref(), Some(code), "{relation}");
        assert!(error.message().contains(words), "{relation}: {}", error.message());
    }
}
