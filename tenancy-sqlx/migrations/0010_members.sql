-- Members on their way out, forgotten and changed passwords, and what usage is heading for.
-- The same rules as in 0002: nobody reads a table, each way in is a function with a fixed question.

SET LOCAL ROLE app_control;

-- A seat that the plan has not, with the figures where a program finds them.
CREATE FUNCTION control.no_seat(used bigint, cap bigint) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'tenancy: limit exceeded: users'
        USING ERRCODE = '53400', DETAIL = format('%s of %s', used, cap);
END $$;
CREATE OR REPLACE FUNCTION control.count_seat() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    seat record;
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT * INTO seat FROM control.take(NEW.tenant_id, 'users', NEW.user_id, 1, false);
        IF seat.taken = 0 THEN
            PERFORM control.no_seat(seat.used, seat.cap);
        END IF;
        RETURN NEW;
    END IF;
    PERFORM FROM control.usage_totals u
    WHERE u.tenant_id = OLD.tenant_id AND u.meter = 'users' AND u.period_start = '-infinity' FOR UPDATE;
    DELETE FROM control.usage_holdings h
    WHERE h.tenant_id = OLD.tenant_id AND h.meter = 'users' AND h.holder = OLD.user_id;
    IF FOUND THEN
        UPDATE control.usage_totals u SET used = u.used - 1
        WHERE u.tenant_id = OLD.tenant_id AND u.meter = 'users' AND u.period_start = '-infinity';
    END IF;
    RETURN OLD;
END $$;
-- Nobody is invited to a tenant without a free seat. An invitation itself takes none: of two that are
-- open for the last seat, the first to be taken up has it.
CREATE OR REPLACE FUNCTION control.put_invitation(tenant uuid, inviter text, invitation uuid, token bytea, address text, new_role text, lifetime interval)
    RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    seats bigint := (SELECT count(*) FROM control.tenant_users m WHERE m.tenant_id = tenant);
    cap bigint := control.limit_of(tenant, 'users');
BEGIN
    IF EXISTS (SELECT FROM control.tenant_users m JOIN control.users u ON u.id = m.user_id
               WHERE m.tenant_id = tenant AND u.email = lower(address)) THEN
        RAISE EXCEPTION 'tenancy: a member already' USING ERRCODE = '23505';
    END IF;
    IF seats >= cap THEN
        PERFORM control.no_seat(seats, cap);
    END IF;
    DELETE FROM control.invitations i
    WHERE i.tenant_id = tenant AND i.email = lower(address) AND i.accepted_at IS NULL;
    INSERT INTO control.invitations (id, tenant_id, token_hash, email, role, invited_by, expires_at)
    VALUES (invitation, tenant, token, lower(address), new_role, inviter, now() + lifetime);
END $$;

-- Answers the role the member had. Their sessions and sign-ins at this tenant go with them.
CREATE FUNCTION control.remove_member(actor uuid, member uuid) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    was text;
BEGIN
    -- The same lock as in set_role: two owners cannot remove each other at once.
    PERFORM FROM control.tenants t WHERE t.id = tenancy.current_tenant() FOR NO KEY UPDATE;
    SELECT m.role INTO was FROM control.tenant_users m
    WHERE m.tenant_id = tenancy.current_tenant() AND m.user_id = member;
    PERFORM control.manager(actor, coalesce(was, '') = 'owner');
    IF was IS NULL THEN
        RAISE EXCEPTION 'tenancy: no such member' USING ERRCODE = 'P0002';
    END IF;
    IF was = 'owner' AND NOT EXISTS (
        SELECT FROM control.tenant_users m
        WHERE m.tenant_id = tenancy.current_tenant() AND m.role = 'owner' AND m.user_id <> member) THEN
        RAISE EXCEPTION 'tenancy: the last owner stays' USING ERRCODE = '55000';
    END IF;
    DELETE FROM control.tenant_users m WHERE m.tenant_id = tenancy.current_tenant() AND m.user_id = member;
    RETURN was;
END $$;

