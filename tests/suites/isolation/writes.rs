//! What a tenant's transaction writes, and into whose rows.

use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::{Side, database, state, two_sides};

/// One new row of each table for the tenant `$1`; `$2` is a source and `$3` a run.
const INSERTS: [&str; 5] = [
    "INSERT INTO data_sources (tenant_id, id, name, frequency, row_count, columns)
     SELECT $1, gen_random_uuid(), 'x', 'weekly', 1, '[]' WHERE $2::uuid <> $3::uuid",
    "INSERT INTO uploads (tenant_id, id, file_name, raw)
     SELECT $1, gen_random_uuid(), 'x', '' WHERE $2::uuid <> $3::uuid",
    "INSERT INTO marketing_data (tenant_id, source_id, date, kpi)
     SELECT $1, $2, '1999-01-01', 1 WHERE $2::uuid <> $3::uuid",
    "INSERT INTO jobs (tenant_id, id, kind) SELECT $1, gen_random_uuid(), 'x' WHERE $2::uuid <> $3::uuid",
    "INSERT INTO mmm_models (tenant_id, id, source_id, model_type, seed)
     SELECT $1, $3, $2, 'x', 1 ON CONFLICT (tenant_id, id) DO UPDATE SET model_type = 'x'",
];

/// Other ways to write a row that is the other's afterwards, as rows of `data_sources`.
const DISGUISES: [&str; 5] = [
    "INSERT INTO data_sources (tenant_id, id, name, frequency, row_count, columns)
     VALUES ($1, $2, 'x', 'weekly', 1, '[]') ON CONFLICT (tenant_id, id) DO UPDATE SET name = 'x'",
    "INSERT INTO data_sources (tenant_id, id, name, frequency, row_count, columns)
     VALUES ($1, $2, 'x', 'weekly', 1, '[]') ON CONFLICT DO NOTHING",
    "UPDATE jobs SET tenant_id = $1 WHERE id <> $2",
    "MERGE INTO data_sources t USING (SELECT $1::uuid AS tenant, $2::uuid AS other) s ON false
     WHEN NOT MATCHED THEN INSERT (tenant_id, id, name, frequency, row_count, columns)
     VALUES (s.tenant, gen_random_uuid(), 'x', 'weekly', 1, '[]')",
    "WITH moved AS (UPDATE uploads SET tenant_id = $1 WHERE id <> $2 RETURNING id) SELECT count(*) FROM moved",
];

async fn insert(
    mine: &Side,
    owner: &Side,
    sql: &str,
    database: &tenancy_sqlx::TenantDatabase,
) -> Option<String> {
    let mut tx = database.begin(&mine.context).await.unwrap();
    let query =
        sqlx::query(AssertSqlSafe(sql.to_owned())).bind(owner.id()).bind(owner.source).bind(owner.run);
    let done = query.execute(&mut *tx).await;
    match &done {
        Ok(done) => assert_eq!(done.rows_affected(), 1, "{sql} wrote nothing, so it showed nothing"),
        Err(_) => assert!(state(&done).is_some(), "{done:?}"),
    }
    state(&done)
}

/// D5, AC23: what a tenant may write for itself it may not write for another.
#[tokio::test]
async fn a_row_for_another_tenant_is_refused() {
    let (world, acme, globex) = two_sides().await;
    let database = database(&world).await;
    for (mine, other) in [(&acme, &globex), (&globex, &acme)] {
        for sql in INSERTS {
            assert_eq!(insert(mine, mine, sql, &database).await, None, "its own: {sql}");
            assert_eq!(
                insert(mine, other, sql, &database).await.as_deref(),
                Some("42501"),
                "another's: {sql}"
            );
        }
        for sql in DISGUISES {
            let mut tx = database.begin(&mine.context).await.unwrap();
            let query = sqlx::query(AssertSqlSafe(sql.to_owned())).bind(other.id()).bind(other.source);
            let done = query.execute(&mut *tx).await;
            assert_eq!(state(&done).as_deref(), Some("42501"), "{sql}: {done:?}");
        }
    }
}

/// D6, AC24: a row cannot refer to another tenant's, although the server checks foreign keys past
/// the policies.
#[tokio::test]
async fn a_reference_to_another_tenants_row_is_refused() {
    let (world, acme, globex) = two_sides().await;
    let database = database(&world).await;
    for (sql, ids) in [
        ("INSERT INTO marketing_data (source_id, date, kpi) VALUES ($1, '1999-01-01', 1)", [acme.source, globex.source]),
        (
            "INSERT INTO mmm_models (id, source_id, model_type, seed)
             SELECT $1, id, 'x', 1 FROM data_sources LIMIT 1 ON CONFLICT (tenant_id, id) DO UPDATE SET seed = 2",
            [acme.run, globex.run],
        ),
        ("UPDATE mmm_models SET source_id = $1", [acme.source, globex.source]),
        ("SELECT control.enqueue($1, now(), 0::smallint, NULL)", [Uuid::nil(), globex.run]),
    ] {
        for (id, own) in ids.into_iter().zip([true, false]) {
            let mut tx = database.begin(&acme.context).await.unwrap();
            let done = sqlx::query(sql).bind(id).execute(&mut *tx).await;
            let expected = if own && !id.is_nil() { None } else { Some("23503") };
            assert_eq!(state(&done).as_deref(), expected, "{sql}: {done:?}");
        }
    }
}

/// AC24: keys are unique within a tenant, so a collision tells nothing about another's.
#[tokio::test]
async fn a_key_that_another_tenant_uses_is_free() {
    let (world, acme, globex) = two_sides().await;
    let database = database(&world).await;
    let mut tx = database.begin(&acme.context).await.unwrap();
    let sql = "INSERT INTO data_sources (id, name, frequency, row_count, columns) VALUES ($1, 'x', 'weekly', 1, '[]')
               RETURNING tenant_id";
    let owner: Uuid = sqlx::query_scalar(sql).bind(globex.source).fetch_one(&mut *tx).await.unwrap();
    // D3: a row that names no tenant is the transaction's.
    assert_eq!(owner, acme.id());
    tx.commit().await.unwrap();
    let mut tx = database.begin(&globex.context).await.unwrap();
    let name: String = sqlx::query_scalar("SELECT name FROM data_sources WHERE id = $1")
        .bind(globex.source)
        .fetch_one(&mut *tx)
        .await
        .unwrap();
    assert_eq!(name, "example.csv", "the other's row stays as it was");
}

/// AC28: the jobs that a tenant may hold and finish are its own.
#[tokio::test]
async fn another_tenants_job_cannot_be_held_or_finished() {
    let (world, acme, globex) = two_sides().await;
    let claim =
        "UPDATE control.job_queue SET attempt = 1, worker = 'w', lease_until = now() + interval '1 hour'";
    super::as_admin(&world, claim).await;
    let database = database(&world).await;
    for sql in ["SELECT control.hold($1, 1)", "SELECT control.finish($1, 1)"] {
        let mut tx = database.begin(&acme.context).await.unwrap();
        let own = sqlx::query(sql).bind(acme.run).execute(&mut *tx).await;
        assert_eq!(state(&own), None, "{own:?}");
        let foreign = sqlx::query(sql).bind(globex.run).execute(&mut *tx).await;
        assert_eq!(state(&foreign).as_deref(), Some("55000"), "{sql}");
    }
}
