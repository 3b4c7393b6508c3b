//! The connection inside a tenant's transaction, and the guard that decides what a drop does.
//!
//! | state    | when                                  | on drop                                    |
//! |----------|---------------------------------------|--------------------------------------------|
//! | `Arming` | begin, commit, rollback or a savepoint's step in flight, or failed | the connection is closed, never reused |
//! | `Open`   | a transaction is open                 | a rollback is queued before the next use   |
//! | `Done`   | committed or rolled back              | nothing                                    |
//!
//! sqlx 0.9.0 leaks a transaction whose begin was cancelled: it marks the connection only after the
//! await. `Arming` is set before it, so the next borrower never meets another tenant's transaction.
//!
//! In `Arming` the transaction takes nothing more: what the server has done is not known here.
//!
//! There is no way from here to the raw connection: no `Deref`, no `Acquire`, no `AsMut`.

use std::fmt;

use futures_core::future::BoxFuture;
use futures_core::stream::BoxStream;
use futures_util::{StreamExt, TryFutureExt};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{
    PgConnection, PgQueryResult, PgRow, PgStatement, PgTransactionManager, PgTypeInfo, Postgres,
};
use sqlx::{AssertSqlSafe, Either, Execute, Executor, SqlSafeStr, SqlStr};
use sqlx_core::describe::Describe;
use sqlx_core::transaction::TransactionManager;
use tenancy_core::TenantId;

use crate::error::StatementRefused;
use crate::statement::{self, Begin};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Arming,
    Open,
    Done,
}

/// An executor bound to one tenant. `&mut TenantConn` goes wherever sqlx wants an executor.
pub struct TenantConn {
    conn: PoolConnection<Postgres>,
    tenant: TenantId,
    state: State,
    failed: bool,
}

impl TenantConn {
    /// Takes a connection into a new transaction that is bound to a tenant.
    pub(crate) async fn begin(conn: PoolConnection<Postgres>, begin: &Begin) -> sqlx::Result<Self> {
        let mut this = Self { conn, tenant: begin.tenant, state: State::Arming, failed: false };
        let sql = AssertSqlSafe(statement::begin(begin)).into_sql_str();
        PgTransactionManager::begin(&mut this.conn, Some(sql)).await?;
        this.state = State::Open;
        Ok(this)
    }

    pub(crate) async fn commit(&mut self) -> sqlx::Result<()> {
        self.state = State::Arming;
        PgTransactionManager::commit(&mut self.conn).await?;
        self.state = State::Done;
        Ok(())
    }

    pub(crate) async fn rollback(&mut self) -> sqlx::Result<()> {
        self.state = State::Arming;
        PgTransactionManager::rollback(&mut self.conn).await?;
        self.state = State::Done;
        Ok(())
    }

    /// Whether a statement has failed or a step was dropped half way, so that nothing can be kept.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed || self.state != State::Open
    }

    /// Whether sqlx counts nothing inside the transaction: else it would release instead of commit.
    pub(crate) fn is_outermost(&self) -> bool {
        PgTransactionManager::get_transaction_depth(&self.conn) == 1
    }

    /// Sets a savepoint.
    pub(crate) async fn mark(&mut self) -> sqlx::Result<()> {
        self.check()?;
        if self.failed {
            return Err(refused(StatementRefused::Failed));
        }
        self.state = State::Arming;
        PgTransactionManager::begin(&mut self.conn, None).await?;
        self.state = State::Open;
        Ok(())
    }

    /// Gives the innermost savepoint up and keeps what was written since.
    pub(crate) async fn release_mark(&mut self) -> sqlx::Result<()> {
        self.check()?;
        self.state = State::Arming;
        let released = PgTransactionManager::commit(&mut self.conn).await;
        if let Ok(()) | Err(sqlx::Error::Database(_)) = released {
            // Refused, the savepoint is still there, and rolling back to it mends everything.
            self.state = State::Open;
            self.failed = released.is_err();
        }
        released
    }

    /// Goes back to the innermost savepoint.
    pub(crate) async fn rollback_mark(&mut self) -> sqlx::Result<()> {
        self.check()?;
        self.state = State::Arming;
        // The first answer may be the failure of a statement that was dropped before it answered.
        if let Err(error) = PgTransactionManager::rollback(&mut self.conn).await {
            if !matches!(error, sqlx::Error::Database(_)) {
                return Err(error);
            }
            PgTransactionManager::rollback(&mut self.conn).await?;
        }
        self.state = State::Open;
        self.failed = false;
        Ok(())
    }

    /// The same without waiting: it is sent before the next statement.
    pub(crate) fn start_rollback_mark(&mut self) {
        if self.state == State::Open {
            PgTransactionManager::start_rollback(&mut self.conn);
            self.failed = false;
        }
    }

    fn check(&self) -> sqlx::Result<()> {
        if self.state == State::Open { Ok(()) } else { Err(refused(StatementRefused::Interrupted)) }
    }

    fn vetted<'q>(&self, query: impl Execute<'q, Postgres>) -> sqlx::Result<Vetted> {
        self.check()?;
        Vetted::new(query)
    }

    fn vet(&self, sql: &SqlStr) -> sqlx::Result<()> {
        self.check()?;
        statement::vet(sql.as_str()).map_err(refused)
    }

    /// The tenant that the transaction is bound to.
    pub const fn tenant_id(&self) -> TenantId {
        self.tenant
    }

    fn parts(&mut self) -> (&mut PgConnection, &mut bool) {
        (&mut self.conn, &mut self.failed)
    }
}

