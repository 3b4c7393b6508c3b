-- Tables, their keys and their privileges.
UNION ALL SELECT 'R10', fq, format('SELECT tenancy.protect(%L);', fq) FROM tenant WHERE NOT relrowsecurity AND NOT EXISTS (
    SELECT FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent WHERE i.inhrelid = tenant.oid AND p.relrowsecurity)
UNION ALL SELECT 'R11', fq, format('REVOKE ALL ON %s FROM PUBLIC, %s;', fq, me.name)
    FROM tt, me WHERE tcol IS NULL AND (NOT shared OR writes)
UNION ALL SELECT 'R12', fq, format('ALTER TABLE %s FORCE ROW LEVEL SECURITY;', fq) FROM tenant WHERE relrowsecurity AND NOT relforcerowsecurity
UNION ALL SELECT 'R13', fq, format('SELECT tenancy.protect(%L);', fq) FROM tenant t
    WHERE relrowsecurity AND NOT EXISTS (SELECT FROM pol WHERE polrelid = t.oid)
UNION ALL SELECT 'R14', t.fq, format('SELECT tenancy.protect(%L);', t.fq) FROM tt t WHERE NOT t.relrowsecurity
    AND EXISTS (SELECT FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent WHERE i.inhrelid = t.oid AND p.relrowsecurity)
UNION ALL SELECT 'R30', fq, format('REVOKE TRUNCATE ON %s FROM PUBLIC, %s;', fq, me.name) FROM tenant, me WHERE has_table_privilege(tenant.oid, 'TRUNCATE')
UNION ALL SELECT 'R31', fq, format('REVOKE REFERENCES ON %s FROM PUBLIC, %s;', fq, me.name) FROM tenant, me
    WHERE has_any_column_privilege(tenant.oid, 'REFERENCES')
UNION ALL SELECT 'R32', fq, format('REVOKE TRIGGER ON %s FROM PUBLIC, %s;', fq, me.name) FROM tenant, me WHERE has_table_privilege(tenant.oid, 'TRIGGER')
UNION ALL SELECT 'R33', t.fq || ' ' || i.indexrelid::regclass, coalesce(
        (SELECT format('ALTER TABLE %s DROP CONSTRAINT %I CASCADE;', t.fq, c.conname) FROM pg_constraint c WHERE c.conindid = i.indexrelid AND c.conrelid = t.oid LIMIT 1),
        format('DROP INDEX %s;', i.indexrelid::regclass)) || ' -- and make it anew with tenant_id first'
    FROM tenant t JOIN pg_index i ON i.indrelid = t.oid
    WHERE (i.indisunique OR i.indisexclusion) AND NOT t.tcol = ANY (i.indkey::int2[])
UNION ALL SELECT 'R34', t.fq || ' ' || c.conname,
        format('ALTER TABLE %s DROP CONSTRAINT %I; -- and make it anew over (tenant_id, ...)', t.fq, c.conname)
    FROM tenant t JOIN pg_constraint c ON c.conrelid = t.oid AND c.contype = 'f' JOIN tenant r ON r.oid = c.confrelid
    WHERE NOT EXISTS (SELECT FROM unnest(c.conkey, c.confkey) k (a, b) WHERE k.a = t.tcol AND k.b = r.tcol)
UNION ALL SELECT 'R35', fq, format('ALTER TABLE %s ALTER tenant_id SET NOT NULL;', fq) FROM tenant WHERE NOT tnn
UNION ALL SELECT 'R36', fq, format('CREATE INDEX ON %s (tenant_id);', fq) FROM tenant t
    WHERE NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = t.oid AND i.indkey[0] = t.tcol)
UNION ALL SELECT DISTINCT 'R37', t.fq || ' ' || i.indexrelid::regclass || ' (' || a.attname || ' ' || format_type(a.atttypid, NULL) || ')',
        format('DROP INDEX %s; -- and index a column of another type', i.indexrelid::regclass)
    FROM tenant t JOIN pg_index i ON i.indrelid = t.oid
    CROSS JOIN LATERAL unnest(i.indkey::int2[], i.indclass::oid[]) k (att, opc)
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.att AND k.att <> t.tcol
    JOIN pg_opclass oc ON oc.oid = k.opc
    JOIN pg_amop ao ON ao.amopfamily = oc.opcfamily AND ao.amoplefttype = oc.opcintype AND ao.amoprighttype = oc.opcintype AND ao.amopstrategy = 3
    JOIN pg_am am ON am.oid = oc.opcmethod AND am.amname = 'btree'
    JOIN pg_operator op ON op.oid = ao.amopopr JOIN pg_proc f ON f.oid = op.oprcode
    WHERE NOT f.proleakproof
UNION ALL SELECT 'R38', t.fq || ' ' || i.indexrelid::regclass, format('DROP INDEX %s;', i.indexrelid::regclass)
    FROM tenant t JOIN pg_index i ON i.indrelid = t.oid JOIN pg_class ic ON ic.oid = i.indexrelid JOIN pg_am am ON am.oid = ic.relam
    WHERE am.amname IN ('gin', 'gist', 'spgist') AND t.relrowsecurity
UNION ALL SELECT 'R40', fq, format('REVOKE SELECT ON SEQUENCE %s FROM PUBLIC, %s;', fq, me.name) FROM tabs, me
    WHERE CASE WHEN relkind = 'S' THEN has_sequence_privilege(tabs.oid, 'SELECT') ELSE false END
UNION ALL SELECT 'R49', format('%I.%I in %I', p.schemaname, p.tablename, p.pubname),
        format('ALTER PUBLICATION %I DROP TABLE %I.%I;', p.pubname, p.schemaname, p.tablename)
    FROM pg_publication_tables p JOIN tenant t ON t.nspname = p.schemaname AND t.relname = p.tablename
UNION ALL SELECT 'R53', t.fq || ' ' || quote_ident(s.stxname), format('DROP STATISTICS %I.%I;', n.nspname, s.stxname)
    FROM tenant t JOIN pg_statistic_ext s ON s.stxrelid = t.oid JOIN pg_namespace n ON n.oid = s.stxnamespace
