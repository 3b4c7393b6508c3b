//! Verifies access tokens. The order of the checks is in the [module docs](super).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use jsonwebtoken::crypto::verify;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use tenancy_core::{Claims, Clock};

use super::{PublicKey, TYPE};
use crate::authenticate::{TokenError, VerifyToken};

/// The longest token that is read; ours have some 800 characters.
pub const MAX_TOKEN: usize = 8 * 1024;

/// How far another server's clock may be ahead of this one, in seconds.
const SKEW: u64 = 5;

/// The longest lifetime that a token may claim, unless said otherwise: a day.
const MAX_LIFETIME: Duration = Duration::from_hours(24);

/// Verifies the tokens of one issuer for one audience, under a fixed list of keys.
#[derive(Clone)]
pub struct TokenVerifier {
    keys: Vec<PublicKey>,
    issuer: Box<str>,
    audience: Box<str>,
    max_lifetime: u64,
    clock: Arc<dyn Clock>,
}

/// The header of our tokens; one with anything more is somebody else's.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OurHeader<'a> {
    alg: &'a str,
    typ: &'a str,
    kid: &'a str,
}

/// The one claim that ours never carry but must not be overlooked.
#[derive(Deserialize)]
struct NotBefore {
    #[serde(default, deserialize_with = "seconds")]
    nbf: Option<u64>,
}

/// `null` is not "absent": a claim that is written must be a number.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    u64::deserialize(deserializer).map(Some)
}

/// Tells claims that lack a tenant from claims that are wrong.
#[derive(Deserialize)]
struct AnyTenant {
    #[serde(alias = "organization_id")]
    tenant_id: Option<IgnoredAny>,
}

impl TokenVerifier {
    /// Accepts tokens of `issuer` for `audience` that one of `keys` signed.
    pub fn new(
        keys: impl IntoIterator<Item = PublicKey>,
        issuer: &str,
        audience: &str,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let keys = keys.into_iter().collect();
        let max_lifetime = MAX_LIFETIME.as_secs();
        Self { keys, issuer: issuer.into(), audience: audience.into(), max_lifetime, clock }
    }

    /// Refuses tokens that claim a longer life than this; a day unless said otherwise.
    #[must_use]
    pub const fn max_lifetime(mut self, lifetime: Duration) -> Self {
        self.max_lifetime = lifetime.as_secs();
        self
    }

    /// The claims of a signed payload, before anybody asks what time it is.
    fn payload(&self, token: &str) -> Result<Vec<u8>, TokenError> {
        if token.len() > MAX_TOKEN {
            return Err(TokenError::Malformed);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, payload) = message.split_once('.').ok_or(TokenError::Malformed)?;
        let header = decode(header)?;
        let header: OurHeader<'_> = serde_json::from_slice(&header).map_err(|_| TokenError::Malformed)?;
        if header.alg != "EdDSA" || header.typ != TYPE {
            return Err(TokenError::Malformed);
        }
        let key = self.keys.iter().find(|key| key.kid() == header.kid).ok_or(TokenError::UnknownKey)?;
        let genuine = verify(signature, message.as_bytes(), &key.verifying, Algorithm::EdDSA);
        if !matches!(genuine, Ok(true)) {
            return Err(TokenError::Signature);
        }
        decode(payload)
    }

    fn check(&self, claims: &Claims, not_before: Option<u64>) -> Result<(), TokenError> {
        if *claims.iss != *self.issuer || *claims.aud != *self.audience {
            return Err(TokenError::Audience);
        }
        if claims.jti.is_empty() || claims.tenant_id.as_uuid().is_nil() || claims.sub.as_uuid().is_nil() {
            return Err(TokenError::Malformed);
        }
        let now = self.clock.unix_seconds();
        let lifetime = claims.exp.checked_sub(claims.iat).ok_or(TokenError::Expired)?;
        if now >= claims.exp || lifetime > self.max_lifetime {
            return Err(TokenError::Expired);
        }
        let latest = now.saturating_add(SKEW);
        if claims.iat > latest || not_before.is_some_and(|nbf| nbf > latest) {
            return Err(TokenError::NotYet);
        }
        Ok(())
    }
}

impl VerifyToken for TokenVerifier {
    fn verify(&self, token: &str) -> Result<Claims, TokenError> {
        let payload = self.payload(token)?;
        let claims: Claims = serde_json::from_slice(&payload).map_err(|_| unreadable(&payload))?;
        let NotBefore { nbf } = serde_json::from_slice(&payload).map_err(|_| TokenError::Malformed)?;
        self.check(&claims, nbf)?;
        Ok(claims)
    }
}

fn unreadable(payload: &[u8]) -> TokenError {
    match serde_json::from_slice(payload) {
        Ok(AnyTenant { tenant_id: None }) => TokenError::MissingTenant,
        _ => TokenError::Malformed,
    }
}

fn decode(part: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Malformed)
}

impl fmt::Debug for TokenVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenVerifier")
            .field("keys", &self.keys)
            .field("issuer", &self.issuer)
            .field("audience", &self.audience)
            .finish_non_exhaustive()
    }
}
