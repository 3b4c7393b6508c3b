//! A table's rows as values, for those who want `find` and `create` rather than SQL.
//!
//! ```no_run
//! use tenancy_sqlx::{Entity, Page, TenantTx, Values};
//! use uuid::Uuid;
//!
//! #[derive(sqlx::FromRow)]
//! struct Campaign {
//!     id: Uuid,
//!     name: String,
//!     budget: Option<f64>,
//! }
//!
//! struct Draft {
//!     name: String,
//!     budget: Option<f64>,
//! }
//!
//! impl Entity for Campaign {
//!     const TABLE: &'static str = "campaigns";
//!     const COLUMNS: &'static [&'static str] = &["name", "budget"];
//!     type Draft = Draft;
//!
//!     fn bind(draft: Draft, values: Values) -> Values {
//!         values.with(draft.name).with(draft.budget)
//!     }
//! }
//!
//! # async fn run(mut tx: TenantTx) -> Result<(), Box<dyn std::error::Error>> {
//! let mut campaigns = tx.repository::<Campaign>();
//! let spring = campaigns.create(Draft { name: "Spring".into(), budget: None }).await?;
//! campaigns.update(spring.id, Draft { name: "Spring sale".into(), budget: Some(1e4) }).await?;
//! let all = campaigns.find_all(Page::default()).await?;
//! campaigns.soft_delete(spring.id).await?;
//! tx.commit().await?;
//! # drop(all); Ok(())
//! # }
//! ```
//!
//! | method        | of which rows              | where there is none     |
//! |---------------|----------------------------|-------------------------|
//! | `find`        | not deleted                | `None`                  |
//! | `find_all`    | not deleted, a page at once | an empty list          |
//! | `create`      |                            |                         |
//! | `update`      | not deleted                | `None`                  |
//! | `soft_delete` | not deleted; they are kept | `false`                 |
//! | `purge`       | deleted long enough ago    | 0                       |
//!
//! Nothing here names a tenant: rows of others are as good as not there, and a new row gets the
//! transaction's. The table is a protected one with the columns `id uuid`, in its key after the tenant,
//! and `deleted_at timestamptz`.

use std::marker::PhantomData;
use std::time::Duration;

use sqlx::postgres::{PgArguments, PgRow, Postgres};
use sqlx::{Arguments, AssertSqlSafe, Encode, FromRow, Type};
use uuid::Uuid;

use crate::conn::TenantConn;
use crate::statement::{quoted, table_name};

/// How many rows [`Repository::purge`] removes at once.
const BATCH: i64 = 10_000;

/// A row of a tenant's table, and what is written of it. See the [module](self).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not described as a row of a tenant's table",
    note = "implement `tenancy_sqlx::Entity` for it: the table, the columns that are written, and their values"
)]
pub trait Entity: for<'r> FromRow<'r, PgRow> + Send + Unpin {
    /// The table, such as `campaigns` or `shop.orders`.
    const TABLE: &'static str;
    /// The columns that are written, one at least; `id`, `tenant_id` and `deleted_at` are not among them.
    const COLUMNS: &'static [&'static str];
    /// What is written.
    type Draft: Send;

    /// A value for each of the columns, in their order.
    fn bind(draft: Self::Draft, values: Values) -> Values;
}

/// The values of one row, as [`Entity::bind`] gives them.
#[derive(Debug)]
#[must_use = "values that are dropped are not written"]
pub struct Values {
    arguments: Result<PgArguments, sqlx::Error>,
    count: usize,
}

/// There are not as many values as columns.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a row of {table} is written with {columns} columns, and {values} values were given")]
pub struct ValuesError {
    table: &'static str,
    columns: usize,
    values: usize,
}

impl Values {
    fn of(id: Uuid) -> Self {
        Self { arguments: Ok(PgArguments::default()), count: 0 }.add(id)
    }

    /// The next column's value.
    pub fn with<T: for<'q> Encode<'q, Postgres> + Type<Postgres>>(self, value: T) -> Self {
        let Self { arguments, count } = self.add(value);
        Self { arguments, count: count + 1 }
    }

    fn add<T: for<'q> Encode<'q, Postgres> + Type<Postgres>>(self, value: T) -> Self {
        let arguments = self.arguments.and_then(|mut arguments| {
            arguments.add(value).map_err(sqlx::Error::Encode)?;
            Ok(arguments)
        });
        Self { arguments, ..self }
    }

    fn all_of<E: Entity>(self) -> sqlx::Result<PgArguments> {
        let (columns, values) = (E::COLUMNS.len(), self.count);
        if columns == values {
            self.arguments
        } else {
            Err(sqlx::Error::Encode(ValuesError { table: E::TABLE, columns, values }.into()))
        }
    }
}

/// Which rows [`Repository::find_all`] answers, in the order of their ids: that of their making, where
/// ids are made here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// How many at most.
    pub limit: u32,
    /// Only those after this one, the last of the page before.
    pub after: Option<Uuid>,
}

