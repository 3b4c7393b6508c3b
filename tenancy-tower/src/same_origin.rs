//! Stops pages of other sites from changing things with a visitor's cookie.
//!
//! Tenants are siblings below one domain, so to a browser they are the *same site*: `SameSite`
//! cookies do not protect one from another. What the browser says about a request's sender does.
//!
//! | request                                           | answer |
//! |---------------------------------------------------|--------|
//! | GET, HEAD, OPTIONS                                | passes: these change nothing |
//! | with a bearer token                               | passes: a foreign page cannot send one |
//! | `sec-fetch-site: same-origin` or `none`           | passes |
//! | any other `sec-fetch-site`                        | 403    |
//! | no `sec-fetch-site`, `origin` is this host        | passes |
//! | no `sec-fetch-site`, another `origin`, or `null`  | 403    |
//! | neither, with a cookie                            | 403    |
//! | neither, no cookie                                | passes: a program, with nothing to abuse |
//!
//! The rules hold for a visitor without a cookie as well, or a foreign page could sign a browser in
//! to an account of its own. Mount it inside `AuthenticateLayer`: a foreign credential then sees the 404
//! of an unknown address here too, whatever else is wrong with its request.

use http::header::{COOKIE, ORIGIN};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use tower_layer::Layer;

use crate::authenticate::is_bearer;
use crate::gate::{Decide, Gated, Grant, Step};
use crate::locate::Authority;
use crate::refusal::Refusal;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Refuses requests that another site's page has sent. See the [module docs](self).
#[derive(Clone, Copy, Debug, Default)]
pub struct SameOriginLayer;

impl SameOriginLayer {
    /// The layer; it has no choices.
    pub const fn new() -> Self {
        Self
    }
}

impl Decide for SameOriginLayer {
    fn decide(&self, parts: &mut Parts) -> Step {
        let verdict = same_origin(parts).map(|()| Grant::default());
        if verdict.is_err() {
            tracing::warn!(target: "security", event = "cross_site", path = parts.uri.path(), "a foreign page's request");
        }
        Step::Now(verdict)
    }
}

impl<S> Layer<S> for SameOriginLayer {
    type Service = Gated<Self, S>;

    fn layer(&self, inner: S) -> Self::Service {
        Gated::new(*self, inner)
    }
}

/// The decision of the module's table.
///
/// # Errors
///
/// [`Refusal::CrossSite`].
pub fn same_origin(parts: &Parts) -> Result<(), Refusal> {
    let safe = [Method::GET, Method::HEAD, Method::OPTIONS, Method::TRACE].contains(&parts.method);
    if safe || is_bearer(&parts.headers) {
        return Ok(());
    }
    let passed = match (single(&parts.headers, &SEC_FETCH_SITE), single(&parts.headers, &ORIGIN)) {
        (Header::One(site), _) => site == "same-origin" || site == "none",
        (Header::Absent, Header::One(origin)) => is_host(origin, parts),
        (Header::Absent, Header::Absent) => !parts.headers.contains_key(COOKIE),
        (Header::Several, _) | (_, Header::Several) => false,
    };
    if passed { Ok(()) } else { Err(Refusal::CrossSite) }
}

enum Header<'a> {
    Absent,
    One(&'a HeaderValue),
    Several,
}

fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Header<'a> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Header::Absent,
        (Some(value), None) => Header::One(value),
        (Some(_), Some(_)) => Header::Several,
    }
}

/// Whether an origin is the request's own host and port. Which scheme the browser used is not known
/// behind a proxy, so a port that is not written is the origin's scheme's.
fn is_host(origin: &HeaderValue, parts: &Parts) -> bool {
    let Some((scheme, rest)) = origin.to_str().ok().and_then(|text| text.split_once("://")) else {
        return false;
    };
    let port = match scheme {
        "https" => 443,
        "http" => 80,
        _ => return false,
    };
    let (Some(origin), Some(host)) = (Authority::parse(rest), Authority::of(parts)) else { return false };
    origin.host() == host.host() && origin.port().unwrap_or(port) == host.port().unwrap_or(port)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn passes(method: &str, headers: &[(&str, &str)]) -> bool {
        let mut request =
            Request::builder().method(method).uri("/data").header("host", "acme.mmm.localhost:8080");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        same_origin(&request.body(()).unwrap().into_parts().0).is_ok()
    }

    const COOKIE: (&str, &str) = ("cookie", "__Host-session=x");

    #[test]
    fn methods_that_change_nothing_pass() {
        for method in ["GET", "HEAD", "OPTIONS"] {
            assert!(passes(method, &[COOKIE, ("sec-fetch-site", "cross-site")]));
        }
    }

    #[test]
    fn what_the_browser_says_decides() {
        for method in ["POST", "PUT", "PATCH", "DELETE", "BREW"] {
            for (site, passed) in [
                ("same-origin", true),
                ("none", true),
                ("same-site", false),
                ("cross-site", false),
                ("", false),
                ("Same-Origin", false),
            ] {
                let site = ("sec-fetch-site", site);
                let own = ("origin", "http://acme.mmm.localhost:8080");
                assert_eq!(passes(method, &[COOKIE, site]), passed, "{method} {site:?}");
                assert_eq!(passes(method, &[site, own]), passed, "{method} {site:?} without a cookie");
            }
            assert!(!passes(method, &[("sec-fetch-site", "none"), ("sec-fetch-site", "cross-site")]));
        }
    }

    #[test]
    fn an_older_browser_is_judged_by_its_origin() {
        for (origin, passed) in [
            ("http://acme.mmm.localhost:8080", true),
            ("https://acme.mmm.localhost:8080", true),
            ("http://acme.mmm.localhost", false),
            ("http://globex.mmm.localhost:8080", false),
            ("http://mmm.localhost:8080", false),
            ("http://acme.mmm.localhost.evil.com:8080", false),
            ("http://acme.mmm.localhost:8080@evil.com", false),
            ("file://acme.mmm.localhost:8080", false),
            ("null", false),
            ("", false),
        ] {
            assert_eq!(passes("POST", &[COOKIE, ("origin", origin)]), passed, "origin {origin:?}");
            assert_eq!(passes("POST", &[("origin", origin)]), passed, "origin {origin:?}, no cookie");
        }
    }

    #[test]
    fn a_program_needs_a_token_or_no_cookie() {
        assert!(passes("POST", &[]));
        assert!(!passes("POST", &[COOKIE]));
        assert!(passes("POST", &[COOKIE, ("authorization", "Bearer a.b.c"), ("origin", "null")]));
        assert!(!passes("POST", &[COOKIE, ("authorization", "Basic dTpw")]));
    }

    #[test]
    fn a_port_that_is_not_written_is_the_schemes() {
        let request = Request::builder().method("POST").header("host", "acme.example.com");
        let parts = request.header("origin", "https://acme.example.com:443").body(()).unwrap().into_parts().0;
        assert!(same_origin(&parts).is_ok());
    }
}
