//! Finds out who acts, and refuses a credential of another tenant.
//!
//! Mount it inside `TenantLayer`. A request may carry a bearer token, a session cookie, both or
//! neither; routes ask for permissions afterwards (`RequirePermissionLayer`).
//!
//! | bearer token | session cookie                 | answer                                     |
//! |--------------|--------------------------------|--------------------------------------------|
//! | none         | none, or dead                  | passes, nobody acts                        |
//! | none         | open                           | passes as the session's member             |
//! | valid        | none, or dead                  | passes as the token's member               |
//! | valid        | open, same person              | passes as the session's member             |
//! | valid        | open, another person           | 401: nothing tells which one is meant      |
//! | invalid      | any                            | 401                                        |
//! | valid, of another tenant | any                   | 404, the bytes of an unknown address       |
//! | none, or valid | open, of another tenant         | 404, the bytes of an unknown address       |
//!
//! - A *dead* cookie (unknown, expired, ended, not ours) counts as none. Browsers send cookies
//!   unasked: were it refused, nobody with an old one could open the sign-in page. The route's
//!   permission then answers 401, which the application may render as a redirect to that page.
//! - Two session cookies that differ, two `authorization` headers or another scheme are invalid.
//! - A session's role is the member's present one, so it decides where both credentials are good.
//! - A token's role is the one it was issued with, unless a [`StandingStore`] is given: then it is the
//!   member's present one, and a token whose member is gone or whose sign-in has ended is invalid.
//!   It is asked only about a token at its own tenant's address.
//! - At the reserved name given to [`tenant_of_token`](AuthenticateLayer::tenant_of_token), such as
//!   `api`, the tenant is the token's, and nothing else is read: without a valid token 401, with one
//!   the request goes on in its tenant's context, where that tenant is active.
//! - At the apex and at all other reserved names there is no tenant to act in: a valid tenant credential is
//!   a foreign one there (404), any other passes unread, for a layer of that realm.
//! - Every foreign credential is an event at the `tracing` target `security`.

mod cookie;
mod credentials;
mod session_token;
mod token;

use std::fmt;
use std::sync::Arc;

use http::request::Parts;
use tenancy_core::store::{Directory, Session, SessionStore, StandingStore, TokenHash};
use tenancy_core::{
    Claims, ContextError, Identity, Lifecycle, StoreError, TenantContext, TenantId, TenantKey,
};
use tower_layer::Layer;

pub use cookie::{CookieNameError, SessionCookie};
use credentials::{Bearer, CookieRead};
pub(crate) use credentials::{bearer, is_bearer};
pub use session_token::{SESSION_IDLE, SESSION_LIFETIME, SessionToken, SessionTokenError};
pub use token::{TokenError, VerifyToken};

use crate::gate::{Decide, Gated, Grant, Step, Verdict};
use crate::proof::Proof;
use crate::refusal::{AuthFailure, Refusal};
use crate::site::Site;

/// Finds out who acts in each request of a service. See the [module docs](self).
#[derive(Clone)]
pub struct AuthenticateLayer {
    tokens: Option<Arc<dyn VerifyToken>>,
    sessions: Option<Arc<dyn SessionStore>>,
    standings: Option<Arc<dyn StandingStore>>,
    cookie: SessionCookie,
    tenant_of_token: Option<(&'static str, Arc<dyn Directory>)>,
}

impl AuthenticateLayer {
    /// Accepts no credential yet: each kind is named by a call.
    #[must_use = "without `tokens` or `sessions` nobody can act"]
    pub fn new() -> Self {
        Self {
            tokens: None,
            sessions: None,
            standings: None,
            cookie: SessionCookie::default(),
            tenant_of_token: None,
        }
    }

    /// Accepts bearer tokens that `verifier` accepts.
    #[must_use]
    pub fn tokens(mut self, verifier: impl VerifyToken) -> Self {
        self.tokens = Some(Arc::new(verifier));
        self
    }

    /// Accepts session cookies that `store` knows.
    #[must_use]
    pub fn sessions(mut self, store: Arc<dyn SessionStore>) -> Self {
        self.sessions = Some(store);
        self
    }

    /// Asks `store` where the member of a token stands now.
    #[must_use]
    pub fn standings(mut self, store: Arc<dyn StandingStore>) -> Self {
        self.standings = Some(store);
        self
    }

    /// Reads sessions from this cookie instead of the default one.
    #[must_use]
    pub fn cookie(mut self, cookie: SessionCookie) -> Self {
        self.cookie = cookie;
        self
    }

