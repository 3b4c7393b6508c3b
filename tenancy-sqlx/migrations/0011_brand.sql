-- How a tenant presents itself is its own to say: `settings.brand`, and nothing beside it. What else the
-- settings hold, such as features and limits, is the operator's.

SET LOCAL ROLE app_control;

UPDATE control.tenants
SET settings = jsonb_set(settings - 'accent', '{brand}', jsonb_build_object('accent', settings->'accent'))
WHERE settings ? 'accent';

-- Replaces what `change` names and removes what it sets to null; answers the brand before and after.
CREATE FUNCTION control.set_brand(actor uuid, change jsonb)
    RETURNS TABLE (before jsonb, after jsonb)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM control.manager(actor, false);
    SELECT coalesce(t.settings->'brand', '{}') INTO before FROM control.tenants t
    WHERE t.id = tenancy.current_tenant() FOR NO KEY UPDATE;
    after := jsonb_strip_nulls(before || change);
    IF jsonb_typeof(after) IS DISTINCT FROM 'object' OR length(after::text) > 4000 THEN
        RAISE EXCEPTION 'tenancy: a brand is an object of at most 4000 characters' USING ERRCODE = '22023';
    END IF;
    UPDATE control.tenants t SET settings = jsonb_set(t.settings, '{brand}', after)
    WHERE t.id = tenancy.current_tenant();
    RETURN NEXT;
END $$;
GRANT EXECUTE ON FUNCTION control.set_brand(uuid, jsonb) TO app_rw;
RESET ROLE;
