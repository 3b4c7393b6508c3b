//! Signing in: the tenant's brand fills the page, or the operator's neutral one. One form; what was
//! typed stays, except the password. The answer to a wrong password and to an unknown person is one.

use askama::Template;

use super::PRODUCT;
use super::frame::{Brand, asset_version};

/// Which door it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoginDoor {
    /// A tenant's people, under its brand.
    Tenant(Brand),
    /// The operator's people.
    Operator,
}

/// What the page shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginView {
    /// Which door it is.
    pub door: LoginDoor,
    /// What was typed as e-mail.
    pub email: String,
    /// Where to go afterwards: a path on this host, or empty.
    pub next: String,
    /// Why the last attempt failed: "E-mail and password do not match."
    pub error: Option<String>,
    /// A word before signing in: "You were signed out."
    pub notice: Option<String>,
}

impl LoginView {
    /// The page.
    pub fn render(&self) -> Result<String, askama::Error> {
        Page { view: self, product: PRODUCT, assets: asset_version() }.render()
    }

    fn brand(&self) -> Option<&Brand> {
        match &self.door {
            LoginDoor::Tenant(brand) => Some(brand),
            LoginDoor::Operator => None,
        }
    }
}

#[derive(Template)]
#[template(path = "login.html")]
struct Page<'a> {
    view: &'a LoginView,
    product: &'static str,
    assets: String,
}
