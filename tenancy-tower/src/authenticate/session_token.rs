//! The secret of a session: 32 random bytes, in the browser's cookie and nowhere else.
//!
//! The server keeps its SHA-256. The token has 256 bits of its own, so a plain hash is enough: there
//! is nothing to guess, and nothing to salt.

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretBox};
use sha2::{Digest, Sha256};
use tenancy_core::store::{NewSession, TokenHash};
use tenancy_core::{Identity, SessionId};

const LENGTH: usize = 32;

/// How long a session lives at most.
pub const SESSION_LIFETIME: Duration = Duration::from_hours(12);
/// How long a session may lie unused.
pub const SESSION_IDLE: Duration = Duration::from_mins(30);

/// The secret of one session. Its text is to be read only into a cookie; `Debug` hides it.
pub struct SessionToken(SecretBox<[u8; LENGTH]>);

/// The system gave no randomness, so no session can be opened.
#[derive(Debug, thiserror::Error)]
#[error("the system has no randomness to give")]
pub struct SessionTokenError(#[source] getrandom::Error);

impl SessionToken {
    /// A new token. Each sign-in gets one of its own, so a token known beforehand is worth nothing.
    ///
    /// # Errors
    ///
    /// [`SessionTokenError`] when the system has no randomness.
    pub fn generate() -> Result<Self, SessionTokenError> {
        let mut bytes = Zeroizing::new([0; LENGTH]);
        getrandom::fill(&mut *bytes).map_err(SessionTokenError)?;
        Ok(Self(SecretBox::new(Box::new(*bytes))))
    }

    /// Reads a token from a cookie, or `None` for what was never one.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = Zeroizing::new([0; LENGTH]);
        // The text of 32 bytes has 43 characters; a longer one is not even decoded.
        if text.len() != 43 {
            return None;
        }
        let length = URL_SAFE_NO_PAD.decode_slice(text, &mut *bytes).ok()?;
        (length == LENGTH).then(|| Self(SecretBox::new(Box::new(*bytes))))
    }

    /// What the store keeps.
    pub fn hash(&self) -> TokenHash {
        TokenHash(Sha256::digest(self.0.expose_secret()).into())
    }

    /// The session to open for a person who has just signed in, with the usual limits:
    /// [`SESSION_LIFETIME`] and [`SESSION_IDLE`].
    pub fn session(&self, identity: Identity) -> NewSession {
        NewSession {
            id: SessionId::new(),
            token: self.hash(),
            identity,
            lifetime: SESSION_LIFETIME,
            idle: SESSION_IDLE,
        }
    }

    /// The text for a cookie, a link or a program; nowhere else.
    pub fn text(&self) -> Zeroizing<String> {
        Zeroizing::new(URL_SAFE_NO_PAD.encode(self.0.expose_secret()))
    }
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionToken(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_survives_its_cookie_and_no_two_are_equal() {
        let (one, other) = (SessionToken::generate().unwrap(), SessionToken::generate().unwrap());
        assert_eq!(SessionToken::parse(&one.text()).unwrap().hash(), one.hash());
        assert_ne!(one.hash(), other.hash());
    }

    #[test]
    fn what_was_never_a_token_is_not_read() {
        let long = "A".repeat(44);
        let bits = format!("{}B", "A".repeat(42)); // bits beyond the last byte
        for text in ["", "A", "not a token", &long, &bits, &"=".repeat(43), &"é".repeat(21)] {
            assert!(SessionToken::parse(text).is_none(), "text {text:?}");
        }
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", SessionToken::generate().unwrap()), "SessionToken(..)");
    }
}
