//! Brings a database to the version a program was built for. Only a migrator does this, never a
//! server that finds it in another state.
//!
//! A [`Schema`] is a numbered list of SQL texts. This crate has one; the application adds its own,
//! recorded in a table of its own. Two migrators at once apply each text once: the second waits.
//!
//! A step is applied in a transaction of its own. One whose text begins with `-- no-transaction` is a single
//! statement that is applied without, which is what `CREATE INDEX CONCURRENTLY` wants on tables in use.

mod script;

use std::borrow::Cow;
use std::time::Duration;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, PgPool, SqlSafeStr};

pub use script::script;

use crate::error::ConnectError;
use crate::roles::{Passwords, Roles};

/// One step of a [`Schema`].
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// Its number; steps are applied in this order.
    pub version: i64,
    /// What it does, in a few words.
    pub name: &'static str,
    /// Its SQL, with roles in their default spelling.
    pub sql: &'static str,
}

impl Step {
    /// Whether it is applied outside a transaction.
    fn is_alone(&self) -> bool {
        self.sql.starts_with("-- no-transaction")
    }
}

/// A schema and the steps that lead to it.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    /// The database schema that holds the record of applied steps; it must exist or be ours.
    pub name: &'static str,
    /// The table of applied steps.
    pub table: &'static str,
    /// The steps.
    pub steps: &'static [Step],
}

/// The schema of this crate: `tenancy`, `control` and `public.jobs`.
pub const TENANCY: Schema = Schema {
    name: "tenancy",
    table: "tenancy.migrations",
    steps: &[
        Step { version: 1, name: "tenancy", sql: include_str!("../../migrations/0001_tenancy.sql") },
        Step { version: 2, name: "control", sql: include_str!("../../migrations/0002_control.sql") },
        Step { version: 3, name: "jobs", sql: include_str!("../../migrations/0003_jobs.sql") },
        Step { version: 4, name: "seal", sql: include_str!("../../migrations/0004_seal.sql") },
        Step { version: 5, name: "watch", sql: include_str!("../../migrations/0005_watch.sql") },
        Step { version: 6, name: "jobs_cancel", sql: include_str!("../../migrations/0006_jobs_cancel.sql") },
        Step { version: 7, name: "usage", sql: include_str!("../../migrations/0007_usage.sql") },
        Step { version: 8, name: "people", sql: include_str!("../../migrations/0008_people.sql") },
        Step { version: 9, name: "own_tenant", sql: include_str!("../../migrations/0009_own_tenant.sql") },
        Step { version: 10, name: "members", sql: include_str!("../../migrations/0010_members.sql") },
        Step { version: 11, name: "brand", sql: include_str!("../../migrations/0011_brand.sql") },
        Step {
            version: 12,
            name: "tenant_changes",
            sql: include_str!("../../migrations/0012_tenant_changes.sql"),
        },
        Step { version: 13, name: "drift", sql: include_str!("../../migrations/0013_drift.sql") },
        Step { version: 14, name: "protect", sql: include_str!("../../migrations/0014_protect.sql") },
        Step { version: 15, name: "proofs", sql: include_str!("../../migrations/0015_proofs.sql") },
        Step { version: 16, name: "withdraw", sql: include_str!("../../migrations/0016_withdraw.sql") },
    ],
};

