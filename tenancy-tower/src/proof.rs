//! What proved the actor of a request.

use std::sync::Arc;

use tenancy_core::store::TokenHash;
use tenancy_core::{Claims, SessionId};

/// The credential by which a request's member was known; in the extensions beside the context.
///
/// Signing out needs the session's hash, and a page about oneself the token's claims. Authority
/// stays with the [`TenantContext`](tenancy_core::TenantContext).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Proof {
    /// A bearer token with these claims.
    Token(Arc<Claims>),
    /// A session cookie.
    Session {
        /// The session.
        id: SessionId,
        /// The hash by which the store knows it, to end it.
        token: TokenHash,
    },
}
