//! Starting with a role that could step around the policies.

use platform::platform::{Config, Platform};
use tenancy_sqlx::{ConnectError, Settings, TenantDatabase};
use tenancy_tower::jwt::TokenKey;
use tests::World;
use tests::world::{BASE, seal_key};

use super::as_admin;

/// A role of this test alone: roles belong to the server, which other tests use as well.
fn role(kind: &str) -> String {
    format!("t_{kind}_{}", uuid::Uuid::now_v7().simple())
}

async fn connect(world: &World, role: &str) -> Result<TenantDatabase, ConnectError> {
    let mut settings = Settings::default();
    settings.max_connections = 1;
    settings.seal = Some(seal_key());
    TenantDatabase::connect_with(world.options_for(role), settings).await
}

/// N5, AC29: each dangerous login is refused with the SQL that mends it, and that SQL does mend it.
#[tokio::test]
async fn a_dangerous_role_is_refused_until_its_sql_is_run() {
    let world = World::start().await;
    let name: String =
        sqlx::query_scalar("SELECT current_database()").fetch_one(&mut world.admin().await).await.unwrap();
    let cases = [
        ("super", "SUPERUSER", "", "role_superuser", "NOSUPERUSER"),
        ("bypass", "BYPASSRLS", "", "role_bypassrls", "NOBYPASSRLS"),
        ("maker", "CREATEROLE", "", "role_administers", "NOCREATEROLE"),
        ("member", "", "GRANT app_owner TO {}", "role_member", "REVOKE app_owner FROM"),
        (
            "owner",
            "",
            "ALTER TABLE uploads OWNER TO {}",
            "role_owner",
            "ALTER TABLE uploads OWNER TO app_owner",
        ),
    ];
    for (kind, attribute, more, rule, mending) in cases {
        let role = role(kind);
        let password = world.role_password();
        as_admin(&world, &format!("CREATE ROLE {role} LOGIN NOINHERIT {attribute} PASSWORD '{password}'"))
            .await;
        as_admin(&world, &format!("GRANT CONNECT ON DATABASE \"{name}\" TO {role}")).await;
        if !more.is_empty() {
            as_admin(&world, &more.replace("{}", &role)).await;
        }
        let refused = connect(&world, &role).await.expect_err(kind);
        let said = refused.to_string();
        let ConnectError::Unsafe(findings) = refused else { panic!("{kind}: {refused}") };
        let rules: Vec<_> = findings.iter().map(|finding| finding.rule).collect();
        assert_eq!(rules, [rule], "{kind}");
        assert!(said.contains(mending) && said.contains(&role), "{kind}: {said}");

        as_admin(&world, &findings[0].fix).await;
        let mended = connect(&world, &role).await;
        mended.unwrap_or_else(|error| panic!("{kind} after {}: {error}", findings[0].fix)).close().await;
        as_admin(&world, &format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
    }
}

/// N5, AC29: the platform as a whole does not start with a login other than the application's.
#[tokio::test]
async fn the_platform_does_not_start_as_a_role_that_reads_everything() {
    let world = World::start().await;
    let start = async |database| {
        Platform::connect(Config {
            database,
            gate: world.options_for("app_gate"),
            seal_key: Some(seal_key()),
            token_key: TokenKey::generate().unwrap(),
            base_domain: BASE.to_owned(),
            site: BASE.to_owned(),
            mail: None,
            redis: None,
        })
        .await
    };
    for (role, mending) in [
        ("app_ops", "ALTER ROLE app_ops NOBYPASSRLS;"),
        ("app_migrator", "ALTER ROLE app_migrator NOBYPASSRLS;"),
    ] {
        let refused = start(world.options_for(role)).await.expect_err(role);
        assert!(format!("{refused:#}").contains(mending), "{refused:#}");
    }
    let platform = start(world.options_for("app_rw")).await.expect("the application's own login");
    platform.close().await;

    let mending = "ALTER TABLE public.uploads FORCE ROW LEVEL SECURITY;";
    as_admin(&world, "ALTER TABLE uploads NO FORCE ROW LEVEL SECURITY").await;
    let refused = start(world.options_for("app_rw")).await.expect_err("a table without FORCE");
    assert!(format!("{refused:#}").contains(mending), "{refused:#}");
    as_admin(&world, mending).await;
    start(world.options_for("app_rw")).await.expect("mended").close().await;

    as_admin(&world, "DELETE FROM tenancy.migrations WHERE version > 1").await;
    let refused = start(world.options_for("app_rw")).await.expect_err("another schema version");
    assert!(format!("{refused:#}").contains("run `platform migrate`"), "{refused:#}");
}
