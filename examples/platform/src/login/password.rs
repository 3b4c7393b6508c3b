//! Passwords: argon2id, a few at a time.
//!
//! A hash takes 19 MiB and tens of milliseconds on purpose. At most two are computed at once, off
//! the threads that serve requests, so a flood of sign-ins costs waiting, not memory. The computing
//! itself holds the turn: a caller who hangs up does not make room for a third. An unknown
//! person is checked against a dummy hash, so that the answer takes as long as for a wrong password.

use std::sync::Arc;

use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;
use tokio::task::JoinError;

/// The fewest characters of a new password.
pub const SHORTEST: usize = 12;

/// Longer passwords are refused before anything is computed.
pub const MAX_LENGTH: usize = 1_000;

/// Hashes and checks passwords. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Passwords {
    turns: Arc<Semaphore>,
    dummy: Arc<str>,
}

/// A password could not be hashed.
#[derive(Debug, thiserror::Error)]
#[error("the password could not be hashed: {0}")]
pub struct HashError(String);

impl Passwords {
    /// Ready to check; makes the dummy hash.
    ///
    /// # Errors
    ///
    /// When the system has no randomness to give.
    pub fn new() -> Result<Self, HashError> {
        let dummy = hash_now("nobody has this password").map(Arc::from)?;
        Ok(Self { turns: Arc::new(Semaphore::new(2)), dummy })
    }

    /// The hash of a password in PHC string format.
    ///
    /// # Errors
    ///
    /// When the system has no randomness to give.
    pub async fn hash(&self, password: SecretString) -> Result<String, HashError> {
        let compute = move || hash_now(password.expose_secret());
        self.in_turn(compute).await.map_err(|error| HashError(error.to_string()))?
    }

    /// Whether `password` is the one behind `hash`; without a hash the answer is no, after as long.
    pub async fn verify(&self, password: SecretString, hash: Option<String>) -> bool {
        if password.expose_secret().len() > MAX_LENGTH {
            return false;
        }
        let dummy = Arc::clone(&self.dummy);
        let check = move || {
            let known = hash.is_some();
            let hash = hash.unwrap_or_else(|| dummy.to_string());
            let Ok(hash) = PasswordHash::new(&hash) else { return false };
            argon().verify_password(password.expose_secret().as_bytes(), &hash).is_ok() && known
        };
        self.in_turn(check).await.unwrap_or(false)
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        compute: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, JoinError> {
        // Never closed, so there is always a turn.
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        let compute = move || {
            let _turn = turn;
            compute()
        };
        tokio::task::spawn_blocking(compute).await
    }
}

/// argon2id with 19 MiB, two passes, one lane: the minimum that OWASP's cheat sheet gives.
fn argon() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT)
}

fn hash_now(password: &str) -> Result<String, HashError> {
    argon()
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|e| HashError(e.to_string()))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn who_hangs_up_does_not_end_the_turn_of_what_is_computed() {
        let passwords = Passwords::new().unwrap();
        let (go_on, wait) = mpsc::channel::<()>();
        assert!(passwords.in_turn(move || wait.recv()).now_or_never().is_none());
        assert_eq!(passwords.turns.available_permits(), 1, "the caller is gone, the work is not");
        drop(go_on);
        let both = passwords.turns.acquire_many(2).await;
        assert!(both.is_ok(), "the turn ends with the work");
    }

    #[tokio::test]
    async fn only_the_right_password_of_a_known_person_passes() {
        let passwords = Passwords::new().unwrap();
        let hash = passwords.hash("correct horse".to_owned().into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.verify("correct horse".to_owned().into(), Some(hash.clone())).await);
        assert!(!passwords.verify("wrong".to_owned().into(), Some(hash.clone())).await);
        assert!(!passwords.verify("nobody has this password".to_owned().into(), None).await);
        assert!(!passwords.verify("x".repeat(MAX_LENGTH + 1).into(), Some(hash)).await);
    }
}
