//! What the database's own roles may do, asked without anything of ours in between.

use sqlx::{AssertSqlSafe, Executor as _};
use tests::World;

use super::{LEDGER, LOGS, TABLES, raw, side, state};

/// AC25, AC63: the application's login cannot become more than it is. Each line is tried in a session
/// that has a tenant bound, so that nothing but the role stands in the way.
#[tokio::test]
async fn the_applications_login_cannot_step_around_the_policies() {
    let world = World::start().await;
    let acme = side(&world, "acme").await;
    let refused = [
        "SET ROLE app_owner",
        "SET ROLE app_ops",
        "SET ROLE app_control",
        "SET ROLE app_migrator",
        "SET ROLE postgres",
        "SET SESSION AUTHORIZATION postgres",
        "SET session_replication_role = replica",
        "SET row_security = off; SELECT * FROM data_sources",
        "ALTER TABLE data_sources DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE data_sources NO FORCE ROW LEVEL SECURITY",
        "ALTER TABLE data_sources OWNER TO app_rw",
        "DROP POLICY tenant_isolation ON data_sources",
        "CREATE POLICY mine ON data_sources USING (true)",
        "DROP TABLE uploads",
        "TRUNCATE uploads",
        "CREATE TABLE public.t (a int)",
        "CREATE TABLE control.t (a int)",
        "CREATE TEMP TABLE t (a int)",
        "CREATE VIEW public.v AS SELECT 1",
        "CREATE SCHEMA s",
        "CREATE EXTENSION pgcrypto",
        "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE OR REPLACE FUNCTION tenancy.current_tenant() RETURNS uuid LANGUAGE sql AS 'SELECT NULL::uuid'",
        "ALTER FUNCTION tenancy.current_tenant() OWNER TO app_rw",
        "DROP FUNCTION tenancy.current_tenant() CASCADE",
        "CREATE TRIGGER t BEFORE INSERT ON uploads FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "CREATE INDEX ON uploads (id)",
        "GRANT SELECT ON uploads TO PUBLIC; GRANT app_owner TO app_rw",
        "ALTER ROLE app_rw BYPASSRLS",
        "ALTER ROLE app_rw SUPERUSER",
        "CREATE ROLE r",
        "GRANT app_ops TO app_rw",
        "ALTER DATABASE postgres SET app.tenant_id = 'x'",
        "ALTER SYSTEM SET row_security = off",
        "SELECT pg_read_file('/etc/hostname')",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "COPY uploads FROM '/etc/hostname'",
        "SELECT tenancy.protect('uploads')",
        "SELECT tenancy.grant_database()",
        "DELETE FROM tenancy.migrations",
        "SELECT * FROM control.tenants",
        "SELECT * FROM control.users",
        "SELECT * FROM control.tenant_users",
        "SELECT * FROM control.sessions",
        "SELECT * FROM control.operators",
        "SELECT * FROM control.operator_log",
        "SELECT * FROM control.job_queue",
        "SELECT * FROM control.job_turns",
        "SELECT * FROM control.tenant_by_slug('globex')",
        "SELECT * FROM control.find_session('\\x00')",
        "SELECT * FROM control.operator_credential('operator@mmm.example')",
        "SELECT control.admin_set_status('a', 'b', gen_random_uuid(), 'active')",
        "SELECT * FROM control.claim_jobs('w', 10, 10, interval '1 hour')",
        "SELECT * FROM pg_authid",
    ];
    let mut conn = raw(&world, "app_rw").await;
    conn.execute(AssertSqlSafe(format!("SET app.tenant_id = '{}'", acme.id()))).await.unwrap();
    for sql in refused {
        let done = conn.execute(sqlx::raw_sql(sql)).await;
        // 42501: may not. 42704 would be a role that does not exist, which shows nothing.
        assert_eq!(state(&done).as_deref(), Some("42501"), "{sql}: {done:?}");
        conn.execute("RESET row_security").await.unwrap();
    }
    // AC23: COPY goes round WITH CHECK, so the server takes none into a protected table.
    let copied = conn.copy_in_raw("COPY uploads (id, file_name, raw) FROM STDIN").await.map(drop);
    assert_eq!(state(&copied).as_deref(), Some("0A000"), "{copied:?}");
}

/// Which right somebody has on which table or function, as `schema.name: rights`.
const RIGHTS: &str = "
    SELECT n.nspname || '.' || c.relname || ': ' || string_agg(p.what, ',' ORDER BY p.what)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
         unnest(ARRAY['SELECT','INSERT','UPDATE','DELETE','TRUNCATE','REFERENCES','TRIGGER']) AS p (what)
    WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_toast'
      AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND has_table_privilege($1::name, c.oid, p.what)
    GROUP BY n.nspname, c.relname
    UNION ALL
    SELECT n.nspname || '.' || f.proname || '()'
    FROM pg_proc f JOIN pg_namespace n ON n.oid = f.pronamespace
    WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND has_function_privilege($1::name, f.oid, 'EXECUTE')
    ORDER BY 1";

async fn rights(world: &World, role: &str) -> Vec<String> {
    sqlx::query_scalar(RIGHTS).bind(role).fetch_all(&mut world.admin().await).await.unwrap()
}

