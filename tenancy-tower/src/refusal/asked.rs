//! What a renderer may know about the request that it answers.

use http::header::ACCEPT;
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderValue, Method};

/// Method, path and `accept` of a refused request, and nothing else: whatever cannot be seen cannot
/// make two refusals differ.
#[derive(Clone, Debug)]
pub struct Asked {
    method: Method,
    target: Option<PathAndQuery>,
    accept: Vec<HeaderValue>,
}

impl Asked {
    /// What this request asked.
    pub fn of(parts: &Parts) -> Self {
        Self {
            method: parts.method.clone(),
            target: parts.uri.path_and_query().cloned(),
            accept: parts.headers.get_all(ACCEPT).iter().cloned().collect(),
        }
    }

    /// The method.
    pub const fn method(&self) -> &Method {
        &self.method
    }

    /// The path, without the query.
    pub fn path(&self) -> &str {
        self.target.as_ref().map_or("/", PathAndQuery::path)
    }

    /// Path and query as they were sent, for a link back after sign-in.
    pub fn target(&self) -> &str {
        self.target.as_ref().map_or("/", PathAndQuery::as_str)
    }

    /// Whether the caller would rather see a page than JSON, as browsers say when they navigate:
    /// `text/html` is named, and JSON is not preferred to it. `*/*` alone is a program.
    pub fn wants_html(&self) -> bool {
        let html = self.quality("text/html").max(self.quality("application/xhtml+xml"));
        let json = self.quality("application/json").max(self.quality("application/problem+json"));
        html > 0 && html >= json
    }

    /// The weight of a media type that is named outright, in thousandths; 0 where it is not named.
    fn quality(&self, media: &str) -> u16 {
        let named = self.accept.iter().filter_map(|value| value.to_str().ok());
        named.flat_map(|value| value.split(',')).filter_map(|range| weight(range, media)).max().unwrap_or(0)
    }
}

fn weight(range: &str, media: &str) -> Option<u16> {
    let mut parts = range.split(';').map(str::trim);
    if !parts.next()?.eq_ignore_ascii_case(media) {
        return None;
    }
    let q = parts.find_map(|p| p.strip_prefix("q=").or_else(|| p.strip_prefix("Q=")));
    let q = q.map_or(Ok(1.0), str::parse::<f32>);
    Some(q.map_or(0, |q| (q.clamp(0.0, 1.0) * 1000.0) as u16))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn asked(accept: &[&str]) -> Asked {
        let mut request = Request::builder().uri("http://acme.example.com/runs?page=2");
        for value in accept {
            request = request.header(ACCEPT, *value);
        }
        Asked::of(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn a_navigating_browser_gets_a_page_and_a_program_json() {
        for (accept, html) in [
            (&["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"][..], true),
            (&["text/html"], true),
            (&["application/xml", "TEXT/HTML; q=0.5"], true),
            (&["*/*"], false),
            (&[], false),
            (&["application/json"], false),
            (&["application/json, text/html;q=0.9"], false),
            (&["text/html;q=0"], false),
            (&["text/html;q=x"], false),
            (&["text/html;q=NaN"], false),
            (&[";;,,;q=", "text/htmlx"], false),
        ] {
            assert_eq!(asked(accept).wants_html(), html, "accept {accept:?}");
        }
    }

    #[test]
    fn the_host_is_not_shown() {
        let asked = asked(&[]);
        assert_eq!((asked.path(), asked.target()), ("/runs", "/runs?page=2"));
        assert!(!format!("{asked:?}").contains("acme"));
    }
}
