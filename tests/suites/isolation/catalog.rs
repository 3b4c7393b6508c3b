//! What the catalog says about every table that has a tenant.

use tests::World;

use super::{LOGS, TABLES, as_admin};

/// Everything about a table of `public` that is not as `tenancy.protect` makes it, one line each.
const FINDINGS: &str = "
    WITH t AS (
        SELECT c.oid, c.relname AS name, c.relrowsecurity, c.relforcerowsecurity, c.relowner::regrole::text AS owner,
               a.attnum, a.attnotnull, format_type(a.atttypid, NULL) AS type,
               pg_get_expr(d.adbin, d.adrelid) AS fallback
        FROM pg_class c
        LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'f', 'm', 'v')
    ), policies AS (
        SELECT tablename, policyname, permissive, array_to_string(roles, ',') AS roles, cmd,
               regexp_replace(qual, '\\s+', ' ', 'g') AS qual, regexp_replace(with_check, '\\s+', ' ', 'g') AS checked
        FROM pg_policies WHERE schemaname = 'public'
    ), canonical (policyname, permissive, text) AS (VALUES
        ('tenant_base', 'PERMISSIVE', 'true'),
        ('tenant_isolation', 'RESTRICTIVE', '(tenant_id = ( SELECT tenancy.current_tenant() AS current_tenant))')
    ), keys AS (
        SELECT i.indrelid, i.indexrelid::regclass::text AS name, i.indkey[0] AS first, i.indisunique FROM pg_index i
    )
    SELECT name || ': no tenant_id' FROM t WHERE attnum IS NULL
    UNION ALL SELECT name || ': tenant_id may be null' FROM t WHERE NOT attnotnull
    UNION ALL SELECT name || ': tenant_id is of type ' || type FROM t WHERE type <> 'uuid'
    UNION ALL SELECT name || ': tenant_id has the default ' || coalesce(fallback, 'NULL') FROM t
              WHERE fallback IS DISTINCT FROM '(NULLIF(current_setting(''app.tenant_id''::text, true), ''''::text))::uuid'
    UNION ALL SELECT name || ': row security is off' FROM t WHERE NOT relrowsecurity
    UNION ALL SELECT name || ': row security is not forced' FROM t WHERE NOT relforcerowsecurity
    UNION ALL SELECT name || ': belongs to ' || owner FROM t WHERE owner <> 'app_owner'
    UNION ALL SELECT t.name || ': lacks the policy ' || c.policyname FROM t, canonical c
              WHERE NOT EXISTS (SELECT FROM policies p WHERE p.tablename = t.name AND p.policyname = c.policyname
                AND p.permissive = c.permissive AND p.roles = 'public' AND p.cmd = 'ALL'
                AND p.qual = c.text AND p.checked = c.text)
    UNION ALL SELECT p.tablename || ': has a further policy ' || p.policyname FROM policies p
              WHERE p.policyname NOT IN (SELECT c.policyname FROM canonical c)
    UNION ALL SELECT t.name || ': no index begins with tenant_id' FROM t
              WHERE NOT EXISTS (SELECT FROM keys k WHERE k.indrelid = t.oid AND k.first = t.attnum)
    UNION ALL SELECT t.name || ': the key ' || k.name || ' does not begin with tenant_id' FROM t JOIN keys k
              ON k.indrelid = t.oid AND k.indisunique WHERE k.first <> t.attnum
    UNION ALL SELECT t.name || ': the foreign key ' || f.conname || ' leaves the tenant' FROM t JOIN pg_constraint f
              ON f.conrelid = t.oid AND f.contype = 'f' WHERE NOT f.conkey @> ARRAY[t.attnum]
    UNION ALL SELECT t.name || ': no foreign key leads to tenants' FROM t
              WHERE NOT EXISTS (SELECT FROM pg_constraint f WHERE f.conrelid = t.oid AND f.contype = 'f'
                AND f.confrelid = 'control.tenants'::regclass AND f.conkey = ARRAY[t.attnum])
    ORDER BY 1";

async fn findings(world: &World) -> Vec<String> {
    sqlx::query_scalar(FINDINGS).fetch_all(&mut world.admin().await).await.unwrap()
}

/// N4, D1, D6, X5, AC20: the tables of `public` are tenants' tables, and each is guarded as it should be.
#[tokio::test]
async fn every_table_is_guarded_in_the_canonical_form() {
    let world = World::start().await;
    let sql = "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')";
    let mut found: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut world.admin().await).await.unwrap();
    found.sort();
    let mut probed = [TABLES.as_slice(), &LOGS].concat();
    probed.sort_unstable();
    assert_eq!(found, probed, "a table that the probes of this suite leave out");
    assert_eq!(findings(&world).await, Vec::<String>::new());
}

/// AC20: each way to weaken a table is found and named.
#[tokio::test]
async fn every_weakness_of_a_table_is_named() {
    let world = World::start().await;
    let weaken = [
        ("ALTER TABLE jobs DISABLE ROW LEVEL SECURITY", "jobs: row security is off"),
        ("ALTER TABLE jobs NO FORCE ROW LEVEL SECURITY", "jobs: row security is not forced"),
        ("DROP POLICY tenant_isolation ON uploads", "uploads: lacks the policy tenant_isolation"),
        ("DROP POLICY tenant_base ON jobs", "jobs: lacks the policy tenant_base"),
        (
            "DROP POLICY tenant_isolation ON jobs; CREATE POLICY tenant_isolation ON jobs AS RESTRICTIVE
             USING (true) WITH CHECK (tenant_id = (SELECT tenancy.current_tenant()))",
            "jobs: lacks the policy tenant_isolation",
        ),
        (
            "DROP POLICY tenant_isolation ON mmm_models; CREATE POLICY tenant_isolation ON mmm_models AS RESTRICTIVE
             TO app_rw USING (tenant_id = (SELECT tenancy.current_tenant()))",
            "mmm_models: lacks the policy tenant_isolation",
        ),
        ("CREATE POLICY wide ON data_sources USING (true)", "data_sources: has a further policy wide"),
        ("ALTER TABLE uploads ALTER tenant_id DROP DEFAULT", "uploads: tenant_id has the default NULL"),
        ("ALTER TABLE uploads OWNER TO app_rw", "uploads: belongs to app_rw"),
        ("CREATE TABLE public.notes (id int PRIMARY KEY)", "notes: no tenant_id"),
        ("CREATE TABLE public.lists (tenant_id uuid)", "lists: tenant_id may be null"),
        ("CREATE TABLE public.words (tenant_id text NOT NULL)", "words: tenant_id is of type text"),
        ("CREATE TABLE public.bare (tenant_id uuid NOT NULL)", "bare: no index begins with tenant_id"),
        ("CREATE UNIQUE INDEX odd ON uploads (id)", "uploads: the key odd does not begin with tenant_id"),
        (
            "CREATE UNIQUE INDEX s ON data_sources (id);
             ALTER TABLE mmm_models ADD CONSTRAINT across FOREIGN KEY (source_id) REFERENCES data_sources (id)",
            "mmm_models: the foreign key across leaves the tenant",
        ),
        ("CREATE VIEW public.all_jobs AS SELECT * FROM jobs", "all_jobs: row security is off"),
    ];
    for (sql, finding) in weaken {
        as_admin(&world, sql).await;
        let found = findings(&world).await;
        assert!(found.iter().any(|line| line == finding), "{sql} is not found: {found:#?}");
    }
}
