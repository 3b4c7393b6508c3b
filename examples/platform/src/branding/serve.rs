//! The logo as pages load it.

use axum::extract::State;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use tenancy_tower::extract::Tenancy;

use super::{Look, store};
use crate::app::App;
use crate::failure::Failure;

/// Bytes that a tenant chose: shown as a picture, or not at all.
const HARMLESS: [(HeaderName, &str); 3] = [
    (CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (CACHE_CONTROL, "private, no-cache"),
];

/// `GET /brand/logo`: for everybody who may see the sign-in page.
pub async fn logo(
    State(app): State<App>,
    Tenancy(context): Tenancy,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let shown = Look::of(context.tenant()).logo.ok_or(Failure::NOT_FOUND)?;
    let mut response = if holds(&headers, &shown) {
        (StatusCode::NOT_MODIFIED, [(ETAG, quoted(&shown))]).into_response()
    } else {
        let mut tx = app.database.begin_read(&context).await?;
        let stored = store::load(&mut tx).await?.ok_or(Failure::NOT_FOUND)?;
        ([(CONTENT_TYPE, stored.kind), (ETAG, quoted(&stored.hash))], stored.image).into_response()
    };
    response.headers_mut().extend(HARMLESS.map(|(name, value)| (name, HeaderValue::from_static(value))));
    Ok(response)
}

fn quoted(hash: &str) -> String {
    format!("\"{hash}\"")
}

/// Whether the sender has these bytes already.
fn holds(headers: &HeaderMap, hash: &str) -> bool {
    let sent = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    sent.flat_map(|value| value.split(',')).any(|tag| tag.trim().trim_start_matches("W/") == quoted(hash))
}
