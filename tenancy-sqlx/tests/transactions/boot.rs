//! Boot refuses a role that could step around the policies, and the SQL it names mends it.

use tenancy_sqlx::{ConnectError, TenantDatabase};

use crate::kit::{one_connection, place, unique};

/// N5, AC29: each dangerous login is refused, and let in once its SQL was run.
#[tokio::test]
async fn an_unsafe_role_is_refused_with_the_sql_that_mends_it() {
    let Some(place) = place().await else { return };
    for (rule, what_makes_it_unsafe) in [
        ("role_superuser", "ALTER ROLE $role SUPERUSER"),
        ("role_bypassrls", "ALTER ROLE $role BYPASSRLS"),
        ("role_administers", "ALTER ROLE $role CREATEROLE"),
        ("role_administers", "ALTER ROLE $role CREATEDB"),
        ("role_administers", "ALTER ROLE $role REPLICATION"),
        ("role_member", "GRANT app_owner TO $role"),
        ("role_owner", "CREATE TABLE owned (); ALTER TABLE owned OWNER TO $role"),
    ] {
        let role = unique("rw");
        let password = place.password();
        place.run(format!("CREATE ROLE {role} LOGIN NOINHERIT PASSWORD '{password}'")).await;
        place.run(format!("GRANT CONNECT ON DATABASE \"{}\" TO {role}", place.server.name())).await;
        let connect = || TenantDatabase::connect_with(place.login(&role), one_connection());
        connect().await.expect("a plain role is let in").close().await;

        place.run(what_makes_it_unsafe.replace("$role", &role)).await;
        let Err(ConnectError::Unsafe(findings)) = connect().await else {
            panic!("{what_makes_it_unsafe}: was let in");
        };
        assert_eq!(findings.iter().map(|f| f.rule).collect::<Vec<_>>(), [rule], "{what_makes_it_unsafe}");
        for finding in findings {
            place.run(finding.fix).await;
        }
        connect().await.unwrap_or_else(|error| panic!("{rule} is mended: {error}")).close().await;
        place.run(format!("DROP OWNED BY {role}; DROP ROLE {role}; DROP TABLE IF EXISTS owned")).await;
    }
}

#[tokio::test]
async fn an_address_that_cannot_be_read_is_named_without_its_password() {
    let refused = TenantDatabase::connect("postgres://app_rw:secret@[::", one_connection()).await;
    let error = refused.expect_err("no address");
    assert!(matches!(error, ConnectError::Address(_)), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("secret"), "{error}");
}
