//! What a tenant's transaction reads, and what it does not run.

use sqlx::{Executor as _, Row as _};
use tenancy_sqlx::StatementRefused;

use super::{LEDGER, TABLES, as_admin, database, leaks, raw, side, state, two_sides};
use sqlx::AssertSqlSafe;
use tests::World;

/// V3, D4, AC23: each tenant sees rows of its own in every table, and none of the other's.
#[tokio::test]
async fn a_transaction_reaches_rows_of_its_own_tenant_only() {
    let (world, acme, globex) = two_sides().await;
    let database = database(&world).await;
    for (mine, other) in [(&acme, &globex), (&globex, &acme)] {
        for table in TABLES {
            let mut tx = database.begin(&mine.context).await.unwrap();
            let sql = AssertSqlSafe(format!(
                "SELECT count(*) AS n, count(DISTINCT tenant_id) AS tenants FROM {table}"
            ));
            let row = sqlx::query(sql).fetch_one(&mut *tx).await.unwrap();
            assert!(row.get::<i64, _>("n") > 0, "{table} is empty: the probe would find nothing");
            assert_eq!(row.get::<i64, _>("tenants"), 1, "{table}");
        }
        assert_eq!(leaks(&database, mine, other).await, Vec::<String>::new());
    }
}

/// N4: the probe above is no empty gesture. Each guard that falls is reported, and a policy that
/// somebody adds opens nothing.
#[tokio::test]
async fn a_guard_that_is_taken_away_is_noticed() {
    let (world, acme, globex) = two_sides().await;
    let database = database(&world).await;
    as_admin(&world, "CREATE POLICY wide ON data_sources USING (true) WITH CHECK (true)").await;
    assert_eq!(
        leaks(&database, &acme, &globex).await,
        Vec::<String>::new(),
        "a further permissive policy widens"
    );

    for table in TABLES {
        for (remove, restore) in [
            (
                format!("DROP POLICY tenant_isolation ON {table}"),
                format!("SELECT tenancy.protect('{table}')"),
            ),
            (
                format!("ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"),
                format!("ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"),
            ),
        ] {
            as_admin(&world, &remove).await;
            let found = leaks(&database, &acme, &globex).await;
            assert!(found.iter().any(|leak| leak.contains(table)), "{remove}: {found:?}");
            as_admin(&world, &restore).await;
            assert_eq!(leaks(&database, &acme, &globex).await, Vec::<String>::new(), "{restore}");
        }
    }
}

/// AC21, N2: where nothing, or nothing sensible, is bound, reading fails; it never answers rows.
#[tokio::test]
async fn without_a_tenant_there_is_an_error_and_never_a_row() {
    let world = World::start().await;
    let acme = side(&world, "acme").await;
    let mut conn = raw(&world, "app_rw").await;
    let upper = acme.id().to_string().to_uppercase();
    let braced = format!("{{{}}}", acme.id());
    let unbound = ["", "not-a-uuid", "*", "%", "null", "' OR true --", upper.as_str(), braced.as_str()];
    for value in std::iter::once(None).chain(unbound.into_iter().map(Some)) {
        if let Some(value) = value {
            let set = format!("SET app.tenant_id = '{}'", value.replace('\'', "''"));
            conn.execute(AssertSqlSafe(set)).await.unwrap();
        }
        for table in TABLES {
            let read = conn.fetch_all(AssertSqlSafe(format!("SELECT * FROM {table}"))).await;
            assert_eq!(state(&read).as_deref(), Some("28000"), "{table} with {value:?}");
            let written = conn.execute(AssertSqlSafe(format!("DELETE FROM {table}"))).await;
            let refused = if table == LEDGER { "42501" } else { "28000" };
            assert_eq!(state(&written).as_deref(), Some(refused), "{table} with {value:?}");
        }
        let said = conn.fetch_one("SELECT tenancy.current_tenant()").await;
        assert!(said.unwrap_err().to_string().contains("tenancy: "), "{value:?}");
    }
}

/// AC25, AC26, AC28: what could unbind a transaction is refused before it is sent, and the
/// transaction goes on with its tenant.
#[tokio::test]
async fn a_transaction_refuses_what_could_unbind_it_and_goes_on() {
    let (world, acme, globex) = two_sides().await;
    let database = database(&world).await;
    let mut tx = database.begin(&acme.context).await.unwrap();
    let set = format!("SET app.tenant_id = '{}'", globex.id());
    let alone = [
        set.as_str(),
        "SET LOCAL ROLE app_owner",
        "RESET ALL",
        "DISCARD ALL",
        "COMMIT",
        "ROLLBACK",
        "END",
        "ABORT",
        "BEGIN",
        "SAVEPOINT a",
        "PREPARE TRANSACTION 'a'",
        "DO $$ BEGIN END $$",
        "CALL x()",
        "LISTEN tenancy_jobs",
        "COPY data_sources FROM STDIN",
        "LOCK TABLE jobs",
        "CREATE TEMP TABLE t (a int)",
        "TRUNCATE jobs",
        "DECLARE c CURSOR FOR SELECT 1",
        "EXECUTE a",
        "/* SELECT */ COMMIT",
        "-- SELECT\nCOMMIT",
        "",
        ";",
    ];
    for sql in alone {
        let refused = sqlx::query(AssertSqlSafe(sql.to_owned())).execute(&mut *tx).await.unwrap_err();
        let sqlx::Error::Configuration(why) = &refused else { panic!("{sql:?}: {refused}") };
        assert!(matches!(why.downcast_ref(), Some(StatementRefused::Verb(_))), "{sql:?}: {why}");
    }
    let simple = tx.execute("SELECT 1").await.unwrap_err();
    assert!(simple.to_string().contains("prepared statements only"), "{simple}");
    let simple = sqlx::raw_sql("SELECT 1; COMMIT").execute(&mut *tx).await.unwrap_err();
    assert!(simple.to_string().contains("prepared statements only"), "{simple}");

    let bound: uuid::Uuid =
        sqlx::query_scalar("SELECT tenancy.current_tenant()").fetch_one(&mut *tx).await.unwrap();
    assert_eq!(bound, acme.id());
    let done = sqlx::query("UPDATE data_sources SET name = 'went on'").execute(&mut *tx).await.unwrap();
    assert_eq!(done.rows_affected(), 1);
    tx.commit().await.expect("a refused statement harms nothing");

    // Several statements in one prepared text are the server's to refuse.
    let mut tx = database.begin(&acme.context).await.unwrap();
    let stacked = sqlx::query("SELECT 1; COMMIT").execute(&mut *tx).await;
    assert_eq!(state(&stacked).as_deref(), Some("42601"));
    assert!(tx.commit().await.is_err(), "what failed is not committed in silence");
}
