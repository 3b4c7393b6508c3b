//! Reads credentials from headers, without judging them.

use http::HeaderMap;
use http::header::AUTHORIZATION;

use super::SessionToken;

/// What the `authorization` header says.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bearer<'a> {
    Absent,
    /// Several headers, another scheme, or not text.
    Invalid,
    Token(&'a str),
}

/// What the `cookie` headers say.
#[derive(Debug)]
pub(crate) enum CookieRead {
    Absent,
    Ambiguous,
    One(SessionToken),
}

/// The bearer token of these headers.
pub(crate) fn bearer(headers: &HeaderMap) -> Bearer<'_> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = match (values.next(), values.next()) {
        (None, _) => return Bearer::Absent,
        (Some(value), None) => value,
        (Some(_), Some(_)) => return Bearer::Invalid,
    };
    let Some((scheme, token)) = value.to_str().ok().and_then(|text| text.split_once(' ')) else {
        return Bearer::Invalid;
    };
    let token = token.trim_matches(' ');
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() || token.contains([' ', '\t', ',']) {
        return Bearer::Invalid;
    }
    Bearer::Token(token)
}

/// Whether a bearer token was sent: a page of another site cannot do that without being allowed to.
pub(crate) fn is_bearer(headers: &HeaderMap) -> bool {
    matches!(bearer(headers), Bearer::Token(_))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn exactly_one_bearer_token_is_read() {
        for (values, token) in [
            (&["Bearer abc"][..], Some("abc")),
            (&["bearer  abc "], Some("abc")),
            (&["BEARER a.b.c"], Some("a.b.c")),
            (&["Bearer"], None),
            (&["Bearer "], None),
            (&["Bearer a b"], None),
            (&["Bearer a, Bearer b"], None),
            (&["Basic dTpw"], None),
            (&["abc"], None),
            (&[""], None),
            (&["Bearer abc", "Bearer abc"], None),
        ] {
            let headers: HeaderMap =
                values.iter().map(|v| (AUTHORIZATION, HeaderValue::from_str(v).unwrap())).collect();
            let read = bearer(&headers);
            assert!(read == token.map_or(Bearer::Invalid, Bearer::Token), "values {values:?}");
        }
        assert!(bearer(&HeaderMap::new()) == Bearer::Absent);
    }
}
