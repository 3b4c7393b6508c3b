-- Views, functions, triggers and rules: code that runs with somebody's rights.
UNION ALL SELECT CASE WHEN o.rolsuper OR o.rolbypassrls THEN 'R20' ELSE 'R21' END, t.fq, format('ALTER VIEW %s SET (security_invoker = true);', t.fq)
    FROM tabs t JOIN pg_roles o ON o.oid = t.relowner
    WHERE relkind = 'v' AND reach AND NOT coalesce(
        (SELECT option_value::boolean FROM pg_options_to_table(t.reloptions) WHERE option_name = 'security_invoker'), false)
UNION ALL SELECT 'R22', fq, format('REVOKE ALL ON %s FROM PUBLIC, %s;', fq, me.name) FROM tabs, me WHERE relkind = 'm' AND reach
UNION ALL SELECT 'R23', fq, format('REVOKE ALL ON %s FROM PUBLIC, %s;', fq, me.name) FROM tabs, me WHERE relkind = 'f' AND reach
UNION ALL SELECT 'R24', sig, format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC, %s;', sig, me.name)
    FROM me, fn JOIN pg_roles o ON o.oid = proowner WHERE prosecdef AND NOT ext AND reach AND (o.rolsuper OR o.rolbypassrls)
UNION ALL SELECT 'R25', sig, format('ALTER ROUTINE %s SET search_path = pg_catalog, pg_temp;', sig)
    FROM fn WHERE prosecdef AND NOT ext AND NOT EXISTS (SELECT FROM unnest(proconfig) x WHERE x LIKE 'search_path=%')
UNION ALL SELECT 'R26', sig, (SELECT string_agg(format('ALTER ROUTINE %s RESET %s;', sig, split_part(x, '=', 1)), ' ')
        FROM unnest(proconfig) x WHERE x ~ '^app\.tenant_(id|seal)=')
    FROM fn WHERE EXISTS (SELECT FROM unnest(proconfig) x WHERE x ~ '^app\.tenant_(id|seal)=')
UNION ALL SELECT 'R27', sig, format('ALTER ROUTINE %s NOT LEAKPROOF;', sig) FROM fn WHERE proleakproof AND NOT ext
UNION ALL SELECT 'R28', sig, format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC, %s;', sig, me.name)
    FROM me, fn JOIN pg_language l ON l.oid = prolang
    WHERE NOT l.lanpltrusted AND l.lanname NOT IN ('c', 'internal', 'sql') AND reach
UNION ALL SELECT 'R29', t.fq || ' ' || quote_ident(g.tgname), format('DROP TRIGGER %I ON %s;', g.tgname, t.fq)
    FROM tenant t JOIN pg_trigger g ON g.tgrelid = t.oid AND NOT g.tgisinternal JOIN fn ON fn.oid = g.tgfoid AND prosecdef
UNION ALL SELECT 'R50', t.fq || ' ' || quote_ident(r.rulename), format('DROP RULE %I ON %s;', r.rulename, t.fq)
    FROM tenant t JOIN pg_rewrite r ON r.ev_class = t.oid WHERE r.rulename <> '_RETURN'
