-- What has to change before the tables $1 can be protected: keys, indexes and foreign keys that do not
-- begin with the tenant. Each line is a statement, in the order of `step`, or a `problem` that nobody but a
-- person can solve.
WITH RECURSIVE asked AS (
    SELECT unnest($1::oid[]) AS oid
    UNION
    SELECT i.inhrelid FROM pg_inherits i JOIN asked a ON a.oid = i.inhparent JOIN pg_class c ON c.oid = i.inhrelid AND NOT c.relispartition
), t AS (
    SELECT c.oid, c.relkind, format('%I.%I', n.nspname, c.relname) AS fq, a.attnum AS tenant, a.atttypid AS type
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
), wanted AS (
    SELECT t.* FROM t JOIN asked USING (oid)
), key AS (
    SELECT w.fq, k.conname, k.contype, k.conindid, regexp_replace(pg_get_constraintdef(k.oid), ', tenant_id\M', '') AS def
    FROM wanted w JOIN pg_constraint k ON k.conrelid = w.oid AND k.contype IN ('p', 'u', 'x') AND k.conparentid = 0
    WHERE k.conkey[1] <> w.tenant
), loose AS (
    SELECT i.indexrelid, format('%I.%I', n.nspname, x.relname) AS fq,
        replace(regexp_replace(pg_get_indexdef(i.indexrelid), ', tenant_id\M', ''), ' ON ONLY ', ' ON ') AS def
    FROM wanted w JOIN pg_index i ON i.indrelid = w.oid
    JOIN pg_class x ON x.oid = i.indexrelid AND NOT x.relispartition JOIN pg_namespace n ON n.oid = x.relnamespace
    JOIN pg_am m ON m.oid = x.relam AND m.amname = 'btree'
    WHERE i.indkey[0] <> w.tenant AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
), reference AS (
    SELECT k.*, c.fq AS child, c.tenant AS child_tenant, p.fq AS parent, p.oid IN (SELECT oid FROM wanted) AS together,
        EXISTS (SELECT FROM unnest(k.conkey, k.confkey) x (a, b) WHERE x.a = c.tenant AND x.b = p.tenant) AS holds,
        (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY x.i) FROM unnest(k.conkey) WITH ORDINALITY x (n, i)
         JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = x.n) AS columns,
        (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY x.i) FROM unnest(k.confkey) WITH ORDINALITY x (n, i)
         JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = x.n) AS parents
    FROM pg_constraint k JOIN t c ON c.oid = k.conrelid JOIN t p ON p.oid = k.confrelid
    WHERE k.contype = 'f' AND k.conparentid = 0 AND p.tenant IS NOT NULL
      AND (c.oid IN (SELECT oid FROM wanted) OR p.oid IN (SELECT oid FROM wanted))
), changed AS (
    SELECT * FROM reference WHERE NOT holds OR conindid IN (SELECT conindid FROM key UNION SELECT indexrelid FROM loose)
), said (step, statement, problem) AS (
    SELECT 0, NULL, format('%s is not a table', fq) FROM wanted WHERE relkind NOT IN ('r', 'p')
    UNION ALL SELECT 0, NULL, format('%s has no column tenant_id of type uuid: add it, and say whose the rows are', fq)
        FROM wanted WHERE relkind IN ('r', 'p') AND (tenant IS NULL OR type <> 'uuid'::regtype)
    UNION ALL SELECT 0, NULL, format('%s refers to %s by %I and has no tenant: give it one, or drop the reference', child, parent, conname)
        FROM changed WHERE child_tenant IS NULL
    UNION ALL SELECT 0, NULL, format('%s refers to %s by %I: protect both together', child, parent, conname)
        FROM changed WHERE NOT holds AND NOT together AND child_tenant IS NOT NULL
    UNION ALL SELECT 0, NULL, format('%s would lose its tenant by ON UPDATE of %I: make that another action', child, conname)
        FROM changed WHERE NOT holds AND confupdtype IN ('n', 'd')
    UNION ALL SELECT 0, NULL, format('%s of %s needs the extension btree_gist to hold the tenant', quote_ident(conname), fq)
        FROM key WHERE contype = 'x' AND NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'btree_gist')
    UNION ALL SELECT 1, format('ALTER TABLE %s DROP CONSTRAINT %I', child, conname), NULL FROM changed
    UNION ALL SELECT 2, format('ALTER TABLE %s DROP CONSTRAINT %I', fq, conname), NULL FROM key
    UNION ALL SELECT 3, format('ALTER TABLE %s ADD CONSTRAINT %I %s', fq, conname,
        regexp_replace(def, '\(', CASE contype WHEN 'x' THEN '(tenant_id WITH =, ' ELSE '(tenant_id, ' END)), NULL FROM key
    UNION ALL SELECT 4, format('DROP INDEX %s', fq), NULL FROM loose
    UNION ALL SELECT 5, regexp_replace(def, 'USING btree \(', 'USING btree (tenant_id, '), NULL FROM loose
    UNION ALL SELECT 6, format('ALTER TABLE %s ADD CONSTRAINT %I ', child, conname) || CASE WHEN holds THEN pg_get_constraintdef(oid) ELSE
        format('FOREIGN KEY (tenant_id, %s) REFERENCES %s (tenant_id, %s)%s%s%s', columns, parent, parents,
            CASE confupdtype WHEN 'c' THEN ' ON UPDATE CASCADE' WHEN 'r' THEN ' ON UPDATE RESTRICT' ELSE '' END,
            CASE confdeltype WHEN 'c' THEN ' ON DELETE CASCADE' WHEN 'r' THEN ' ON DELETE RESTRICT'
                WHEN 'n' THEN format(' ON DELETE SET NULL (%s)', columns) WHEN 'd' THEN format(' ON DELETE SET DEFAULT (%s)', columns) ELSE '' END,
            CASE WHEN condeferred THEN ' DEFERRABLE INITIALLY DEFERRED' WHEN condeferrable THEN ' DEFERRABLE' ELSE '' END) END, NULL
        FROM changed WHERE child_tenant IS NOT NULL
    UNION ALL SELECT 7, format('SELECT tenancy.protect(%L)', fq), NULL FROM wanted
)
SELECT step, statement, problem FROM said ORDER BY step, statement, problem
