//! What people see: one view struct per page, and its rendering.
//!
//! A view is plain data that a handler fills; it decides nothing about the request. Rendering takes
//! the [`Frame`] (whose workspace, who, which section) and the view and answers HTML. Rules that hold
//! for every page:
//!
//! 1. No inline style and no inline script: the content policy allows only our own files. The colours
//!    of a tenant arrive as a stylesheet whose address says the accent and whose text is made by
//!    [`brand_css`].
//! 2. Everything works without script; every form keeps what was typed, and posts unless it only asks.
//!    Forms carry no token: where a request comes from is checked before any handler sees it.
//! 3. The page for "not found" knows neither tenant nor reason, so that it reveals nothing.

mod accept;
mod advice;
mod brand;
mod branding;
mod campaigns;
mod content;
mod data;
mod diagnosed;
mod errors;
mod frame;
mod from_summary;
mod landing;
mod login;
mod mapping;
mod operator;
mod overview;
mod password;
mod recommendations;
mod run;
mod runs;
mod social;
mod team;
mod usage;

pub use accept::{AcceptState, AcceptView};
pub use advice::{Advice, Move, Row, ShownRow, Total};
pub use brand::{Accent, AccentError, Preview, Scheme, brand_css};
pub use branding::{BrandForm, BrandingView};
pub use campaigns::{CampaignRow, CampaignsView, Typed};
pub use content::{ContentView, DraftView};
pub use data::{DataView, SourceRow, SourceStatus, UploadProblem};
pub use errors::ErrorPage;
pub use frame::{Brand, Frame, Notice, NoticeKind, PlanFoot, Section, asset_version, moment};
pub use from_summary::{RunFacts, chart, curves, model_info, period, results, run_results, sureness};
pub use landing::LandingView;
pub use login::{LoginDoor, LoginView};
pub use mapping::{ColumnView, MappingView, PreviewRow, Problem};
pub use operator::{EventRow, NewTenantView, OperatorFrame, TenantRow, TenantView, TenantsView};
pub use overview::{ModelInfo, OverviewState, OverviewView, Results, Sureness, Tile};
pub use password::{AccountView, ForgottenState, ForgottenView};
pub use recommendations::{AdviceState, BoundsRow, PlanForm, Planned, RecommendationsView};
pub use run::{Diagnostic, Measure, Parameter, Progress, RunResults, RunState, RunView, Stage, WorkState};
pub use runs::{RunOutcome, RunRow, RunsView};
pub use social::{AccountsView, TypedAccount};
pub use team::TeamView;
pub use usage::{MeterBar, PlanColumn, UsageView};

/// Name of the product, on pages that belong to no tenant.
pub const PRODUCT: &str = "Media Mix";

#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) mod testing {
    //! What the palette's tests measure with.
    pub(crate) use super::brand::{DARK_SURFACES, LIGHT_SURFACES, Rgb, oklab};
}
