-- What people of a tenant did, and who changed what.

SET LOCAL ROLE app_owner;

CREATE TABLE public.tenant_activity (
    tenant_id uuid NOT NULL REFERENCES control.tenants,
    id bigint GENERATED ALWAYS AS IDENTITY,
    user_id uuid,
    activity_type text NOT NULL CHECK (length(activity_type) BETWEEN 1 AND 60),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX tenant_activity_created ON public.tenant_activity (tenant_id, created_at DESC);

-- Written in the transaction of the change it tells about; never changed afterwards.
CREATE TABLE public.audit_logs (
    tenant_id uuid NOT NULL REFERENCES control.tenants,
    id bigint GENERATED ALWAYS AS IDENTITY,
    created_at timestamptz NOT NULL DEFAULT now(),
    user_id uuid,
    action text NOT NULL CHECK (length(action) BETWEEN 1 AND 60),
    old_values jsonb NOT NULL DEFAULT '{}',
    new_values jsonb NOT NULL DEFAULT '{}',
    metadata jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX audit_logs_created ON public.audit_logs (tenant_id, created_at DESC);

RESET ROLE;
SELECT tenancy.protect('public.tenant_activity'), tenancy.protect('public.audit_logs');
REVOKE UPDATE, DELETE ON public.audit_logs, public.tenant_activity FROM app_rw;
