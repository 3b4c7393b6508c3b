-- How a tenant's own people want their workspace to be. A tenant without a row has the defaults.

SET LOCAL ROLE app_owner;

CREATE TABLE public.tenant_settings (
    tenant_id uuid PRIMARY KEY REFERENCES control.tenants,
    invitation_hours smallint NOT NULL CHECK (invitation_hours BETWEEN 1 AND 168),
    invited_role text NOT NULL CHECK (invited_role IN ('admin', 'analyst', 'viewer'))
);

RESET ROLE;
SELECT tenancy.protect('public.tenant_settings');
