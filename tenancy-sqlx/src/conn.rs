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
//! On a [session](crate::Mode::Session) that reads without a transaction the state is `Open` as well, and
//! there may be nothing to roll back.
//!
//! In `Arming` the transaction takes nothing more: what the server has done is not known here.
//!
//! There is no way from here to the raw connection: no `Deref`, no `Acquire`, no `AsMut`.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_core::future::BoxFuture;
use futures_core::stream::BoxStream;
use futures_util::{FutureExt, StreamExt};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{
    PgConnection, PgQueryResult, PgRow, PgStatement, PgTransactionManager, PgTypeInfo, Postgres,
};
use sqlx::{AssertSqlSafe, Either, Execute, Executor, SqlSafeStr, SqlStr};
use sqlx_core::describe::Describe;
use sqlx_core::transaction::TransactionManager;
use tenancy_core::TenantId;

use crate::error::StatementRefused;
use crate::places::Place;
use crate::session::Lease;
use crate::statement::{self, Begin};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Arming,
    Open,
    Done,
}

/// An executor bound to one tenant. `&mut TenantConn` goes wherever sqlx wants an executor.
pub struct TenantConn {
    conn: Lent,
    tenant: TenantId,
    state: State,
    seen: Seen,
    prepares: bool,
    place: Option<Place>,
}

/// A connection, and to whom it is given back.
enum Lent {
    /// Of the pool, in a transaction.
    Pooled(PoolConnection<Postgres>),
    /// Bound to the tenant without one.
    Session(Lease),
}

/// What was seen of the statements.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    /// One has failed.
    failed: bool,
    /// One was sent whose end was not seen.
    unfinished: bool,
}

impl TenantConn {
    /// Takes a connection into a new transaction that is bound to a tenant.
    pub(crate) async fn begin(conn: PoolConnection<Postgres>, begin: &Begin) -> sqlx::Result<Self> {
        let mut this = Self::of(Lent::Pooled(conn), begin.tenant, State::Arming);
        let sql = AssertSqlSafe(statement::begin(begin)).into_sql_str();
        PgTransactionManager::begin(this.raw(), Some(sql)).await?;
        this.state = State::Open;
        Ok(this)
    }

    /// Reads on a session that is bound to a tenant.
    pub(crate) fn reading(session: Lease, tenant: TenantId) -> Self {
        Self::of(Lent::Session(session), tenant, State::Open)
    }

    fn of(conn: Lent, tenant: TenantId, state: State) -> Self {
        Self { conn, tenant, state, seen: Seen::default(), prepares: true, place: None }
    }

    /// Keeps the tenant's place until the connection is given back.
    pub(crate) fn holding(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// Leaves nothing prepared on the connection, or may.
    pub(crate) fn preparing(mut self, prepares: bool) -> Self {
        self.prepares = prepares;
        self
    }

    /// Begins the transaction that a session reads without, for what lasts as long as one.
    pub(crate) async fn within_transaction(&mut self) -> sqlx::Result<&mut Self> {
        if self.depth() == 0 {
            self.mark().await?;
        }
        Ok(self)
    }

    pub(crate) async fn commit(&mut self) -> sqlx::Result<()> {
        self.state = State::Arming;
        PgTransactionManager::commit(self.raw()).await?;
        self.state = State::Done;
        Ok(())
    }

    pub(crate) async fn rollback(&mut self) -> sqlx::Result<()> {
        self.state = State::Arming;
        PgTransactionManager::rollback(self.raw()).await?;
        self.state = State::Done;
        Ok(())
    }

    /// Whether a statement has failed or a step was dropped half way, so that nothing can be kept.
    pub(crate) fn has_failed(&self) -> bool {
        self.seen.failed || self.state != State::Open
    }

    /// Whether sqlx counts nothing inside the transaction: else it would release instead of commit.
    pub(crate) fn is_outermost(&self) -> bool {
        self.depth() <= 1
    }

    fn depth(&self) -> usize {
        PgTransactionManager::get_transaction_depth(match &self.conn {
            Lent::Pooled(conn) => conn,
            Lent::Session(session) => session.conn(),
        })
    }

    fn raw(&mut self) -> &mut PgConnection {
        match &mut self.conn {
            Lent::Pooled(conn) => conn,
            Lent::Session(session) => session.conn_mut(),
        }
    }

    /// Sets a savepoint.
    pub(crate) async fn mark(&mut self) -> sqlx::Result<()> {
        self.check()?;
        if self.seen.failed {
            return Err(refused(StatementRefused::Failed));
        }
        self.state = State::Arming;
        PgTransactionManager::begin(self.raw(), None).await?;
        self.state = State::Open;
        Ok(())
    }

    /// Gives the innermost savepoint up and keeps what was written since.
    pub(crate) async fn release_mark(&mut self) -> sqlx::Result<()> {
        self.check()?;
        self.state = State::Arming;
        let released = PgTransactionManager::commit(self.raw()).await;
        if let Ok(()) | Err(sqlx::Error::Database(_)) = released {
            // Refused, the savepoint is still there, and rolling back to it mends everything.
            self.state = State::Open;
            self.seen.failed = released.is_err();
        }
        released
    }

    /// Goes back to the innermost savepoint.
    pub(crate) async fn rollback_mark(&mut self) -> sqlx::Result<()> {
        self.check()?;
        self.state = State::Arming;
        // The first answer may be the failure of a statement that was dropped before it answered.
        if let Err(error) = PgTransactionManager::rollback(self.raw()).await {
            if !matches!(error, sqlx::Error::Database(_)) {
                return Err(error);
            }
            PgTransactionManager::rollback(self.raw()).await?;
        }
        self.state = State::Open;
        self.seen.failed = false;
        Ok(())
    }

    /// The same without waiting: it is sent before the next statement.
    pub(crate) fn start_rollback_mark(&mut self) {
        if self.state == State::Open {
            PgTransactionManager::start_rollback(self.raw());
            (self.seen.failed, self.seen.unfinished) = (false, true);
        }
    }

    fn check(&self) -> sqlx::Result<()> {
        if self.state == State::Open { Ok(()) } else { Err(refused(StatementRefused::Interrupted)) }
    }

    fn vetted<'q>(&self, query: impl Execute<'q, Postgres>) -> sqlx::Result<Vetted> {
        self.check()?;
        Vetted::new(query, self.prepares)
    }

