//! The operator's pages: which tenants there are, one of them, and making a new one.

use askama::Template;
use jiff::Timestamp;
use tenancy_core::Lifecycle;

use super::PRODUCT;
use super::frame::{Notice, asset_version, moment};
use super::usage::size;

/// Everything around the content of an operator's page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorFrame {
    /// Name of the operator.
    pub person: String,
    /// What the last action led to.
    pub notice: Option<Notice>,
}

/// One tenant with its numbers.
#[derive(Clone, Debug)]
pub struct TenantRow {
    /// Its id.
    pub id: String,
    /// The name people read.
    pub name: String,
    /// The name in its address.
    pub subdomain: String,
    /// Its address.
    pub url: String,
    /// Its plan.
    pub plan: String,
    /// Where in its life it is.
    pub status: Lifecycle,
    /// When it was made.
    pub created: Timestamp,
    /// Members.
    pub users: i64,
    /// Invitations nobody has taken up yet.
    pub open_invitations: i64,
    /// Data sources.
    pub sources: i64,
    /// Rows in them.
    pub rows: i64,
    /// Runs.
    pub runs: i64,
    /// Runs that failed.
    pub failed_runs: i64,
    /// Calls of its programs since midnight UTC.
    pub api_calls_today: i64,
    /// Bytes that it keeps.
    pub storage_bytes: i64,
}

impl TenantRow {
    fn class(&self) -> &'static str {
        match self.status {
            Lifecycle::Active => "good",
            Lifecycle::Suspended => "warn",
            _ => "quiet",
        }
    }

    fn storage(&self) -> String {
        size(self.storage_bytes.unsigned_abs())
    }

    fn created_text(&self) -> String {
        moment(&self.created)
    }

    fn is_suspended(&self) -> bool {
        self.status == Lifecycle::Suspended
    }
}

/// The list of tenants.
#[derive(Clone, Debug)]
pub struct TenantsView {
    /// Those that were asked for.
    pub rows: Vec<TenantRow>,
    /// How many there are in all.
    pub total: usize,
    /// What was searched for.
    pub search: String,
}

/// A change that an operator made.
#[derive(Clone, Debug)]
pub struct EventRow {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// Why.
    pub reason: String,
}

impl EventRow {
    fn at_text(&self) -> String {
        moment(&self.at)
    }
}

/// One tenant.
#[derive(Clone, Debug)]
pub struct TenantView {
    /// The tenant.
    pub row: TenantRow,
    /// The plans it can be put on.
    pub plans: Vec<String>,
    /// What operators did to it, newest first.
    pub events: Vec<EventRow>,
    /// The invitation that was just made, shown this once.
    pub link: Option<String>,
}

/// The form that makes a tenant, with what was typed.
#[derive(Clone, Debug)]
pub struct NewTenantView {
    /// The name in its address.
    pub subdomain: String,
    /// The name people read.
    pub name: String,
    /// The plan.
    pub plan: String,
    /// The plans there are.
    pub plans: Vec<String>,
    /// The accent colour, or nothing.
    pub accent: String,
    /// Who becomes its first owner.
    pub admin_email: String,
    /// Why.
    pub reason: String,
    /// The domain below which it will be.
    pub site: String,
    /// What was said about the address, when it was asked about.
    pub address_said: String,
    /// Why the last attempt failed.
    pub error: Option<String>,
}

impl TenantsView {
    /// The page.
    pub fn render(&self, frame: &OperatorFrame) -> Result<String, askama::Error> {
        let waiting = self.rows.iter().filter(|row| row.is_suspended()).count();
        let lead = match (self.total, waiting) {
            (0, _) => "There is no tenant yet.".to_owned(),
            (1, 0) => "One tenant, and it is served.".to_owned(),
            (total, 0) => format!("{total} tenants, none of them suspended."),
            (total, waiting) => format!("{total} tenants; {waiting} of those listed suspended."),
        };
        ListPage { frame, view: self, lead, product: PRODUCT, assets: asset_version() }.render()
    }
}

impl TenantView {
    /// The page.
    pub fn render(&self, frame: &OperatorFrame) -> Result<String, askama::Error> {
        TenantPage { frame, view: self, product: PRODUCT, assets: asset_version() }.render()
    }
}

impl NewTenantView {
    /// The page.
    pub fn render(&self, frame: &OperatorFrame) -> Result<String, askama::Error> {
        NewPage { frame, view: self, product: PRODUCT, assets: asset_version() }.render()
    }
}

#[derive(Template)]
#[template(path = "operator/tenants.html")]
struct ListPage<'a> {
    frame: &'a OperatorFrame,
    view: &'a TenantsView,
    lead: String,
    product: &'static str,
    assets: String,
}

#[derive(Template)]
#[template(path = "operator/tenant.html")]
struct TenantPage<'a> {
    frame: &'a OperatorFrame,
    view: &'a TenantView,
    product: &'static str,
    assets: String,
}

#[derive(Template)]
#[template(path = "operator/new.html")]
struct NewPage<'a> {
    frame: &'a OperatorFrame,
    view: &'a NewTenantView,
    product: &'static str,
    assets: String,
}
