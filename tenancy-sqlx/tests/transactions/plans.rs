//! The policies cost no index: what the server plans under them, word for word.

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::kit::{ACME, Place, place};

/// A hundred tenants, and a table in parts.
const SCHEMA: &str = "
    SET ROLE app_owner;
    CREATE TABLE notes (tenant_id uuid NOT NULL, id integer NOT NULL, title text COLLATE \"C\" NOT NULL,
        written date NOT NULL, PRIMARY KEY (tenant_id, id));
    CREATE INDEX notes_title ON notes (tenant_id, title);
    CREATE INDEX notes_written ON notes (tenant_id, written);
    CREATE TABLE events (tenant_id uuid NOT NULL, id integer NOT NULL, PRIMARY KEY (tenant_id, id))
        PARTITION BY HASH (tenant_id);
    CREATE TABLE events_0 PARTITION OF events FOR VALUES WITH (MODULUS 4, REMAINDER 0);
    CREATE TABLE events_1 PARTITION OF events FOR VALUES WITH (MODULUS 4, REMAINDER 1);
    CREATE TABLE events_2 PARTITION OF events FOR VALUES WITH (MODULUS 4, REMAINDER 2);
    CREATE TABLE events_3 PARTITION OF events FOR VALUES WITH (MODULUS 4, REMAINDER 3);
    RESET ROLE;
    SELECT tenancy.protect('notes'), tenancy.protect('events');
    INSERT INTO notes SELECT $tenant, id, 'note ' || id, date '2026-01-01' + id
        FROM generate_series(1, 100) AS tenant, generate_series(1, 200) AS id;
    INSERT INTO events SELECT $tenant, id FROM generate_series(1, 100) AS tenant, generate_series(1, 100) AS id;
    ANALYZE notes, events;";

/// The lines of a plan that say where rows are looked for, with `bound` for the bound tenant, which servers
/// spell in different ways.
async fn planned(conn: &mut PgConnection, sql: &str) -> Vec<String> {
    let explained = AssertSqlSafe(format!("EXPLAIN (COSTS OFF) {sql}"));
    let lines: Vec<String> = sqlx::query_scalar(explained).fetch_all(conn).await.expect(sql);
    let found = ["Scan", "Cond:", "Filter:", "Subplans Removed"];
    lines
        .iter()
        .filter(|line| found.iter().any(|word| line.contains(word)))
        .map(|line| {
            let line = line.trim().trim_start_matches("->  ");
            let spelt = ["$0", "$1", "(InitPlan 1).col1", "(InitPlan 2).col1"];
            spelt.iter().fold(line.to_owned(), |line, spelt| line.replace(spelt, "bound"))
        })
        .collect()
}

async fn bound(place: &Place) -> PgConnection {
    let tenant = "('018f2f4e-0000-7000-8000-' || lpad(to_hex(tenant), 12, '0'))::uuid";
    place.run(SCHEMA.replace("$tenant", tenant)).await;
    let mut conn = PgConnection::connect_with(&place.login("app_rw")).await.expect("a connection");
    let begin = format!("BEGIN; SET LOCAL app.tenant_id = '{ACME}'");
    conn.execute(AssertSqlSafe(begin)).await.expect("begun");
    conn
}

#[tokio::test]
async fn every_index_that_begins_with_the_tenant_is_used_whole() {
    let Some(place) = place().await else { return };
    let mut conn = bound(&place).await;
    let key = "Index Cond: ((tenant_id = bound) AND (id = 5))";
    for (sql, wanted) in [
        ("SELECT title FROM notes WHERE id = 5", ["Index Scan using notes_pkey on notes", key]),
        ("UPDATE notes SET title = 'x' WHERE id = 5", ["Index Scan using notes_pkey on notes", key]),
        ("DELETE FROM notes WHERE id = 5", ["Index Scan using notes_pkey on notes", key]),
        (
            "SELECT title FROM notes WHERE written = '2026-02-01'",
            [
                "Index Scan using notes_written on notes",
                "Index Cond: ((tenant_id = bound) AND (written = '2026-02-01'::date))",
            ],
        ),
        (
            "SELECT id FROM notes WHERE title = 'note 7'",
            [
                "Index Scan using notes_title on notes",
                "Index Cond: ((tenant_id = bound) AND (title = 'note 7'::text))",
            ],
        ),
        (
            "SELECT id FROM notes ORDER BY id LIMIT 10",
            ["Index Only Scan using notes_pkey on notes", "Index Cond: (tenant_id = bound)"],
        ),
    ] {
        assert_eq!(planned(&mut conn, sql).await, wanted, "{sql}");
    }
    conn.close().await.expect("closed");
}

#[tokio::test]
async fn a_whole_tenant_is_found_by_its_index_and_not_by_reading_everybodys_rows() {
    let Some(place) = place().await else { return };
    let mut conn = bound(&place).await;
    let planned = planned(&mut conn, "SELECT count(*), max(written) FROM notes").await;
    assert!(planned.iter().any(|line| line == "Index Cond: (tenant_id = bound)"), "{planned:?}");
    assert!(planned.iter().all(|line| !line.contains("Seq Scan") && !line.contains("Filter")), "{planned:?}");
    conn.close().await.expect("closed");
}

#[tokio::test]
async fn of_a_table_in_parts_only_the_tenants_part_is_opened() {
    let Some(place) = place().await else { return };
    let mut conn = bound(&place).await;
    let planned = planned(&mut conn, "SELECT id FROM events WHERE id = 5").await;
    assert_eq!(planned.len(), 3, "{planned:?}");
    assert_eq!(planned[0], "Subplans Removed: 3");
    assert_eq!(planned[2], "Index Cond: ((tenant_id = tenancy.current_tenant()) AND (id = 5))");
    conn.close().await.expect("closed");
}
