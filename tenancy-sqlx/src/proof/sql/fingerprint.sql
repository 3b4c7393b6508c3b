-- Everything that the rules look at, in one number: while it stays, so does what was proved. Asked as the
-- application's role; nothing in it changes by use, by vacuum or by statistics.
WITH ours AS (
    SELECT oid, nspname, nspacl, nspowner FROM pg_namespace
    WHERE nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND nspname !~ '^pg_(temp|toast)'
), said (line) AS (
    SELECT concat_ws('|', 'schema', nspname, nspowner, nspacl) FROM ours
    UNION ALL SELECT concat_ws('|', 'relation', c.oid, n.nspname, c.relname, c.relkind, c.relowner, c.relrowsecurity, c.relforcerowsecurity,
        c.relispartition, c.relacl, c.reloptions, obj_description(c.oid, 'pg_class'), CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END)
        FROM pg_class c JOIN ours n ON n.oid = c.relnamespace WHERE c.relkind <> 'i'
    UNION ALL SELECT concat_ws('|', 'column', a.attrelid, a.attname, a.atttypid, a.attnotnull, a.attacl)
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN ours n ON n.oid = c.relnamespace
        WHERE a.attnum > 0 AND (a.attname = 'tenant_id' OR a.attacl IS NOT NULL)
    UNION ALL SELECT concat_ws('|', 'policy', p.polrelid, p.polname, p.polcmd, p.polpermissive, p.polroles,
        pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) FROM pg_policy p
    UNION ALL SELECT concat_ws('|', 'index', i.indrelid, i.indisunique, i.indisexclusion, pg_get_indexdef(i.indexrelid))
        FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN ours n ON n.oid = c.relnamespace
    UNION ALL SELECT concat_ws('|', 'constraint', conrelid, conname, pg_get_constraintdef(k.oid)) FROM pg_constraint k JOIN ours n ON n.oid = k.connamespace
    UNION ALL SELECT concat_ws('|', 'parent', inhrelid, inhparent) FROM pg_inherits
    UNION ALL SELECT concat_ws('|', 'trigger', tgrelid, tgname, tgfoid, tgenabled) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT concat_ws('|', 'rule', ev_class, rulename) FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN ours n ON n.oid = c.relnamespace
    UNION ALL SELECT concat_ws('|', 'statistics', stxrelid, stxname) FROM pg_statistic_ext
    UNION ALL SELECT concat_ws('|', 'function', p.oid, p.proname, p.proowner, p.prolang, p.prosecdef, p.proleakproof, p.proconfig, p.proacl, md5(p.prosrc),
        obj_description(p.oid, 'pg_proc'))
        FROM pg_proc p WHERE p.pronamespace IN (SELECT oid FROM ours) OR p.proname ~ '^(lo_|set_config$|pg_stat_get_)'
    UNION ALL SELECT concat_ws('|', 'activity', relacl) FROM pg_class WHERE oid = 'pg_catalog.pg_stat_activity'::regclass
    UNION ALL SELECT concat_ws('|', 'default', defaclrole, defaclnamespace, defaclobjtype, defaclacl) FROM pg_default_acl
    UNION ALL SELECT concat_ws('|', 'event', evtname, evtevent, evtenabled) FROM pg_event_trigger
    UNION ALL SELECT concat_ws('|', 'extension', extname, extversion) FROM pg_extension
    UNION ALL SELECT concat_ws('|', 'publication', pubname, schemaname, tablename) FROM pg_publication_tables
    UNION ALL SELECT concat_ws('|', 'database', datdba, datacl) FROM pg_database WHERE datname = current_database()
    UNION ALL SELECT concat_ws('|', 'role', rolname, rolcanlogin, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication, rolinherit) FROM pg_roles
    UNION ALL SELECT concat_ws('|', 'member', roleid, member) FROM pg_auth_members
    UNION ALL SELECT concat_ws('|', 'setting', setrole, setconfig) FROM pg_db_role_setting s
        WHERE setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
    UNION ALL SELECT concat_ws('|', 'server', current_setting('server_version_num'), current_setting('row_security'))
)
SELECT encode(sha256(convert_to(string_agg(line, E'\n' ORDER BY line), 'UTF8')), 'hex') FROM said
