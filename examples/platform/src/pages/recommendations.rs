//! The page of recommendations: what to change, the budget as a table, how sure that is, and a form for
//! another total or other bounds. Without a run that may be acted upon it says what to do instead.

use askama::Template;

use crate::charts::Figure;

use super::advice::Advice;
use super::frame::{Frame, asset_version};
use super::overview::{ModelInfo, Sureness};

/// What the page shows.
#[derive(Clone, Debug)]
pub struct RecommendationsView {
    /// Where the workspace stands.
    pub state: AdviceState,
}

/// Whether there is something to recommend.
#[derive(Clone, Debug)]
pub enum AdviceState {
    /// A plan, or what was wrong with the one that was asked for.
    Ready(Box<Planned>),
    /// Nothing to act upon.
    None {
        /// Why, as a headline.
        title: &'static str,
        /// What to do, as a sentence.
        advice: &'static str,
        /// Where to go: address and label.
        action: (String, &'static str),
    },
}

/// A plan with the form it can be changed with.
#[derive(Clone, Debug)]
pub struct Planned {
    /// Where the numbers come from.
    pub model: ModelInfo,
    /// The plan; `None` where the one that was asked for cannot be met.
    pub advice: Option<Advice>,
    /// The curves it is read from.
    pub curves: Option<Figure>,
    /// What cannot be met, as a sentence.
    pub error: Option<String>,
    /// The form as it was typed.
    pub form: PlanForm,
    /// What was asked for, as it follows the address of an export: `?total=…`, or nothing.
    pub query: String,
    /// How sure, and what was assumed.
    pub sureness: Sureness,
}

/// The form that changes a plan.
#[derive(Clone, Debug)]
pub struct PlanForm {
    /// Id of the run that the plan is made with, where one was named.
    pub analysis: String,
    /// "week" or "day".
    pub period: &'static str,
    /// Total per period as typed.
    pub total: String,
    /// Today's total.
    pub total_now: String,
    /// Number of periods as typed.
    pub horizon: String,
    /// Number of periods where nothing is typed.
    pub usual_horizon: usize,
    /// One row a channel.
    pub channels: Vec<BoundsRow>,
    /// Whether anything was asked for, so that the form is open.
    pub asked: bool,
}

/// The bounds of one channel in the form.
#[derive(Clone, Debug)]
pub struct BoundsRow {
    /// The channel.
    pub channel: String,
    /// Class of its colour.
    pub class: String,
    /// What it gets today.
    pub now: String,
    /// The least, as typed.
    pub low: String,
    /// The least where nothing is typed.
    pub usual_low: String,
    /// The most, as typed.
    pub high: String,
    /// The most where nothing is typed.
    pub usual_high: String,
    /// Whether it keeps what it has.
    pub locked: bool,
}

impl RecommendationsView {
    /// The page.
    pub fn render(&self, frame: &Frame) -> Result<String, askama::Error> {
        Page { frame, view: self, assets: asset_version() }.render()
    }
}

#[derive(Template)]
#[template(path = "recommendations.html")]
struct Page<'a> {
    frame: &'a Frame,
    view: &'a RecommendationsView,
    assets: String,
}
