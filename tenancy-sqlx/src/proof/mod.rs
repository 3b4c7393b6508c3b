//! The proof that a role can reach nothing but its tenant's rows, asked of the database as that role.
//!
//! The world is closed: every table, partition, view, function, sequence, policy, privilege and setting
//! that the role can reach is enumerated in one statement, and what is not as `tenancy.protect()` and
//! the migrations make it is a [`Finding`]. Policies are compared with their exact text, not by pattern.
//! A table without a tenant is reachable only if it cannot be written and its comment begins with
//! `tenancy: shared`; the same goes for a function that answers everybody the same.
//!
//! The other logins are looked at as well, each by what it owns or may call: owners that nobody logs in as,
//! a gate that calls its functions and reads no table, an operator who writes through functions only.
//!
//! | verdict              | when                                                        |
//! |----------------------|-------------------------------------------------------------|
//! | [`Verdict::Pass`]    | nothing worse than advice                                   |
//! | [`Verdict::Warn`]    | something weakens the proof, or some of it cannot be closed |
//! | [`Verdict::Refuse`]  | rows of one tenant are within reach of another              |
//!
//! Each finding names its mending SQL, written to be run by a superuser. What a finding says is not
//! proved by the absence of others: a superuser's findings are many, and one of them is enough.

mod drift;
mod policy;
mod report;
mod rules;
mod sarif;

use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection, Row};

pub(crate) use drift::Watch;
pub use policy::{Policy, UnknownRule};
pub use report::{Finding, Report, Severity, Verdict};

/// One statement: the world, then every rule over it.
const STATEMENT: &str = concat!(
    include_str!("sql/world.sql"),
    include_str!("sql/role.sql"),
    include_str!("sql/table.sql"),
    include_str!("sql/policy.sql"),
    include_str!("sql/code.sql"),
    include_str!("sql/roles.sql"),
    include_str!("sql/server.sql"),
);

/// Logs in as the application does and proves what that login can reach.
///
/// # Errors
///
/// The server's. What is found is not an error but in the report.
pub async fn prove(options: &PgConnectOptions, policy: &Policy) -> Result<Report, sqlx::Error> {
    let mut conn = PgConnection::connect_with(options).await?;
    let report = prove_on(&mut conn, policy).await?;
    conn.close().await?;
    Ok(report)
}

/// The same on a connection that is there already.
///
/// # Errors
///
/// The server's.
pub async fn prove_on(conn: &mut PgConnection, policy: &Policy) -> Result<Report, sqlx::Error> {
    // Not prepared: a pooler may be between.
    let rows = sqlx::raw_sql(STATEMENT).fetch_all(conn).await?;
    let mut findings = Vec::with_capacity(rows.len());
    for row in rows {
        let rule: String = row.try_get("rule")?;
        let Some(rule) = rules::find(&rule) else {
            return Err(sqlx::Error::Protocol(format!("the proof has no rule {rule}")));
        };
        if policy.reason_for(rule.id).is_some() {
            continue;
        }
        findings.push(Finding {
            rule: rule.id,
            severity: rule.severity,
            object: row.try_get("object")?,
            reason: rule.reason,
            fix: row.try_get("fix")?,
        });
    }
    Ok(Report::new(findings))
}
