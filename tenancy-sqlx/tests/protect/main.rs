//! Tables that grew up without tenants are brought under protection: keys, indexes and references with
//! the tenant first, actions and rows kept.
#![cfg(all(feature = "embedded", feature = "testing"))]

#[path = "../kit/mod.rs"]
mod kit;

mod command;

use kit::{ACME, GLOBEX, Place, place};
use tenancy_sqlx::proof::{Policy, Severity, prove};
use tenancy_sqlx::protect::{Plan, ProtectError};
use tenancy_sqlx::testing::{Target, attack};

const TABLES: [&str; 3] = ["public.lists", "items", "public.\"Notes\""];

/// As a generator of models writes it, with a column for the tenant that nothing uses.
async fn grown() -> Option<Place> {
    let place = place().await?;
    place
        .run(format!(
            "SET ROLE app_owner;
             CREATE TABLE lists (id serial PRIMARY KEY, tenant_id uuid, name text UNIQUE, at timestamptz NOT NULL DEFAULT now());
             CREATE INDEX lists_by_time ON lists (at DESC) WHERE name IS NOT NULL;
             CREATE TABLE items (id serial PRIMARY KEY, tenant_id uuid, list integer NOT NULL REFERENCES lists ON DELETE CASCADE,
                 after integer REFERENCES items ON DELETE SET NULL DEFERRABLE, code text, UNIQUE (code, tenant_id));
             CREATE TABLE \"Notes\" (id integer, tenant_id uuid, item integer, text text NOT NULL, PRIMARY KEY (id),
                 CONSTRAINT on_item FOREIGN KEY (item) REFERENCES items (id));
             CREATE UNIQUE INDEX \"oneText\" ON \"Notes\" (lower(text)) WHERE item IS NULL;
             GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO app_rw;
             RESET ROLE;
             INSERT INTO lists (tenant_id, name) VALUES ('{ACME}', 'a'), ('{GLOBEX}', 'g');
             INSERT INTO items (tenant_id, list) VALUES ('{ACME}', 1), ('{GLOBEX}', 2);
             INSERT INTO items (tenant_id, list, after) VALUES ('{ACME}', 1, 1);
             INSERT INTO \"Notes\" VALUES (1, '{ACME}', 1, 'n')"
        ))
        .await;
    Some(place)
}

async fn protect(place: &Place, tables: &[&str]) -> Result<Plan, ProtectError> {
    let mut admin = place.admin().await;
    let plan = Plan::of(&mut admin, tables).await?;
    plan.apply(&mut admin).await?;
    Ok(plan)
}

const SHAPE: &str = "SELECT string_agg(line, E'\\n' ORDER BY line COLLATE \"C\") FROM (
    SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) AS line FROM pg_constraint
    WHERE conrelid IN ('lists'::regclass, 'items'::regclass, '\"Notes\"'::regclass)
    UNION ALL SELECT indexdef FROM pg_indexes WHERE indexname IN ('lists_by_time', 'oneText')) x";

#[tokio::test]
async fn keys_indexes_and_references_begin_with_the_tenant() {
    let Some(place) = grown().await else { return };
    protect(&place, &TABLES).await.expect("protected");
    assert_eq!(
        place.text(SHAPE).await,
        "\"Notes\" FOREIGN KEY (tenant_id, item) REFERENCES items(tenant_id, id)\n\
         \"Notes\" PRIMARY KEY (tenant_id, id)\n\
         CREATE INDEX lists_by_time ON public.lists USING btree (tenant_id, at DESC) WHERE (name IS NOT NULL)\n\
         CREATE UNIQUE INDEX \"oneText\" ON public.\"Notes\" USING btree (tenant_id, lower(text)) WHERE (item IS NULL)\n\
         items FOREIGN KEY (tenant_id, after) REFERENCES items(tenant_id, id) ON DELETE SET NULL (after) DEFERRABLE\n\
         items FOREIGN KEY (tenant_id, list) REFERENCES lists(tenant_id, id) ON DELETE CASCADE\n\
         items PRIMARY KEY (tenant_id, id)\n\
         items UNIQUE (tenant_id, code)\n\
         lists PRIMARY KEY (tenant_id, id)\n\
         lists UNIQUE (tenant_id, name)"
    );
    // Rows are as they were, and the proof and the attacks have nothing against any of it.
    assert_eq!(place.text("SELECT count(*)::text FROM items").await, "3");
    let report = prove(&place.login("app_rw"), &Policy::default()).await.expect("the proof");
    let worse: Vec<_> =
        report.findings.iter().filter(|f| f.severity > Severity::Info && f.rule != "R46").collect();
    assert!(worse.is_empty(), "{worse:?}");
    let attacked =
        attack(&Target::new(place.login("app_rw"), place.server.admin())).await.expect("the attack");
    assert!(attacked.is_clean(), "{attacked}");
}

#[tokio::test]
async fn protecting_again_changes_nothing_and_keeps_rights_that_were_narrowed() {
    let Some(place) = grown().await else { return };
    let first = protect(&place, &TABLES).await.expect("protected");
    assert!(first.statements().len() > 3, "{first}");
    place.run("REVOKE UPDATE, DELETE ON lists FROM app_rw").await;
    let rights = "SELECT relacl::text FROM pg_class WHERE oid = 'lists'::regclass";
    let (shape, acl) = (place.text(SHAPE).await, place.text(rights).await);
    let again = protect(&place, &TABLES).await.expect("protected again");
    assert!(again.statements().iter().all(|sql| sql.starts_with("SELECT tenancy.protect(")), "{again}");
    assert_eq!((place.text(SHAPE).await, place.text(rights).await), (shape, acl));
}

#[tokio::test]
async fn what_is_printed_is_a_migration_that_does_the_same() {
    let Some(place) = grown().await else { return };
    let plan = Plan::of(&mut place.admin().await, &TABLES).await.expect("a plan");
    let before = place.text(SHAPE).await;
    assert!(!before.contains("(tenant_id, id)"), "planning changes nothing: {before}");
    place.run(plan.to_string()).await;
    let again = Plan::of(&mut place.admin().await, &TABLES).await.expect("a plan");
    assert_eq!(again.statements().len(), TABLES.len(), "{again}");
}

#[tokio::test]
async fn what_only_a_person_can_decide_is_said_and_nothing_is_changed() {
    let Some(place) = grown().await else { return };
    place.run("CREATE TABLE plain (id integer PRIMARY KEY, list integer REFERENCES lists)").await;
    let before = place.text(SHAPE).await;
    for (tables, words) in [
        (&["plain"][..], "public.plain has no column tenant_id"),
        (&["lists", "items"], "public.plain refers to public.lists by plain_list_fkey and has no tenant"),
        (&["items"], "public.items refers to public.lists by items_list_fkey: protect both together"),
    ] {
        let refused = protect(&place, tables).await.expect_err("undecided");
        assert!(
            matches!(&refused, ProtectError::Undecided(_)) && refused.to_string().contains(words),
            "{refused}"
        );
    }
    assert!(matches!(protect(&place, &["nowhere"]).await, Err(ProtectError::Unknown(_))));
    // A row that refers to another tenant's cannot be brought under protection.
    place.run("DROP TABLE plain; UPDATE items SET list = 2 WHERE id = 1").await;
    assert!(matches!(protect(&place, &TABLES).await, Err(ProtectError::Database(_))));
    assert_eq!(place.text(SHAPE).await, before);
}
