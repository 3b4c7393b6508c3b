-- What media bought, media that nobody paid for, and geos that were summed.

SET LOCAL ROLE app_owner;

ALTER TABLE public.data_sources ADD COLUMN geos integer CHECK (geos > 1);

ALTER TABLE public.marketing_data
    ADD COLUMN exposure double precision CHECK (exposure >= 0),
    DROP CONSTRAINT marketing_data_check1,
    -- A medium has spend, exposure or both; without a channel there is neither.
    ADD CONSTRAINT marketing_data_media CHECK ((channel IS NULL) = (spend IS NULL AND exposure IS NULL));

RESET ROLE;
