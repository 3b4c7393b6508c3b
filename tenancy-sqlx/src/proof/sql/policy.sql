-- Policies: what they say, and whether it is exactly what tenancy.protect() writes.
UNION ALL SELECT 'R15', obj, mend FROM pol p WHERE polpermissive AND polcmd IN ('r', '*', 'w', 'd') AND coalesce(q, 'true') !~ 'tenant_id'
    AND NOT EXISTS (SELECT FROM pol r WHERE r.polrelid = p.polrelid AND NOT r.polpermissive AND r.polcmd = '*' AND r.polroles = '{0}' AND r.q ~ 'tenant_id')
UNION ALL SELECT 'R16', obj, mend FROM pol p WHERE polpermissive AND polcmd IN ('a', 'w', '*') AND coalesce(wc, q, 'true') !~ 'tenant_id'
    AND NOT EXISTS (SELECT FROM pol r WHERE r.polrelid = p.polrelid AND NOT r.polpermissive AND r.polcmd = '*' AND coalesce(r.wc, r.q) ~ 'tenant_id')
UNION ALL SELECT 'R17', obj, mend FROM pol WHERE coalesce(q, wc) ~* 'tenant_id IS NULL' AND coalesce(wc, q) ~* 'tenant_id IS NULL' AND polcmd IN ('a', 'w', '*')
UNION ALL SELECT 'R18', obj, mend FROM pol WHERE polroles <> '{0}'
UNION ALL SELECT 'R19', obj, mend FROM pol
    WHERE coalesce(q, wc) ~ 'current_setting\(|current_tenant\(' AND coalesce(q, wc) !~* '\( *SELECT' AND canon ~ 'SELECT'
UNION ALL SELECT 'R54', obj, mend FROM pol WHERE NOT (polcmd = '*' AND polroles = '{0}' AND (
    (polname = 'tenant_base' AND polpermissive AND q = 'true' AND wc = 'true')
    OR (polname = 'tenant_isolation' AND NOT polpermissive AND q = canon AND wc = canon)))
UNION ALL SELECT 'R54', fq || ' policy ' || w.name, format('SELECT tenancy.protect(%L);', fq)
    FROM tenant t, unnest(ARRAY['tenant_base', 'tenant_isolation']) w (name)
    WHERE relrowsecurity AND NOT EXISTS (SELECT FROM pol WHERE polrelid = t.oid AND polname = w.name)
