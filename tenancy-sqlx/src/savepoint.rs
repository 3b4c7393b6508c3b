//! A part of a transaction that can be undone alone.
//!
//! | the savepoint is…            | what it wrote | the transaction                             |
//! |------------------------------|---------------|---------------------------------------------|
//! | released                     | stays         | goes on                                     |
//! | rolled back, or dropped      | is undone     | goes on, also after a statement that failed |
//! | cut off in one of its steps  | is undone     | takes nothing more and cannot be committed  |
//!
//! The last line is the price of certainty: when a step was dropped half way, nobody here knows what
//! the server has done, so the whole transaction is given up and its connection closed.

use std::ops::{Deref, DerefMut};

use crate::conn::TenantConn;
use crate::error::CommitError;

/// A savepoint of a tenant's transaction, an executor like the transaction itself: `&mut *savepoint`.
///
/// Made by [`TenantConn::savepoint`]; savepoints can be nested. Dropping it rolls back to it.
#[derive(Debug)]
#[must_use = "a savepoint that is dropped is rolled back"]
pub struct Savepoint<'t> {
    conn: &'t mut TenantConn,
    open: bool,
}

impl TenantConn {
    /// Begins a part that can be undone without giving up the rest.
    ///
    /// # Errors
    ///
    /// The server's, or a [`StatementRefused`](crate::StatementRefused) when a statement has failed before: the
    /// transaction takes nothing more until that is rolled back.
    pub async fn savepoint(&mut self) -> Result<Savepoint<'_>, sqlx::Error> {
        self.mark().await?;
        Ok(Savepoint { conn: self, open: true })
    }
}

impl Savepoint<'_> {
    /// Keeps what was written since, as part of the transaction.
    ///
    /// # Errors
    ///
    /// [`CommitError::Aborted`] when a statement since had failed, [`CommitError::Refused`] when the server does
    /// not release it. Either way it is rolled back, and the transaction goes on.
    pub async fn release(mut self) -> Result<(), CommitError> {
        if self.conn.has_failed() {
            return Err(CommitError::Aborted);
        }
        self.conn.release_mark().await.map_err(|error| match error {
            sqlx::Error::Database(_) => CommitError::Refused(error),
            _ => CommitError::Unknown(error),
        })?;
        self.open = false;
        Ok(())
    }

    /// Undoes what was written since. Dropping does the same without waiting for the answer.
    ///
    /// # Errors
    ///
    /// When the connection breaks; the server rolls everything back then.
    pub async fn rollback(mut self) -> Result<(), sqlx::Error> {
        self.conn.rollback_mark().await?;
        self.open = false;
        Ok(())
    }
}

impl Drop for Savepoint<'_> {
    fn drop(&mut self) {
        if self.open {
            self.conn.start_rollback_mark();
        }
    }
}

impl Deref for Savepoint<'_> {
    type Target = TenantConn;

    fn deref(&self) -> &TenantConn {
        self.conn
    }
}

impl DerefMut for Savepoint<'_> {
    fn deref_mut(&mut self) -> &mut TenantConn {
        self.conn
    }
}
