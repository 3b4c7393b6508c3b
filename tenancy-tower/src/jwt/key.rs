//! Ed25519 keys, each known by an id that is derived from its public half.
//!
//! The token library picks its cryptography once per process, and panics when it finds none or two
//! to choose from. Every key here names the choice before it uses it, so that cannot happen.

use std::fmt;
use std::sync::Once;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretBox, SecretString};
use sha2::{Digest, Sha256};

const SEED: usize = 32;

/// What stands before the seed in an Ed25519 private key's PKCS#8 form (RFC 8410).
const PKCS8: [u8; 16] = *b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The text is not the base64 of 32 bytes.
    #[error("a token key is 32 bytes in base64")]
    Text,
    /// The system gave no randomness.
    #[error("the system has no randomness to give")]
    Random(#[source] getrandom::Error),
    /// The cryptography did not take the key.
    #[error("the key cannot be used")]
    Rejected(#[source] jsonwebtoken::errors::Error),
}

/// A private key with which tokens are signed. `Debug` shows its id only.
pub struct TokenKey {
    seed: SecretBox<[u8; SEED]>,
    pub(super) signing: EncodingKey,
    public: PublicKey,
}

impl TokenKey {
    /// The key of a seed.
    ///
    /// # Errors
    ///
    /// [`KeyError::Rejected`] when the cryptography does not take it.
    pub fn from_seed(seed: [u8; SEED]) -> Result<Self, KeyError> {
        install_provider();
        let seed = SecretBox::new(Box::new(seed));
        let der = Zeroizing::new([&PKCS8[..], seed.expose_secret()].concat());
        let signing = EncodingKey::from_ed_der(&der);
        let jwk = Jwk::from_encoding_key(&signing, Algorithm::EdDSA).map_err(KeyError::Rejected)?;
        let AlgorithmParameters::OctetKeyPair(pair) = jwk.algorithm else {
            return Err(KeyError::Rejected(jsonwebtoken::errors::ErrorKind::InvalidEddsaKey.into()));
        };
        Ok(Self { seed, signing, public: PublicKey::from_x(&pair.x)? })
    }

    /// The key of a seed in base64, standard or URL-safe, as configuration carries it.
    ///
    /// # Errors
    ///
    /// [`KeyError::Text`] for a text that is not the base64 of 32 bytes.
    pub fn from_base64(text: &str) -> Result<Self, KeyError> {
        Self::from_seed(*decode(text).ok_or(KeyError::Text)?)
    }

    /// A new key.
    ///
    /// # Errors
    ///
    /// [`KeyError::Random`] when the system has no randomness.
    pub fn generate() -> Result<Self, KeyError> {
        let mut seed = Zeroizing::new([0; SEED]);
        getrandom::fill(&mut *seed).map_err(KeyError::Random)?;
        Self::from_seed(*seed)
    }

    /// The seed in base64, to be kept where secrets are kept.
    pub fn to_base64(&self) -> SecretString {
        STANDARD.encode(self.seed.expose_secret()).into()
    }

    /// The half that verifies.
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenKey").field("kid", &self.public.kid).finish_non_exhaustive()
    }
}

/// The half of a key that verifies. Old ones stay with a verifier until their last token is over.
#[derive(Clone)]
pub struct PublicKey {
    kid: Box<str>,
    pub(super) verifying: DecodingKey,
}

impl PublicKey {
    /// The key with these 32 bytes in base64.
    ///
    /// # Errors
    ///
    /// [`KeyError::Text`] for a text that is not the base64 of 32 bytes.
    pub fn from_base64(text: &str) -> Result<Self, KeyError> {
        Self::from_x(&URL_SAFE_NO_PAD.encode(*decode(text).ok_or(KeyError::Text)?))
    }

    fn from_x(x: &str) -> Result<Self, KeyError> {
        install_provider();
        let verifying = DecodingKey::from_ed_components(x).map_err(KeyError::Rejected)?;
        // The thumbprint of RFC 7638: the required members, in the order of their names.
        let thumbprint = Sha256::digest(format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#));
        Ok(Self { kid: URL_SAFE_NO_PAD.encode(thumbprint).into(), verifying })
    }

    /// The key's id: its RFC 7638 thumbprint.
    pub const fn kid(&self) -> &str {
        &self.kid
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

fn decode(text: &str) -> Option<Zeroizing<[u8; SEED]>> {
    let plain: Zeroizing<String> =
        Zeroizing::new(text.trim().trim_end_matches('=').replace('+', "-").replace('/', "_"));
    let mut bytes = Zeroizing::new([0; SEED]);
    // The base64 of 32 bytes has 43 characters.
    let fits = plain.len() == 43;
    (fits && URL_SAFE_NO_PAD.decode_slice(&*plain, &mut *bytes).ok()? == SEED).then_some(bytes)
}

/// Names the process's cryptography for tokens. Where the application named one already, that stays.
fn install_provider() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_key_of_rfc_8037() {
        // RFC 8037, appendix A.1 to A.3: private key, public key and thumbprint of one pair.
        let key = TokenKey::from_base64("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
        assert_eq!(key.public().kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        let public = PublicKey::from_base64("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
        assert_eq!(public.kid(), key.public().kid());
    }

    #[test]
    fn a_new_key_survives_its_text_and_shows_no_seed() {
        let key = TokenKey::generate().unwrap();
        let text = key.to_base64();
        assert_eq!(TokenKey::from_base64(text.expose_secret()).unwrap().public().kid(), key.public().kid());
        let shown = format!("{key:?} {:?}", key.public());
        assert!(!shown.contains(text.expose_secret()), "{shown}");
        assert_ne!(TokenKey::generate().unwrap().public().kid(), key.public().kid());
    }

    #[test]
    fn a_text_of_another_length_is_no_key() {
        let (short, long) = (STANDARD.encode([0; 31]), STANDARD.encode([0; 33]));
        for text in ["", "x", &short, &long, &"!".repeat(43)] {
            assert!(matches!(TokenKey::from_base64(text), Err(KeyError::Text)), "text {text:?}");
        }
    }

    #[test]
    fn the_cryptography_is_named_before_the_library_has_to_guess() {
        TokenKey::generate().unwrap();
        let provider = &jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;
        assert!(provider.install_default().is_err(), "already installed");
    }
}
