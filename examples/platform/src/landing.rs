//! The platform's own address: what this is. It knows no tenant.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use crate::app::App;
use crate::failure::Failure;
use crate::pages::LandingView;
use crate::view;

/// `GET /` at the base domain.
pub async fn page(State(app): State<App>) -> Result<Response, Failure> {
    let view = LandingView { base_domain: app.site.to_string() };
    Ok(view::html(StatusCode::OK, view.render()?))
}
