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
    run_at timestamptz NOT NULL DEFAULT now(),
    priority smallint NOT NULL DEFAULT 0,
    attempt integer NOT NULL DEFAULT 0,
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

CREATE FUNCTION control.enqueue(job uuid, due timestamptz, job_priority smallint) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO control.job_queue (tenant_id, job_id, run_at, priority)
    VALUES (tenancy.current_tenant(), job, due, job_priority);
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

-- Takes up to `most` jobs that are due, fairly: a tenant's n-th running job comes after everybody
-- else's (n-1)-th, and among equals who waited longest is first. One claimer at a time, or two of
-- them would each fill a tenant's cap.
CREATE FUNCTION control.claim_jobs(worker_name text, most integer, tenant_cap integer, lease interval)
    RETURNS TABLE (tenant_id uuid, job_id uuid, attempt integer)
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
        LEFT JOIN running r ON r.tenant_id = q.tenant_id
        LEFT JOIN control.job_turns t ON t.tenant_id = q.tenant_id
        WHERE q.run_at <= now() AND (q.lease_until IS NULL OR q.lease_until <= now())
    ), chosen AS (
        SELECT d.tenant_id, d.job_id FROM due d
        WHERE d.turn <= tenant_cap
        ORDER BY d.turn, d.last_claim NULLS FIRST, d.priority DESC, d.run_at
        LIMIT most
    ), taken AS (
        UPDATE control.job_queue q
        SET worker = worker_name, attempt = q.attempt + 1, lease_until = clock_timestamp() + lease
        FROM chosen c WHERE q.tenant_id = c.tenant_id AND q.job_id = c.job_id
        RETURNING q.tenant_id, q.job_id, q.attempt
    ), turned AS (
        INSERT INTO control.job_turns AS t (tenant_id, last_claim)
        SELECT DISTINCT k.tenant_id, clock_timestamp() FROM taken k
        ON CONFLICT ON CONSTRAINT job_turns_pkey DO UPDATE SET last_claim = excluded.last_claim
    )
    SELECT k.tenant_id, k.job_id, k.attempt FROM taken k;
END $$;
-- The jobs of this worker that are still its own, with their leases moved on.
CREATE FUNCTION control.extend_leases(worker_name text, jobs uuid[], lease interval) RETURNS SETOF uuid
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE control.job_queue q SET lease_until = clock_timestamp() + lease
    WHERE q.worker = worker_name AND q.job_id = ANY (jobs) AND q.lease_until > now()
    RETURNING q.job_id
$$;
-- Gives a job back, to be claimed again after `delay`.
CREATE FUNCTION control.release(worker_name text, job uuid, job_attempt integer, delay interval) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE control.job_queue q SET worker = NULL, lease_until = NULL, run_at = now() + delay
    WHERE q.worker = worker_name AND q.job_id = job AND q.attempt = job_attempt
$$;

GRANT EXECUTE ON FUNCTION control.enqueue(uuid, timestamptz, smallint), control.hold(uuid, integer),
    control.finish(uuid, integer) TO app_rw;
GRANT EXECUTE ON FUNCTION control.claim_jobs(text, integer, integer, interval),
    control.extend_leases(text, uuid[], interval), control.release(text, uuid, integer, interval) TO app_gate;
RESET ROLE;