    /// What `prepare` and `describe` may be asked.
    fn vet(&self, sql: &SqlStr) -> sqlx::Result<()> {
        self.check()?;
        statement::vet(sql.as_str()).map_err(refused)?;
        if self.prepares { Ok(()) } else { Err(refused(StatementRefused::Prepared)) }
    }

    /// The tenant that the transaction is bound to.
    pub const fn tenant_id(&self) -> TenantId {
        self.tenant
    }

    fn parts(&mut self) -> (&mut PgConnection, &mut Seen) {
        self.seen.unfinished = true;
        let conn = match &mut self.conn {
            Lent::Pooled(conn) => &mut **conn,
            Lent::Session(session) => session.conn_mut(),
        };
        (conn, &mut self.seen)
    }
}

impl Drop for TenantConn {
    fn drop(&mut self) {
        if self.state == State::Arming {
            return match &mut self.conn {
                Lent::Pooled(conn) => conn.close_on_drop(),
                Lent::Session(session) => session.close(),
            };
        }
        // What is still open, savepoints that nobody ended inside.
        let open = self.depth();
        for _ in 0..open {
            PgTransactionManager::start_rollback(self.raw());
        }
        // The server may be busy for long yet with a statement that nobody waits for any more: until then
        // the place is the tenant's.
        let place = self.place.take();
        match &mut self.conn {
            Lent::Pooled(conn) => {
                let back = conn.return_to_pool();
                tokio::spawn(async move {
                    back.await;
                    drop(place);
                });
            }
            Lent::Session(session) if open > 0 || self.seen.unfinished => session.settle(place),
            Lent::Session(_) => {}
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

impl Seen {
    /// A statement has come to its end, or to a failure that more may follow.
    fn end(&mut self, failed: bool) {
        self.unfinished = failed;
        self.failed |= failed;
    }
}

/// The answers to a statement, with an eye on how they end.
struct Watched<'e> {
    rows: BoxStream<'e, sqlx::Result<Either<PgQueryResult, PgRow>>>,
    seen: &'e mut Seen,
}

impl Stream for Watched<'_> {
    type Item = sqlx::Result<Either<PgQueryResult, PgRow>>;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = ready!(self.rows.as_mut().poll_next(task));
        match &next {
            // After a failure the rest of the answer has not been read.
            None => self.seen.unfinished = self.seen.failed,
            Some(Err(_)) => self.seen.end(true),
            Some(Ok(_)) => {}
        }
        Poll::Ready(next)
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
    fn new<'q>(mut query: impl Execute<'q, Postgres>, prepares: bool) -> sqlx::Result<Self> {
        let arguments = query.take_arguments().map_err(sqlx::Error::Encode)?;
        if arguments.is_none() {
            return Err(refused(StatementRefused::SimpleProtocol));
        }
        let statement = query.statement().cloned();
        let persistent = prepares && query.persistent();
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
                let (conn, seen) = self.parts();
                Watched { rows: conn.fetch_many(query), seen }.boxed()
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
                let (conn, seen) = self.parts();
                Box::pin(conn.fetch_optional(query).inspect(move |done| seen.end(done.is_err())))
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
        let (conn, seen) = self.parts();
        Box::pin(conn.prepare_with(sql, parameters).inspect(move |done| seen.end(done.is_err())))
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, sqlx::Result<Describe<Postgres>>>
    where
        'c: 'e,
    {
        if let Err(error) = self.vet(&sql) {
            return Box::pin(async move { Err(error) });
        }
        let (conn, seen) = self.parts();
        Box::pin(conn.describe(sql).inspect(move |done| seen.end(done.is_err())))
    }
}
