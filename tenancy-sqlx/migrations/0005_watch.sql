-- What a correct database has beside protected tables: new tables start closed, and nobody is given
-- what the server gives to everybody but a tenant's transaction has no use for.

-- A table with a tenant_id lets nobody at its rows until tenancy.protect() has given it policies.
CREATE FUNCTION tenancy.auto_rls() RETURNS event_trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made record;
BEGIN
    FOR made IN
        SELECT c.objid::regclass AS rel FROM pg_event_trigger_ddl_commands() c
        JOIN pg_class r ON r.oid = c.objid AND r.relkind IN ('r', 'p') AND r.relpersistence <> 't'
        JOIN pg_attribute a ON a.attrelid = r.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
        WHERE c.classid = 'pg_class'::regclass AND c.schema_name NOT IN ('tenancy', 'control')
    LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', made.rel);
    END LOOP;
END $$;
REVOKE EXECUTE ON FUNCTION tenancy.auto_rls() FROM PUBLIC;
CREATE EVENT TRIGGER tenancy_auto_rls ON ddl_command_end
    WHEN TAG IN ('CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO') EXECUTE FUNCTION tenancy.auto_rls();

-- SQL that was injected could bind another tenant, read other sessions' statements, or keep things
-- where no policy reaches.
REVOKE EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) FROM PUBLIC;
REVOKE SELECT ON pg_catalog.pg_stat_activity FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION pg_catalog.pg_stat_get_activity(integer), pg_catalog.pg_stat_get_backend_activity(integer) FROM PUBLIC;
GRANT SELECT ON pg_catalog.pg_stat_activity TO pg_monitor;
GRANT EXECUTE ON FUNCTION pg_catalog.pg_stat_get_activity(integer), pg_catalog.pg_stat_get_backend_activity(integer) TO pg_monitor;
DO $$
DECLARE
    f regprocedure;
BEGIN
    FOR f IN SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND proname IN
        ('lo_get', 'lo_creat', 'lo_create', 'lo_from_bytea', 'lo_put', 'lo_open', 'lo_unlink', 'lo_import', 'lo_export')
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f);
    END LOOP;
END $$;