-- Passwords belong to people, who may be members of several tenants. So whoever is bound to one tenant
-- changes none: only the gate does, for somebody who knows the old one or has the link of a reset.
CREATE TABLE control.password_resets (
    token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    FOREIGN KEY (tenant_id, user_id) REFERENCES control.tenant_users ON DELETE CASCADE,
    UNIQUE (tenant_id, user_id)
);
-- Answers whom to write to. Asking again within a minute answers nobody, so that no one is flooded;
-- later the new link takes the place of the one before.
CREATE FUNCTION control.open_reset(tenant uuid, address text, token bytea, lifetime interval)
    RETURNS TABLE (email text, display_name text)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH person AS (
        SELECT u.id, u.email, u.display_name FROM control.users u JOIN control.tenant_users m ON m.user_id = u.id
        WHERE m.tenant_id = tenant AND u.email = lower(address)
    ), opened AS (
        INSERT INTO control.password_resets AS r (token_hash, tenant_id, user_id, expires_at)
        SELECT token, tenant, p.id, now() + lifetime FROM person p
        ON CONFLICT (tenant_id, user_id) DO UPDATE
            SET token_hash = token, created_at = now(), expires_at = now() + lifetime
            WHERE r.created_at < now() - interval '1 minute'
        RETURNING r.user_id
    )
    SELECT p.email, p.display_name FROM person p JOIN opened o ON o.user_id = p.id
$$;
CREATE FUNCTION control.find_reset(tenant uuid, token bytea) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT u.email FROM control.password_resets r JOIN control.users u ON u.id = r.user_id
    WHERE r.token_hash = token AND r.tenant_id = tenant AND r.expires_at > now()
$$;
-- Ends every session, sign-in and open reset of a person, at every tenant, but the ones that are kept.
CREATE FUNCTION control.sign_out_everywhere(person uuid, session bytea, family uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DELETE FROM control.sessions s WHERE s.user_id = person AND s.token_hash IS DISTINCT FROM session;
    UPDATE control.refresh_families f SET revoked_at = now()
    WHERE f.user_id = person AND f.revoked_at IS NULL AND f.id IS DISTINCT FROM family;
    DELETE FROM control.password_resets r WHERE r.user_id = person
$$;
-- Uses a reset up; answers whose it was, if it was open.
CREATE FUNCTION control.use_reset(tenant uuid, token bytea, hash text) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    person uuid;
BEGIN
    DELETE FROM control.password_resets r
    WHERE r.token_hash = token AND r.tenant_id = tenant AND r.expires_at > now() RETURNING r.user_id INTO person;
    IF person IS NOT NULL THEN
        UPDATE control.users u SET password_hash = hash WHERE u.id = person;
        PERFORM control.sign_out_everywhere(person, NULL, NULL);
    END IF;
    RETURN person;
END $$;
CREATE FUNCTION control.own_password(tenant uuid, member uuid) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT u.password_hash FROM control.users u JOIN control.tenant_users m ON m.user_id = u.id
    WHERE m.tenant_id = tenant AND m.user_id = member
$$;
-- `old_hash` is the one that was checked: of two changes at once the second finds another one.
CREATE FUNCTION control.change_password(tenant uuid, member uuid, old_hash text, new_hash text, session bytea, family uuid)
    RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE control.users u SET password_hash = new_hash
    WHERE u.id = member AND u.password_hash = old_hash
      AND EXISTS (SELECT FROM control.tenant_users m WHERE m.tenant_id = tenant AND m.user_id = member);
    IF FOUND THEN
        PERFORM control.sign_out_everywhere(member, session, family);
    END IF;
    RETURN FOUND;
END $$;

-- What gauges stood at, one row a day, and the marks that a meter has passed in its period.
CREATE TABLE control.usage_days (
    tenant_id uuid NOT NULL REFERENCES control.tenants ON DELETE CASCADE,
    meter text NOT NULL REFERENCES control.meters,
    day date NOT NULL,
    used bigint NOT NULL,
    PRIMARY KEY (tenant_id, meter, day)
);
CREATE TABLE control.usage_alerts (
    tenant_id uuid NOT NULL REFERENCES control.tenants ON DELETE CASCADE,
    meter text NOT NULL REFERENCES control.meters,
    period_start timestamptz NOT NULL,
    percent smallint NOT NULL CHECK (percent IN (80, 100)),
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, meter, period_start, percent)
);
CREATE FUNCTION control.note_usage() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    cap numeric := control.limit_of(NEW.tenant_id, NEW.meter);
BEGIN
    IF NEW.period_start = '-infinity' THEN
        INSERT INTO control.usage_days VALUES (NEW.tenant_id, NEW.meter, (now() AT TIME ZONE 'UTC')::date, NEW.used)
        ON CONFLICT (tenant_id, meter, day) DO UPDATE SET used = EXCLUDED.used;
    END IF;
    INSERT INTO control.usage_alerts (tenant_id, meter, period_start, percent)
    SELECT NEW.tenant_id, NEW.meter, NEW.period_start, mark
    FROM unnest('{80,100}'::smallint[]) mark
    WHERE cap > 0 AND NEW.used >= cap * mark / 100 AND OLD.used < cap * mark / 100
    ON CONFLICT (tenant_id, meter, period_start, percent) DO UPDATE SET at = now();
    RETURN NULL;
