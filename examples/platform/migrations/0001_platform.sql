-- What tenants keep: uploads on their way to becoming sources, sources with their rows, and models.

GRANT USAGE ON SCHEMA platform TO app_gate, app_rw;
GRANT SELECT ON platform.migrations TO app_gate, app_rw;

SET LOCAL ROLE app_owner;

-- A file as it came, for an hour, until somebody has said what its columns mean. Not a source.
CREATE TABLE public.uploads (
    tenant_id uuid NOT NULL REFERENCES control.tenants,
    id uuid NOT NULL,
    file_name text NOT NULL CHECK (length(file_name) <= 200),
    raw bytea NOT NULL,
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL DEFAULT now() + interval '1 hour',
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX uploads_tenant_expiry ON public.uploads (tenant_id, expires_at);

CREATE TABLE public.data_sources (
    tenant_id uuid NOT NULL REFERENCES control.tenants,
    id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) <= 200),
    frequency text NOT NULL CHECK (frequency IN ('daily', 'weekly')),
    row_count integer NOT NULL,
    columns jsonb NOT NULL,
    warnings jsonb NOT NULL DEFAULT '[]',
    kpi_value double precision CHECK (kpi_value > 0),
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX data_sources_tenant_created ON public.data_sources (tenant_id, created_at DESC);

-- One row a date with the KPI and the controls (`channel` is null), and one a date and channel with
-- its spend.
CREATE TABLE public.marketing_data (
    tenant_id uuid NOT NULL REFERENCES control.tenants,
    id bigint GENERATED ALWAYS AS IDENTITY,
    source_id uuid NOT NULL,
    date date NOT NULL,
    channel text,
    kpi double precision,
    spend double precision CHECK (spend >= 0),
    metrics jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (tenant_id, id),
    UNIQUE NULLS NOT DISTINCT (tenant_id, source_id, channel, date),
    FOREIGN KEY (tenant_id, source_id) REFERENCES public.data_sources (tenant_id, id) ON DELETE CASCADE,
    CHECK ((channel IS NULL) = (kpi IS NOT NULL)),
    CHECK ((channel IS NULL) = (spend IS NULL))
);

-- A model run; its state and progress are those of the job with the same id.
CREATE TABLE public.mmm_models (
    tenant_id uuid NOT NULL REFERENCES control.tenants,
    id uuid NOT NULL,
    source_id uuid NOT NULL,
    model_type text NOT NULL,
    parameters jsonb NOT NULL DEFAULT '{}',
    seed bigint NOT NULL,
    dataset_hash text,
    converged boolean,
    diagnostics jsonb,
    results jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, id) REFERENCES public.jobs (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, source_id) REFERENCES public.data_sources (tenant_id, id)
);
CREATE INDEX mmm_models_tenant_source ON public.mmm_models (tenant_id, source_id);
CREATE INDEX mmm_models_tenant_created ON public.mmm_models (tenant_id, created_at DESC);

RESET ROLE;
SELECT tenancy.protect('public.uploads'), tenancy.protect('public.data_sources'),
       tenancy.protect('public.marketing_data'), tenancy.protect('public.mmm_models');
