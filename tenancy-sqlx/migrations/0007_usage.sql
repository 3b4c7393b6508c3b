-- What plans allow, what tenants use, and the functions that decide between the two. The caller names
-- what it wants; plan, overrides and figures are looked up here, so a caller that is wrong about them
-- cannot exceed them. `tenancy_core::Catalogue::standard` has the same plans; a test compares.

-- The ledger: append-only, written in the work's own transaction.
SET LOCAL ROLE app_owner;
CREATE TABLE public.usage_events (
    tenant_id uuid NOT NULL REFERENCES control.tenants,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    meter text NOT NULL CHECK (meter ~ '^[a-z][a-z0-9_]{0,59}$'),
    amount bigint NOT NULL CHECK (amount BETWEEN 1 AND 1000000000000000),
    subject text CHECK (length(subject) BETWEEN 1 AND 200),
    properties jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(properties) = 'object'),
    idempotency_key text NOT NULL CHECK (length(idempotency_key) BETWEEN 1 AND 200),
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, idempotency_key)
);
CREATE INDEX usage_events_tenant_meter ON public.usage_events (tenant_id, meter, recorded_at);
RESET ROLE;
SELECT tenancy.protect('public.usage_events');
REVOKE UPDATE, DELETE ON public.usage_events FROM app_rw;

SET LOCAL ROLE app_control;
CREATE TABLE control.plans (
    code text PRIMARY KEY,
    name text NOT NULL,
    rank smallint NOT NULL UNIQUE,
    features text[] NOT NULL
);
-- A gauge says how much there is; a counter how much was done since the hour or month began (UTC).
-- Amounts are counted in units of which one unit of the limit has `scale`.
CREATE TABLE control.meters (
    name text PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9_]{0,59}$'),
    kind text NOT NULL CHECK (kind IN ('gauge', 'hour', 'month')),
    older_name text NOT NULL DEFAULT '',
    scale bigint NOT NULL DEFAULT 1 CHECK (scale BETWEEN 1 AND 1000000000),
    rank smallint NOT NULL
);
-- A meter without a row is unlimited in that plan.
CREATE TABLE control.plan_limits (
    plan text NOT NULL REFERENCES control.plans,
    meter text NOT NULL REFERENCES control.meters,
    cap bigint NOT NULL CHECK (cap BETWEEN 0 AND 1000000000),
    PRIMARY KEY (plan, meter)
);
INSERT INTO control.plans (code, name, rank, features) VALUES
    ('starter', 'Starter', 1, '{basic_social,basic_analytics}'),
    ('professional', 'Professional', 2, '{basic_social,basic_analytics,advanced_analytics,ai_content}'),
    ('enterprise', 'Enterprise', 3, '{all_features}');
INSERT INTO control.meters (name, kind, older_name, scale, rank) VALUES
    ('social_accounts', 'gauge', 'max_social_accounts', 1, 2),
    ('campaigns', 'gauge', 'max_campaigns', 1, 1),
    ('users', 'gauge', 'max_users', 1, 3),
    ('storage_gb', 'gauge', 'storage_quota_gb', 1000000000, 4),
    ('api_calls_hour', 'hour', 'api_rate_limit', 1, 6),
    ('analysis_runs_month', 'month', '', 1, 5);
INSERT INTO control.plan_limits (plan, meter, cap) VALUES
    ('starter', 'social_accounts', 10), ('starter', 'campaigns', 25), ('starter', 'users', 10),
    ('starter', 'storage_gb', 5), ('starter', 'api_calls_hour', 10000), ('starter', 'analysis_runs_month', 200),
    ('professional', 'social_accounts', 50), ('professional', 'campaigns', 250), ('professional', 'users', 50),
    ('professional', 'storage_gb', 100), ('professional', 'api_calls_hour', 100000),
    ('professional', 'analysis_runs_month', 2000),
    ('enterprise', 'api_calls_hour', 1000000);
ALTER TABLE control.tenants ADD FOREIGN KEY (plan) REFERENCES control.plans;

