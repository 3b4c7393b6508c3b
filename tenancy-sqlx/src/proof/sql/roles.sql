-- What the other logins are and may, a rule for each line of the table of roles. Names are whatever they
-- are: a role is known by what it owns or may call.
UNION ALL SELECT q.rule, o.name, format('ALTER ROLE %s NOLOGIN;', o.name) FROM quiet q JOIN other o USING (oid)
UNION ALL SELECT q.rule, format('%s in %s', o.name, q.oid::regrole), format('REVOKE %s FROM %s;', q.oid::regrole, o.name)
    FROM quiet q JOIN pg_auth_members m ON m.roleid = q.oid JOIN other o ON o.oid = m.member
UNION ALL SELECT DISTINCT 'R62', 'tenancy.seal_keys to ' || who, format('REVOKE ALL ON tenancy.seal_keys FROM %s;', who)
    FROM given WHERE fq = 'tenancy.seal_keys'
UNION ALL SELECT 'R62', 'tenancy.current_tenant()', format('ALTER FUNCTION tenancy.current_tenant() OWNER TO %s;', k.relowner::regrole)
    FROM fn JOIN tabs k ON k.fq = 'tenancy.seal_keys' AND k.relowner <> fn.proowner WHERE fn.nspname = 'tenancy' AND proname = 'current_tenant'
UNION ALL SELECT DISTINCT 'R63', format('%s on %s to %s', right_to, fq, who), format('REVOKE %s ON %s FROM %s;', right_to, fq, who)
    FROM given JOIN quiet q ON q.rule = 'R63' WHERE nspname = 'control' AND right_to <> 'REFERENCES'
UNION ALL SELECT 'R64', name, format('ALTER ROLE %s NOBYPASSRLS;', name) FROM gate WHERE rolbypassrls
UNION ALL SELECT 'R64', t.fq || ' by ' || g.name, format('REVOKE ALL ON %s FROM PUBLIC, %s;', t.fq, g.name) FROM gate g, tabs t
    WHERE CASE WHEN t.relkind = 'S' THEN false
        WHEN t.shared THEN has_any_column_privilege(g.oid, t.oid, 'INSERT, UPDATE, REFERENCES') OR has_table_privilege(g.oid, t.oid, 'DELETE, TRUNCATE, TRIGGER')
        ELSE has_any_column_privilege(g.oid, t.oid, 'SELECT, INSERT, UPDATE, REFERENCES') OR has_table_privilege(g.oid, t.oid, 'DELETE, TRUNCATE, TRIGGER') END
UNION ALL SELECT 'R64', fn.sig || ' by ' || g.name, format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC, %s;', fn.sig, g.name)
    FROM gate g, fn WHERE fn.nspname = 'control' AND fn.proname LIKE 'admin\_%' AND has_function_privilege(g.oid, fn.oid, 'EXECUTE')
UNION ALL SELECT 'R65', fn.sig, format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC, %s;', fn.sig, me.name)
    FROM me, fn JOIN pg_roles o ON o.oid = fn.proowner WHERE prosecdef AND NOT ext AND reach AND NOT o.rolsuper AND NOT o.rolbypassrls
      AND (fn.nspname, proname) <> ('tenancy', 'current_tenant') AND coalesce(pg_get_function_sqlbody(fn.oid), prosrc) !~ 'tenancy\.current_tenant\(\)'
      AND coalesce(obj_description(fn.oid, 'pg_proc') NOT LIKE 'tenancy: shared%', true)
      AND EXISTS (SELECT FROM tabs t WHERE t.tcol IS NOT NULL AND t.relkind IN ('r', 'p', 'm') AND NOT (t.relrowsecurity AND t.relforcerowsecurity)
        AND (t.relowner = o.oid OR NOT t.relrowsecurity AND has_any_column_privilege(o.oid, t.oid, 'SELECT, INSERT, UPDATE')))
UNION ALL SELECT 'R66', t.fq || ' by ' || o.name, format('REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON %s FROM PUBLIC, %s;', t.fq, o.name) FROM ops o, tabs t
    WHERE t.tcol IS NOT NULL AND t.relkind IN ('r', 'p') AND (has_any_column_privilege(o.oid, t.oid, 'INSERT, UPDATE') OR has_table_privilege(o.oid, t.oid, 'DELETE, TRUNCATE'))
UNION ALL SELECT d.rule, format('%s in %s', o.name, m.roleid::regrole), format('REVOKE %s FROM %s;', m.roleid::regrole, o.name)
    FROM door d JOIN other o USING (oid) JOIN pg_auth_members m ON m.member = o.oid
UNION ALL SELECT 'R67', t.fq || ' by ' || o.name, format('REVOKE ALL ON %s FROM PUBLIC, %s;', t.fq, o.name) FROM other o, tenant t
    WHERE o.rolbypassrls AND o.oid NOT IN (SELECT oid FROM ops)
      AND (has_any_column_privilege(o.oid, t.oid, 'SELECT, INSERT, UPDATE') OR has_table_privilege(o.oid, t.oid, 'DELETE, TRUNCATE'))
