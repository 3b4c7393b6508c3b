//! Slugs: the part of an address that names a tenant, as in `acme.example.com`.
//!
//! A slug is one DNS label. It is checked once, here, so that nothing further in can meet a name
//! with dots, upper case or control characters. Names the platform needs for itself, or that a
//! stranger could use to look like the platform, are reserved.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Names that no tenant may have.
pub const RESERVED: [&str; 30] = [
    "abuse",
    "account",
    "admin",
    "api",
    "app",
    "assets",
    "auth",
    "autoconfig",
    "autodiscover",
    "billing",
    "blog",
    "cdn",
    "dashboard",
    "docs",
    "ftp",
    "help",
    "imap",
    "internal",
    "login",
    "mail",
    "mx",
    "ns",
    "pop",
    "root",
    "smtp",
    "static",
    "status",
    "support",
    "webmail",
    "www",
];

/// One lower-case DNS label that may name a tenant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Slug(Box<str>);

/// Why a text is no slug.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SlugError {
    /// Empty, or longer than a DNS label may be.
    #[error("an address name has 1 to 63 characters")]
    Length,
    /// A character other than `a`–`z`, `0`–`9` and `-`, or a hyphen at an end.
    #[error("an address name has lower-case letters, digits and inner hyphens only")]
    Character,
    /// Begins with `xn--`: the encoded form of letters that can imitate another name.
    #[error("an address name may not be in punycode")]
    Punycode,
    /// One of [`RESERVED`].
    #[error("this address name is reserved")]
    Reserved,
}

impl Slug {
    /// The text of the slug.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Slug {
    type Err = SlugError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() || text.len() > 63 {
            return Err(SlugError::Length);
        }
        let plain = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !plain || text.starts_with('-') || text.ends_with('-') {
            return Err(SlugError::Character);
        }
        if text.starts_with("xn--") {
            return Err(SlugError::Punycode);
        }
        if RESERVED.contains(&text) {
            return Err(SlugError::Reserved);
        }
        Ok(Self(text.into()))
    }
}

impl TryFrom<String> for Slug {
    type Error = SlugError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Slug> for String {
    fn from(slug: Slug) -> Self {
        slug.0.into()
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_dns_label_is_refused() {
        let long = "a".repeat(64);
        let cases = [
            ("", SlugError::Length),
            (long.as_str(), SlugError::Length),
            ("Acme", SlugError::Character),
            ("a.b", SlugError::Character),
            ("-a", SlugError::Character),
            ("a-", SlugError::Character),
            ("_dmarc", SlugError::Character),
            ("a\0", SlugError::Character),
            ("a\r\nb", SlugError::Character),
            ("münchen", SlugError::Character),
            ("xn--mnchen-3ya", SlugError::Punycode),
            ("admin", SlugError::Reserved),
            ("www", SlugError::Reserved),
        ];
        for (text, error) in cases {
            assert_eq!(text.parse::<Slug>(), Err(error), "{text:?}");
        }
    }

    #[test]
    fn reserved_names_are_sorted_and_otherwise_valid() {
        assert!(RESERVED.is_sorted());
        for name in RESERVED {
            assert_eq!(name.parse::<Slug>(), Err(SlugError::Reserved));
        }
    }

    proptest! {
        #[test]
        fn every_accepted_slug_is_one_lower_case_label(text in "\\PC{0,70}") {
            if let Ok(slug) = text.parse::<Slug>() {
                prop_assert_eq!(slug.as_str(), text.as_str());
                prop_assert!(text.len() <= 63 && !text.contains(['.', ':', '/', '@', ' ']));
                prop_assert_eq!(text.to_ascii_lowercase(), text);
            }
        }
    }
}
