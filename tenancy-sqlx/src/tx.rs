//! A transaction that is bound to one tenant from its first message to its last.

use std::ops::{Deref, DerefMut};

use crate::conn::TenantConn;
use crate::error::CommitError;

/// A tenant's transaction. `&mut *tx` is an sqlx executor; dropping it rolls back.
///
/// It takes prepared statements that read or write rows and refuses everything else, with a
/// [`StatementRefused`](crate::StatementRefused) that says what to use; the transaction goes on. After a statement
/// that the server refused it takes nothing more, unless that was inside a [savepoint](TenantConn::savepoint).
#[derive(Debug)]
#[must_use = "a transaction that is dropped is rolled back"]
pub struct TenantTx(TenantConn);

impl TenantTx {
    pub(crate) const fn new(conn: TenantConn) -> Self {
        Self(conn)
    }

    /// Makes everything that was written durable and visible.
    ///
    /// # Errors
    ///
    /// [`CommitError::Aborted`] when a statement had failed (the server would only roll back, and sqlx
    /// would call that a success), or a step of a savepoint was dropped half way.
    pub async fn commit(mut self) -> Result<(), CommitError> {
        if self.0.has_failed() || !self.0.is_outermost() {
            return Err(CommitError::Aborted);
        }
        self.0.commit().await.map_err(|error| match error {
            sqlx::Error::Database(_) => CommitError::Refused(error),
            _ => CommitError::Unknown(error),
        })
    }

    /// Undoes everything that was written. Dropping does the same without waiting for the answer.
    ///
    /// # Errors
    ///
    /// When the connection breaks; the server rolls back then as well.
    pub async fn rollback(mut self) -> Result<(), sqlx::Error> {
        self.0.rollback().await
    }
}

impl Deref for TenantTx {
    type Target = TenantConn;

    fn deref(&self) -> &TenantConn {
        &self.0
    }
}

impl DerefMut for TenantTx {
    fn deref_mut(&mut self) -> &mut TenantConn {
        &mut self.0
    }
}
