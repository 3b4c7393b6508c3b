-- What the bound tenant may know of itself: its own record, as the directory answers it.
SET LOCAL ROLE app_control;
CREATE FUNCTION control.own_tenant()
    RETURNS TABLE (id uuid, subdomain text, name text, status text, plan text, settings jsonb)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT t.id, t.subdomain, t.name, t.status, t.plan, t.settings FROM control.tenants t
    WHERE t.id = tenancy.current_tenant()
$$;
GRANT EXECUTE ON FUNCTION control.own_tenant() TO app_rw;
RESET ROLE;