impl Default for Page {
    fn default() -> Self {
        Self { limit: 100, after: None }
    }
}

/// The rows of one table that are the transaction's tenant's. Made by [`TenantConn::repository`].
#[derive(Debug)]
pub struct Repository<'c, E> {
    conn: &'c mut TenantConn,
    table: String,
    of: PhantomData<fn() -> E>,
}

impl TenantConn {
    /// The tenant's rows of a table, as values.
    pub fn repository<E: Entity>(&mut self) -> Repository<'_, E> {
        Repository { conn: self, table: table_name(E::TABLE), of: PhantomData }
    }
}

impl<E: Entity> Repository<'_, E> {
    /// The row with this id.
    ///
    /// # Errors
    ///
    /// The server's, and one for a row that is not as `E` has it.
    pub async fn find(&mut self, id: Uuid) -> sqlx::Result<Option<E>> {
        let sql = format!("SELECT * FROM {} WHERE id = $1 AND deleted_at IS NULL", self.table);
        sqlx::query_as(AssertSqlSafe(sql)).bind(id).fetch_optional(&mut *self.conn).await
    }

    /// A page of rows.
    ///
    /// # Errors
    ///
    /// As [`Self::find`].
    pub async fn find_all(&mut self, page: Page) -> sqlx::Result<Vec<E>> {
        let sql = format!(
            "SELECT * FROM {} WHERE deleted_at IS NULL AND ($1::uuid IS NULL OR id > $1) ORDER BY id LIMIT $2",
            self.table
        );
        let page = sqlx::query_as(AssertSqlSafe(sql)).bind(page.after).bind(i64::from(page.limit));
        page.fetch_all(&mut *self.conn).await
    }

    /// Writes a new row with an id of its own, and answers it as it was stored.
    ///
    /// # Errors
    ///
    /// The server's, for instance for a key that is taken; [`ValuesError`] inside
    /// [`sqlx::Error::Encode`] where values and columns do not match.
    pub async fn create(&mut self, draft: E::Draft) -> sqlx::Result<E> {
        let names: Vec<String> = E::COLUMNS.iter().map(|column| quoted(column)).collect();
        let values: Vec<String> = (2..names.len() + 2).map(|number| format!("${number}")).collect();
        let (names, values) = (names.join(", "), values.join(", "));
        let sql = format!("INSERT INTO {} (id, {names}) VALUES ($1, {values}) RETURNING *", self.table);
        let values = E::bind(draft, Values::of(Uuid::now_v7())).all_of::<E>()?;
        sqlx::query_as_with(AssertSqlSafe(sql), values).fetch_one(&mut *self.conn).await
    }

    /// Writes all columns of a row anew, and answers it as it was stored.
    ///
    /// # Errors
    ///
    /// As [`Self::create`].
    pub async fn update(&mut self, id: Uuid, draft: E::Draft) -> sqlx::Result<Option<E>> {
        let set: Vec<String> = E::COLUMNS
            .iter()
            .zip(2..)
            .map(|(column, number)| format!("{} = ${number}", quoted(column)))
            .collect();
        let sql = format!(
            "UPDATE {} SET {} WHERE id = $1 AND deleted_at IS NULL RETURNING *",
            self.table,
            set.join(", ")
        );
        let values = E::bind(draft, Values::of(id)).all_of::<E>()?;
        sqlx::query_as_with(AssertSqlSafe(sql), values).fetch_optional(&mut *self.conn).await
    }

    /// Hides a row from all that is here but [`Self::purge`]. Answers whether it was there.
    ///
    /// # Errors
    ///
    /// The server's.
    pub async fn soft_delete(&mut self, id: Uuid) -> sqlx::Result<bool> {
        let sql =
            format!("UPDATE {} SET deleted_at = now() WHERE id = $1 AND deleted_at IS NULL", self.table);
        let done = sqlx::query(AssertSqlSafe(sql)).bind(id).execute(&mut *self.conn).await?;
        Ok(done.rows_affected() > 0)
    }

    /// Removes for good what was deleted longer ago than `retention`, ten thousand rows at most. Answers how
    /// many they were; a job calls it, for each tenant, until that is 0.
    ///
    /// # Errors
    ///
    /// The server's, for instance where other rows refer to one of them.
    pub async fn purge(&mut self, retention: Duration) -> sqlx::Result<u64> {
        let sql = format!(
            "DELETE FROM {0} WHERE id IN (SELECT id FROM {0} WHERE deleted_at < now() - make_interval(secs => $1) LIMIT $2)",
            self.table
        );
        let purged = sqlx::query(AssertSqlSafe(sql)).bind(retention.as_secs_f64()).bind(BATCH);
        Ok(purged.execute(&mut *self.conn).await?.rows_affected())
    }
}
