//! Social accounts: how many the plan still takes, a form for one more, and the list.

use askama::Template;

use super::frame::{Frame, asset_version};
use super::usage::MeterBar;

/// What the page shows.
#[derive(Clone, Debug)]
pub struct AccountsView {
    /// Id, network and name of each.
    pub accounts: Vec<(String, String, String)>,
    /// How many there are and may be.
    pub bar: MeterBar,
    /// Whether the reader may change anything.
    pub may_change: bool,
    /// What was typed before, and what is wrong with it.
    pub typed: TypedAccount,
}

/// What somebody typed into the form.
#[derive(Clone, Debug, Default)]
pub struct TypedAccount {
    /// The network.
    pub network: String,
    /// The name of the account.
    pub handle: String,
    /// What is wrong.
    pub error: Option<String>,
    /// Whether more room in the plan would mend it.
    pub upgrade: bool,
}

impl AccountsView {
    /// The page.
    pub fn render(&self, frame: &Frame) -> Result<String, askama::Error> {
        Page { frame, view: self, assets: asset_version() }.render()
    }
}

#[derive(Template)]
#[template(path = "social.html")]
struct Page<'a> {
    frame: &'a Frame,
    view: &'a AccountsView,
    assets: String,
}
