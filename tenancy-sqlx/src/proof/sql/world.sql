-- Everything that the role of this session can reach, asked as that role from catalogs that everybody
-- may read. The other files of this folder are the rules over it, joined into one statement.
WITH me AS (
    SELECT r.*, quote_ident(r.rolname) AS name FROM pg_roles r WHERE r.rolname = current_user
), tabs AS (
    SELECT c.*, n.nspname, format('%I.%I', n.nspname, c.relname) AS fq, a.attnum AS tcol, a.attnotnull AS tnn,
        coalesce(obj_description(c.oid, 'pg_class') LIKE 'tenancy: shared%', false) AS shared,
        CASE WHEN c.relkind = 'S' THEN false ELSE
            has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE, REFERENCES')
            OR has_table_privilege(c.oid, 'DELETE, TRUNCATE, TRIGGER') END AS reach,
        CASE WHEN c.relkind = 'S' THEN false ELSE
            has_any_column_privilege(c.oid, 'INSERT, UPDATE') OR has_table_privilege(c.oid, 'DELETE, TRUNCATE') END AS writes
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
    WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND n.nspname !~ '^pg_(temp|toast)'
      AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
), tt AS (
    SELECT * FROM tabs WHERE relkind IN ('r', 'p') AND reach
), tenant AS (
    SELECT * FROM tt WHERE tcol IS NOT NULL
), fn AS (
    SELECT p.*, n.nspname, p.oid::regprocedure::text AS sig,
        has_schema_privilege(n.oid, 'USAGE') AND has_function_privilege(p.oid, 'EXECUTE') AS reach,
        EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e') AS ext
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_temp'
), pol AS (
    SELECT p.*, pg_get_expr(p.polqual, p.polrelid) AS q, pg_get_expr(p.polwithcheck, p.polrelid) AS wc,
        t.fq, t.fq || ' policy ' || quote_ident(p.polname) AS obj,
        -- What tenancy.protect() writes: the sub-select once a statement, the direct form for partitions.
        CASE WHEN t.relkind = 'p' OR t.relispartition THEN '(tenant_id = tenancy.current_tenant())'
            ELSE '(tenant_id = ( SELECT tenancy.current_tenant() AS current_tenant))' END AS canon,
        format('DROP POLICY IF EXISTS %I ON %s; SELECT tenancy.protect(%L);', p.polname, t.fq, t.fq) AS mend
    FROM pg_policy p JOIN tenant t ON t.oid = p.polrelid
), seal AS (
    SELECT CASE WHEN to_regprocedure('tenancy.seal_required()') IS NULL THEN false ELSE
        query_to_xml('SELECT tenancy.seal_required() AS required', false, false, '')::text LIKE '%<required>true<%' END AS required
), other AS (
    -- Who else logs in to this database. What a superuser may needs no rule.
    SELECT r.*, quote_ident(r.rolname) AS name FROM pg_roles r
    WHERE r.rolcanlogin AND NOT r.rolsuper AND r.rolname <> current_user AND has_database_privilege(r.oid, current_database(), 'CONNECT')
), door (rule, oid) AS (
    -- The gate and the operator, by what they may call.
    SELECT CASE proname WHEN 'tenant_by_slug' THEN 'R64' ELSE 'R66' END, x.grantee FROM fn CROSS JOIN LATERAL aclexplode(proacl) x
    WHERE nspname = 'control' AND proname IN ('tenant_by_slug', 'admin_set_status') AND x.grantee <> proowner
), gate AS (
    SELECT other.* FROM other JOIN door USING (oid) WHERE door.rule = 'R64'
), ops AS (
    SELECT other.* FROM other JOIN door USING (oid) WHERE door.rule = 'R66'
), quiet (rule, oid) AS (
    -- Who owns what keeps tenants apart. Nobody is to log in as it, or to become it.
    SELECT 'R61', relowner FROM tenant
    UNION SELECT 'R62', relowner FROM tabs WHERE fq = 'tenancy.seal_keys'
    UNION SELECT 'R62', proowner FROM fn WHERE nspname = 'tenancy' AND proname = 'current_tenant'
    UNION SELECT 'R63', proowner FROM fn WHERE nspname = 'control' AND proname = 'tenant_by_slug'
), given AS (
    SELECT fq, nspname, x.privilege_type AS right_to, CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END AS who
    FROM tabs CROSS JOIN LATERAL aclexplode(relacl) x WHERE x.grantee <> relowner
    UNION SELECT fq, nspname, x.privilege_type, CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END
    FROM tabs JOIN pg_attribute a ON a.attrelid = tabs.oid CROSS JOIN LATERAL aclexplode(a.attacl) x WHERE x.grantee <> relowner
), watch AS (
    SELECT EXISTS (SELECT FROM pg_event_trigger WHERE evtname = 'tenancy_auto_rls' AND evtenabled <> 'D') AS there
)
SELECT rule, object, fix FROM (
