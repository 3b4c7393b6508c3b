-- Whoever proved this database is told that it has changed. The notification is a hint without content;
-- who hears it looks for itself. Roles belong to the server and tell nobody: those are found by asking.

CREATE FUNCTION tenancy.tell_of_change() RETURNS event_trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_notify('tenancy_ddl', '');
END $$;
REVOKE EXECUTE ON FUNCTION tenancy.tell_of_change() FROM PUBLIC;
CREATE EVENT TRIGGER tenancy_told_of_change ON ddl_command_end EXECUTE FUNCTION tenancy.tell_of_change();
CREATE EVENT TRIGGER tenancy_told_of_drop ON sql_drop EXECUTE FUNCTION tenancy.tell_of_change();
