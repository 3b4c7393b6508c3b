//! What a caller may keep of a tenant's answers: nothing, or what it asks about again each time.
//!
//! | answer                        | `cache-control`       | `etag`                                  |
//! |-------------------------------|-----------------------|-----------------------------------------|
//! | JSON of a GET, 200            | `private, no-cache`   | the tenant and a digest of the body     |
//! | whatever has set its own      | that                  | that                                    |
//! | everything else               | `private, no-store`   | none                                    |
//!
//! The tag names the tenant, so what one tenant's people keep never answers another's, though the
//! bodies be equal. A caller that still has the body is told so, without the body, after everything
//! that a request passes has been passed.

use axum::body::{Body, HttpBody as _, to_bytes};
use axum::extract::Request;
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest as _, Sha256};
use tenancy_core::{TenantContext, TenantId};

/// The credentials by which one address answers differently.
const CREDENTIALS: HeaderValue = HeaderValue::from_static("authorization, cookie");

/// Writes the headers, and answers 304 where the caller has the body.
pub async fn tag(request: Request, next: Next) -> Response {
    let tenant = request.extensions().get::<TenantContext>().map(TenantContext::tenant_id);
    let known = request.headers().get(IF_NONE_MATCH).cloned();
    let read = request.method() == Method::GET;
    let mut response = next.run(request).await;
    if response.headers().contains_key(CACHE_CONTROL) {
        return response;
    }
    if let Some(tenant) = tenant.filter(|_| read && response.status() == StatusCode::OK && is_json(&response))
    {
        return tagged(tenant, known.as_ref(), response).await;
    }
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    response
}

/// Whether it is JSON that is there already, not written bit by bit.
fn is_json(response: &Response) -> bool {
    response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"))
        && response.body().size_hint().exact().is_some()
}

async fn tagged(tenant: TenantId, known: Option<&HeaderValue>, response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    // Its size is known and it is in memory: there is nothing to wait for and nothing that can break.
    let Ok(bytes) = to_bytes(body, usize::MAX).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let digest = u128::from_be_bytes(Sha256::digest(&bytes)[..16].try_into().unwrap_or_default());
    let tag = format!("\"{tenant}.{digest:032x}\"");
    let current = known.is_some_and(|known| names(known, &tag));
    parts.headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    parts.headers.append(VARY, CREDENTIALS);
    if let Ok(tag) = tag.parse() {
        parts.headers.insert(ETAG, tag);
    }
    if current {
        parts.status = StatusCode::NOT_MODIFIED;
        without_body(&mut parts.headers);
        return Response::from_parts(parts, Body::empty());
    }
    Response::from_parts(parts, Body::from(bytes))
}

fn without_body(headers: &mut HeaderMap) {
    headers.remove(CONTENT_LENGTH);
    headers.remove(CONTENT_TYPE);
}

/// Whether a list of tags names this one; a weak tag is as good here.
fn names(list: &HeaderValue, tag: &str) -> bool {
    let Ok(list) = list.to_str() else { return false };
    list.split(',').map(|one| one.trim().trim_start_matches("W/")).any(|one| one == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_tags_names_those_that_are_in_it() {
        let names = |list: &'static str| names(&HeaderValue::from_static(list), "\"a.1\"");
        assert!(names("\"a.1\"") && names("W/\"a.1\"") && names("\"b.2\", \"a.1\""));
        assert!(!names("\"a.2\"") && !names("a.1") && !names("") && !names("*"));
    }
}
