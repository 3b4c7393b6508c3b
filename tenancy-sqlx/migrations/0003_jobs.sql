-- Work that outlives its request. What a tenant may see of it is a protected table; what workers
-- need across tenants (whose turn, which lease) is in `control`, and names only ids.

SET LOCAL ROLE app_owner;
CREATE TABLE public.jobs (
    tenant_id uuid NOT NULL REFERENCES control.tenants,
    id uuid NOT NULL,
    kind text NOT NULL CHECK (length(kind) BETWEEN 1 AND 60),
    state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'done', 'failed')),
    percent smallint NOT NULL DEFAULT 0 CHECK (percent BETWEEN 0 AND 100),
    stage text,
    reason text,
    payload jsonb NOT NULL DEFAULT '{}',
    result jsonb,
    requested_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    finished_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    CHECK ((state IN ('done', 'failed')) = (finished_at IS NOT NULL)),
    CHECK (state <> 'failed' OR reason IS NOT NULL)
);
GRANT SELECT, REFERENCES ON public.jobs TO app_control;
RESET ROLE;
SELECT tenancy.protect('public.jobs');

GRANT USAGE ON SCHEMA public TO app_control;
SET LOCAL ROLE app_control;
CREATE TABLE control.job_queue (
    tenant_id uuid NOT NULL,
    job_id uuid NOT NULL,
    requested_by uuid,
    run_at timestamptz NOT NULL DEFAULT now(),
    priority smallint NOT NULL DEFAULT 0,
    -- Rises with every claim and never falls: whoever holds an older number has lost the job.
    attempt integer NOT NULL DEFAULT 0,
    -- How often a worker went away without giving the job back.
    losses integer NOT NULL DEFAULT 0,
    worker text,
    lease_until timestamptz,
    PRIMARY KEY (tenant_id, job_id),
    FOREIGN KEY (tenant_id, job_id) REFERENCES public.jobs (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX ON control.job_queue (run_at);
-- When each tenant last had a turn: the one who waited longest is next.
CREATE TABLE control.job_turns (
    tenant_id uuid PRIMARY KEY REFERENCES control.tenants ON DELETE CASCADE,
    last_claim timestamptz NOT NULL
);

-- The notification is a hint without content; who hears it asks `claim_jobs`.
CREATE FUNCTION control.enqueue(job uuid, due timestamptz, job_priority smallint, member uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO control.job_queue (tenant_id, job_id, run_at, priority, requested_by)
    VALUES (tenancy.current_tenant(), job, due, job_priority, member);
    SELECT pg_notify('tenancy_jobs', '')
$$;
-- Locks the queue's row until the transaction ends; called before every write of a job's state, so
-- that a worker whose lease went to another cannot write over the other's work.
CREATE FUNCTION control.hold(job uuid, job_attempt integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM control.job_queue q
    WHERE q.tenant_id = tenancy.current_tenant() AND q.job_id = job AND q.attempt = job_attempt
      AND q.lease_until > now()
    FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'tenancy: the lease of this job was lost' USING ERRCODE = '55000';
    END IF;
END $$;
CREATE FUNCTION control.finish(job uuid, job_attempt integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM control.job_queue q
    WHERE q.tenant_id = tenancy.current_tenant() AND q.job_id = job AND q.attempt = job_attempt;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'tenancy: the lease of this job was lost' USING ERRCODE = '55000';
    END IF;
END $$;

-- Takes up to `most` jobs of active tenants that are due, fairly: a tenant's n-th running job comes
-- after everybody else's (n-1)-th, and among equals who waited longest is first. One claimer at a
-- time, or two of them would each fill a tenant's cap. A row that somebody holds is passed over, or
-- one slow transaction would stop all claims.
CREATE FUNCTION control.claim_jobs(worker_name text, most integer, tenant_cap integer, lease interval)
    RETURNS TABLE (tenant_id uuid, job_id uuid, requested_by uuid, attempt integer, losses integer)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(7165213490234);
    RETURN QUERY
    WITH running AS (
        SELECT q.tenant_id, count(*) AS n FROM control.job_queue q WHERE q.lease_until > now() GROUP BY 1
    ), due AS (
        SELECT q.tenant_id, q.job_id, q.run_at, q.priority, t.last_claim,
               coalesce(r.n, 0) + row_number() OVER (
                   PARTITION BY q.tenant_id ORDER BY q.priority DESC, q.run_at, q.job_id) AS turn
        FROM control.job_queue q
        JOIN control.tenants c ON c.id = q.tenant_id AND c.status = 'active'
        LEFT JOIN running r ON r.tenant_id = q.tenant_id
        LEFT JOIN control.job_turns t ON t.tenant_id = q.tenant_id
        WHERE q.run_at <= now() AND (q.lease_until IS NULL OR q.lease_until <= now())
    ), chosen AS (
        SELECT q.tenant_id, q.job_id
        FROM due d JOIN control.job_queue q ON q.tenant_id = d.tenant_id AND q.job_id = d.job_id
        WHERE d.turn <= tenant_cap
        ORDER BY d.turn, d.last_claim NULLS FIRST, d.priority DESC, d.run_at
        LIMIT most
        FOR UPDATE OF q SKIP LOCKED
    ), taken AS (
        UPDATE control.job_queue q
        SET worker = worker_name, attempt = q.attempt + 1, lease_until = clock_timestamp() + lease,
            losses = q.losses + (q.worker IS NOT NULL)::integer
        FROM chosen c WHERE q.tenant_id = c.tenant_id AND q.job_id = c.job_id
        RETURNING q.tenant_id, q.job_id, q.requested_by, q.attempt, q.losses
    ), turned AS (
        INSERT INTO control.job_turns AS t (tenant_id, last_claim)
        SELECT k.tenant_id, clock_timestamp() FROM taken k GROUP BY k.tenant_id
        ON CONFLICT ON CONSTRAINT job_turns_pkey DO UPDATE SET last_claim = excluded.last_claim
    )
    SELECT k.tenant_id, k.job_id, k.requested_by, k.attempt, k.losses FROM taken k;
END $$;
-- The jobs of this list that are still the worker's own. Their leases are moved on, but for a row
-- that a transaction of the worker holds: waiting for it would delay the leases of all the others.
CREATE FUNCTION control.extend_leases(worker_name text, tenants uuid[], jobs uuid[], attempts integer[], lease interval)
    RETURNS TABLE (tenant_id uuid, job_id uuid, attempt integer, extended boolean)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH own AS (
        SELECT q.tenant_id, q.job_id, q.attempt
        FROM unnest(tenants, jobs, attempts) AS a (tenant_id, job_id, attempt)
        JOIN control.job_queue q USING (tenant_id, job_id, attempt)
        WHERE q.worker = worker_name AND q.lease_until > now()
    ), free AS (
        SELECT q.tenant_id, q.job_id
        FROM own o JOIN control.job_queue q ON q.tenant_id = o.tenant_id AND q.job_id = o.job_id
        WHERE q.worker = worker_name AND q.attempt = o.attempt
        FOR UPDATE OF q SKIP LOCKED
    ), moved AS (
        UPDATE control.job_queue q SET lease_until = clock_timestamp() + lease
        FROM free f WHERE q.tenant_id = f.tenant_id AND q.job_id = f.job_id
        RETURNING q.tenant_id, q.job_id
    )
    SELECT o.tenant_id, o.job_id, o.attempt, m.job_id IS NOT NULL
    FROM own o LEFT JOIN moved m ON m.tenant_id = o.tenant_id AND m.job_id = o.job_id
$$;
-- Gives a job back, to be claimed again after `delay`; `lost` counts it as a worker that went away.
CREATE FUNCTION control.release(worker_name text, tenant uuid, job uuid, job_attempt integer, delay interval, lost boolean)
    RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE control.job_queue q
    SET worker = NULL, lease_until = NULL, run_at = now() + delay, losses = q.losses + lost::integer
    WHERE q.worker = worker_name AND q.tenant_id = tenant AND q.job_id = job AND q.attempt = job_attempt;
    SELECT pg_notify('tenancy_jobs', '') WHERE delay <= interval '0'
$$;

GRANT EXECUTE ON FUNCTION control.enqueue(uuid, timestamptz, smallint, uuid), control.hold(uuid, integer),
    control.finish(uuid, integer) TO app_rw;
GRANT EXECUTE ON FUNCTION control.claim_jobs(text, integer, integer, interval),
    control.extend_leases(text, uuid[], uuid[], integer[], interval),
    control.release(text, uuid, uuid, integer, interval, boolean) TO app_gate;
RESET ROLE;
