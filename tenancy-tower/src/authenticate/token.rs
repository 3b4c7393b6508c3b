//! What a verifier of bearer tokens answers.

use tenancy_core::Claims;

/// Why a bearer token is refused. For logs: a stranger learns no more than that it is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// Not a token of ours: too long, not three parts, a header or claims of another shape.
    #[error("the token's shape is not ours")]
    Malformed,
    /// Signed with a key that is not among ours.
    #[error("the token names a key that is not ours")]
    UnknownKey,
    /// Changed, or signed by somebody else.
    #[error("the token's signature does not hold")]
    Signature,
    /// Issued by, or for, somebody else.
    #[error("the token is of another issuer or for another audience")]
    Audience,
    /// Past its end, or with a lifetime that no token of ours has.
    #[error("the token has expired")]
    Expired,
    /// From the future.
    #[error("the token is not valid yet")]
    NotYet,
    /// Good, but of no tenant.
    #[error("the token has no tenant")]
    MissingTenant,
}

/// Checks bearer tokens. `jwt::TokenVerifier` is the one of this crate.
pub trait VerifyToken: Send + Sync + 'static {
    /// The claims of a token that holds in every respect: form, signature, time, issuer, audience.
    ///
    /// # Errors
    ///
    /// See [`TokenError`].
    fn verify(&self, token: &str) -> Result<Claims, TokenError>;
}

impl<V: VerifyToken + ?Sized> VerifyToken for std::sync::Arc<V> {
    fn verify(&self, token: &str) -> Result<Claims, TokenError> {
        (**self).verify(token)
    }
}
