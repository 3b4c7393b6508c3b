//! What can go wrong with a value on its way in or out.

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
