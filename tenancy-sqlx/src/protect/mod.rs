//! Brings tables that have a `tenant_id` under protection, whatever their keys look like.
//!
//! `tenancy.protect()` gives a table its policies, its default and its rights. A table that grew up without
//! tenants has keys that tell one tenant about another, and foreign keys that lead from one to another. A
//! [`Plan`] is the SQL that mends both:
//!
//! | what                              | becomes                                                  |
//! |-----------------------------------|----------------------------------------------------------|
//! | primary, unique, exclusion key    | the same with the tenant first                           |
//! | B-tree index                      | the same with the tenant first                           |
//! | foreign key between tenants' tables | `(tenant_id, …)` to `(tenant_id, …)`, actions kept     |
//! | table, its partitions and children  | protected                                              |
//!
//! Working one out changes nothing. Printed it is a migration file; applied it is one transaction. Planned
//! again it changes nothing more. It locks the tables while keys and indexes are made anew.

use std::fmt;

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqlSafeStr};

/// The statements that protect some tables, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    statements: Vec<String>,
}

/// Why tables cannot be protected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProtectError {
    /// Something that only a person can decide.
    #[error("these tables cannot be protected yet:\n- {}", .0.join("\n- "))]
    Undecided(Vec<String>),
    /// No such table.
    #[error("there is no table {0:?}")]
    Unknown(String),
    /// The server refused something. Nothing was changed.
    #[error("the tables could not be protected; nothing was changed")]
    Database(#[from] sqlx::Error),
}

impl Plan {
    /// Works out what protects these tables. Their names are as in SQL: `campaigns`, `shop."Orders"`.
    ///
    /// # Errors
    ///
    /// [`ProtectError::Unknown`] for a name of nothing, [`ProtectError::Undecided`] where a column, a table
    /// or an extension is missing.
    pub async fn of(admin: &mut PgConnection, tables: &[&str]) -> Result<Self, ProtectError> {
        let mut oids = Vec::with_capacity(tables.len());
        for table in tables {
            let oid: Option<i64> = sqlx::query_scalar("SELECT to_regclass($1)::oid::bigint")
                .bind(table)
                .fetch_one(&mut *admin)
                .await?;
            oids.push(oid.ok_or_else(|| ProtectError::Unknown((*table).to_owned()))?);
        }
        let said: Vec<(i32, Option<String>, Option<String>)> =
            sqlx::query_as(include_str!("plan.sql")).bind(oids).fetch_all(admin).await?;
        let problems: Vec<String> = said.iter().filter_map(|(_, _, problem)| problem.clone()).collect();
        if !problems.is_empty() {
            return Err(ProtectError::Undecided(problems));
        }
        Ok(Self { statements: said.into_iter().filter_map(|(_, statement, _)| statement).collect() })
    }

    /// The statements.
    pub fn statements(&self) -> &[String] {
        &self.statements
    }

    /// Runs them in one transaction. `admin` is a superuser's connection.
    ///
    /// # Errors
    ///
    /// [`ProtectError::Database`], for instance where rows of different tenants refer to each other.
    pub async fn apply(&self, admin: &mut PgConnection) -> Result<(), ProtectError> {
        let mut tx = admin.begin().await?;
        for statement in &self.statements {
            tx.execute(AssertSqlSafe(statement.clone()).into_sql_str()).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

/// A migration file.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.statements.iter().try_for_each(|statement| writeln!(f, "{statement};"))
    }
}
