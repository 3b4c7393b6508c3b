-- A tenant's logo: one, byte for byte as it came, checked before it was stored. Its hash is in the
-- tenant's brand, so that pages know without asking that there is one.

SET LOCAL ROLE app_owner;

CREATE TABLE public.brand_logos (
    tenant_id uuid PRIMARY KEY REFERENCES control.tenants,
    hash text NOT NULL CHECK (hash ~ '^[0-9a-f]{64}$'),
    kind text NOT NULL CHECK (kind IN ('image/png', 'image/jpeg', 'image/webp')),
    image bytea NOT NULL CHECK (octet_length(image) <= 256 * 1024),
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now()
);

RESET ROLE;
SELECT tenancy.protect('public.brand_logos');
