//! What a refusal looks like: problem+json (RFC 9457), or what the application makes of it.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response};
use serde::Serialize;
use tenancy_core::Tenant;

use super::{Asked, Refusal};

/// Writes refusals. An application with pages implements it to answer browsers with its own; what it
/// does not want to write it hands on to [`Problem`].
///
/// Status, `cache-control` and `www-authenticate` are set after it (see
/// [`Refuser::respond`](super::Refuser::respond)), except where it answers a redirect.
pub trait Render: Send + Sync + 'static {
    /// The answer to a refused request.
    ///
    /// `tenant` is there for a member's or visitor's refusal at the tenant's own address, so that
    /// the page can wear its brand. It is `None` whenever the refusal must not tell whether there is
    /// a tenant, above all for [`Refusal::NotFound`].
    fn render(&self, refusal: &Refusal, asked: &Asked, tenant: Option<&Tenant>) -> Response<Bytes>;
}

/// Answers every refusal as `application/problem+json`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Problem;

/// The members of the document, in this order.
#[derive(Serialize)]
struct Document<'a> {
    r#type: &'a str,
    title: &'a str,
    status: u16,
    code: &'a str,
    error: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    permission: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    feature: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    used: Option<u64>,
}

impl Render for Problem {
    fn render(&self, refusal: &Refusal, _asked: &Asked, _tenant: Option<&Tenant>) -> Response<Bytes> {
        let status = refusal.status();
        let decision = match refusal {
            Refusal::TooMany(decision) => Some(decision),
            _ => None,
        };
        let document = Document {
            r#type: "about:blank",
            title: status.canonical_reason().unwrap_or_default(),
            status: status.as_u16(),
            code: refusal.code(),
            error: &refusal.message(),
            permission: match refusal {
                Refusal::Forbidden(permission) => Some(permission.as_str()),
                _ => None,
            },
            feature: match refusal {
                Refusal::PlanRequired { feature, .. } => Some(feature.as_str()),
                _ => None,
            },
            limit: decision.and_then(|decision| decision.limit),
            used: decision.map(|decision| decision.used),
        };
        // Strings and numbers only: this cannot fail.
        let body = serde_json::to_vec(&document).unwrap_or_default();
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = status;
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(CONTENT_TYPE, kind);
        response
    }
}
