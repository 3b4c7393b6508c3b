//! The domain below which every tenant has its address.

use std::fmt;
use std::str::FromStr;

use super::Authority;

/// Room that a name of 63 characters and its dot need in a domain of 253.
const ROOM: usize = 253 - 64;

/// A domain such as `example.com` or `mmm.localhost`, in lower case, without port or dot at its end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BaseDomain(Box<str>);

/// Why a text cannot be a base domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BaseDomainError {
    /// Not a domain: empty, a bad character, an empty or too long label, or a port.
    #[error("a base domain is a plain domain name such as example.com, without scheme, port or path")]
    Shape,
    /// An address of numbers has no names below it.
    #[error("a base domain is a name, not an IP address")]
    Address,
    /// No room for a tenant's name in front of it.
    #[error("a base domain has at most {ROOM} characters")]
    Length,
}

impl BaseDomain {
    /// The text of the domain.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before this domain in `host`: `Some("")` for the domain itself, `None` for a host
    /// that does not lie below it. `host` is in lower case.
    pub(crate) fn prefix<'h>(&self, host: &'h str) -> Option<&'h str> {
        let front = host.strip_suffix(&*self.0)?;
        if front.is_empty() { Some(front) } else { front.strip_suffix('.') }
    }
}

impl FromStr for BaseDomain {
    type Err = BaseDomainError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let authority = Authority::parse(text).ok_or(BaseDomainError::Shape)?;
        if authority.host().starts_with('[') {
            return Err(BaseDomainError::Address);
        }
        let labels = || authority.host().split('.');
        let hyphenated = labels().any(|l| l.starts_with('-') || l.ends_with('-') || l.contains('_'));
        if authority.port().is_some() || hyphenated {
            return Err(BaseDomainError::Shape);
        }
        // A name whose last label is a number is read as an address by resolvers.
        if labels().next_back().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit())) {
            return Err(BaseDomainError::Address);
        }
        if authority.host().len() > ROOM {
            return Err(BaseDomainError::Length);
        }
        Ok(Self(authority.host().into()))
    }
}

impl fmt::Display for BaseDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<BaseDomain, BaseDomainError> {
        text.parse()
    }

    #[test]
    fn a_domain_of_any_depth_is_normalised() {
        for (text, domain) in [
            ("localhost", "localhost"),
            ("mmm.localhost", "mmm.localhost"),
            ("Apps.EU.Example.COM.", "apps.eu.example.com"),
        ] {
            assert_eq!(parse(text).unwrap().as_str(), domain);
        }
    }

    #[test]
    fn what_is_no_domain_is_refused() {
        let long = ["a23456789"; 20].join(".");
        for (text, error) in [
            ("", BaseDomainError::Shape),
            (".", BaseDomainError::Shape),
            ("a..b", BaseDomainError::Shape),
            ("http://example.com", BaseDomainError::Shape),
            ("example.com:8080", BaseDomainError::Shape),
            ("-a.com", BaseDomainError::Shape),
            ("_dmarc.example.com", BaseDomainError::Shape),
            ("example.com/x", BaseDomainError::Shape),
            ("bücher.example", BaseDomainError::Shape),
            ("127.0.0.1", BaseDomainError::Address),
            ("[::1]", BaseDomainError::Address),
            (&long, BaseDomainError::Length),
        ] {
            assert_eq!(parse(text), Err(error), "domain {text:?}");
        }
    }
}
