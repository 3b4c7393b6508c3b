-- What plans budgets after a run's draws are gone; only runs that have converged have one.

SET LOCAL ROLE app_owner;

ALTER TABLE public.mmm_models ADD COLUMN planner json CHECK (planner IS NULL OR converged);

RESET ROLE;
