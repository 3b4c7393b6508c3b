-- Everything that keeps tenants apart or lets them in, each with the SQL that takes it away and, for a
-- right, the question whether it is there. $1 is the application's role; $2 the schemas, or null for all.
WITH rel AS (
    SELECT c.*, n.nspname, format('%I.%I', n.nspname, c.relname) AS fq, a.attnum AS tcol
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
    WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'tenancy_probe') AND n.nspname !~ '^pg_(temp|toast)'
      AND ($2::text[] IS NULL OR n.nspname = ANY ($2))
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
), who AS (
    SELECT 0::oid AS oid, 'PUBLIC' AS name, $1::text AS asked
    UNION ALL SELECT oid, quote_ident(rolname), rolname FROM pg_roles
), unique_key AS (
    SELECT rel.oid, rel.fq, i.indexrelid, i.indisexclusion, k.conname, x.relname AS index_name, i.indnkeyatts,
        format('%I.%I', rel.nspname, x.relname) AS index_fq,
        replace(regexp_replace(pg_get_indexdef(i.indexrelid), '\mtenant_id, |, tenant_id\M', ''), ' ON ONLY ', ' ON ') AS without
    FROM rel JOIN pg_index i ON i.indrelid = rel.oid AND rel.tcol = ANY (i.indkey::int2[])
    JOIN pg_class x ON x.oid = i.indexrelid AND NOT x.relispartition
    LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.conrelid = rel.oid AND k.contype IN ('p', 'u', 'x')
    WHERE i.indisunique OR i.indisexclusion
), foreign_key AS (
    SELECT rel.oid, rel.fq, k.conname, k.confrelid, cardinality(k.conkey) AS width,
        (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY x.i) FROM unnest(k.conkey) WITH ORDINALITY x (n, i)
         JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = x.n WHERE x.n <> rel.tcol) AS child,
        (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY x.i) FROM unnest(k.conkey, k.confkey) WITH ORDINALITY x (c, n, i)
         JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = x.n WHERE x.c <> rel.tcol) AS parent,
        (SELECT min(o.conname) FROM pg_constraint o WHERE o.conrelid = rel.oid AND o.contype = 'f' AND o.oid <> k.oid
           AND cardinality(k.conkey) = 1 AND rel.tcol = ANY (o.conkey) AND NOT EXISTS (
            SELECT FROM unnest(o.conkey) c JOIN pg_attribute a ON a.attrelid = rel.oid AND a.attnum = c WHERE NOT a.attnotnull)) AS implied
    FROM rel JOIN pg_constraint k ON k.conrelid = rel.oid AND k.contype = 'f' AND rel.tcol = ANY (k.conkey) AND k.conparentid = 0
), made (kind, what, relation, sql, holds, harmless) AS (
    SELECT 'policy', quote_ident(p.polname) || ' on ' || fq, rel.oid, format('DROP POLICY %I ON %s', p.polname, fq), NULL, NULL
    FROM rel JOIN pg_policy p ON p.polrelid = rel.oid
    UNION ALL SELECT 'row security', fq, oid, format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', fq), NULL, NULL FROM rel WHERE relrowsecurity
    UNION ALL SELECT 'force', fq, oid, format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', fq), NULL, NULL FROM rel WHERE relforcerowsecurity
    UNION ALL SELECT 'grant', format('%s on %s to %s', x.privilege_type, fq, who.name), rel.oid,
        format('REVOKE %s ON %s %s FROM %s', x.privilege_type, CASE WHEN relkind = 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, fq, who.name),
        format('has_%s_privilege(%L, %s::oid, %L)', CASE WHEN relkind = 'S' THEN 'sequence' ELSE 'table' END, who.asked, rel.oid, x.privilege_type), NULL
    FROM rel CROSS JOIN LATERAL aclexplode(relacl) x JOIN who ON who.oid = x.grantee WHERE x.grantee <> relowner
    UNION ALL SELECT 'grant', format('%s (%I) on %s to %s', x.privilege_type, a.attname, fq, who.name), rel.oid,
        format('REVOKE %s (%I) ON TABLE %s FROM %s', x.privilege_type, a.attname, fq, who.name),
        format('has_column_privilege(%L, %s::oid, %s::smallint, %L)', who.asked, rel.oid, a.attnum, x.privilege_type), NULL
    FROM rel JOIN pg_attribute a ON a.attrelid = rel.oid CROSS JOIN LATERAL aclexplode(a.attacl) x JOIN who ON who.oid = x.grantee
    WHERE x.grantee <> relowner
    UNION ALL SELECT 'grant', format('EXECUTE on %s to %s', p.oid::regprocedure, who.name), NULL::oid,
        format('REVOKE EXECUTE ON ROUTINE %s FROM %s', p.oid::regprocedure, who.name),
        format('has_function_privilege(%L, %s::oid, %L)', who.asked, p.oid, 'EXECUTE'), NULL
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x JOIN who ON who.oid = x.grantee
    WHERE x.grantee <> p.proowner AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'tenancy_probe') AND p.prokind IN ('f', 'p') AND ($2 IS NULL OR n.nspname = ANY ($2))
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
    UNION ALL SELECT 'grant', format('%s on schema %I to %s', x.privilege_type, n.nspname, who.name), NULL::oid,
        format('REVOKE %s ON SCHEMA %I FROM %s', x.privilege_type, n.nspname, who.name),
        format('has_schema_privilege(%L, %s::oid, %L)', who.asked, n.oid, x.privilege_type), NULL
    FROM pg_namespace n CROSS JOIN LATERAL aclexplode(n.nspacl) x JOIN who ON who.oid = x.grantee
    WHERE x.grantee <> n.nspowner AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'tenancy_probe') AND ($2 IS NULL OR n.nspname = ANY ($2))
    UNION ALL SELECT 'grant', format('%s on the database to %s', x.privilege_type, who.name), NULL::oid,
        format('REVOKE %s ON DATABASE current_database FROM %s', x.privilege_type, who.name),
        format('has_database_privilege(%L, current_database(), %L)', who.asked, x.privilege_type), NULL
    FROM pg_database d CROSS JOIN LATERAL aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) x JOIN who ON who.oid = x.grantee
    WHERE d.datname = current_database() AND x.grantee <> d.datdba AND $2 IS NULL
    UNION ALL SELECT 'key', format('tenant_id in %I of %s', coalesce(conname, index_name), fq), oid,
        CASE WHEN conname IS NULL THEN format('DROP INDEX %s', index_fq) ELSE format('ALTER TABLE %s DROP CONSTRAINT %I CASCADE', fq, conname) END
        || CASE WHEN indnkeyatts = 1 OR indisexclusion THEN '' ELSE format(
            '; DO $again$ BEGIN EXECUTE %L; EXCEPTION WHEN OTHERS THEN NULL; END $again$', without) END, NULL, NULL
    FROM unique_key
    UNION ALL SELECT 'key', format('tenant_id in the foreign key %I of %s', conname, fq), oid,
        format('ALTER TABLE %s DROP CONSTRAINT %I', fq, conname) || CASE WHEN width = 1 THEN '' ELSE format(
            '; DO $again$ BEGIN CREATE UNIQUE INDEX ON %s (%s); ALTER TABLE %s ADD FOREIGN KEY (%s) REFERENCES %1$s (%2$s); EXCEPTION WHEN OTHERS THEN NULL; END $again$',
            confrelid::regclass, parent, fq, child) END, NULL,
        'the foreign key ' || quote_ident(implied) || ' leads to a tenant as well'
    FROM foreign_key
    UNION ALL SELECT 'default', 'tenant_id of ' || fq, rel.oid, format('ALTER TABLE %s ALTER tenant_id DROP DEFAULT', fq), NULL, NULL
    FROM rel JOIN pg_attrdef d ON d.adrelid = rel.oid AND d.adnum = rel.tcol WHERE NOT relispartition
    UNION ALL SELECT 'not null', 'tenant_id of ' || fq, rel.oid, format('ALTER TABLE %s ALTER tenant_id DROP NOT NULL', fq), NULL, NULL
    FROM rel JOIN pg_attribute a ON a.attrelid = rel.oid AND a.attnum = rel.tcol AND a.attnotnull
    WHERE relkind IN ('r', 'p') AND NOT relispartition AND NOT EXISTS (
        SELECT FROM pg_index i WHERE i.indrelid = rel.oid AND i.indisprimary AND rel.tcol = ANY (i.indkey::int2[]))
    UNION ALL SELECT 'guard', 'the seal is verified', NULL::oid,
        'CREATE OR REPLACE FUNCTION tenancy.current_tenant() RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
            AS $$ SELECT nullif(current_setting(''app.tenant_id'', true), '''')::uuid $$', NULL, NULL
    WHERE to_regprocedure('tenancy.seal_required()') IS NOT NULL AND $2 IS NULL
    UNION ALL SELECT 'guard', 'the event trigger ' || quote_ident(evtname), NULL::oid, format('ALTER EVENT TRIGGER %I DISABLE', evtname), NULL,
        CASE WHEN evtname ~ '^tenancy_told_' THEN 'it is a hint: what has changed is found by asking, too' END
    FROM pg_event_trigger WHERE evtname ~ '^tenancy_' AND evtenabled <> 'D' AND $2 IS NULL
)
SELECT kind, what, relation::bigint AS relation, sql, holds, harmless FROM made ORDER BY kind, what
