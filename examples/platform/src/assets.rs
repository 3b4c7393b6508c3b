//! Stylesheet and script inside the binary, and each tenant's colours as a stylesheet of its own.

use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

use crate::failure::Failure;
use crate::pages::{Accent, asset_version, brand_css};

#[derive(RustEmbed)]
#[folder = "assets/"]
struct Files;

/// `GET /assets/{file}`: addresses carry a fingerprint, so browsers may keep them for ever.
///
/// The name of a stylesheet of colours is its only content, so it needs no tenant: a page that says that
/// nothing of the tenant is served now takes its colours from here, too.
pub async fn file(Path(name): Path<String>) -> Result<Response, Failure> {
    let (kind, bytes) = if let Some(found) = Files::get(&name) {
        (found.metadata.mimetype().to_owned(), found.data.into_owned())
    } else {
        let accent = name.strip_prefix("accent-").and_then(|name| name.strip_suffix(".css"));
        let accent = accent.and_then(|digits| format!("#{digits}").parse().ok());
        let css = brand_css(accent.ok_or(Failure::Missing("File"))?);
        ("text/css; charset=utf-8".to_owned(), css.into_bytes())
    };
    let keep = "public, max-age=31536000, immutable".to_owned();
    Ok(([(CONTENT_TYPE, kind), (CACHE_CONTROL, keep)], bytes).into_response())
}

/// The address of the stylesheet with these colours.
pub fn stylesheet(accent: Accent) -> String {
    format!("/assets/accent-{}.css?v={}", accent.to_string().trim_start_matches('#'), asset_version())
}
