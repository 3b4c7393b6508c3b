//! Signing in: one check of a password, two things to carry away. Browsers get an opaque session in
//! a cookie, programs a short-lived token.
//!
//! The tenant is the address's; the answer to a wrong password, an unknown person and a person of
//! another tenant is one and the same, after the same work.

mod accept;
mod account;
mod forgotten;
mod handlers;
pub mod password;
mod tokens;

use std::fmt;
use std::sync::Arc;

use secrecy::SecretString;
use tenancy_core::store::{Credential, CredentialStore, SessionStore, TokenHash};
use tenancy_core::{Identity, StoreError, TenantContext};
use tenancy_sqlx::Gate;
use tenancy_tower::SessionToken;
use tenancy_tower::jwt::TokenIssuer;
use tokio::sync::Semaphore;

pub use accept::{accept, accept_page};
pub use account::{account_page, api_change_password, change_password};
pub use forgotten::{api_forgot, forgot, forgot_page, reset, reset_page};
pub use handlers::{
    LoginForm, LoginQuery, LoginRequest, SecretText, api_login, login, login_page, logout, me,
};
use password::Passwords;
pub use tokens::{api_logout, refresh};

use crate::failure::Failure;
use crate::mail::Outbox;

/// Signs people of tenants in and out. Cheap to clone.
#[derive(Clone)]
pub struct SignIn {
    credentials: Arc<dyn CredentialStore>,
    sessions: Arc<dyn SessionStore>,
    gate: Gate,
    issuer: Arc<TokenIssuer>,
    passwords: Passwords,
    outbox: Option<Outbox>,
    /// Turns for writing letters.
    letters: Arc<Semaphore>,
}

/// How many letters are written at once; what is asked for beyond that is not sent.
const LETTERS_AT_ONCE: usize = 8;

impl SignIn {
    /// Checks against `credentials`, opens sessions in `sessions` and signs tokens with `issuer`;
    /// invitations, refresh tokens and forgotten passwords are asked for through `gate`, and letters
    /// put into `outbox`.
    pub fn new(
        credentials: Arc<dyn CredentialStore>,
        sessions: Arc<dyn SessionStore>,
        gate: Gate,
        issuer: TokenIssuer,
        passwords: Passwords,
        outbox: Option<Outbox>,
    ) -> Self {
        let letters = Arc::new(Semaphore::new(LETTERS_AT_ONCE));
        Self { credentials, sessions, gate, issuer: Arc::new(issuer), passwords, outbox, letters }
    }

    /// Who has this address and password in the context's tenant; `None` for every reason there is.
    pub async fn check(
        &self,
        context: &TenantContext,
        email: &str,
        password: SecretString,
    ) -> Result<Option<Identity>, StoreError> {
        let found = match address(email) {
            Some(email) => self.credentials.find(context.tenant_id(), email).await?,
            None => None,
        };
        let hash = found.as_ref().map(|credential: &Credential| credential.password_hash.clone());
        let right = self.passwords.verify(password, hash).await;
        if !right {
            tracing::info!(target: "security", event = "sign_in_failed", tenant = %context.tenant_id());
        }
        Ok(found.filter(|_| right).map(|credential| credential.identity))
    }

    /// Opens a session and answers its secret, for the cookie.
    pub async fn open(&self, identity: Identity) -> Result<SessionToken, Failure> {
        let token = SessionToken::generate().map_err(Failure::internal)?;
        let session = token.session(identity);
        self.sessions.open(&session).await.map_err(Failure::internal)?;
        Ok(token)
    }

    /// Ends a session.
    pub async fn close(&self, token: &TokenHash) -> Result<(), Failure> {
        self.sessions.end(token).await.map_err(Failure::internal)
    }
}

/// What somebody typed as their e-mail address, unless it can be nobody's: too long, or with control
/// characters, of which the database refuses some.
pub fn address(typed: &str) -> Option<&str> {
    let typed = typed.trim();
    (typed.len() <= 320 && !typed.contains(char::is_control)).then_some(typed)
}

impl fmt::Debug for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignIn(..)")
    }
}
