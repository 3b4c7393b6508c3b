-- Campaigns and the social accounts they run on. Deleted rows stay for retention and count no more.

SET LOCAL ROLE app_owner;

CREATE TABLE public.campaigns (
    tenant_id uuid NOT NULL REFERENCES control.tenants,
    id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    status text NOT NULL CHECK (status IN ('draft', 'scheduled', 'active', 'paused', 'ended')),
    budget double precision CHECK (budget >= 0 AND budget < 1e15),
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX campaigns_tenant_status_created ON public.campaigns (tenant_id, status, created_at DESC)
    WHERE deleted_at IS NULL;

CREATE TABLE public.social_accounts (
    tenant_id uuid NOT NULL REFERENCES control.tenants,
    id uuid NOT NULL,
    network text NOT NULL CHECK (network ~ '^[a-z][a-z0-9_]{0,39}$'),
    handle text NOT NULL CHECK (length(handle) BETWEEN 1 AND 200),
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX social_accounts_tenant_handle ON public.social_accounts (tenant_id, network, lower(handle))
    WHERE deleted_at IS NULL;

RESET ROLE;
SELECT tenancy.protect('public.campaigns'), tenancy.protect('public.social_accounts');
