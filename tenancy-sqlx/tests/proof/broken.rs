//! For each rule the smallest change that breaks it.

/// A rule, the SQL that breaks it (`$role` is the login that is proved, `$other` another one), and whether
/// the login that is proved is one made for this case, because roles belong to the whole server.
pub(crate) struct Case {
    pub(crate) rule: &'static str,
    pub(crate) sql: &'static str,
    pub(crate) own_role: bool,
}

const fn here(rule: &'static str, sql: &'static str) -> Case {
    Case { rule, sql, own_role: false }
}

const fn with_own_role(rule: &'static str, sql: &'static str) -> Case {
    Case { rule, sql, own_role: true }
}

pub(crate) const CASES: &[Case] = &[
    with_own_role("R01", "ALTER ROLE $role SUPERUSER"),
    with_own_role("R02", "ALTER ROLE $role BYPASSRLS"),
    with_own_role("R03", "ALTER ROLE $role CREATEROLE"),
    with_own_role("R03", "ALTER ROLE $role CREATEDB"),
    with_own_role("R03", "ALTER ROLE $role REPLICATION"),
    with_own_role("R04", "GRANT app_control TO $role"),
    with_own_role("R05", "CREATE TABLE mine (tenant_id uuid); SELECT tenancy.protect('mine'); ALTER TABLE mine OWNER TO $role"),
    here("R06", "GRANT CREATE ON SCHEMA public TO app_rw"),
    here("R06", "GRANT CREATE ON SCHEMA public TO PUBLIC"),
    here("R07", "DO $$ BEGIN EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO PUBLIC', current_database()); END $$"),
    here("R08", "DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO app_rw', current_database()); END $$"),
    here("R10", "ALTER TABLE things DISABLE ROW LEVEL SECURITY"),
    here("R11", "CREATE TABLE notes (id integer); GRANT SELECT ON notes TO app_rw"),
    here("R11", "CREATE TABLE notes (id integer); GRANT SELECT (id) ON notes TO app_rw"),
    here("R11", "CREATE TABLE notes (id integer); COMMENT ON TABLE notes IS 'tenancy: shared'; GRANT INSERT ON notes TO PUBLIC"),
    here("R12", "ALTER TABLE things NO FORCE ROW LEVEL SECURITY"),
    here("R13", "DROP POLICY tenant_base ON things; DROP POLICY tenant_isolation ON things"),
    here("R14", "CREATE TABLE child () INHERITS (things); SELECT tenancy.protect('things'); ALTER TABLE child DISABLE ROW LEVEL SECURITY"),
    here("R15", "DROP POLICY tenant_isolation ON things"),
    here("R16", "DROP POLICY tenant_isolation ON things;
        CREATE POLICY tenant_isolation ON things AS RESTRICTIVE USING (tenant_id = (SELECT tenancy.current_tenant())) WITH CHECK (true)"),
    here("R17", "CREATE POLICY loose ON things USING (tenant_id IS NULL OR tenant_id = (SELECT tenancy.current_tenant()))"),
    here("R18", "CREATE POLICY own ON things TO app_rw USING (tenant_id = (SELECT tenancy.current_tenant()))"),
    here("R19", "DROP POLICY tenant_isolation ON things;
        CREATE POLICY tenant_isolation ON things AS RESTRICTIVE USING (tenant_id = tenancy.current_tenant())
            WITH CHECK (tenant_id = tenancy.current_tenant())"),
    here("R20", "CREATE VIEW names AS SELECT name FROM things; GRANT SELECT ON names TO app_rw"),
    here("R21", "CREATE VIEW names AS SELECT name FROM things; ALTER VIEW names OWNER TO app_owner; GRANT SELECT ON names TO app_rw"),
    here("R22", "CREATE MATERIALIZED VIEW kept AS SELECT name FROM things; GRANT SELECT ON kept TO app_rw"),
    here("R23", "CREATE FOREIGN DATA WRAPPER far; CREATE SERVER far FOREIGN DATA WRAPPER far;
        CREATE FOREIGN TABLE distant (tenant_id uuid) SERVER far; GRANT SELECT ON distant TO app_rw"),
    here("R24", "CREATE FUNCTION all_things() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog
        AS 'SELECT count(*) FROM public.things'"),
    here("R25", "CREATE FUNCTION own_things() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT 1::bigint';
        ALTER FUNCTION own_things() OWNER TO app_owner"),
    here("R26", "CREATE FUNCTION other() RETURNS bigint LANGUAGE sql SET app.tenant_id = '018f2f4e-0000-7000-8000-00000000000b'
        AS 'SELECT count(*) FROM public.things'"),
    here("R27", "CREATE FUNCTION peek(text) RETURNS boolean LANGUAGE sql LEAKPROOF AS 'SELECT true'"),
    here("R28", "CREATE LANGUAGE wild HANDLER plpgsql_call_handler INLINE plpgsql_inline_handler VALIDATOR plpgsql_validator;
        CREATE FUNCTION wild() RETURNS integer LANGUAGE wild AS 'BEGIN RETURN 1; END'"),
    here("R29", "CREATE FUNCTION copy_it() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
            AS 'BEGIN RETURN NEW; END'; ALTER FUNCTION copy_it() OWNER TO app_owner;
        CREATE TRIGGER copies AFTER INSERT ON things FOR EACH ROW EXECUTE FUNCTION copy_it()"),
    here("R30", "GRANT TRUNCATE ON things TO app_rw"),
    here("R31", "GRANT REFERENCES ON things TO app_rw"),
    here("R31", "GRANT REFERENCES ON things TO PUBLIC"),
    here("R32", "GRANT TRIGGER ON things TO app_rw"),
    here("R33", "ALTER TABLE things ADD code text UNIQUE"),
    here("R33", "DELETE FROM things; CREATE UNIQUE INDEX only_name ON things (name)"),
    here("R34", "CREATE TABLE parts (tenant_id uuid, id integer, thing integer, other uuid, PRIMARY KEY (tenant_id, id),
            FOREIGN KEY (other, thing) REFERENCES things (tenant_id, id)); SELECT tenancy.protect('parts')"),
    here("R35", "CREATE TABLE loose (tenant_id uuid); SELECT tenancy.protect('loose'); ALTER TABLE loose ALTER tenant_id DROP NOT NULL"),
    here("R36", "CREATE TABLE slow (tenant_id uuid); SELECT tenancy.protect('slow'); DROP INDEX slow_tenant_id_idx"),
    here("R37", "ALTER TABLE things ADD price numeric; CREATE INDEX by_price ON things (tenant_id, price)"),
    here("R38", "ALTER TABLE things ADD extra jsonb; CREATE INDEX in_extra ON things USING gin (extra)"),
    here("R40", "CREATE SEQUENCE numbers; GRANT SELECT ON SEQUENCE numbers TO app_rw"),
    here("R41", "GRANT EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) TO PUBLIC"),
    here("R42", "GRANT SELECT ON pg_catalog.pg_stat_activity TO PUBLIC"),
    here("R42", "GRANT EXECUTE ON FUNCTION pg_catalog.pg_stat_get_activity(integer) TO app_rw"),
    here("R43", "GRANT EXECUTE ON FUNCTION pg_catalog.lo_get(oid) TO PUBLIC"),
    here("R44", "CREATE EXTENSION dblink"),
    here("R45", "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO app_rw; DROP EVENT TRIGGER tenancy_auto_rls"),
    here("R47", "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET app.tenant_id = %L', current_database(), 'x'); END $$"),
    here("R49", "CREATE PUBLICATION all_of_it FOR TABLE things"),
    here("R50", "CREATE RULE quiet AS ON DELETE TO things DO INSTEAD NOTHING"),
    here("R51", "ALTER EVENT TRIGGER tenancy_auto_rls DISABLE"),
    with_own_role("R52", "CREATE VIEW pg_stat_statements AS SELECT 1 AS one; GRANT pg_read_all_stats TO $role; ALTER ROLE $role INHERIT"),
    here("R53", "CREATE STATISTICS together ON id, name FROM things"),
    here("R54", "CREATE POLICY extra ON things AS RESTRICTIVE USING (id > 0)"),
    here("R54", "DROP POLICY tenant_base ON things; CREATE POLICY base ON things USING (true) WITH CHECK (true)"),
    here("R61", "ALTER TABLE things OWNER TO $other"),
    here("R61", "GRANT app_owner TO $other"),
    here("R62", "GRANT SELECT ON tenancy.seal_keys TO $other"),
    here("R62", "GRANT app_keeper TO $other"),
    here("R62", "ALTER FUNCTION tenancy.current_tenant() OWNER TO app_control"),
    here("R63", "GRANT SELECT ON control.sessions TO $other"),
    here("R63", "GRANT SELECT (email) ON control.users TO PUBLIC"),
    here("R63", "GRANT app_control TO $other"),
    here("R64", "GRANT EXECUTE ON FUNCTION control.tenant_by_slug(text) TO $other; ALTER ROLE $other BYPASSRLS"),
    here("R64", "GRANT EXECUTE ON FUNCTION control.tenant_by_slug(text) TO $other; GRANT SELECT ON things TO $other"),
    here("R64", "GRANT EXECUTE ON FUNCTION control.tenant_by_slug(text) TO $other; GRANT pg_read_all_data TO $other"),
    here("R64", "GRANT EXECUTE ON FUNCTION control.tenant_by_slug(text), control.admin_events(uuid) TO $other"),
    here("R65", "GRANT EXECUTE ON FUNCTION control.tenant_by_id(uuid) TO app_rw"),
    here("R65", "GRANT EXECUTE ON FUNCTION control.admin_set_status(text, text, uuid, text) TO app_rw"),
    here("R65", "CREATE FUNCTION control.people() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog
            BEGIN ATOMIC SELECT count(*) FROM control.tenant_users; END; ALTER FUNCTION control.people() OWNER TO app_control"),
    here("R66", "GRANT EXECUTE ON FUNCTION control.admin_set_status(text, text, uuid, text) TO $other; GRANT UPDATE (name) ON things TO $other"),
    here("R66", "GRANT EXECUTE ON FUNCTION control.admin_set_status(text, text, uuid, text) TO $other; GRANT pg_write_all_data TO $other"),
    here("R67", "ALTER ROLE $other BYPASSRLS; GRANT SELECT ON things TO $other"),
    here("R54", "ALTER POLICY tenant_isolation ON things USING (tenant_id = (SELECT tenancy.current_tenant()) OR name = 'tenant_id')"),
];