    /// At this reserved name the tenant is the one that a bearer token names; it is looked up in
    /// `directory`.
    #[must_use]
    pub fn tenant_of_token(mut self, reserved: &'static str, directory: Arc<dyn Directory>) -> Self {
        self.tenant_of_token = Some((reserved, directory));
        self
    }

    /// The decision where no address names a tenant, but a token may.
    fn decide_by_token(&self, parts: &Parts, directory: &Arc<dyn Directory>) -> Step {
        let claims = match self.token(parts) {
            Ok(Some(claims)) => claims,
            Ok(None) => return Step::Now(Err(Refusal::Unauthenticated(AuthFailure::Missing))),
            Err(refusal) => return Step::Now(Err(refusal)),
        };
        let (directory, standings) = (Arc::clone(directory), self.standings.clone());
        Step::Ask(Box::pin(async move {
            let key = TenantKey::Id(claims.tenant_id);
            let tenant = match directory.peek(&key) {
                Some(tenant) => Some(tenant),
                None => directory.find(&key).await.map_err(|error| unavailable(&error))?,
            };
            let tenant = tenant.ok_or_else(invalid)?;
            if tenant.status() == Lifecycle::Suspended {
                return Err(Refusal::Suspended(tenant));
            }
            let context = TenantContext::for_request(tenant).map_err(|_| invalid())?;
            let identity = present(standings.as_deref(), &claims).await?;
            Place::Tenant(context).admit(Some((identity, claims)), None)
        }))
    }

    /// The claims of the bearer token, if one was sent.
    fn token(&self, parts: &Parts) -> Result<Option<Arc<Claims>>, Refusal> {
        let token = match bearer(&parts.headers) {
            Bearer::Absent => return Ok(None),
            Bearer::Invalid => return Err(invalid()),
            Bearer::Token(token) => token,
        };
        let verifier = self.tokens.as_ref().ok_or_else(invalid)?;
        match verifier.verify(token) {
            Ok(claims) => Ok(Some(Arc::new(claims))),
            Err(error) => {
                tracing::debug!(target: "security", %error, "a bearer token was refused");
                Err(Refusal::Unauthenticated(match error {
                    TokenError::MissingTenant => AuthFailure::MissingTenant,
                    _ => AuthFailure::Invalid,
                }))
            }
        }
    }
}

impl Default for AuthenticateLayer {
    fn default() -> Self {
        Self::new()
    }
}

const fn invalid() -> Refusal {
    Refusal::Unauthenticated(AuthFailure::Invalid)
}

/// Who a token speaks for now: as it says, or as the store says who knows better.
async fn present(standings: Option<&dyn StandingStore>, claims: &Claims) -> Result<Identity, Refusal> {
    let identity = claims.identity();
    let Some(store) = standings else { return Ok(identity) };
    let standing = store.standing(claims.tenant_id, claims.sub, claims.sid).await;
    let standing = standing.map_err(|error| unavailable(&error))?.ok_or_else(invalid)?;
    Ok(Identity { role: standing.role, ..identity })
}

fn unavailable(error: &StoreError) -> Refusal {
    tracing::error!(error = error as &dyn std::error::Error, "a store that knows who may act failed");
    Refusal::Unavailable
}

/// Where a credential is shown.
enum Place {
    Tenant(TenantContext),
    NoTenant,
}

impl Place {
    fn of(parts: &Parts) -> Result<Self, Refusal> {
        let context = parts.extensions.get::<TenantContext>();
        match (parts.extensions.get::<Site>(), context) {
            (_, Some(context)) => Ok(Self::Tenant(context.clone())),
            (Some(Site::Apex | Site::Reserved(_)), None) => Ok(Self::NoTenant),
            _ => Err(Refusal::Wiring { layer: "TenantLayer" }),
        }
    }

    /// Whether a token was issued for the tenant of this address.
    fn is_of(&self, claims: &Claims) -> bool {
        matches!(self, Self::Tenant(context) if context.tenant_id() == claims.tenant_id)
    }

    /// Where no tenant is, what this layer cannot read may be another realm's credential.
    fn realm_of_another(&self, refusal: Refusal) -> Verdict {
        match self {
            Self::Tenant(_) => Err(refusal),
            Self::NoTenant => Ok(Grant::default()),
        }
    }

