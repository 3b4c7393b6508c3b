-- What is known across tenants: tenants, people, sessions. Nobody reads these tables; each way in
-- is a function with a fixed question. `app_gate` may ask what needs no tenant yet, `app_rw` what
-- the bound tenant owns, `app_ops` what an operator changes, with a reason.

CREATE SCHEMA control AUTHORIZATION app_control;
GRANT USAGE ON SCHEMA control TO app_gate, app_rw, app_ops, app_owner;
SET LOCAL ROLE app_control;
ALTER DEFAULT PRIVILEGES IN SCHEMA control REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

CREATE TABLE control.tenants (
    id uuid PRIMARY KEY,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    subdomain text NOT NULL UNIQUE CHECK (subdomain ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    status text NOT NULL CHECK (status IN ('provisioning', 'active', 'suspended', 'erasing', 'erased')),
    plan text NOT NULL,
    settings jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now()
);
GRANT REFERENCES (id) ON control.tenants TO app_owner;

CREATE TABLE control.users (
    id uuid PRIMARY KEY,
    email text NOT NULL UNIQUE CHECK (email = lower(email) AND length(email) BETWEEN 3 AND 320),
    display_name text NOT NULL,
    password_hash text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE control.tenant_users (
    tenant_id uuid NOT NULL REFERENCES control.tenants,
    user_id uuid NOT NULL REFERENCES control.users,
    role text NOT NULL CHECK (role IN ('owner', 'admin', 'analyst', 'viewer')),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, user_id)
);
CREATE INDEX ON control.tenant_users (user_id);

CREATE TABLE control.sessions (
    token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
    id uuid NOT NULL UNIQUE,
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    idle interval NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (tenant_id, user_id) REFERENCES control.tenant_users ON DELETE CASCADE
);
CREATE INDEX ON control.sessions (tenant_id, user_id);
CREATE INDEX ON control.sessions (expires_at);

CREATE TABLE control.operators (
    id uuid PRIMARY KEY,
    email text NOT NULL UNIQUE CHECK (email = lower(email)),
    display_name text NOT NULL,
    password_hash text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE control.operator_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    actor text NOT NULL CHECK (actor <> ''),
    reason text NOT NULL CHECK (btrim(reason) <> ''),
    action text NOT NULL,
    tenant_id uuid,
    detail jsonb NOT NULL DEFAULT '{}'
);

-- host -> tenant, id -> tenant
CREATE FUNCTION control.tenant_by_slug(slug text)
    RETURNS TABLE (id uuid, subdomain text, name text, status text, plan text, settings jsonb)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT t.id, t.subdomain, t.name, t.status, t.plan, t.settings FROM control.tenants t WHERE t.subdomain = slug
$$;
CREATE FUNCTION control.tenant_by_id(tenant uuid)
    RETURNS TABLE (id uuid, subdomain text, name text, status text, plan text, settings jsonb)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT t.id, t.subdomain, t.name, t.status, t.plan, t.settings FROM control.tenants t WHERE t.id = tenant
$$;

-- sign-in
CREATE FUNCTION control.credential(tenant uuid, address text)
    RETURNS TABLE (user_id uuid, role text, display_name text, password_hash text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT u.id, m.role, u.display_name, u.password_hash
    FROM control.users u JOIN control.tenant_users m ON m.user_id = u.id
    WHERE m.tenant_id = tenant AND u.email = lower(address)
$$;
CREATE FUNCTION control.operator_credential(address text)
    RETURNS TABLE (operator_id uuid, display_name text, password_hash text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT o.id, o.display_name, o.password_hash FROM control.operators o WHERE o.email = lower(address)
$$;

-- sessions
CREATE FUNCTION control.open_session(session uuid, token bytea, tenant uuid, member uuid, lifetime interval, idle interval)
    RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DELETE FROM control.sessions s WHERE s.expires_at < now() - interval '1 day';
    INSERT INTO control.sessions (token_hash, id, tenant_id, user_id, expires_at, idle)
    VALUES (token, session, tenant, member, now() + lifetime, idle)
$$;
-- The role is the member's present one. `seen_at` moves at most once a minute, so that reading a
-- page seldom writes.
CREATE FUNCTION control.find_session(token bytea)
    RETURNS TABLE (id uuid, tenant_id uuid, user_id uuid, role text)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE control.sessions s SET seen_at = now()
    WHERE s.token_hash = token AND s.expires_at > now() AND s.seen_at + s.idle > now()
      AND s.seen_at < now() - interval '1 minute';
    SELECT s.id, s.tenant_id, s.user_id, m.role
    FROM control.sessions s JOIN control.tenant_users m USING (tenant_id, user_id)
    WHERE s.token_hash = token AND s.expires_at > now() AND s.seen_at + s.idle > now()
$$;
CREATE FUNCTION control.end_session(token bytea) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DELETE FROM control.sessions s WHERE s.token_hash = token
$$;

-- the bound tenant's own people
CREATE FUNCTION control.members()
    RETURNS TABLE (user_id uuid, email text, display_name text, role text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT u.id, u.email, u.display_name, m.role
    FROM control.tenant_users m JOIN control.users u ON u.id = m.user_id
    WHERE m.tenant_id = tenancy.current_tenant()
$$;

-- the operator's changes; each writes its line in the log in the same transaction
CREATE FUNCTION control.admin_log(actor text, reason text, action text, tenant uuid, detail jsonb) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO control.operator_log (actor, reason, action, tenant_id, detail)
    VALUES (actor, reason, action, tenant, detail)
$$;
CREATE FUNCTION control.admin_create_tenant(actor text, reason text, tenant uuid, slug text, name text, plan text, settings jsonb)
    RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO control.tenants (id, subdomain, name, status, plan, settings)
    VALUES (tenant, slug, name, 'active', plan, settings);
    SELECT control.admin_log(actor, reason, 'create_tenant', tenant, jsonb_build_object('subdomain', slug))
$$;
CREATE FUNCTION control.admin_set_status(actor text, reason text, tenant uuid, new_status text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE control.tenants t SET status = new_status WHERE t.id = tenant AND (t.status, new_status) IN (
        ('provisioning', 'active'), ('active', 'suspended'), ('suspended', 'active'),
        ('active', 'erasing'), ('suspended', 'erasing'), ('erasing', 'erased'));
    IF NOT FOUND THEN
        RAISE EXCEPTION 'tenancy: no such tenant, or it cannot become % from where it is', new_status
            USING ERRCODE = '22023';
    END IF;
    PERFORM control.admin_log(actor, reason, 'set_status', tenant, jsonb_build_object('status', new_status));
END $$;
CREATE FUNCTION control.admin_add_member(actor text, reason text, tenant uuid, member uuid, address text, display_name text, hash text, role text)
    RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    person uuid;
BEGIN
    INSERT INTO control.users AS u (id, email, display_name, password_hash)
    VALUES (member, lower(address), display_name, hash)
    ON CONFLICT (email) DO NOTHING;
    SELECT u.id INTO person FROM control.users u WHERE u.email = lower(address);
    INSERT INTO control.tenant_users (tenant_id, user_id, role) VALUES (tenant, person, role);
    PERFORM control.admin_log(actor, reason, 'add_member', tenant, jsonb_build_object('user', person, 'role', role));
END $$;
CREATE FUNCTION control.admin_add_operator(actor text, reason text, operator uuid, address text, display_name text, hash text)
    RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO control.operators (id, email, display_name, password_hash)
    VALUES (operator, lower(address), display_name, hash);
    SELECT control.admin_log(actor, reason, 'add_operator', NULL, jsonb_build_object('operator', operator))
$$;

GRANT EXECUTE ON FUNCTION
    control.tenant_by_slug(text), control.tenant_by_id(uuid), control.credential(uuid, text),
    control.operator_credential(text), control.open_session(uuid, bytea, uuid, uuid, interval, interval),
    control.find_session(bytea), control.end_session(bytea)
    TO app_gate;
GRANT EXECUTE ON FUNCTION control.members() TO app_rw;
GRANT EXECUTE ON FUNCTION
    control.admin_create_tenant(text, text, uuid, text, text, text, jsonb),
    control.admin_set_status(text, text, uuid, text),
    control.admin_add_member(text, text, uuid, uuid, text, text, text, text),
    control.admin_add_operator(text, text, uuid, text, text, text)
    TO app_ops;
RESET ROLE;
