//! A key, and the seals that are made with it.

use std::fmt;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tenancy_core::TenantId;
use zeroize::Zeroizing;

use super::LIFETIME;

const BYTES: usize = 32;

/// A key that seals are made with, and its id. It is wiped from memory when it goes.
#[derive(Clone)]
pub struct SealKey {
    kid: [u8; 1],
    bytes: Zeroizing<[u8; BYTES]>,
}

/// Why a text is not a key, or none could be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealKeyError {
    /// Not an id and 32 bytes.
    #[error("a seal key is one of 0 to f, a colon, and 32 bytes in base64")]
    Text,
    /// The system has no randomness to give.
    #[error("the system has no randomness to give")]
    Random(#[source] getrandom::Error),
}

impl SealKey {
    /// The key with these bytes and the id `id`, below 16.
    ///
    /// # Errors
    ///
    /// [`SealKeyError::Text`] for a greater id.
    pub fn new(id: u8, bytes: [u8; BYTES]) -> Result<Self, SealKeyError> {
        let kid = *b"0123456789abcdef".get(usize::from(id)).ok_or(SealKeyError::Text)?;
        Ok(Self { kid: [kid], bytes: Zeroizing::new(bytes) })
    }

    /// A new key.
    ///
    /// # Errors
    ///
    /// [`SealKeyError::Random`] when the system has no randomness, [`SealKeyError::Text`] for an id above 15.
    pub fn generate(id: u8) -> Result<Self, SealKeyError> {
        let mut bytes = Zeroizing::new([0; BYTES]);
        getrandom::fill(&mut *bytes).map_err(SealKeyError::Random)?;
        Self::new(id, *bytes)
    }

    /// The key as `TENANCY_SEAL_KEY` has it. It is a secret.
    pub fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{}:{}", self.kid(), STANDARD.encode(*self.bytes)))
    }

    /// The key's id, one of 0 to f.
    pub fn kid(&self) -> &str {
        str::from_utf8(&self.kid).unwrap_or_default()
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &*self.bytes
    }

    /// Says that `tenant` may be bound at `now` and shortly after.
    pub(crate) fn seal(&self, tenant: TenantId, now: SystemTime) -> Seal {
        let expires = now.duration_since(UNIX_EPOCH).unwrap_or_default() + LIFETIME;
        let mut text = format!("{}.{tenant}.{:010}", self.kid(), expires.as_secs());
        let mac = hmac(&self.bytes, text.as_bytes());
        text.push('.');
        for byte in mac {
            use fmt::Write as _;
            let _ = write!(text, "{byte:02x}");
        }
        Seal(text)
    }
}

fn hmac(key: &[u8; BYTES], message: &[u8]) -> [u8; 32] {
    // HMAC's own first step for a key that is shorter than its block.
    let mut block = Zeroizing::new([0; 64]);
    block[..BYTES].copy_from_slice(key);
    let mut mac = Hmac::<Sha256>::new((&*block).into());
    mac.update(message);
    mac.finalize().into_bytes().into()
}

impl FromStr for SealKey {
    type Err = SealKeyError;

    fn from_str(text: &str) -> Result<Self, SealKeyError> {
        let (kid, base64) = text.trim().split_once(':').ok_or(SealKeyError::Text)?;
        let [kid @ (b'0'..=b'9' | b'a'..=b'f')] = *kid.as_bytes() else { return Err(SealKeyError::Text) };
        let decoded = [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD]
            .iter()
            .find_map(|engine| engine.decode(base64).ok())
            .map(Zeroizing::new)
            .ok_or(SealKeyError::Text)?;
        let bytes = <[u8; BYTES]>::try_from(decoded.as_slice()).map_err(|_| SealKeyError::Text)?;
        Ok(Self { kid: [kid], bytes: Zeroizing::new(bytes) })
    }
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealKey").field("kid", &self.kid()).finish_non_exhaustive()
    }
}

/// A seal: hex digits, dots and dashes only.
pub(crate) struct Seal(String);

impl Seal {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_mac_is_that_of_rfc_4231() {
        // RFC 4231, test case 2, with its key filled up with zeros to 32 bytes, as HMAC does itself.
        let mut key = [0; BYTES];
        key[..4].copy_from_slice(b"Jefe");
        let mac = hmac(&key, b"what do ya want for nothing?");
        assert_eq!(mac[..8], [0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e]);
    }

    #[test]
    fn a_seal_has_its_parts_where_the_database_looks_for_them() {
        let key = SealKey::new(10, [7; BYTES]).unwrap();
        let tenant: TenantId = "018f2f4e-0000-7000-8000-000000000002".parse().unwrap();
        let seal = key.seal(tenant, UNIX_EPOCH + Duration::from_hours(500_000));
        assert_eq!(seal.as_str().len(), 114);
        assert_eq!(&seal.as_str()[..50], "a.018f2f4e-0000-7000-8000-000000000002.1800000060.");
        assert!(seal.as_str().bytes().all(|b| b.is_ascii_hexdigit() || b == b'.' || b == b'-'));
        let other = key.seal(TenantId::new(), UNIX_EPOCH + Duration::from_hours(500_000));
        assert_ne!(seal.as_str()[50..], other.as_str()[50..]);
    }

    #[test]
    fn a_key_survives_its_text_and_shows_nothing() {
        let key = SealKey::generate(3).unwrap();
        let text = key.to_text();
        let again: SealKey = text.parse().unwrap();
        assert_eq!((again.kid(), again.bytes()), ("3", key.bytes()));
        assert!(!format!("{key:?}").contains(&text[2..]));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let (short, long) = (STANDARD.encode([0; 31]), STANDARD.encode([0; 33]));
        let fine = STANDARD.encode([0; 32]);
        for text in [
            String::new(),
            ":".into(),
            fine.clone(),
            format!("1:{short}"),
            format!("1:{long}"),
            format!("g:{fine}"),
            format!("A:{fine}"),
            format!("10:{fine}"),
            format!(":{fine}"),
            "1:!".into(),
        ] {
            assert!(matches!(text.parse::<SealKey>(), Err(SealKeyError::Text)), "{text:?}");
        }
        assert!(SealKey::new(16, [0; BYTES]).is_err());
    }
}
