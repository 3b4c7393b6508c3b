-- People on their way in and out: operators' sessions, invitations, refresh tokens, what members may
-- change about each other, and what operators see and change.
-- The same rules as in 0002: nobody reads a table, each way in is a function with a fixed question.

SET LOCAL ROLE app_control;

-- A higher number tells that the member's rights have changed since a token was issued.
ALTER TABLE control.tenant_users ADD COLUMN ver bigint NOT NULL DEFAULT 1;

CREATE TABLE control.operator_sessions (
    token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
    operator_id uuid NOT NULL REFERENCES control.operators ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    idle interval NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON control.operator_sessions (operator_id);
CREATE INDEX ON control.operator_sessions (expires_at);

CREATE TABLE control.invitations (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES control.tenants,
    token_hash bytea NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    email text NOT NULL CHECK (email = lower(email) AND length(email) BETWEEN 3 AND 320),
    role text NOT NULL CHECK (role IN ('owner', 'admin', 'analyst', 'viewer')),
    invited_by text NOT NULL CHECK (invited_by <> ''),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    accepted_at timestamptz
);
-- One open invitation a person: the next one takes the place of the one before.
CREATE UNIQUE INDEX ON control.invitations (tenant_id, email) WHERE accepted_at IS NULL;

-- A family is one sign-in of a program; its tokens follow one another, each good for one use.
CREATE TABLE control.refresh_families (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    FOREIGN KEY (tenant_id, user_id) REFERENCES control.tenant_users ON DELETE CASCADE
);
CREATE INDEX ON control.refresh_families (tenant_id, user_id);
CREATE INDEX ON control.refresh_families (expires_at);
CREATE TABLE control.refresh_tokens (
    token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
    family_id uuid NOT NULL REFERENCES control.refresh_families ON DELETE CASCADE,
    used_at timestamptz
);
CREATE INDEX ON control.refresh_tokens (family_id);

-- operators' sessions
CREATE FUNCTION control.open_operator_session(token bytea, operator uuid, lifetime interval, idle interval) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DELETE FROM control.operator_sessions s WHERE s.expires_at < now() - interval '1 day';
    INSERT INTO control.operator_sessions (token_hash, operator_id, expires_at, idle)
    VALUES (token, operator, now() + lifetime, idle)
$$;
CREATE FUNCTION control.find_operator_session(token bytea)
    RETURNS TABLE (operator_id uuid, email text, display_name text)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE control.operator_sessions s SET seen_at = now()
    WHERE s.token_hash = token AND s.expires_at > now() AND s.seen_at + s.idle > now()
      AND s.seen_at < now() - interval '1 minute';
    SELECT o.id, o.email, o.display_name
    FROM control.operator_sessions s JOIN control.operators o ON o.id = s.operator_id
    WHERE s.token_hash = token AND s.expires_at > now() AND s.seen_at + s.idle > now()
$$;
CREATE FUNCTION control.end_operator_session(token bytea) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DELETE FROM control.operator_sessions s WHERE s.token_hash = token
$$;

-- invitations: what is behind a link, and taking it up. A person who is known keeps their password
-- (`hash` is null then); whether they are must not have changed since they were asked for one.
CREATE FUNCTION control.find_invitation(tenant uuid, token bytea)
    RETURNS TABLE (email text, role text, display_name text, password_hash text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT i.email, i.role, u.display_name, u.password_hash
    FROM control.invitations i LEFT JOIN control.users u ON u.email = i.email
    WHERE i.token_hash = token AND i.tenant_id = tenant AND i.accepted_at IS NULL AND i.expires_at > now()
$$;
CREATE FUNCTION control.accept_invitation(tenant uuid, token bytea, new_user uuid, new_name text, hash text)
    RETURNS TABLE (user_id uuid, role text)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    taken record;
    person uuid;
BEGIN
    UPDATE control.invitations i SET accepted_at = now()
    WHERE i.token_hash = token AND i.tenant_id = tenant AND i.accepted_at IS NULL AND i.expires_at > now()
    RETURNING i.email, i.role INTO taken;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    IF hash IS NOT NULL THEN
        INSERT INTO control.users (id, email, display_name, password_hash)
        VALUES (new_user, taken.email, new_name, hash);
        person := new_user;
    ELSE
        SELECT u.id INTO STRICT person FROM control.users u WHERE u.email = taken.email;
    END IF;
    INSERT INTO control.tenant_users AS m (tenant_id, user_id, role) VALUES (tenant, person, taken.role);
    RETURN QUERY SELECT person, taken.role;
END $$;

-- refresh tokens
CREATE FUNCTION control.open_refresh(family uuid, token bytea, tenant uuid, member uuid, lifetime interval)
    RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DELETE FROM control.refresh_families f WHERE f.expires_at < now() - interval '1 day';
    INSERT INTO control.refresh_families (id, tenant_id, user_id, expires_at)
    VALUES (family, tenant, member, now() + lifetime);
    INSERT INTO control.refresh_tokens (token_hash, family_id) VALUES (token, family);
    SELECT m.ver FROM control.tenant_users m WHERE m.tenant_id = tenant AND m.user_id = member
$$;
-- Answers who holds the family on, or only why not. A token that was used before it was sent again is
-- in two hands: nobody keeps the family. One that was used while this call was already under way is
-- the same client asking twice: the other call has won, this one gets nothing, the family lives.
CREATE FUNCTION control.rotate_refresh(tenant uuid, old_token bytea, new_token bytea)
    RETURNS TABLE (outcome text, family_id uuid, user_id uuid, role text, ver bigint)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    f record;
    used timestamptz;
BEGIN
    SELECT r.* INTO f FROM control.refresh_families r
    WHERE r.id = (SELECT t.family_id FROM control.refresh_tokens t WHERE t.token_hash = old_token) FOR UPDATE;
    IF NOT FOUND OR f.tenant_id <> tenant THEN
        RETURN QUERY SELECT 'unknown', NULL::uuid, NULL::uuid, NULL::text, NULL::bigint;
        RETURN;
    END IF;
    IF f.revoked_at IS NOT NULL OR f.expires_at <= now() THEN
        RETURN QUERY SELECT 'ended', f.id, f.user_id, NULL::text, NULL::bigint;
        RETURN;
    END IF;
    -- A statement of its own: it sees what was committed while this call waited for the family.
    SELECT t.used_at INTO used FROM control.refresh_tokens t WHERE t.token_hash = old_token;
    IF used IS NOT NULL THEN
        IF used >= now() THEN
            RETURN QUERY SELECT 'late', f.id, f.user_id, NULL::text, NULL::bigint;
            RETURN;
        END IF;
        UPDATE control.refresh_families r SET revoked_at = now() WHERE r.id = f.id;
        RETURN QUERY SELECT 'reused', f.id, f.user_id, NULL::text, NULL::bigint;
        RETURN;
    END IF;
    UPDATE control.refresh_tokens t SET used_at = clock_timestamp() WHERE t.token_hash = old_token;
    INSERT INTO control.refresh_tokens (token_hash, family_id) VALUES (new_token, f.id);
    RETURN QUERY SELECT 'rotated', f.id, f.user_id, m.role, m.ver
        FROM control.tenant_users m WHERE m.tenant_id = f.tenant_id AND m.user_id = f.user_id;
END $$;
CREATE FUNCTION control.end_refresh(tenant uuid, token bytea, family uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE control.refresh_families f SET revoked_at = now()
    WHERE f.tenant_id = tenant AND f.revoked_at IS NULL
      AND (f.id = family OR f.id = (SELECT t.family_id FROM control.refresh_tokens t WHERE t.token_hash = token))
$$;
-- Where a member stands now; nothing for one who is gone or whose sign-in has ended.
CREATE FUNCTION control.standing(tenant uuid, member uuid, family uuid)
    RETURNS TABLE (role text, ver bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT m.role, m.ver FROM control.tenant_users m
    WHERE m.tenant_id = tenant AND m.user_id = member AND (family IS NULL OR EXISTS (
        SELECT FROM control.refresh_families f
        WHERE f.id = family AND f.tenant_id = tenant AND f.user_id = member AND f.revoked_at IS NULL))
$$;

-- the bound tenant's own people. Whoever acts must be a member who manages people; only an owner makes
-- an owner or changes one, and the last one stays.
CREATE FUNCTION control.manager(actor uuid, touches_owner boolean) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    own text;
BEGIN
    SELECT m.role INTO own FROM control.tenant_users m
    WHERE m.tenant_id = tenancy.current_tenant() AND m.user_id = actor FOR SHARE;
    IF own IS NULL OR own NOT IN ('owner', 'admin') OR (touches_owner AND own <> 'owner') THEN
        RAISE EXCEPTION 'tenancy: only an owner makes or changes owners' USING ERRCODE = '42501';
    END IF;
END $$;
CREATE FUNCTION control.invitations()
    RETURNS TABLE (id uuid, email text, role text, invited_by text, expires_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT i.id, i.email, i.role, i.invited_by, i.expires_at FROM control.invitations i
    WHERE i.tenant_id = tenancy.current_tenant() AND i.accepted_at IS NULL AND i.expires_at > now()
    ORDER BY i.email
$$;
CREATE FUNCTION control.put_invitation(tenant uuid, inviter text, invitation uuid, token bytea, address text, new_role text, lifetime interval)
    RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM control.tenant_users m JOIN control.users u ON u.id = m.user_id
               WHERE m.tenant_id = tenant AND u.email = lower(address)) THEN
        RAISE EXCEPTION 'tenancy: a member already' USING ERRCODE = '23505';
    END IF;
    DELETE FROM control.invitations i
    WHERE i.tenant_id = tenant AND i.email = lower(address) AND i.accepted_at IS NULL;
    INSERT INTO control.invitations (id, tenant_id, token_hash, email, role, invited_by, expires_at)
    VALUES (invitation, tenant, token, lower(address), new_role, inviter, now() + lifetime);
END $$;
CREATE FUNCTION control.invite(actor uuid, invitation uuid, token bytea, address text, new_role text, lifetime interval)
    RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM control.manager(actor, new_role = 'owner');
    PERFORM control.put_invitation(tenancy.current_tenant(), (SELECT u.display_name FROM control.users u WHERE u.id = actor),
        invitation, token, address, new_role, lifetime);
END $$;
-- Answers the role the member had.
CREATE FUNCTION control.set_role(actor uuid, member uuid, new_role text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    was text;
BEGIN
    -- One change of roles at a time in a tenant: two owners cannot demote each other at once.
    PERFORM FROM control.tenants t WHERE t.id = tenancy.current_tenant() FOR NO KEY UPDATE;
    SELECT m.role INTO was FROM control.tenant_users m
    WHERE m.tenant_id = tenancy.current_tenant() AND m.user_id = member;
    PERFORM control.manager(actor, 'owner' IN (coalesce(was, ''), new_role));
    IF was IS NULL THEN
        RAISE EXCEPTION 'tenancy: no such member' USING ERRCODE = 'P0002';
    END IF;
    IF was = 'owner' AND new_role <> 'owner' AND NOT EXISTS (
        SELECT FROM control.tenant_users m
        WHERE m.tenant_id = tenancy.current_tenant() AND m.role = 'owner' AND m.user_id <> member) THEN
        RAISE EXCEPTION 'tenancy: the last owner stays' USING ERRCODE = '55000';
    END IF;
    UPDATE control.tenant_users m SET role = new_role, ver = m.ver + 1
    WHERE m.tenant_id = tenancy.current_tenant() AND m.user_id = member AND m.role <> new_role;
    RETURN was;
END $$;

-- what operators see
CREATE FUNCTION control.admin_tenants(wanted uuid)
    RETURNS TABLE (id uuid, subdomain text, name text, status text, plan text, created_at timestamptz,
                   users bigint, invitations bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT t.id, t.subdomain, t.name, t.status, t.plan, t.created_at,
           (SELECT count(*) FROM control.tenant_users m WHERE m.tenant_id = t.id),
           (SELECT count(*) FROM control.invitations i
            WHERE i.tenant_id = t.id AND i.accepted_at IS NULL AND i.expires_at > now())
    FROM control.tenants t WHERE (wanted IS NULL OR t.id = wanted) AND t.status <> 'erased' ORDER BY t.subdomain
$$;
CREATE FUNCTION control.admin_events(wanted uuid)
    RETURNS TABLE (at timestamptz, actor text, reason text, action text, detail jsonb)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT l.at, l.actor, l.reason, l.action, l.detail FROM control.operator_log l
    WHERE l.tenant_id = wanted ORDER BY l.id DESC LIMIT 50
$$;

-- and change, each with its line in the log
CREATE FUNCTION control.admin_set_plan(actor text, reason text, tenant uuid, new_plan text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    was text;
BEGIN
    SELECT t.plan INTO was FROM control.tenants t
    WHERE t.id = tenant AND t.status NOT IN ('erasing', 'erased') FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'tenancy: no such tenant' USING ERRCODE = '22023';
    END IF;
    UPDATE control.tenants t SET plan = new_plan WHERE t.id = tenant;
    PERFORM control.admin_log(actor, reason, 'set_plan', tenant, jsonb_build_object('from', was, 'to', new_plan));
END $$;
CREATE FUNCTION control.admin_invite(actor text, reason text, tenant uuid, invitation uuid, token bytea, address text, new_role text, lifetime interval)
    RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM control.tenants t WHERE t.id = tenant AND t.status IN ('active', 'suspended')) THEN
        RAISE EXCEPTION 'tenancy: no such tenant' USING ERRCODE = '22023';
    END IF;
    PERFORM control.put_invitation(tenant, actor, invitation, token, address, new_role, lifetime);
    PERFORM control.admin_log(actor, reason, 'invite', tenant,
        jsonb_build_object('invitation', invitation, 'role', new_role));
END $$;
CREATE FUNCTION control.admin_onboard(actor text, reason text, tenant uuid, slug text, name text, plan text, settings jsonb,
        invitation uuid, token bytea, address text, lifetime interval)
    RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM control.admin_create_tenant(actor, reason, tenant, slug, name, plan, settings);
    PERFORM control.admin_invite(actor, reason, tenant, invitation, token, address, 'owner', lifetime);
END $$;

GRANT EXECUTE ON FUNCTION
    control.open_operator_session(bytea, uuid, interval, interval), control.find_operator_session(bytea),
    control.end_operator_session(bytea), control.find_invitation(uuid, bytea),
    control.accept_invitation(uuid, bytea, uuid, text, text),
    control.open_refresh(uuid, bytea, uuid, uuid, interval), control.rotate_refresh(uuid, bytea, bytea),
    control.end_refresh(uuid, bytea, uuid), control.standing(uuid, uuid, uuid)
    TO app_gate;
GRANT EXECUTE ON FUNCTION
    control.invitations(), control.invite(uuid, uuid, bytea, text, text, interval),
    control.set_role(uuid, uuid, text)
    TO app_rw;
GRANT EXECUTE ON FUNCTION
    control.admin_tenants(uuid), control.admin_events(uuid), control.admin_set_plan(text, text, uuid, text),
    control.admin_invite(text, text, uuid, uuid, bytea, text, text, interval),
    control.admin_onboard(text, text, uuid, text, text, text, jsonb, uuid, bytea, text, interval)
    TO app_ops;
RESET ROLE;
