//! How connections are used between the program and the server.

/// What is between the program and the server, and what may be kept on a connection.
///
/// | mode            | a tenant is bound to | behind a pooler                      | a read costs                 |
/// |-----------------|----------------------|--------------------------------------|------------------------------|
/// | [`Transaction`] | a transaction        | if it knows prepared statements      | two round trips              |
/// | [`Pooler`]      | a transaction        | yes, any that pools transactions     | three: each query is parsed  |
/// | [`Session`]     | a connection         | refused                              | one, for the tenant before   |
///
/// [`Transaction`]: Self::Transaction
/// [`Pooler`]: Self::Pooler
/// [`Session`]: Self::Session
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mode {
    /// Everything in transactions, each bound to its tenant. Nothing is left on a connection but
    /// prepared statements.
    #[default]
    Transaction,

    /// The same without prepared statements, which a pooler such as pgbouncer before 1.21 confuses with
    /// those of others. `prepare` and `describe` are refused. Types of the database's own (enums, domains)
    /// are read as text: sqlx would look them up with a prepared statement.
    Pooler,

    /// Reads keep the tenant on connections of their own, as many again as
    /// [`max_connections`](crate::Settings::max_connections): the next read of the same tenant needs no word
    /// to bind it. Writes are as in [`Transaction`](Self::Transaction).
    ///
    /// Reading is then without a transaction around it: each statement sees what is committed when it begins,
    /// and `now()` goes on. A transaction that reads lasts half a minute at most, as long as its seal. A
    /// connection that died while it was idle is noticed by the statement, not by `begin_read`.
    Session,
}