impl Drop for TenantConn {
    fn drop(&mut self) {
        match self.state {
            State::Arming => self.conn.close_on_drop(),
            State::Open => {
                // Savepoints that nobody ended are inside.
                while PgTransactionManager::get_transaction_depth(&self.conn) > 0 {
                    PgTransactionManager::start_rollback(&mut self.conn);
                }
            }
            State::Done => {}
        }
    }
}

impl fmt::Debug for TenantConn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantConn")
            .field("tenant", &self.tenant)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// A statement that has passed [`statement::vet`], taken apart so that nothing can change it.
struct Vetted {
    sql: SqlStr,
    statement: Option<PgStatement>,
    arguments: Option<sqlx::postgres::PgArguments>,
    persistent: bool,
}

impl Vetted {
    fn new<'q>(mut query: impl Execute<'q, Postgres>) -> sqlx::Result<Self> {
        let arguments = query.take_arguments().map_err(sqlx::Error::Encode)?;
        if arguments.is_none() {
            return Err(refused(StatementRefused::SimpleProtocol));
        }
        let statement = query.statement().cloned();
        let persistent = query.persistent();
        let sql = query.sql();
        statement::vet(sql.as_str()).map_err(refused)?;
        Ok(Self { sql, statement, arguments, persistent })
    }
}

impl Execute<'_, Postgres> for Vetted {
    fn sql(self) -> SqlStr {
        self.sql
    }

    fn statement(&self) -> Option<&PgStatement> {
        self.statement.as_ref()
    }

    fn take_arguments(&mut self) -> Result<Option<sqlx::postgres::PgArguments>, sqlx::error::BoxDynError> {
        Ok(self.arguments.take())
    }

    fn persistent(&self) -> bool {
        self.persistent
    }
}

fn refused(why: StatementRefused) -> sqlx::Error {
    sqlx::Error::Configuration(why.into())
}

impl<'c> Executor<'c> for &'c mut TenantConn {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, sqlx::Result<Either<PgQueryResult, PgRow>>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        match self.vetted(query) {
            Err(error) => futures_util::stream::once(async move { Err(error) }).boxed(),
            Ok(query) => {
                let (conn, failed) = self.parts();
                conn.fetch_many(query).inspect(move |step| *failed |= step.is_err()).boxed()
            }
        }
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, sqlx::Result<Option<PgRow>>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        match self.vetted(query) {
            Err(error) => Box::pin(async move { Err(error) }),
            Ok(query) => {
                let (conn, failed) = self.parts();
                Box::pin(conn.fetch_optional(query).inspect_err(move |_| *failed = true))
            }
        }
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [PgTypeInfo],
    ) -> BoxFuture<'e, sqlx::Result<PgStatement>>
    where
        'c: 'e,
    {
        if let Err(error) = self.vet(&sql) {
            return Box::pin(async move { Err(error) });
        }
        let (conn, failed) = self.parts();
        Box::pin(conn.prepare_with(sql, parameters).inspect_err(move |_| *failed = true))
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, sqlx::Result<Describe<Postgres>>>
    where
        'c: 'e,
    {
        if let Err(error) = self.vet(&sql) {
            return Box::pin(async move { Err(error) });
        }
        let (conn, failed) = self.parts();
        Box::pin(conn.describe(sql).inspect_err(move |_| *failed = true))
    }
}
