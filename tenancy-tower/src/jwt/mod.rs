//! Short-lived access tokens: Ed25519-signed JWTs of one issuer, for one audience.
//!
//! The verifier reads as little as it can before it knows who wrote it, and takes one form only:
//!
//! 1. At most [`MAX_TOKEN`] characters, three parts.
//! 2. A header of exactly `alg`, `typ` and `kid`. Everything by which a token could choose how it is
//!    verified (`jku`, `jwk`, `x5u`, `x5c`, `crit`, `b64`, `zip`, …) makes it malformed, so nothing
//!    of it is ever fetched or followed. `typ` is `at+jwt` (RFC 9068): no other kind of token passes.
//! 3. A key by its `kid`, from a fixed list in memory. The algorithm is the key's; the header's must
//!    be the same.
//! 4. The signature. Only then are the claims read: strictly typed, none twice.
//! 5. Issuer, audience, time, tenant.
//!
//! Time comes from a [`Clock`](tenancy_core::Clock); the token library's own clock is not used.

mod issuer;
mod key;
mod verifier;

pub use issuer::{DEFAULT_TTL, IssueError, IssuedToken, TokenIssuer};
pub use key::{KeyError, PublicKey, TokenKey};
pub use verifier::{MAX_TOKEN, TokenVerifier};

/// The kind of token, in its header: an access token (RFC 9068), nothing else.
const TYPE: &str = "at+jwt";
