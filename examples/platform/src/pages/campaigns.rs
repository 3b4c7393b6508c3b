//! Campaigns: how many the plan still takes, a form for one more, and the list.

use askama::Template;
use jiff::Timestamp;

use super::frame::{Frame, asset_version, moment};
use super::usage::MeterBar;

/// What the page shows.
#[derive(Clone, Debug)]
pub struct CampaignsView {
    /// Newest first.
    pub campaigns: Vec<CampaignRow>,
    /// How many there are and may be.
    pub bar: MeterBar,
    /// Whether the reader may change anything.
    pub may_change: bool,
    /// What was typed before, and what is wrong with it.
    pub typed: Typed,
}

/// What somebody typed into the form.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    /// The name.
    pub name: String,
    /// The budget.
    pub budget: String,
    /// What is wrong.
    pub error: Option<String>,
    /// Whether more room in the plan would mend it.
    pub upgrade: bool,
}

/// One campaign.
#[derive(Clone, Debug)]
pub struct CampaignRow {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub status: &'static str,
    /// Its budget in words; empty without one.
    pub budget: String,
    /// When it was made.
    pub created: Timestamp,
}

impl CampaignRow {
    /// Class of its badge.
    pub fn class(&self) -> &'static str {
        match self.status {
            "active" => "good",
            "scheduled" => "info",
            "paused" => "warn",
            _ => "quiet",
        }
    }

    /// When it was made.
    pub fn created_text(&self) -> String {
        moment(&self.created)
    }
}

impl CampaignsView {
    /// The page.
    pub fn render(&self, frame: &Frame) -> Result<String, askama::Error> {
        Page { frame, view: self, assets: asset_version() }.render()
    }
}

#[derive(Template)]
#[template(path = "campaigns.html")]
struct Page<'a> {
    frame: &'a Frame,
    view: &'a CampaignsView,
    assets: String,
}
