//! Passwords: the way back in for who forgot theirs, and a new one for who knows it.

use askama::Template;

use super::frame::{Brand, Frame, asset_version};

/// How far somebody who forgot their password has come.
#[derive(Clone, PartialEq, Eq)]
pub enum ForgottenState {
    /// Asked for an address.
    Ask,
    /// Told to look for a letter, whether or not there is one.
    Sent,
    /// Told that no letters are sent here.
    NoMail,
    /// Came back by the link.
    Choose {
        /// The secret of the link, for the form.
        token: String,
        /// Whose password it is.
        email: String,
        /// Why the last attempt failed.
        error: Option<String>,
    },
    /// Came back by a link that is not good any more.
    Gone,
}

/// What the page shows.
#[derive(Clone, PartialEq, Eq)]
pub struct ForgottenView {
    /// The tenant.
    pub brand: Brand,
    /// How far it has come.
    pub state: ForgottenState,
}

impl std::fmt::Debug for ForgottenView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ForgottenView").field("brand", &self.brand).finish_non_exhaustive()
    }
}

impl ForgottenView {
    /// The page.
    pub fn render(&self) -> Result<String, askama::Error> {
        ForgottenPage { view: self, assets: asset_version() }.render()
    }
}

/// The page of one's own account.
#[derive(Clone, Debug)]
pub struct AccountView {
    /// The person's address, for whatever keeps their passwords.
    pub email: String,
}

impl AccountView {
    /// The page.
    pub fn render(&self, frame: &Frame) -> Result<String, askama::Error> {
        AccountPage { frame, email: &self.email, assets: asset_version() }.render()
    }
}

#[derive(Template)]
#[template(path = "forgotten.html")]
struct ForgottenPage<'a> {
    view: &'a ForgottenView,
    assets: String,
}

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage<'a> {
    frame: &'a Frame,
    email: &'a str,
    assets: String,
}
