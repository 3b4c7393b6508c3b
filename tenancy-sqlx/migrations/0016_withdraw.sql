-- An invitation that should not have been sent.
SET LOCAL ROLE app_control;

-- Takes an open invitation of the caller's tenant back; answers whom it was for. An owner's is an owner's matter.
CREATE FUNCTION control.withdraw_invitation(actor uuid, invitation uuid) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    address text;
    offered text;
BEGIN
    PERFORM control.manager(actor, false);
    DELETE FROM control.invitations i
    WHERE i.id = invitation AND i.tenant_id = tenancy.current_tenant() AND i.accepted_at IS NULL
    RETURNING i.email, i.role INTO address, offered;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'tenancy: no such invitation' USING ERRCODE = 'P0002';
    END IF;
    PERFORM control.manager(actor, offered = 'owner');
    RETURN address;
END $$;
GRANT EXECUTE ON FUNCTION control.withdraw_invitation(uuid, uuid) TO app_rw;
RESET ROLE;
