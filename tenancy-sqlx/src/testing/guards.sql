-- How many policies, grants on relations, and keys with a tenant there are, counted by other means than those
-- that enumerate them; and one of the schemas $1 (null for all) that does not exist.
WITH rel AS (
    SELECT c.oid, c.relacl, c.relowner, a.attnum AS tenant FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
    WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'tenancy_probe') AND n.nspname !~ '^pg_' AND ($1::text[] IS NULL OR n.nspname = ANY ($1))
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
)
SELECT (SELECT count(*) FROM pg_policy JOIN rel ON rel.oid = polrelid)
    + (SELECT count(*) FROM rel, aclexplode(relacl) x WHERE x.grantee <> relowner)
    + (SELECT count(*) FROM rel JOIN pg_index i ON i.indrelid = rel.oid JOIN pg_class x ON x.oid = i.indexrelid AND NOT x.relispartition
        WHERE (indisunique OR indisexclusion) AND tenant = ANY (indkey::int2[]))
    + (SELECT count(*) FROM rel JOIN pg_constraint k ON k.conrelid = rel.oid AND conparentid = 0 WHERE contype = 'f' AND tenant = ANY (conkey)),
    (SELECT min(s) FROM unnest($1) s WHERE NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = s))
