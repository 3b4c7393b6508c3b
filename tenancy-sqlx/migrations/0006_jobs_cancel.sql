-- A job that its tenant's people have ended before its worker did. It leaves the queue, which its
-- worker learns of at the next write or heartbeat, and reads `cancelled` from then on.

SET LOCAL ROLE app_owner;
ALTER TABLE public.jobs DROP CONSTRAINT jobs_state_check, DROP CONSTRAINT jobs_check,
    ADD CONSTRAINT jobs_state_check CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    ADD CONSTRAINT jobs_check CHECK ((state IN ('done', 'failed', 'cancelled')) = (finished_at IS NOT NULL));
RESET ROLE;

SET LOCAL ROLE app_control;
-- Takes a job of the bound tenant out of the queue; whether it was there. A worker that is just
-- writing is waited for, so that its job is found done rather than cancelled under its hands.
CREATE FUNCTION control.cancel(job uuid) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH gone AS (
        DELETE FROM control.job_queue q
        WHERE q.tenant_id = tenancy.current_tenant() AND q.job_id = job
        RETURNING q.job_id
    )
    SELECT EXISTS (SELECT FROM gone)
$$;
GRANT EXECUTE ON FUNCTION control.cancel(uuid) TO app_rw;
RESET ROLE;
