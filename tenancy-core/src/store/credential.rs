//! How a person of a tenant proves who they are at sign-in.

use std::fmt;

use super::Answer;
use crate::{Identity, TenantId};

/// What is stored about a member's password.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    /// The member.
    pub identity: Identity,
    /// Their name as people read it.
    pub display_name: String,
    /// The password's hash in PHC string format (`$argon2id$…`).
    pub password_hash: String,
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential").field("identity", &self.identity).finish_non_exhaustive()
    }
}

/// Finds what a sign-in is checked against.
pub trait CredentialStore: Send + Sync + 'static {
    /// The credential of `email` in `tenant`, or `None`: for an unknown address as well as for a
    /// person of another tenant. Addresses are compared without case.
    fn find<'a>(&'a self, tenant: TenantId, email: &'a str) -> Answer<'a, Option<Credential>>;
}
