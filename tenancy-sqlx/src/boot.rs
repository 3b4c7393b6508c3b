//! Refuses to serve tenants with a role that could step around their policies.
//!
//! Each check is a question to the catalog, asked as the role itself; each finding says why it leaks
//! and names the SQL that mends it.

use sqlx::PgPool;
use sqlx::Row;

/// Something that would let one tenant reach another's rows.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The rule that was broken, such as `role_superuser`.
    pub rule: &'static str,
    /// What it is about, such as the role's or the table's name.
    pub object: String,
    /// Why it leaks, in one sentence.
    pub why: String,
    /// The SQL that mends it.
    pub fix: String,
}

const ROLE: &str = "
    SELECT quote_ident(r.rolname) AS role, r.rolsuper, r.rolbypassrls, r.rolcreaterole OR r.rolcreatedb OR r.rolreplication AS administers,
           ARRAY(SELECT quote_ident(g.rolname) FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
                 WHERE m.member = r.oid ORDER BY 1) AS memberships,
           ARRAY(SELECT c.oid::regclass::text FROM pg_class c
                 WHERE c.relowner = r.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY 1 LIMIT 5) AS owned
    FROM pg_roles r WHERE r.rolname = current_user";

/// What is wrong with the role that `pool` logs in as.
pub(crate) async fn check_role(pool: &PgPool) -> Result<Vec<Finding>, sqlx::Error> {
    // Not prepared: a pooler may be between.
    let row = sqlx::raw_sql(ROLE).fetch_one(pool).await?;
    let role: String = row.try_get("role")?;
    let mut findings = Vec::new();
    let mut find = |rule, why: String, fix: String| {
        findings.push(Finding { rule, object: role.clone(), why, fix });
    };

    if row.try_get("rolsuper")? {
        find(
            "role_superuser",
            format!("the role {role} is a superuser: no policy applies to it"),
            format!("ALTER ROLE {role} NOSUPERUSER;"),
        );
    }
    if row.try_get("rolbypassrls")? {
        find(
            "role_bypassrls",
            format!("the role {role} has BYPASSRLS: no policy applies to it"),
            format!("ALTER ROLE {role} NOBYPASSRLS;"),
        );
    }
    if row.try_get("administers")? {
        find(
            "role_administers",
            format!(
                "the role {role} may make roles or databases, or replicate: it can give itself other rights"
            ),
            format!("ALTER ROLE {role} NOCREATEROLE NOCREATEDB NOREPLICATION;"),
        );
    }
    for group in row.try_get::<Vec<String>, _>("memberships")? {
        find(
            "role_member",
            format!("the role {role} is a member of {group}: SET ROLE gives it that role's rights"),
            format!("REVOKE {group} FROM {role};"),
        );
    }
    for relation in row.try_get::<Vec<String>, _>("owned")? {
        find(
            "role_owner",
            format!("the role {role} owns {relation}: an owner can switch its policies off"),
            format!("ALTER TABLE {relation} OWNER TO app_owner;"),
        );
    }
    Ok(findings)
}
