//! Sessions: an opaque token in a browser's cookie, kept here only as a hash.

use std::fmt;
use std::time::Duration;

use super::Answer;
use crate::{Identity, SessionId};

/// The SHA-256 of a session's token. Who reads the store cannot sign in with what is in it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash(pub [u8; 32]);

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(..)")
    }
}

/// A session to be opened.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Its id.
    pub id: SessionId,
    /// The hash of its token.
    pub token: TokenHash,
    /// Who signed in, and where.
    pub identity: Identity,
    /// How long it may live at most.
    pub lifetime: Duration,
    /// How long it may lie unused.
    pub idle: Duration,
}

/// A session that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Who signed in, and where; the role is the member's present one.
    pub identity: Identity,
}

/// Opens, finds and ends sessions.
pub trait SessionStore: Send + Sync + 'static {
    /// Opens a session.
    fn open<'a>(&'a self, session: &'a NewSession) -> Answer<'a, ()>;

    /// The open session with this token, of whatever tenant, or `None` when it is unknown, expired,
    /// ended, or its member is gone. The caller compares the tenant with the address.
    fn find<'a>(&'a self, token: &'a TokenHash) -> Answer<'a, Option<Session>>;

    /// Ends a session. Ending one that is not there is fine.
    fn end<'a>(&'a self, token: &'a TokenHash) -> Answer<'a, ()>;
}