END $$;
CREATE TRIGGER note_usage AFTER UPDATE ON control.usage_totals
    FOR EACH ROW WHEN (NEW.used <> OLD.used) EXECUTE FUNCTION control.note_usage();
-- How much more of each meter the bound tenant uses a day: of a gauge over the last thirty days, of a
-- month's counter since the month began. An hour is over before anybody could act.
CREATE FUNCTION control.usage_pace()
    RETURNS TABLE (meter text, per_day double precision)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT u.meter, (u.used - first.used) / ((now() AT TIME ZONE 'UTC')::date - first.day)::double precision
    FROM control.usage_totals u
    CROSS JOIN LATERAL (
        SELECT d.day, d.used FROM control.usage_days d
        WHERE d.tenant_id = u.tenant_id AND d.meter = u.meter
          AND d.day BETWEEN (now() AT TIME ZONE 'UTC')::date - 30 AND (now() AT TIME ZONE 'UTC')::date - 1
        ORDER BY d.day LIMIT 1) first
    WHERE u.tenant_id = tenancy.current_tenant() AND u.period_start = '-infinity'
    UNION ALL
    SELECT u.meter, u.used / greatest(extract(epoch FROM now() - u.period_start)::double precision / 86400, 1)
    FROM control.usage_totals u JOIN control.meters m ON m.name = u.meter AND m.kind = 'month'
    WHERE u.tenant_id = tenancy.current_tenant() AND u.period_start = date_trunc('month', now(), 'UTC')
$$;
-- The marks passed in the periods that go on, newest first.
CREATE FUNCTION control.usage_alerts()
    RETURNS TABLE (meter text, percent smallint, at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT a.meter, a.percent, a.at FROM control.usage_alerts a
    JOIN control.meters m ON m.name = a.meter CROSS JOIN LATERAL control.period_of(m.kind) p
    WHERE a.tenant_id = tenancy.current_tenant() AND a.period_start = p.begins ORDER BY a.at DESC, a.percent DESC
$$;

-- What operators see, with what tenants use.
DROP FUNCTION control.admin_tenants(uuid);
CREATE FUNCTION control.admin_tenants(wanted uuid)
    RETURNS TABLE (id uuid, subdomain text, name text, status text, plan text, created_at timestamptz,
                   users bigint, invitations bigint, api_calls_today bigint, storage_bytes bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT t.id, t.subdomain, t.name, t.status, t.plan, t.created_at,
           (SELECT count(*) FROM control.tenant_users m WHERE m.tenant_id = t.id),
           (SELECT count(*) FROM control.invitations i
            WHERE i.tenant_id = t.id AND i.accepted_at IS NULL AND i.expires_at > now()),
           (SELECT coalesce(sum(u.used), 0)::bigint FROM control.usage_totals u
            WHERE u.tenant_id = t.id AND u.meter = 'api_calls_hour' AND u.period_start >= date_trunc('day', now(), 'UTC')),
           (SELECT coalesce(sum(u.used), 0)::bigint FROM control.usage_totals u
            WHERE u.tenant_id = t.id AND u.meter = 'storage_gb')
    FROM control.tenants t WHERE (wanted IS NULL OR t.id = wanted) AND t.status <> 'erased' ORDER BY t.subdomain
$$;
-- Whether a tenant could have this address.
CREATE FUNCTION control.admin_slug_is_free(slug text) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT NOT EXISTS (SELECT FROM control.tenants t WHERE t.subdomain = slug)
$$;

GRANT EXECUTE ON FUNCTION
    control.open_reset(uuid, text, bytea, interval), control.find_reset(uuid, bytea), control.use_reset(uuid, bytea, text),
    control.own_password(uuid, uuid), control.change_password(uuid, uuid, text, text, bytea, uuid)
    TO app_gate;
GRANT EXECUTE ON FUNCTION control.remove_member(uuid, uuid), control.usage_pace(), control.usage_alerts() TO app_rw;
GRANT EXECUTE ON FUNCTION control.admin_tenants(uuid), control.admin_slug_is_free(text) TO app_ops;
RESET ROLE;