/// N5: the gate reads no table; all it has are its functions. A new right needs a line here.
#[tokio::test]
async fn each_login_has_the_rights_on_its_list_and_no_more() {
    let world = World::start().await;
    let gate = [
        "control.accept_invitation()",
        "control.change_password()",
        "control.claim_jobs()",
        "control.credential()",
        "control.draw_units()",
        "control.end_operator_session()",
        "control.end_refresh()",
        "control.end_session()",
        "control.extend_leases()",
        "control.find_invitation()",
        "control.find_operator_session()",
        "control.find_reset()",
        "control.find_session()",
        "control.give_back_units()",
        "control.open_operator_session()",
        "control.open_refresh()",
        "control.open_reset()",
        "control.open_session()",
        "control.operator_credential()",
        "control.own_password()",
        "control.release()",
        "control.rotate_refresh()",
        "control.standing()",
        "control.tenant_by_id()",
        "control.tenant_by_slug()",
        "control.tenants_changed()",
        "control.use_reset()",
        "platform.migrations: SELECT",
        "tenancy.current_tenant()",
        "tenancy.migrations: SELECT",
        "tenancy.seal_required()",
    ];
    assert_eq!(rights(&world, "app_gate").await, gate);
    let mut rw: Vec<String> = TABLES
        .iter()
        .map(|table| {
            let may = if *table == LEDGER { "INSERT,SELECT" } else { "DELETE,INSERT,SELECT,UPDATE" };
            format!("public.{table}: {may}")
        })
        .collect();
    rw.extend(LOGS.iter().map(|table| format!("public.{table}: INSERT,SELECT")));
    rw.extend(
        [
            "control.admit()",
            "control.cancel()",
            "control.enqueue()",
            "control.finish()",
            "control.hold()",
            "control.invitations()",
            "control.invite()",
            "control.members()",
            "control.own_tenant()",
            "control.release_held()",
            "control.remove_member()",
            "control.set_brand()",
            "control.set_role()",
            "control.usage()",
            "control.usage_alerts()",
            "control.usage_pace()",
            "control.withdraw_invitation()",
            "platform.migrations: SELECT",
            "tenancy.current_tenant()",
            "tenancy.migrations: SELECT",
            "tenancy.record_proof()",
            "tenancy.seal_required()",
        ]
        .map(str::to_owned),
    );
    rw.sort();
    assert_eq!(rights(&world, "app_rw").await, rw);
    let mut gate = raw(&world, "app_gate").await;
    for table in TABLES.map(|table| format!("public.{table}")).iter().chain(&["control.users".to_owned()]) {
        let read = gate.fetch_all(AssertSqlSafe(format!("SELECT * FROM {table}"))).await.map(drop);
        assert_eq!(state(&read).as_deref(), Some("42501"), "app_gate reads {table}");
    }
}

/// T13, T15, AC63: what a tenant's people did is added to and read by that tenant alone, and never changed.
#[tokio::test]
async fn a_log_is_added_to_and_never_changed() {
    let world = World::start().await;
    let database = &world.platform.app.database;
    let (acme, globex) = (world.context("acme").await, world.context("globex").await);
    let add = [
        "INSERT INTO audit_logs (action) VALUES ('probe')",
        "INSERT INTO tenant_activity (activity_type) VALUES ('probe')",
    ];
    let mut tx = database.begin(&acme).await.unwrap();
    for sql in add {
        sqlx::query(sql).execute(&mut *tx).await.unwrap();
    }
    tx.commit().await.unwrap();
    for table in LOGS {
        for (context, rows) in [(&acme, 1_i64), (&globex, 0)] {
            let mut tx = database.begin_read(context).await.unwrap();
            let count = AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
            assert_eq!(
                sqlx::query_scalar::<_, i64>(count).fetch_one(&mut *tx).await.unwrap(),
                rows,
                "{table}"
            );
        }
        for change in [format!("DELETE FROM {table}"), format!("UPDATE {table} SET user_id = NULL")] {
            let mut tx = database.begin(&acme).await.unwrap();
            let done = sqlx::query(AssertSqlSafe(change.clone())).execute(&mut *tx).await;
            assert_eq!(state(&done).as_deref(), Some("42501"), "{change}");
        }
        let emptied = raw(&world, "app_rw").await.execute(AssertSqlSafe(format!("TRUNCATE {table}"))).await;
        assert_eq!(state(&emptied).as_deref(), Some("42501"), "TRUNCATE {table}");
    }
}

/// D3, T4: the members that a tenant may list are its own.
#[tokio::test]
async fn members_are_those_of_the_bound_tenant() {
    let world = World::start().await;
    let mut conn = raw(&world, "app_rw").await;
    let unbound = conn.fetch_all("SELECT * FROM control.members()").await.map(drop);
    assert_eq!(state(&unbound).as_deref(), Some("28000"));
    for tenant in ["acme", "globex"] {
        let mut tx = world.platform.app.database.begin_read(&world.context(tenant).await).await.unwrap();
        let emails: Vec<String> =
            sqlx::query_scalar("SELECT email FROM control.members()").fetch_all(&mut *tx).await.unwrap();
        assert_eq!(emails.len(), 4);
        assert!(emails.iter().all(|email| email.ends_with(&format!("@{tenant}.example"))), "{emails:?}");
    }
}
