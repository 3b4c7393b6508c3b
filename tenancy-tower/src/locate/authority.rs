//! The host and port that a request names, normalised.
//!
//! 1. A request names its host in the `host` header, in its URI (HTTP/2, absolute form), or in both;
//!    then the hosts must be the same. Two `host` headers are refused, even equal ones.
//! 2. Case, one dot at the end and the port do not matter for the host.
//! 3. Everything else that a host may not have (user, blank, control character, non-ASCII letter,
//!    percent sign, empty or too long label) makes the whole name malformed; nothing is repaired.

use std::borrow::Cow;
use std::net::Ipv6Addr;

use http::header::HOST;
use http::request::Parts;

/// A host in lower case and the port beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Authority<'a> {
    host: Cow<'a, str>,
    port: Option<u16>,
}

impl<'a> Authority<'a> {
    /// What the request names, or `None` when it names nothing or nothing certain.
    pub(crate) fn of(parts: &'a Parts) -> Option<Self> {
        let mut headers = parts.headers.get_all(HOST).iter();
        let header = match (headers.next(), headers.next()) {
            (None, _) => None,
            (Some(value), None) => Some(Self::parse(value.to_str().ok()?)?),
            (Some(_), Some(_)) => return None,
        };
        let target = match parts.uri.authority() {
            None => None,
            Some(authority) => Some(Self::parse(authority.as_str())?),
        };
        match (header, target) {
            (Some(header), Some(target)) => (header.host == target.host).then_some(target),
            (one, other) => one.or(other),
        }
    }

    /// Reads `host` or `host:port`.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let (host, rest) = match text.strip_prefix('[') {
            Some(inner) => {
                let (address, _) = inner.split_once(']')?;
                address.parse::<Ipv6Addr>().ok()?;
                text.split_at(address.len() + 2)
            }
            None => text.split_at(text.find(':').unwrap_or(text.len())),
        };
        let port = match rest.strip_prefix(':') {
            Some(digits) => Some(port(digits)?),
            None if rest.is_empty() => None,
            None => return None,
        };
        let host = if host.starts_with('[') { host } else { name(host)? };
        let host = if host.bytes().any(|b| b.is_ascii_uppercase()) {
            Cow::Owned(host.to_ascii_lowercase())
        } else {
            Cow::Borrowed(host)
        };
        Some(Self { host, port })
    }

    /// The host in lower case, without a dot at its end; an IPv6 address stands in brackets.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// The port, where one is written.
    pub(crate) const fn port(&self) -> Option<u16> {
        self.port
    }
}

fn port(digits: &str) -> Option<u16> {
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if plain { digits.parse().ok() } else { None }
}

fn name(host: &str) -> Option<&str> {
    let host = host.strip_suffix('.').unwrap_or(host);
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let label = |l: &str| !l.is_empty() && l.len() <= 63 && l.bytes().all(plain);
    (host.len() <= 253 && host.split('.').all(label)).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_read_without_case_dot_and_port() {
        for (text, host, port) in [
            ("acme.example.com", "acme.example.com", None),
            ("ACME.Example.com.:8080", "acme.example.com", Some(8080)),
            ("127.0.0.1:1", "127.0.0.1", Some(1)),
            ("[::1]", "[::1]", None),
            ("[2001:DB8::1]:443", "[2001:db8::1]", Some(443)),
        ] {
            let read = Authority::parse(text).unwrap();
            assert_eq!((read.host(), read.port()), (host, port), "host {text:?}");
        }
    }

    #[test]
    fn nothing_is_repaired() {
        let label = "a".repeat(64);
        for text in [
            "",
            ".",
            "..",
            "a..b",
            ".a",
            "a:",
            "a:b",
            "a:65536",
            "a:+80",
            "a:80:80",
            "a b",
            "a\0b",
            "a\r\nb",
            "user@a",
            "a,b",
            "a/b",
            "a%2eb",
            "bücher",
            "[::1",
            "[::1]x",
            "[acme.example.com]",
            "[::1%25eth0]",
            "::1",
            " a",
            "a ",
            &label,
        ] {
            assert_eq!(Authority::parse(text), None, "host {text:?}");
        }
    }
}
