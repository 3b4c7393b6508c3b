//! What can go wrong with a value on its way in or out, and with the place it is kept in.
//!
//! Callers see [`CacheError`] only: a place that cannot be reached is no error of theirs. They get
//! a miss, and the [`Observer`](crate::Observer) hears of the [`BackendError`].

use std::time::Duration;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why a value could not be cached, or a cached one not be read. A missing one is no error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CacheError {
    /// The value has no JSON form, such as a map whose keys are not text.
    #[error("the value cannot be written as JSON")]
    Encode(#[source] serde_json::Error),

    /// The entry holds a value of another type than was asked for: two places use one key.
    #[error("the cached value is not of the type that was asked for")]
    Decode(#[source] serde_json::Error),
}

/// Why a backend could not do what it was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackendError {
    /// It did not answer in time.
    #[error("no answer within {0:?}")]
    TimedOut(Duration),

    /// It failed several times just now and is left alone for a moment.
    #[error("left alone after repeated failures")]
    Resting,

    /// It could not be reached.
    #[error("the backend is unreachable")]
    Unreachable(#[source] Source),

    /// It answered with an error, such as one about its memory.
    #[error("the backend refused")]
    Refused(#[source] Source),

    /// Something else lies under the key: another type, a foreign or damaged envelope.
    #[error("what lies under the key is no entry of it")]
    Unreadable,

    /// The value is larger than the backend keeps.
    #[error("an entry of {bytes} bytes exceeds the bound of {bound}")]
    TooLarge {
        /// The size of the entry.
        bytes: usize,
        /// The most the backend keeps.
        bound: usize,
    },
}
