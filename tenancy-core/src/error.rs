//! The one error that every store behind a trait of this crate may answer.

/// Any error, as the cause of ours.
pub type BoxError = Box<dyn std::error::Error + Send + Sync + 'static>;

/// A store could not be asked, or answered what it should not. Nothing is known about the question.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The store is out of reach; the same call may succeed later.
    #[error("the store is unreachable")]
    Unavailable(#[source] BoxError),

    /// The store answered something that breaks its contract, such as a role nobody knows.
    #[error("the store answered with a record that cannot be right: {0}")]
    Corrupt(String),
}

impl StoreError {
    /// Wraps a driver's error as [`StoreError::Unavailable`].
    pub fn unavailable(cause: impl Into<BoxError>) -> Self {
        Self::Unavailable(cause.into())
    }
}
