//! Issues access tokens at sign-in.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::{Algorithm, Header};
use secrecy::SecretString;
use tenancy_core::{Claims, Clock, Identity, Permission, SessionId, Tenant, TenantId};
use uuid::Uuid;

use super::{TYPE, TokenKey};

/// How long a token lives unless said otherwise: an hour.
pub const DEFAULT_TTL: Duration = Duration::from_hours(1);

/// Why no token was issued.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError {
    /// The person is a member of another tenant than the token would say.
    #[error("a member of tenant {member} gets no token of tenant {tenant}")]
    Conflict {
        /// The tenant of the token.
        tenant: TenantId,
        /// The tenant of the member.
        member: TenantId,
    },
    /// The signature could not be made.
    #[error("the token could not be signed")]
    Sign(#[source] jsonwebtoken::errors::Error),
}

/// Issues tokens with one key, under one name, for one audience.
#[derive(Clone)]
pub struct TokenIssuer {
    key: Arc<TokenKey>,
    issuer: Box<str>,
    audience: Box<str>,
    ttl: Duration,
    clock: Arc<dyn Clock>,
}

/// A token and what it says.
#[derive(Debug)]
#[non_exhaustive]
pub struct IssuedToken {
    /// The token, for the client.
    pub token: SecretString,
    /// Its claims.
    pub claims: Claims,
    /// How long it lives, in seconds: `expires_in`.
    pub expires_in: u64,
}

impl TokenIssuer {
    /// Signs with `key`, as `issuer`, for `audience`; tokens live for [`DEFAULT_TTL`].
    pub fn new(key: Arc<TokenKey>, issuer: &str, audience: &str, clock: Arc<dyn Clock>) -> Self {
        Self { key, issuer: issuer.into(), audience: audience.into(), ttl: DEFAULT_TTL, clock }
    }

    /// Lets tokens live for `ttl`, in whole seconds, at least one. A verifier has a limit of its own.
    #[must_use]
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Duration::from_secs(ttl.as_secs().max(1));
        self
    }

    /// A token for a member of `tenant`, which belongs to no sign-in and so ends only by its time.
    ///
    /// # Errors
    ///
    /// [`IssueError::Conflict`] for a member of another tenant, [`IssueError::Sign`] when the
    /// cryptography fails.
    pub fn issue(&self, tenant: &Tenant, member: &Identity) -> Result<IssuedToken, IssueError> {
        self.sign(tenant, member, None, 0)
    }

    /// A token that ends with `sign_in`, for a member whose rights are at version `ver`.
    ///
    /// # Errors
    ///
    /// As [`Self::issue`].
    pub fn issue_for(
        &self,
        tenant: &Tenant,
        member: &Identity,
        sign_in: SessionId,
        ver: u64,
    ) -> Result<IssuedToken, IssueError> {
        self.sign(tenant, member, Some(sign_in), ver)
    }

    fn sign(
        &self,
        tenant: &Tenant,
        member: &Identity,
        sid: Option<SessionId>,
        ver: u64,
    ) -> Result<IssuedToken, IssueError> {
        if member.tenant_id != tenant.id() {
            return Err(IssueError::Conflict { tenant: tenant.id(), member: member.tenant_id });
        }
        let iat = self.clock.unix_seconds();
        let expires_in = self.ttl.as_secs();
        let claims = Claims {
            sub: member.user_id,
            tenant_id: tenant.id(),
            tenant_name: tenant.name().to_owned(),
            plan: tenant.plan().clone(),
            role: member.role,
            permissions: permissions(member.role.permissions()),
            iat,
            exp: iat.saturating_add(expires_in),
            iss: self.issuer.clone().into(),
            aud: self.audience.clone().into(),
            jti: Uuid::new_v4().to_string(),
            ver,
            sid,
        };
        let header = Header {
            typ: Some(TYPE.to_owned()),
            kid: Some(self.key.public().kid().to_owned()),
            ..Header::new(Algorithm::EdDSA)
        };
        let token = jsonwebtoken::encode(&header, &claims, &self.key.signing).map_err(IssueError::Sign)?;
        Ok(IssuedToken { token: token.into(), claims, expires_in })
    }
}

fn permissions(of: &[Permission]) -> Vec<String> {
    of.iter().map(|permission| permission.as_str().to_owned()).collect()
}

impl fmt::Debug for TokenIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenIssuer")
            .field("key", &self.key)
            .field("issuer", &self.issuer)
            .field("audience", &self.audience)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenancy_core::testing::{ManualClock, tenant};
    use tenancy_core::{Role, UserId};

    fn issuer() -> TokenIssuer {
        let key = Arc::new(TokenKey::from_seed([7; 32]).unwrap());
        TokenIssuer::new(key, "issuer", "api", Arc::new(ManualClock::at(1_000)))
    }

    #[test]
    fn a_token_lives_an_hour_and_says_who_where_and_what() {
        let acme = tenant("acme");
        let member = Identity { tenant_id: acme.id(), user_id: UserId::new(), role: Role::Viewer };
        let issued = issuer().issue(&acme, &member).unwrap();
        assert_eq!((issued.claims.iat, issued.claims.exp, issued.expires_in), (1_000, 4_600, 3600));
        assert_eq!(issued.claims.identity(), member);
        assert_eq!(issued.claims.permissions, ["view_analytics", "view_campaigns"]);
        let again = issuer().issue(&acme, &member).unwrap();
        assert_ne!(issued.claims.jti, again.claims.jti);
        assert!(!format!("{issued:?}").contains("eyJ"));
    }

    #[test]
    fn nobody_gets_a_token_of_another_tenant() {
        let member = Identity { tenant_id: TenantId::new(), user_id: UserId::new(), role: Role::Owner };
        assert!(matches!(issuer().issue(&tenant("acme"), &member), Err(IssueError::Conflict { .. })));
    }
}