-- Overrides that cannot be read would be passed over, so they are not stored in the first place.
CREATE FUNCTION control.is_cap(value jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE jsonb_typeof(value)
        WHEN 'null' THEN true
        WHEN 'number' THEN value::numeric BETWEEN 0 AND 1000000000 AND value::numeric % 1 = 0
        ELSE false END
$$;
CREATE FUNCTION control.overrides_are_sound(settings jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_typeof(settings) = 'object'
       AND jsonb_typeof(coalesce(settings->'limits', '{}')) = 'object'
       AND jsonb_typeof(coalesce(settings->'features', '{}')) = 'object'
       AND NOT EXISTS (SELECT FROM jsonb_each(settings) s WHERE s.key IN
           ('max_social_accounts', 'max_campaigns', 'max_users', 'storage_quota_gb', 'api_rate_limit')
           AND NOT control.is_cap(s.value))
       AND NOT EXISTS (SELECT FROM jsonb_each(CASE jsonb_typeof(settings->'limits') WHEN 'object' THEN settings->'limits' END) s
           WHERE NOT control.is_cap(s.value) OR s.key !~ '^[a-z][a-z0-9_]{0,59}$')
       AND NOT EXISTS (SELECT FROM jsonb_each(CASE jsonb_typeof(settings->'features') WHEN 'object' THEN settings->'features' END) s
           WHERE jsonb_typeof(s.value) <> 'boolean')
$$;
ALTER TABLE control.tenants ADD CONSTRAINT sound_overrides CHECK (control.overrides_are_sound(settings));

-- One row a tenant, meter and period: its lock is what makes racing admissions wait for each other.
CREATE TABLE control.usage_totals (
    tenant_id uuid NOT NULL REFERENCES control.tenants ON DELETE CASCADE,
    meter text NOT NULL REFERENCES control.meters,
    period_start timestamptz NOT NULL,
    used bigint NOT NULL DEFAULT 0 CHECK (used >= 0),
    PRIMARY KEY (tenant_id, meter, period_start)
) WITH (fillfactor = 50);
-- What a gauge counts, by the thing that holds it, so that it is given back once and exactly.
CREATE TABLE control.usage_holdings (
    tenant_id uuid NOT NULL REFERENCES control.tenants ON DELETE CASCADE,
    meter text NOT NULL REFERENCES control.meters,
    holder uuid NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0),
    PRIMARY KEY (tenant_id, meter, holder)
);

-- The tenant's limit in counted units: override, else plan, else none.
CREATE FUNCTION control.limit_of(tenant uuid, meter_name text) RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT m.scale * CASE
        WHEN t.settings->'limits' ? m.name THEN (t.settings->'limits'->>m.name)::numeric::bigint
        WHEN t.settings ? m.older_name THEN (t.settings->>m.older_name)::numeric::bigint
        ELSE (SELECT l.cap FROM control.plan_limits l WHERE l.plan = t.plan AND l.meter = m.name) END
    FROM control.tenants t, control.meters m WHERE t.id = tenant AND m.name = meter_name
$$;
CREATE FUNCTION control.period_of(kind text, OUT begins timestamptz, OUT ends timestamptz)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE kind WHEN 'gauge' THEN '-infinity' ELSE date_trunc(kind, now(), 'UTC') END,
           CASE kind WHEN 'gauge' THEN NULL
                     ELSE (date_trunc(kind, now() AT TIME ZONE 'UTC') + ('1 ' || kind)::interval) AT TIME ZONE 'UTC' END
$$;

-- Counts `amount` as used if the limit allows it; the row of totals stays locked until the caller's
-- transaction ends, so what it admits and what it creates stand or fall together.
CREATE FUNCTION control.take(tenant uuid, meter_name text, holder_id uuid, amount bigint, at_most boolean,
        OUT taken bigint, OUT used bigint, OUT cap bigint, OUT begins timestamptz, OUT resets_at timestamptz)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    meter_kind text;
    held bigint;
BEGIN
    SELECT m.kind INTO meter_kind FROM control.meters m WHERE m.name = meter_name;
    IF meter_kind IS NULL OR amount IS NULL OR amount NOT BETWEEN 1 AND 1000000000000000 THEN
        RAISE EXCEPTION 'tenancy: there is no such meter, or no such amount' USING ERRCODE = '22023';
    END IF;
    IF (meter_kind = 'gauge') <> (holder_id IS NOT NULL) THEN
        RAISE EXCEPTION 'tenancy: a gauge is held by something, a counter by nothing' USING ERRCODE = '22023';
    END IF;
    SELECT p.begins, p.ends INTO begins, resets_at FROM control.period_of(meter_kind) p;
    INSERT INTO control.usage_totals AS u (tenant_id, meter, period_start)
    VALUES (tenant, meter_name, begins) ON CONFLICT ON CONSTRAINT usage_totals_pkey DO NOTHING;
    SELECT u.used INTO used FROM control.usage_totals u
    WHERE u.tenant_id = tenant AND u.meter = meter_name AND u.period_start = begins FOR UPDATE;
    cap := control.limit_of(tenant, meter_name);
    taken := amount;
    IF holder_id IS NOT NULL THEN
        SELECT h.amount INTO held FROM control.usage_holdings h
        WHERE h.tenant_id = tenant AND h.meter = meter_name AND h.holder = holder_id;
        IF held = amount THEN
            RETURN; -- asked before
        ELSIF held IS NOT NULL THEN
            RAISE EXCEPTION 'tenancy: this holder holds another amount' USING ERRCODE = '22023';
        END IF;
    END IF;
    IF cap IS NOT NULL AND at_most THEN
        -- Smaller pieces near the limit, so that one process does not hold what another needs.
        taken := greatest(least(amount, greatest((cap - used) / 8, 1), cap - used), 0);
    ELSIF used + amount > cap THEN
        taken := 0;
    END IF;
    IF taken = 0 THEN
        RETURN;
    END IF;
    UPDATE control.usage_totals u SET used = u.used + taken
    WHERE u.tenant_id = tenant AND u.meter = meter_name AND u.period_start = begins RETURNING u.used INTO used;
    IF holder_id IS NOT NULL THEN
        INSERT INTO control.usage_holdings VALUES (tenant, meter_name, holder_id, amount);
    END IF;
END $$;

-- as the application, inside a tenant's transaction
CREATE FUNCTION control.admit(meter_name text, holder_id uuid, amount bigint)
    RETURNS TABLE (allowed boolean, used bigint, cap bigint, resets_at timestamptz)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT t.taken > 0, t.used, t.cap, t.resets_at
    FROM control.take(tenancy.current_tenant(), meter_name, holder_id, amount, false) t
$$;
-- Gives back what a holder holds; answers whether it held anything.
CREATE FUNCTION control.release_held(meter_name text, holder_id uuid) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    tenant uuid := tenancy.current_tenant();
    held bigint;
BEGIN
    PERFORM FROM control.usage_totals u
    WHERE u.tenant_id = tenant AND u.meter = meter_name AND u.period_start = '-infinity' FOR UPDATE;
    DELETE FROM control.usage_holdings h
    WHERE h.tenant_id = tenant AND h.meter = meter_name AND h.holder = holder_id RETURNING h.amount INTO held;
    UPDATE control.usage_totals u SET used = u.used - held
    WHERE held IS NOT NULL AND u.tenant_id = tenant AND u.meter = meter_name AND u.period_start = '-infinity';
    RETURN held IS NOT NULL;
END $$;
-- Every meter of the bound tenant with its figures.
CREATE FUNCTION control.usage()
    RETURNS TABLE (meter text, kind text, used bigint, cap bigint, resets_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT m.name, m.kind, coalesce(u.used, 0), control.limit_of(b.tenant, m.name), p.ends
    FROM (SELECT tenancy.current_tenant() AS tenant) b
    CROSS JOIN control.meters m CROSS JOIN LATERAL control.period_of(m.kind) p
    LEFT JOIN control.usage_totals u
        ON u.tenant_id = b.tenant AND u.meter = m.name AND u.period_start = p.begins
    ORDER BY m.rank
$$;

-- as the gate: units of a counter, paid ahead by a process that admits calls by itself
CREATE FUNCTION control.draw_units(tenant uuid, meter_name text, want bigint)
    RETURNS TABLE (units bigint, used bigint, cap bigint, period bigint, seconds_left double precision)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT t.taken, t.used, t.cap, extract(epoch FROM t.begins)::bigint,
           extract(epoch FROM t.resets_at - clock_timestamp())::double precision
    FROM control.take(tenant, meter_name, NULL, want, true) t
$$;
CREATE FUNCTION control.give_back_units(tenant uuid, meter_name text, period bigint, units bigint) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE control.usage_totals u SET used = greatest(u.used - units, 0)
    WHERE units > 0 AND u.tenant_id = tenant AND u.meter = meter_name AND u.period_start = to_timestamp(period)
      AND EXISTS (SELECT FROM control.meters m WHERE m.name = meter_name AND m.kind <> 'gauge')
$$;

-- Seats are counted by the table of members itself: nobody can add one by another way.
CREATE FUNCTION control.count_seat() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    seat record;
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT * INTO seat FROM control.take(NEW.tenant_id, 'users', NEW.user_id, 1, false);
        IF seat.taken = 0 THEN
            RAISE EXCEPTION 'tenancy: limit exceeded: % of % users', seat.used, seat.cap USING ERRCODE = '53400';
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
INSERT INTO control.usage_holdings SELECT m.tenant_id, 'users', m.user_id, 1 FROM control.tenant_users m;
INSERT INTO control.usage_totals SELECT m.tenant_id, 'users', '-infinity', count(*) FROM control.tenant_users m GROUP BY 1;
CREATE TRIGGER count_seat AFTER INSERT OR DELETE ON control.tenant_users
    FOR EACH ROW EXECUTE FUNCTION control.count_seat();

GRANT EXECUTE ON FUNCTION control.admit(text, uuid, bigint), control.release_held(text, uuid), control.usage()
    TO app_rw;
GRANT EXECUTE ON FUNCTION control.draw_units(uuid, text, bigint),
    control.give_back_units(uuid, text, bigint, bigint) TO app_gate;
RESET ROLE;
