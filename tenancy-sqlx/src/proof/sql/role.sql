-- What the role is and may.
SELECT 'R01' AS rule, name AS object, format('ALTER ROLE %s NOSUPERUSER;', name) AS fix FROM me WHERE rolsuper
UNION ALL SELECT 'R02', name, format('ALTER ROLE %s NOBYPASSRLS;', name) FROM me WHERE rolbypassrls
UNION ALL SELECT 'R03', name, format('ALTER ROLE %s NOCREATEROLE NOCREATEDB NOREPLICATION;', name)
    FROM me WHERE rolcreaterole OR rolcreatedb OR rolreplication
UNION ALL SELECT 'R04', quote_ident(g.rolname), format('REVOKE %I FROM %s;', g.rolname, me.name)
    FROM me JOIN pg_auth_members m ON m.member = me.oid JOIN pg_roles g ON g.oid = m.roleid
UNION ALL SELECT 'R05', fq, format('ALTER TABLE %s OWNER TO %I;', fq, coalesce(
        (SELECT o.relowner FROM tabs o WHERE o.relowner <> me.oid AND o.tcol IS NOT NULL LIMIT 1)::regrole::text,
        (SELECT datdba FROM pg_database WHERE datname = current_database())::regrole::text))
    FROM tabs JOIN me ON relowner = me.oid
UNION ALL SELECT 'R06', quote_ident(nspname), format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC, %s;', nspname, me.name)
    FROM pg_namespace, me WHERE nspname !~ '^pg_' AND has_schema_privilege(pg_namespace.oid, 'CREATE')
UNION ALL SELECT 'R07', current_database(), format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC, %s;', current_database(), me.name)
    FROM me WHERE has_database_privilege(current_database(), 'TEMP')
UNION ALL SELECT 'R08', current_database(), format('REVOKE CREATE ON DATABASE %I FROM PUBLIC, %s;', current_database(), me.name)
    FROM me WHERE has_database_privilege(current_database(), 'CREATE')
UNION ALL SELECT 'R52', name, format('REVOKE pg_read_all_stats, pg_monitor FROM %s;', name)
    FROM me WHERE pg_has_role(me.oid, 'pg_read_all_stats', 'USAGE') AND EXISTS (SELECT FROM pg_class WHERE relname = 'pg_stat_statements')
