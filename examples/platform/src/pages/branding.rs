//! How the tenant presents itself: a form for name and accent, the logo, and what becomes of the accent
//! in light and dark.

use askama::Template;

use super::brand::Preview;
use super::frame::{Frame, asset_version};

/// The form of name and accent, with what was typed.
#[derive(Clone, Debug, Default)]
pub struct BrandForm {
    /// The name; empty where the operator's is used.
    pub name: String,
    /// The accent; empty where the platform's is used.
    pub accent: String,
    /// What is wrong with the name.
    pub name_error: Option<String>,
    /// What is wrong with the accent.
    pub accent_error: Option<String>,
    /// Whether this was typed and is not stored.
    pub unsaved: bool,
}

/// What the page shows.
#[derive(Clone, Debug)]
pub struct BrandingView {
    /// The name that the operator keeps.
    pub registered_name: String,
    /// The form.
    pub form: BrandForm,
    /// What is wrong with the logo that was sent.
    pub logo_error: Option<String>,
    /// The most bytes of a logo, in words.
    pub logo_limit: String,
    /// What becomes of the accent.
    pub preview: Preview,
}

impl BrandingView {
    /// The page.
    pub fn render(&self, frame: &Frame) -> Result<String, askama::Error> {
        let shades = self.preview.schemes.iter().zip(self.preview.sentences()).collect();
        Page { frame, view: self, shades, assets: asset_version() }.render()
    }
}

#[derive(Template)]
#[template(path = "branding.html")]
struct Page<'a> {
    frame: &'a Frame,
    view: &'a BrandingView,
    shades: Vec<(&'a super::brand::Scheme, String)>,
    assets: String,
}
