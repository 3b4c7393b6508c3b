-- Protecting again leaves the application's rights on a table as they are: a log that may only be added
-- to stays one. And the tenant of a new row is taken from the setting as it is, because a policy verifies
-- it once a statement; verifying it for every row made bulk inserts many times slower.

CREATE OR REPLACE FUNCTION tenancy.protect(target regclass) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    t record;
    bound text;
BEGIN
    FOR t IN
        WITH RECURSIVE family AS (
            SELECT target::oid AS oid
            UNION
            SELECT i.inhrelid FROM pg_inherits i JOIN family f ON i.inhparent = f.oid
        )
        SELECT c.oid::regclass AS rel, c.relkind, c.relispartition,
               a.atttypid, a.attnum, a.attnotnull,
               EXISTS (SELECT FROM aclexplode(c.relacl) x WHERE x.grantee = 'app_rw'::regrole) AS given
        FROM family f JOIN pg_class c ON c.oid = f.oid
        LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
    LOOP
        IF t.relkind NOT IN ('r', 'p') THEN
            RAISE EXCEPTION 'tenancy: % is not a table', t.rel USING ERRCODE = '42809';
        END IF;
        IF t.attnum IS NULL OR t.atttypid <> 'uuid'::regtype THEN
            RAISE EXCEPTION 'tenancy: % has no column tenant_id of type uuid', t.rel
                USING ERRCODE = '42703', HINT = format('ALTER TABLE %s ADD COLUMN tenant_id uuid', t.rel);
        END IF;
        -- The sub-select is evaluated once a statement; partition pruning needs the direct form.
        bound := CASE WHEN t.relkind = 'p' OR t.relispartition
            THEN 'tenant_id = tenancy.current_tenant()'
            ELSE 'tenant_id = (SELECT tenancy.current_tenant())' END;
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY, ALTER tenant_id SET NOT NULL,
            ALTER tenant_id SET DEFAULT nullif(current_setting(''app.tenant_id'', true), '''')::uuid', t.rel);
        EXECUTE format('DROP POLICY IF EXISTS tenant_base ON %s', t.rel);
        EXECUTE format('DROP POLICY IF EXISTS tenant_isolation ON %s', t.rel);
        EXECUTE format('CREATE POLICY tenant_base ON %s USING (true) WITH CHECK (true)', t.rel);
        EXECUTE format('CREATE POLICY tenant_isolation ON %s AS RESTRICTIVE USING (%s) WITH CHECK (%2$s)',
            t.rel, bound);
        EXECUTE format('REVOKE ALL ON %s FROM PUBLIC, app_gate', t.rel);
        EXECUTE format('REVOKE TRUNCATE, REFERENCES, TRIGGER ON %s FROM app_rw', t.rel);
        IF NOT t.given THEN
            EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO app_rw', t.rel);
        END IF;
        EXECUTE format('GRANT SELECT ON %s TO app_ops', t.rel);
        IF NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = t.rel AND i.indkey[0] = t.attnum) THEN
            EXECUTE format('CREATE INDEX ON %s (tenant_id)', t.rel);
        END IF;
    END LOOP;
END $$;

DO $$
DECLARE
    t regclass;
BEGIN
    FOR t IN SELECT d.adrelid::regclass FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
        WHERE a.attname = 'tenant_id' AND pg_get_expr(d.adbin, d.adrelid) = 'tenancy.current_tenant()'
    LOOP
        EXECUTE format('ALTER TABLE %s ALTER tenant_id SET DEFAULT nullif(current_setting(''app.tenant_id'', true), '''')::uuid', t);
    END LOOP;
END $$;
