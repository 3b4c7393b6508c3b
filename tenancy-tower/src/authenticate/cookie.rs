//! The cookie that carries a session's token.
//!
//! The name begins with `__Host-`: a browser takes such a cookie only with `Secure`, `Path=/` and no
//! `Domain`, so neither a sibling tenant nor the apex can set it or read it.

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

use super::SessionToken;
use super::credentials::CookieRead;

const PREFIX: &str = "__Host-";

/// Name and attributes of the session cookie; `__Host-session` unless named otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionCookie {
    name: Box<str>,
}

/// A name that is no cookie's, or lacks the protection of `__Host-`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a session cookie's name is `__Host-` and letters, digits, `-` or `_`")]
pub struct CookieNameError;

impl SessionCookie {
    /// A cookie of this name, which begins with `__Host-`.
    ///
    /// # Errors
    ///
    /// [`CookieNameError`] for any other name.
    pub fn named(name: &str) -> Result<Self, CookieNameError> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        let rest = name.strip_prefix(PREFIX).ok_or(CookieNameError)?;
        if rest.is_empty() || !rest.bytes().all(plain) {
            return Err(CookieNameError);
        }
        Ok(Self { name: name.into() })
    }

    /// The value of the `set-cookie` header that hands a token to the browser, until it is closed.
    /// The header is marked sensitive.
    pub fn set(&self, token: &SessionToken) -> HeaderValue {
        self.header(&token.text(), "")
    }

    /// The value of the `set-cookie` header that takes the token away.
    pub fn clear(&self) -> HeaderValue {
        self.header("", "; Max-Age=0")
    }

    fn header(&self, value: &str, more: &str) -> HeaderValue {
        let text = format!("{}={value}; Path=/; Secure; HttpOnly; SameSite=Lax{more}", self.name);
        // Name and value were checked to be plain ASCII: this cannot fail.
        let mut header = HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""));
        header.set_sensitive(true);
        header
    }

    /// The one token that these headers carry in this cookie, for a layer of another realm.
    pub fn find(&self, headers: &HeaderMap) -> Option<SessionToken> {
        match self.read(headers) {
            CookieRead::One(token) => Some(token),
            CookieRead::Absent | CookieRead::Ambiguous => None,
        }
    }

    /// The token that these headers carry. What was never a token counts as absent; two that differ
    /// are ambiguous, whether or not both were once tokens.
    pub(crate) fn read(&self, headers: &HeaderMap) -> CookieRead {
        let pairs = headers.get_all(COOKIE).iter().flat_map(|header| header.as_bytes().split(|b| *b == b';'));
        let mut values = pairs.filter_map(|pair| {
            let pair = pair.trim_ascii();
            pair.strip_prefix(self.name.as_bytes())?.strip_prefix(b"=")
        });
        let Some(first) = values.next() else { return CookieRead::Absent };
        if values.any(|other| other != first) {
            return CookieRead::Ambiguous;
        }
        let token = std::str::from_utf8(first).ok().and_then(SessionToken::parse);
        token.map_or(CookieRead::Absent, CookieRead::One)
    }
}

impl Default for SessionCookie {
    fn default() -> Self {
        Self { name: "__Host-session".into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(headers: &[&str]) -> CookieRead {
        let pairs = headers.iter().map(|v| (COOKIE, HeaderValue::from_str(v).unwrap()));
        SessionCookie::default().read(&pairs.collect())
    }

    #[test]
    fn the_cookie_has_every_attribute_and_no_domain() {
        let cookie = SessionCookie::default();
        let token = SessionToken::generate().unwrap();
        let set = cookie.set(&token);
        let expected = format!("__Host-session={}; Path=/; Secure; HttpOnly; SameSite=Lax", *token.text());
        assert_eq!(set.to_str().unwrap(), expected);
        assert_eq!(
            cookie.clear().to_str().unwrap(),
            "__Host-session=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0"
        );
        assert!(set.is_sensitive() && !format!("{set:?}").contains(&*token.text()));
    }

    #[test]
    fn the_token_is_found_among_other_cookies() {
        let token = SessionToken::generate().unwrap();
        let pair = format!("__Host-session={}", *token.text());
        let repeated = format!("{pair}; {pair}");
        let among = format!("a=1;{pair} ; theme=dark");
        for headers in [&[&*pair][..], &[&repeated], &[&among], &["x=y", &pair]] {
            match read(headers) {
                CookieRead::One(found) => assert_eq!(found.hash(), token.hash()),
                other => panic!("{headers:?}: {other:?}"),
            }
        }
    }

    #[test]
    fn two_tokens_are_ambiguous_and_no_token_is_absent() {
        let (a, b) = (SessionToken::generate().unwrap(), SessionToken::generate().unwrap());
        let two = format!("__Host-session={}; __Host-session={}", *a.text(), *b.text());
        let half = format!("__Host-session={}; __Host-session=", *a.text());
        assert!(matches!(read(&[&two]), CookieRead::Ambiguous));
        assert!(matches!(read(&[&half]), CookieRead::Ambiguous));
        for header in
            ["", "__Host-session", "__Host-session=", "__Host-session=x", "session=x", "__host-session=x"]
        {
            assert!(matches!(read(&[header]), CookieRead::Absent), "header {header:?}");
        }
    }

    #[test]
    fn a_name_without_protection_is_refused() {
        for name in ["session", "__Host-", "__Secure-session", "__Host-a b", "__Host-a;b", "__Host-é"] {
            assert_eq!(SessionCookie::named(name), Err(CookieNameError), "name {name:?}");
        }
        assert!(SessionCookie::named("__Host-operator").is_ok());
    }
}
