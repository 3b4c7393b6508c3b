-- The server, its extensions, and what it gives to everybody.
UNION ALL SELECT CASE WHEN required THEN 'R41s' ELSE 'R41' END, 'set_config',
        format('REVOKE EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) FROM PUBLIC, %s;', me.name)
    FROM me, seal WHERE has_function_privilege('pg_catalog.set_config(text,text,boolean)', 'EXECUTE')
UNION ALL SELECT 'R42', 'pg_stat_activity',
        format('REVOKE SELECT ON pg_catalog.pg_stat_activity FROM PUBLIC, %1$s; '
            'REVOKE EXECUTE ON FUNCTION pg_catalog.pg_stat_get_activity(integer), pg_catalog.pg_stat_get_backend_activity(integer) FROM PUBLIC, %1$s;', me.name)
    FROM me WHERE has_table_privilege('pg_catalog.pg_stat_activity', 'SELECT') OR has_function_privilege('pg_catalog.pg_stat_get_activity(integer)', 'EXECUTE')
UNION ALL SELECT 'R43', p.oid::regprocedure::text, format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC, %s;', p.oid::regprocedure, me.name)
    FROM me, pg_proc p WHERE p.pronamespace = 'pg_catalog'::regnamespace AND has_function_privilege(p.oid, 'EXECUTE')
      AND p.proname IN ('lo_get', 'lo_creat', 'lo_create', 'lo_from_bytea', 'lo_put', 'lo_open', 'lo_unlink', 'lo_import', 'lo_export')
UNION ALL SELECT 'R44', extname, format('DROP EXTENSION %I CASCADE;', extname) FROM pg_extension
    WHERE extname IN ('dblink', 'postgres_fdw', 'file_fdw', 'adminpack', 'plpython3u', 'plperlu', 'pltclu', 'pageinspect', 'pg_visibility', 'pgstattuple')
UNION ALL SELECT 'R45', coalesce(n.nspname, '(every schema)') || ' by ' || d.defaclrole::regrole,
        format('ALTER DEFAULT PRIVILEGES FOR ROLE %s%s REVOKE ALL ON %s FROM PUBLIC, %s;', d.defaclrole::regrole,
            coalesce(' IN SCHEMA ' || quote_ident(n.nspname), ''), CASE d.defaclobjtype WHEN 'S' THEN 'SEQUENCES' ELSE 'TABLES' END, me.name)
    FROM watch, me, pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace CROSS JOIN LATERAL aclexplode(d.defaclacl) x
    WHERE d.defaclobjtype IN ('r', 'S') AND x.grantee IN (0, me.oid) AND NOT watch.there
UNION ALL SELECT 'R46', current_setting('server_version'), '-- upgrade to PostgreSQL 15.20, 16.16, 17.12, 18.7 or newer'
    WHERE current_setting('server_version_num')::integer < CASE current_setting('server_version_num')::integer / 10000
        WHEN 14 THEN 140025 WHEN 15 THEN 150020 WHEN 16 THEN 160016 WHEN 17 THEN 170012 WHEN 18 THEN 180007 WHEN 19 THEN 190000 ELSE 0 END
        OR current_setting('server_version_num')::integer < 140000
UNION ALL SELECT 'R47', coalesce(nullif(setrole, 0)::regrole::text, 'every role') || ' ' || split_part(x, '=', 1),
        format('ALTER %s RESET %s;', CASE WHEN setrole = 0 THEN 'DATABASE ' || quote_ident(d.datname)
            WHEN setdatabase = 0 THEN 'ROLE ' || setrole::regrole ELSE format('ROLE %s IN DATABASE %I', setrole::regrole, d.datname) END, split_part(x, '=', 1))
    FROM me, pg_db_role_setting s LEFT JOIN pg_database d ON d.oid = s.setdatabase CROSS JOIN LATERAL unnest(setconfig) x
    WHERE x ~ '^(app\.tenant_|tenancy\.|row_security=|role=|session_authorization=)' AND setrole IN (0, me.oid)
      AND (setdatabase = 0 OR d.datname = current_database())
UNION ALL SELECT 'R48', 'session', '-- connect without row_security=off' WHERE current_setting('row_security') = 'off'
UNION ALL SELECT 'R51', current_database(), CASE WHEN to_regprocedure('tenancy.auto_rls()') IS NULL THEN '-- run the migrations of tenancy-sqlx' ELSE
        'DROP EVENT TRIGGER IF EXISTS tenancy_auto_rls; CREATE EVENT TRIGGER tenancy_auto_rls ON ddl_command_end '
        'WHEN TAG IN (''CREATE TABLE'', ''CREATE TABLE AS'', ''SELECT INTO'') EXECUTE FUNCTION tenancy.auto_rls();' END
    FROM watch WHERE NOT there
) found ORDER BY rule, object
