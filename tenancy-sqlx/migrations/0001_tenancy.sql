-- Which tenant a transaction is bound to, and the policies that hold a table to it.
-- Role names in these files are placeholders with the default spelling; `Roles` replaces them.

GRANT USAGE ON SCHEMA tenancy TO PUBLIC;
GRANT SELECT ON tenancy.migrations TO app_gate, app_rw, app_ops;

-- The one place that says who is bound. A seal over the tenant will be verified here; its owner is
-- a role nobody logs in as, so that the keys can live beside it.
CREATE FUNCTION tenancy.current_tenant() RETURNS uuid
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    bound text := current_setting('app.tenant_id', true);
BEGIN
    IF bound IS NULL OR bound = '' THEN
        RAISE EXCEPTION 'tenancy: no tenant is bound to this transaction'
            USING ERRCODE = '28000', HINT = 'Open it with TenantDatabase::begin.';
    END IF;
    IF bound !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN
        RAISE EXCEPTION 'tenancy: what is bound to this transaction is not a tenant'
            USING ERRCODE = '28000', HINT = 'Open it with TenantDatabase::begin.';
    END IF;
    RETURN bound::uuid;
END $$;
ALTER FUNCTION tenancy.current_tenant() OWNER TO app_keeper;

-- Holds a table, its partitions and its children to the bound tenant. Safe to repeat.
-- The policies name no role: one written for a role could be dropped by DROP OWNED on old servers.
CREATE FUNCTION tenancy.protect(target regclass) RETURNS void
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
               a.atttypid, a.attnum, a.attnotnull
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
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY,
            ALTER tenant_id SET NOT NULL, ALTER tenant_id SET DEFAULT tenancy.current_tenant()', t.rel);
        EXECUTE format('DROP POLICY IF EXISTS tenant_base ON %s', t.rel);
        EXECUTE format('DROP POLICY IF EXISTS tenant_isolation ON %s', t.rel);
        EXECUTE format('CREATE POLICY tenant_base ON %s USING (true) WITH CHECK (true)', t.rel);
        EXECUTE format('CREATE POLICY tenant_isolation ON %s AS RESTRICTIVE USING (%s) WITH CHECK (%2$s)',
            t.rel, bound);
        EXECUTE format('REVOKE ALL ON %s FROM PUBLIC, app_rw, app_gate', t.rel);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO app_rw', t.rel);
        EXECUTE format('GRANT SELECT ON %s TO app_ops', t.rel);
        IF NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = t.rel AND i.indkey[0] = t.attnum) THEN
            EXECUTE format('CREATE INDEX ON %s (tenant_id)', t.rel);
        END IF;
    END LOOP;
END $$;
REVOKE EXECUTE ON FUNCTION tenancy.protect(regclass) FROM PUBLIC;

-- A database cloned from a template loses its own grants: this gives them, whoever cloned it.
CREATE FUNCTION tenancy.grant_database() RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO app_gate, app_rw, app_ops, app_migrator', current_database());
END $$;
REVOKE EXECUTE ON FUNCTION tenancy.grant_database() FROM PUBLIC;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO app_rw, app_ops, app_migrator;
GRANT USAGE, CREATE ON SCHEMA public TO app_owner;
SELECT tenancy.grant_database();
