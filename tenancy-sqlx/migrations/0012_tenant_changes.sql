-- What a node must hear of tenants that change.
SET LOCAL ROLE app_control;

-- The transaction that made or changed a tenant last.
ALTER TABLE control.tenants ADD COLUMN changed_in xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX ON control.tenants (changed_in);
CREATE FUNCTION control.stamp_tenant() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    NEW.changed_in := pg_current_xact_id();
    RETURN NEW;
END $$;
CREATE TRIGGER stamp BEFORE UPDATE ON control.tenants FOR EACH ROW EXECUTE FUNCTION control.stamp_tenant();

-- Says that there is something to ask about, and nothing else.
CREATE FUNCTION control.announce_tenants() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_notify('tenancy_tenants', '');
    RETURN NULL;
END $$;
CREATE TRIGGER announce AFTER INSERT OR UPDATE ON control.tenants
    FOR EACH STATEMENT EXECUTE FUNCTION control.announce_tenants();

-- What changed in transactions from `since` on, as far as they have ended; `horizon` is where the next
-- question starts, because older ones have all ended. Without `since`, only that.
CREATE FUNCTION control.tenants_changed(since bigint) RETURNS TABLE (horizon bigint, tenants uuid[])
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
        ARRAY(SELECT t.id FROM control.tenants t WHERE t.changed_in >= since::text::xid8)
$$;

GRANT EXECUTE ON FUNCTION control.tenants_changed(bigint) TO app_gate;
RESET ROLE;