/// Why a database was not migrated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MigrateError {
    /// The server refused something.
    #[error("the database could not be migrated")]
    Database(#[from] sqlx::Error),
    /// A step failed; the steps before it stay applied.
    #[error("the schema could not be brought up to date")]
    Step(#[from] sqlx::migrate::MigrateError),
}

/// Makes the roles with these passwords (without, roles that are there keep theirs), then applies [`TENANCY`] and `schemas` in order.
///
/// `admin` is a superuser's connection. Safe to repeat and to run twice at once.
///
/// # Errors
///
/// [`MigrateError`] with the server's reason.
pub async fn migrate(
    admin: &mut PgConnection,
    roles: &Roles,
    passwords: Option<&Passwords>,
    schemas: &[Schema],
) -> Result<(), MigrateError> {
    create_roles(admin, roles, passwords).await?;
    for schema in std::iter::once(&TENANCY).chain(schemas) {
        schema.apply(admin, roles).await?;
    }
    Ok(())
}

impl Schema {
    async fn apply(&self, admin: &mut PgConnection, roles: &Roles) -> Result<(), MigrateError> {
        lock(admin).await?;
        let applied = self.apply_alone(admin, roles).await;
        sqlx::query("SELECT pg_advisory_unlock($1)").bind(MIGRATING).execute(admin).await?;
        applied
    }

    async fn apply_alone(&self, admin: &mut PgConnection, roles: &Roles) -> Result<(), MigrateError> {
        let mut migrator = Migrator::with_migrations(self.migrations(roles).collect());
        migrator.dangerous_set_table_name(self.table);
        migrator.create_schema(self.name);
        migrator.set_locking(false);
        migrator.run_direct(None, &mut *admin, false).await?;
        admin.execute(AssertSqlSafe(self.shared())).await?;
        Ok(())
    }

    fn migrations(&self, roles: &Roles) -> impl Iterator<Item = Migration> {
        self.steps.iter().map(|step| {
            let sql = AssertSqlSafe(roles.spell(step.sql)).into_sql_str();
            let name = Cow::Borrowed(step.name);
            Migration::new(step.version, name, MigrationType::Simple, sql, step.is_alone())
        })
    }

    /// The application reads its version there; the proof wants to be told that this is meant.
    fn shared(&self) -> String {
        format!("COMMENT ON TABLE {} IS 'tenancy: shared, the steps that were applied'", self.table)
    }

    /// The version this schema leads to.
    pub fn version(&self) -> i64 {
        self.steps.iter().map(|step| step.version).max().unwrap_or(0)
    }

    /// Whether the database is at this schema's version.
    pub(crate) async fn check(&self, pool: &PgPool) -> Result<(), ConnectError> {
        let sql = format!("SELECT coalesce(max(version), 0)::bigint FROM {} WHERE success", self.table);
        let found = match sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(pool).await {
            Ok(version) => version,
            // An empty database has neither the table nor its schema, and a stranger's may not be read.
            Err(sqlx::Error::Database(e))
                if matches!(e.code().as_deref(), Some("42P01" | "3F000" | "42501")) =>
            {
                0
            }
            Err(error) => return Err(error.into()),
        };
        let needed = self.version();
        if found == needed { Ok(()) } else { Err(ConnectError::Schema { schema: self.name, found, needed }) }
    }
}

/// The lock of whoever migrates a database.
const MIGRATING: i64 = 7_165_213_490_234;

/// Waits until nobody else migrates this database, by asking again: a session that waits inside the server
/// has a snapshot, and an index that is made concurrently waits for every snapshot.
async fn lock(admin: &mut PgConnection) -> Result<(), sqlx::Error> {
    while !sqlx::query_scalar::<_, bool>("SELECT pg_try_advisory_lock($1)")
        .bind(MIGRATING)
        .fetch_one(&mut *admin)
        .await?
    {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

/// Roles belong to the server, not to the database: made under a lock, altered to what they must be.
async fn create_roles(
    admin: &mut PgConnection,
    roles: &Roles,
    passwords: Option<&Passwords>,
) -> Result<(), sqlx::Error> {
    let mut tx = admin.begin().await?;
    // An advisory lock would be one of this database; whoever migrates another makes the same roles.
    tx.execute("LOCK TABLE pg_catalog.pg_authid IN SHARE ROW EXCLUSIVE MODE").await?;
    for (name, attributes) in attributes(roles, passwords) {
        let exists: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)")
            .bind(name)
            .fetch_one(&mut *tx)
            .await?;
        let verb = if exists { "ALTER" } else { "CREATE" };
        tx.execute(AssertSqlSafe(format!("{verb} ROLE {name} {attributes}"))).await?;
    }
    tx.commit().await
}

/// Every role with what it must be. Without passwords, those that log in keep theirs.
fn attributes<'a>(roles: &'a Roles, passwords: Option<&Passwords>) -> [(&'a str, String); 7] {
    let plain = "NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOINHERIT";
    let nobody = || format!("NOLOGIN {plain} NOBYPASSRLS");
    let login = |password: Option<&str>, bypass: &str| {
        let password = password.map(|text| format!(" PASSWORD {}", literal(text))).unwrap_or_default();
        format!("LOGIN{password} {plain} {bypass}")
    };
    [
        (roles.owner.as_str(), nobody()),
        (&roles.keeper, nobody()),
        (&roles.control, nobody()),
        (&roles.gate, login(passwords.map(|p| p.gate.as_str()), "NOBYPASSRLS")),
        (&roles.rw, login(passwords.map(|p| p.rw.as_str()), "NOBYPASSRLS")),
        (&roles.ops, login(passwords.map(|p| p.ops.as_str()), "BYPASSRLS")),
        (&roles.migrator, login(passwords.map(|p| p.migrator.as_str()), "BYPASSRLS")),
    ]
}

/// A text as SQL that reads the same whatever `standard_conforming_strings` says.
fn literal(text: &str) -> String {
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_text_stays_one_text() {
        assert_eq!(literal("a"), "E'a'");
        assert_eq!(literal(r"a'; DROP ROLE x; --\"), r"E'a\'; DROP ROLE x; --\\'");
    }
}
