-- The seal: whoever binds a tenant must know a key. A setting anybody can write is then no authority,
-- so that SQL injected inside one tenant's transaction does not reach another.
--
-- app.tenant_seal is 114 characters: one of the key, a dot, the tenant, a dot, the second in which it
-- expires (10 digits), a dot, and in hex the HMAC-SHA256 of everything before that last dot.

-- With the first row, even of a key that is no longer valid, a seal is required. Each key is kept as
-- the two blocks that an HMAC begins with, so that nothing is computed twice.
CREATE TABLE tenancy.seal_keys (
    kid text PRIMARY KEY CHECK (kid ~ '^[0-9a-f]$'),
    inner_block bytea NOT NULL CHECK (length(inner_block) = 64),
    outer_block bytea NOT NULL CHECK (length(outer_block) = 64),
    created_at timestamptz NOT NULL DEFAULT now(),
    not_after timestamptz NOT NULL DEFAULT 'infinity'
);
ALTER TABLE tenancy.seal_keys OWNER TO app_keeper;
REVOKE ALL ON tenancy.seal_keys FROM PUBLIC;

-- Times are the transaction's: a transaction that outlives its seal goes on. The bound of two minutes
-- stops a program whose clock is ahead from making seals that last.
-- The MACs are compared as hashes under the key, so the time it takes says nothing about them.
CREATE OR REPLACE FUNCTION tenancy.current_tenant() RETURNS uuid
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    bound text := current_setting('app.tenant_id', true);
    seal text := current_setting('app.tenant_seal', true);
    k tenancy.seal_keys;
    expires bigint;
BEGIN
    IF bound IS NULL OR bound = '' THEN
        RAISE EXCEPTION 'tenancy: no tenant is bound to this transaction'
            USING ERRCODE = '28000', HINT = 'Open it with TenantDatabase::begin.';
    END IF;
    IF seal IS NULL OR seal = '' THEN
        IF EXISTS (SELECT FROM tenancy.seal_keys) THEN
            RAISE EXCEPTION 'tenancy: what is bound to this transaction carries no seal'
                USING ERRCODE = '28000', HINT = 'Give the application the key: TENANCY_SEAL_KEY.';
        END IF;
        IF bound !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN
            RAISE EXCEPTION 'tenancy: what is bound to this transaction is not a tenant'
                USING ERRCODE = '28000', HINT = 'Open it with TenantDatabase::begin.';
        END IF;
        RETURN bound::uuid;
    END IF;
    SELECT * INTO k FROM tenancy.seal_keys s WHERE s.kid = left(seal, 1) AND s.not_after > now();
    IF k.kid IS NULL THEN
        RAISE EXCEPTION 'tenancy: the seal was made with a key that is unknown or revoked'
            USING ERRCODE = '28000', HINT = 'Give the application a valid key: TENANCY_SEAL_KEY.';
    END IF;
    IF sha256(k.outer_block || convert_to(substr(seal, 51), 'UTF8')) <> sha256(k.outer_block || convert_to(
        encode(sha256(k.outer_block || sha256(k.inner_block || convert_to(left(seal, 49), 'UTF8'))), 'hex'), 'UTF8'))
    THEN
        RAISE EXCEPTION 'tenancy: the seal is forged' USING ERRCODE = '28000';
    END IF;
    IF bound <> substr(seal, 3, 36) THEN
        RAISE EXCEPTION 'tenancy: the seal is another tenant''s' USING ERRCODE = '28000';
    END IF;
    expires := substr(seal, 40, 10)::bigint;
    IF expires NOT BETWEEN extract(epoch FROM now())::bigint AND extract(epoch FROM now())::bigint + 120 THEN
        RAISE EXCEPTION 'tenancy: the seal has expired, or expires too far in the future' USING ERRCODE = '28000',
            HINT = 'Seals last a minute. Compare the clocks of application and database.';
    END IF;
    RETURN bound::uuid;
END $$;

-- Whether this database wants a seal, for whoever starts on it.
CREATE FUNCTION tenancy.seal_required() RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM tenancy.seal_keys)
$$;
ALTER FUNCTION tenancy.seal_required() OWNER TO app_keeper;

-- Lets a key be used. Safe to repeat with the same key; an id is not taken from another key that is
-- still valid.
CREATE FUNCTION tenancy.add_seal_key(key_id text, key bytea) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    block bytea := key || decode(repeat('00', 64 - length(key)), 'hex');
    inner_pad bytea := block;
    outer_pad bytea := block;
BEGIN
    IF length(key) <> 32 THEN
        RAISE EXCEPTION 'tenancy: a seal key has 32 bytes, not %', length(key) USING ERRCODE = '22023';
    END IF;
    FOR n IN 0..63 LOOP
        inner_pad := set_byte(inner_pad, n, get_byte(block, n) # 54);
        outer_pad := set_byte(outer_pad, n, get_byte(block, n) # 92);
    END LOOP;
    INSERT INTO tenancy.seal_keys AS k (kid, inner_block, outer_block) VALUES (key_id, inner_pad, outer_pad)
    ON CONFLICT (kid) DO UPDATE
        SET inner_block = excluded.inner_block, outer_block = excluded.outer_block,
            created_at = now(), not_after = 'infinity'
        WHERE k.not_after <= now() OR k.inner_block = excluded.inner_block;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'tenancy: the id % is another seal key''s', key_id
            USING ERRCODE = '23505', HINT = 'Give the new key another id, 0 to f.';
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION tenancy.add_seal_key(text, bytea) FROM PUBLIC;

-- Lets every other key be used for `grace` longer and no more.
CREATE FUNCTION tenancy.retire_seal_keys(but text, grace interval) RETURNS void
    LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    UPDATE tenancy.seal_keys SET not_after = least(not_after, now() + grace) WHERE kid <> but
$$;
REVOKE EXECUTE ON FUNCTION tenancy.retire_seal_keys(text, interval) FROM PUBLIC;
