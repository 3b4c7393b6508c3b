//! Taking up an invitation, under the tenant's brand: who is invited, and one form.

use askama::Template;

use super::frame::{Brand, asset_version};

/// What stands behind the link.
#[derive(Clone, PartialEq, Eq)]
pub enum AcceptState {
    /// An open invitation.
    Open {
        /// The secret of the link, for the form.
        token: String,
        /// Whom it is for.
        email: String,
        /// Whether the person has a password already.
        known: bool,
        /// What was typed as name.
        name: String,
        /// Why the last attempt failed.
        error: Option<String>,
    },
    /// Nothing, or nothing any more.
    Gone,
}

/// What the page shows.
#[derive(Clone, PartialEq, Eq)]
pub struct AcceptView {
    /// The tenant.
    pub brand: Brand,
    /// What stands behind the link.
    pub state: AcceptState,
}

impl std::fmt::Debug for AcceptView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AcceptView").field("brand", &self.brand).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for AcceptState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if *self == Self::Gone { "Gone" } else { "Open { .. }" })
    }
}

impl AcceptView {
    /// The page.
    pub fn render(&self) -> Result<String, askama::Error> {
        Page { view: self, assets: asset_version() }.render()
    }
}

#[derive(Template)]
#[template(path = "accept.html")]
struct Page<'a> {
    view: &'a AcceptView,
    assets: String,
}
