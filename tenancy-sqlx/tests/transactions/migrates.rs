//! Steps that are applied, each once, whoever else migrates at the same time.

use sqlx::{Connection, PgConnection};
use tenancy_core::UserId;
use tenancy_sqlx::migrate::{self, Schema, Step};
use tenancy_sqlx::{NewOperator, Passwords, Reason, Roles, SealKey};

use crate::kit::{Place, place};

const TABLE: Step = Step {
    version: 1,
    name: "notes",
    sql: "CREATE TABLE shop.notes (tenant_id uuid NOT NULL, id integer, body text, PRIMARY KEY (tenant_id, id));
          SELECT tenancy.protect('shop.notes')",
};
const INDEX: Step = Step {
    version: 2,
    name: "notes_by_body",
    sql: "-- no-transaction: the table is in use while its index is made
          CREATE INDEX CONCURRENTLY notes_by_body ON shop.notes (tenant_id, body)",
};
const SHOP: Schema = Schema { name: "shop", table: "shop.migrations", steps: &[TABLE, INDEX] };

async fn migrated(place: &Place) -> Result<(), migrate::MigrateError> {
    let mut admin = place.admin().await;
    migrate::migrate(&mut admin, &Roles::default(), None, &[SHOP]).await?;
    admin.close().await?;
    Ok(())
}

const INDEXES: &str =
    "SELECT count(*)::text FROM pg_index WHERE indexrelid = to_regclass('shop.notes_by_body') AND indisvalid";

/// X6: an index is made without locking its table, also when several migrate at once.
#[tokio::test]
async fn an_index_is_made_concurrently_and_once() {
    let Some(place) = place().await else { return };
    let done = tokio::join!(migrated(&place), migrated(&place), migrated(&place));
    for done in [done.0, done.1, done.2] {
        done.expect("migrated, or waited for who did");
    }
    assert_eq!(place.text(INDEXES).await, "1");
    assert_eq!(place.text("SELECT count(*)::text FROM shop.migrations").await, "2");
    // Nobody is kept waiting by who is done.
    let held = "SELECT count(*)::text FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    assert_eq!(place.text(held).await, "0");
}

/// The printed form is one transaction, so there the index is made like any other.
#[test]
fn printed_for_an_empty_database_it_is_one_transaction() {
    let reason = Reason::new("somebody", "setting up").expect("a reason");
    let operator = NewOperator {
        id: UserId::new(),
        email: "op@example.org".to_owned(),
        display_name: "Op".to_owned(),
        password_hash: "none".to_owned(),
    };
    let (passwords, key) = (Passwords::random().expect("random"), SealKey::generate(1).expect("a key"));
    let sql = migrate::script(&Roles::default(), &passwords, &[SHOP], &key, (&reason, &operator));
    assert!(sql.contains("CREATE INDEX notes_by_body ON shop.notes"), "{sql}");
    assert!(!sql.contains("CONCURRENTLY"));
}

/// A step that fails says why and leaves those before it; the next run goes on from there.
#[tokio::test]
async fn a_step_that_fails_leaves_those_before_it() {
    const WRONG: Step = Step { version: 2, name: "wrong", sql: "CREATE TABLE shop.notes ()" };
    const BROKEN: Schema = Schema { steps: &[TABLE, WRONG], ..SHOP };
    let Some(place) = place().await else { return };
    let mut admin: PgConnection = place.admin().await;
    let failed = migrate::migrate(&mut admin, &Roles::default(), None, &[BROKEN]).await;
    assert!(matches!(failed, Err(migrate::MigrateError::Step(_))), "{failed:?}");
    assert_eq!(place.text("SELECT count(*)::text FROM shop.migrations").await, "1");
    // The failed run holds nobody up, on the connection that is still open.
    migrated(&place).await.expect("goes on");
    assert_eq!(place.text(INDEXES).await, "1");
    admin.close().await.expect("closed");
}
