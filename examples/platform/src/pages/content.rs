//! Drafts: a brief of three fields, and what was written from it.

use askama::Template;

use super::frame::{Frame, asset_version};

/// What the page shows.
#[derive(Clone, Debug)]
pub struct ContentView {
    /// What is advertised.
    pub product: String,
    /// For whom.
    pub audience: String,
    /// What it is good for.
    pub benefit: String,
    /// What is wrong with the brief.
    pub error: Option<String>,
    /// What was written.
    pub drafts: Vec<DraftView>,
    /// Whether the reader may have drafts written.
    pub may_write: bool,
}

/// One text.
#[derive(Clone, Debug)]
pub struct DraftView {
    /// Where it would stand.
    pub place: &'static str,
    /// The text.
    pub text: String,
}

impl ContentView {
    /// The page.
    pub fn render(&self, frame: &Frame) -> Result<String, askama::Error> {
        Page { frame, view: self, assets: asset_version() }.render()
    }
}

#[derive(Template)]
#[template(path = "content.html")]
struct Page<'a> {
    frame: &'a Frame,
    view: &'a ContentView,
    assets: String,
}