    /// The decision of the module's table, over credentials that are each good in themselves.
    fn admit(
        &self,
        token: Option<(Identity, Arc<Claims>)>,
        session: Option<(Session, TokenHash)>,
    ) -> Verdict {
        let token = token.map(|(identity, claims)| (identity, Proof::Token(claims)));
        let session = session.map(|(s, token)| (s.identity, Proof::Session { id: s.id, token }));
        let agreed = |(identity, proof): (Identity, Proof)| Ok((self.agree(&identity)?, identity, proof));
        let token = token.map(agreed).transpose()?;
        let session = session.map(agreed).transpose()?;
        let (context, proof) = match (token, session) {
            (None, None) => return Ok(Grant::default()),
            (Some((_, token, _)), Some((_, session, _))) if token.user_id != session.user_id => {
                tracing::warn!(
                    target: "security",
                    tenant = %token.tenant_id, token = %token.user_id, session = %session.user_id,
                    "a request's token and session are of different people"
                );
                return Err(invalid());
            }
            (_, Some((context, _, proof))) | (Some((context, _, proof)), None) => (context, proof),
        };
        Ok(Grant { site: None, context: Some(context), proof: Some(proof) })
    }

    /// The check that address and credential name the same tenant. Who fails it learns nothing: the
    /// answer is an unknown address's. The operator learns everything.
    fn agree(&self, identity: &Identity) -> Result<TenantContext, Refusal> {
        let (host, credential) = match self {
            Self::Tenant(context) => match context.authenticated(identity) {
                Ok(context) => return Ok(context),
                Err(ContextError::Conflict { context, credential }) => (Some(context), credential),
                Err(_) => return Err(Refusal::NotFound),
            },
            Self::NoTenant => (None, identity.tenant_id),
        };
        foreign(host, credential, identity);
        Err(Refusal::NotFound)
    }
}

fn foreign(host: Option<TenantId>, credential: TenantId, identity: &Identity) {
    tracing::warn!(
        target: "security",
        event = "foreign_credential",
        host_tenant = host.map(tracing::field::display),
        credential_tenant = %credential,
        user = %identity.user_id,
        "a credential was shown at an address of another tenant"
    );
}

impl Decide for AuthenticateLayer {
    fn decide(&self, parts: &mut Parts) -> Step {
        if let (Some((reserved, directory)), Some(Site::Reserved(name))) =
            (&self.tenant_of_token, parts.extensions.get::<Site>())
            && reserved == name
        {
            return self.decide_by_token(parts, directory);
        }
        let place = match Place::of(parts) {
            Ok(place) => place,
            Err(refusal) => return Step::Now(Err(refusal)),
        };
        let claims = match self.token(parts) {
            Ok(claims) => claims,
            Err(refusal) => return Step::Now(place.realm_of_another(refusal)),
        };
        let cookie = self.sessions.as_ref().map(|store| (store, self.cookie.read(&parts.headers)));
        let session = match cookie {
            None | Some((_, CookieRead::Absent)) => None,
            Some((_, CookieRead::Ambiguous)) => return Step::Now(place.realm_of_another(invalid())),
            Some((store, CookieRead::One(token))) => Some((Arc::clone(store), token)),
        };
        let standings = self.standings.as_ref().filter(|_| claims.as_ref().is_some_and(|c| place.is_of(c)));
        if session.is_none() && standings.is_none() {
            return Step::Now(place.admit(claims.map(|claims| (claims.identity(), claims)), None));
        }
        let standings = standings.cloned();
        Step::Ask(Box::pin(async move {
            let session = match session {
                None => None,
                Some((store, token)) => {
                    let hash = token.hash();
                    let found = store.find(&hash).await.map_err(|error| unavailable(&error))?;
                    found.map(|session| (session, hash))
                }
            };
            let token = match claims {
                None => None,
                Some(claims) => Some((present(standings.as_deref(), &claims).await?, claims)),
            };
            place.admit(token, session)
        }))
    }
}

impl<S> Layer<S> for AuthenticateLayer {
    type Service = Gated<Self, S>;

    fn layer(&self, inner: S) -> Self::Service {
        Gated::new(self.clone(), inner)
    }
}

impl fmt::Debug for AuthenticateLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthenticateLayer")
            .field("tokens", &self.tokens.is_some())
            .field("sessions", &self.sessions.is_some())
            .field("standings", &self.standings.is_some())
            .field("cookie", &self.cookie)
            .field("tenant_of_token", &self.tenant_of_token.as_ref().map(|(reserved, _)| reserved))
            .finish()
    }
}
