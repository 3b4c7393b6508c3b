//! Stylesheet and script inside the binary, and each tenant's colours as a stylesheet of its own.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;
use tenancy_tower::extract::Tenancy;

use crate::pages::brand_css;
use crate::view;

#[derive(RustEmbed)]
#[folder = "assets/"]
struct Files;

/// `GET /assets/{file}`: addresses carry a fingerprint, so browsers may keep them for ever.
pub async fn file(Path(name): Path<String>) -> Response {
    match Files::get(&name) {
        Some(found) => {
            let kind = found.metadata.mimetype().to_owned();
            let headers =
                [(CONTENT_TYPE, kind), (CACHE_CONTROL, "public, max-age=31536000, immutable".to_owned())];
            (headers, found.data.into_owned()).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// `GET /brand.css`
pub async fn brand(Tenancy(context): Tenancy) -> Response {
    let css = view::accent(context.tenant()).map(brand_css).unwrap_or_default();
    ([(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "private, no-cache")], css).into_response()
}
