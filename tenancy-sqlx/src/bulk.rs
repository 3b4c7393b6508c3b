//! Many rows in one statement: `COPY` knows no row security, arrays do.

use sqlx::postgres::{PgArguments, Postgres};
use sqlx::{Arguments, AssertSqlSafe, Encode, Type};

use crate::conn::TenantConn;
use crate::statement;

/// Rows to insert, column by column. Made by [`TenantConn::bulk_insert`].
#[derive(Debug)]
#[must_use = "nothing is inserted until it is executed"]
pub struct BulkInsert<'c> {
    conn: &'c mut TenantConn,
    table: String,
    columns: Vec<String>,
    rows: usize,
    values: Result<PgArguments, BulkError>,
}

/// Why rows were not inserted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BulkError {
    /// There are as many values in each column as there are rows.
    #[error("column {column:?} has {found} values, the columns before it have {expected}")]
    Length {
        /// The column.
        column: String,
        /// How many values the first column has.
        expected: usize,
        /// How many this one has.
        found: usize,
    },
    /// The tenant is the transaction's.
    #[error("tenant_id is given by the transaction, and by nobody else")]
    Tenant,
    /// There is no column.
    #[error("rows without columns cannot be inserted")]
    Empty,
    /// A value cannot be written.
    #[error("the values of column {column:?} cannot be written")]
    Value {
        /// The column.
        column: String,
        /// The driver's reason.
        #[source]
        source: sqlx::error::BoxDynError,
    },
    /// The server refused them. None was inserted.
    #[error("the rows were not inserted")]
    Database(#[from] sqlx::Error),
}

impl TenantConn {
    /// Begins an insert of many rows into a table such as `campaigns` or `shop.orders`; all of them get the
    /// transaction's tenant.
    pub fn bulk_insert(&mut self, table: &str) -> BulkInsert<'_> {
        let mut values = PgArguments::default();
        let tenant = self.tenant_id().as_uuid();
        let first = values.add(tenant).map(|()| values);
        let values = first.map_err(|source| BulkError::Value { column: "tenant_id".to_owned(), source });
        BulkInsert { conn: self, table: table.to_owned(), columns: Vec::new(), rows: 0, values }
    }
}

impl BulkInsert<'_> {
    /// The values of a column, one a row.
    pub fn column<T>(mut self, name: &str, values: Vec<T>) -> Self
    where
        Vec<T>: for<'q> Encode<'q, Postgres> + Type<Postgres>,
    {
        if self.columns.is_empty() {
            self.rows = values.len();
        }
        self.values = self.values.and_then(|arguments| add(arguments, name, self.rows, values));
        self.columns.push(name.to_owned());
        self
    }

    /// Inserts them; answers how many there were.
    ///
    /// # Errors
    ///
    /// [`BulkError`]; the transaction goes on unless the server refused.
    pub async fn execute(self) -> Result<u64, BulkError> {
        let values = self.values?;
        if self.columns.is_empty() {
            return Err(BulkError::Empty);
        }
        let sql = statement::bulk_insert(&self.table, &self.columns);
        Ok(sqlx::query_with(AssertSqlSafe(sql), values).execute(self.conn).await?.rows_affected())
    }
}

fn add<T>(
    mut arguments: PgArguments,
    name: &str,
    rows: usize,
    values: Vec<T>,
) -> Result<PgArguments, BulkError>
where
    Vec<T>: for<'q> Encode<'q, Postgres> + Type<Postgres>,
{
    if name == "tenant_id" {
        return Err(BulkError::Tenant);
    }
    let (column, found) = (name.to_owned(), values.len());
    if found != rows {
        return Err(BulkError::Length { column, expected: rows, found });
    }
    arguments.add(values).map_err(|source| BulkError::Value { column, source })?;
    Ok(arguments)
}
