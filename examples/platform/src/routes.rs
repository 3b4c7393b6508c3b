//! Every route of the platform, in one list per listener and site.
//!
//! A route cannot be in the list without saying who may take it. The same list makes the routers and
//! is held against the access matrix of the `tests` package, in both directions.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::Method;
use axum::middleware::from_fn;
use axum::routing::{MethodFilter, MethodRouter, on};
use tenancy_core::Permission;
use tenancy_core::plan::Feature;
use tenancy_tower::{FeatureGateLayer, RequirePermissionLayer};

use crate::app::App;
use crate::operator::{self, Console};
use crate::{
    assets, branding, campaigns, content, data, health, ingest, landing, login, overview, recommendations,
    runs, social, team, usage,
};

/// Who may take a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Public,
    /// Members of the tenant whose role has the permission.
    Needs(Permission),
    /// Operators.
    Operator,
}

impl Access {
    /// The word for it in the access matrix.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Needs(permission) => permission.as_str(),
            Self::Operator => "operator",
        }
    }
}

/// One route: a handler with everything that is known about it.
#[derive(Debug)]
pub struct Route<S = App> {
    /// The method.
    pub method: Method,
    /// The path, as axum writes it.
    pub path: &'static str,
    /// Who may take it.
    pub access: Access,
    /// The feature of the plan that it belongs to.
    pub feature: Option<Feature>,
    handler: MethodRouter<S>,
}

macro_rules! route {
    ($method:ident $path:literal, $access:expr, $handler:expr) => {
        route!($method $path, $access, None, $handler)
    };
    ($method:ident $path:literal, $access:expr, $feature:expr, $handler:expr) => {
        Route {
            method: Method::$method,
            path: $path,
            access: $access,
            feature: $feature,
            handler: on(MethodFilter::$method, $handler),
        }
    };
}

/// At a tenant's address.
pub fn tenant() -> Vec<Route> {
    use Access::{Needs, Public};
    use Permission::{
        ManageCampaigns, ManageData, ManageSettings, ManageUsers, RunAnalysis, ViewAnalytics, ViewCampaigns,
    };
    let social = || Some(Feature::BASIC_SOCIAL);
    let content = || Some(Feature::AI_CONTENT);
    let analytics = || Some(Feature::BASIC_ANALYTICS);
    let advice = || Some(Feature::ADVANCED_ANALYTICS);
    vec![
        // pages
        route!(GET "/", Needs(ViewAnalytics), analytics(), overview::page),
        route!(GET "/login", Public, login::login_page),
        route!(POST "/login", Public, login::login),
        route!(POST "/logout", Public, login::logout),
        route!(GET "/accept", Public, login::accept_page),
        route!(POST "/accept", Public, login::accept),
        route!(GET "/forgot", Public, login::forgot_page),
        route!(POST "/forgot", Public, login::forgot),
        route!(GET "/reset", Public, login::reset_page),
        route!(POST "/reset", Public, login::reset),
        route!(GET "/account", Needs(ViewAnalytics), login::account_page),
        route!(POST "/account/password", Needs(ViewAnalytics), login::change_password),
        route!(GET "/data", Needs(ViewAnalytics), data::list_page),
        route!(POST "/data", Needs(ManageData), data::upload_form),
        route!(POST "/data/example", Needs(ManageData), data::example),
        route!(GET "/data/template.csv", Needs(ViewAnalytics), data::template),
        route!(GET "/data/{id}", Needs(ViewAnalytics), data::mapping_page),
        route!(POST "/data/{id}/roles", Needs(ManageData), data::confirm_form),
        route!(GET "/runs", Needs(ViewAnalytics), runs::list_page),
        route!(POST "/runs", Needs(RunAnalysis), runs::start_form),
        route!(GET "/runs/{id}", Needs(ViewAnalytics), runs::page),
        route!(POST "/runs/{id}/cancel", Needs(RunAnalysis), runs::cancel_form),
        route!(GET "/runs/{id}/events", Needs(ViewAnalytics), runs::page_events),
        route!(GET "/runs/{id}/progress", Needs(ViewAnalytics), runs::progress),
        route!(GET "/runs/{id}/charts/{chart}", Needs(ViewAnalytics), runs::chart),
        route!(GET "/recommendations", Needs(ViewAnalytics), advice(), recommendations::page),
        route!(GET "/recommendations/{file}", Needs(ViewAnalytics), advice(), recommendations::export),
        route!(GET "/campaigns", Needs(ViewCampaigns), social(), campaigns::page),
        route!(POST "/campaigns", Needs(ManageCampaigns), social(), campaigns::create_form),
        route!(POST "/campaigns/{id}/delete", Needs(ManageCampaigns), social(), campaigns::remove_form),
        route!(GET "/social-accounts", Needs(ViewCampaigns), social(), social::page),
        route!(POST "/social-accounts", Needs(ManageCampaigns), social(), social::connect_form),
        route!(POST "/social-accounts/{id}/delete", Needs(ManageCampaigns), social(), social::disconnect_form),
        route!(GET "/content", Needs(ViewCampaigns), content(), content::page),
        route!(POST "/content", Needs(ManageCampaigns), content(), content::draft_form),
        route!(GET "/usage", Needs(ViewAnalytics), usage::page),
        route!(GET "/team", Needs(ManageUsers), team::page),
        route!(POST "/team/invite", Needs(ManageUsers), team::invite_form),
        route!(POST "/team/invitations/{id}/withdraw", Needs(ManageUsers), team::withdraw_form),
        route!(POST "/team/settings", Needs(ManageSettings), team::settings_form),
        route!(POST "/team/{id}/role", Needs(ManageUsers), team::role_form),
        route!(POST "/team/{id}/remove", Needs(ManageUsers), team::remove_form),
        route!(GET "/branding", Needs(ManageSettings), branding::page),
        route!(POST "/branding", Needs(ManageSettings), branding::save_form),
        route!(POST "/branding/logo", Needs(ManageSettings), branding::logo_form),
        route!(POST "/branding/logo/remove", Needs(ManageSettings), branding::remove_logo_form),
        route!(GET "/brand/logo", Public, branding::logo),
        // programs
        route!(POST "/auth/login", Public, login::api_login),
        route!(POST "/auth/refresh", Public, login::refresh),
        route!(POST "/auth/logout", Public, login::api_logout),
        route!(GET "/auth/me", Needs(ViewAnalytics), login::me),
        route!(POST "/auth/password", Needs(ViewAnalytics), login::api_change_password),
        route!(POST "/auth/password/reset", Public, login::api_forgot),
        route!(GET "/tenant/users", Needs(ManageUsers), team::list),
        route!(POST "/tenant/users/invite", Needs(ManageUsers), team::invite),
        route!(DELETE "/tenant/invitations/{id}", Needs(ManageUsers), team::withdraw),
        route!(PATCH "/tenant/users/{id}", Needs(ManageUsers), team::set_role),
        route!(DELETE "/tenant/users/{id}", Needs(ManageUsers), team::remove),
        route!(GET "/tenant/branding", Needs(ViewAnalytics), branding::read),
        route!(PATCH "/tenant/branding", Needs(ManageSettings), branding::change),
        route!(PUT "/tenant/branding/logo", Needs(ManageSettings), branding::put_logo),
        route!(DELETE "/tenant/branding/logo", Needs(ManageSettings), branding::remove_logo),
        route!(POST "/tenant/data/upload", Needs(ManageData), data::upload),
        route!(GET "/tenant/data/sources", Needs(ViewAnalytics), data::sources),
        route!(GET "/tenant/data/sources/{id}", Needs(ViewAnalytics), data::source),
        route!(PUT "/tenant/data/sources/{id}/roles", Needs(ManageData), data::confirm),
        route!(GET "/tenant/settings", Needs(ManageSettings), team::settings),
        route!(PATCH "/tenant/settings", Needs(ManageSettings), team::change_settings),
        route!(GET "/tenant/config", Needs(ViewAnalytics), usage::config),
        route!(GET "/tenant/usage", Needs(ViewAnalytics), usage::usage),
        route!(POST "/api/usage/track", Needs(ManageData), usage::track),
        route!(GET "/api/usage/check", Needs(ViewAnalytics), usage::check),
        route!(GET "/api/campaigns", Needs(ViewCampaigns), social(), campaigns::api_list),
        route!(POST "/api/campaigns", Needs(ManageCampaigns), social(), campaigns::api_create),
        route!(GET "/api/campaigns/{id}", Needs(ViewCampaigns), social(), campaigns::api_read),
        route!(PATCH "/api/campaigns/{id}", Needs(ManageCampaigns), social(), campaigns::api_change),
        route!(DELETE "/api/campaigns/{id}", Needs(ManageCampaigns), social(), campaigns::api_remove),
        route!(GET "/api/social-accounts", Needs(ViewCampaigns), social(), social::list),
        route!(POST "/api/social-accounts", Needs(ManageCampaigns), social(), social::create),
        route!(GET "/api/social-accounts/{id}", Needs(ViewCampaigns), social(), social::read),
        route!(PATCH "/api/social-accounts/{id}", Needs(ManageCampaigns), social(), social::change),
        route!(DELETE "/api/social-accounts/{id}", Needs(ManageCampaigns), social(), social::remove),
        route!(POST "/api/content/drafts", Needs(ManageCampaigns), content(), content::draft),
        route!(GET "/tenant/dashboard/metrics", Needs(ViewAnalytics), analytics(), overview::metrics),
        route!(GET "/tenant/recommendations", Needs(ViewAnalytics), advice(), recommendations::api),
        route!(POST "/tenant/analysis/run", Needs(RunAnalysis), runs::api_start),
        route!(GET "/tenant/analysis/{id}", Needs(ViewAnalytics), runs::api_read),
        route!(POST "/tenant/analysis/{id}/cancel", Needs(RunAnalysis), runs::api_cancel),
        route!(GET "/tenant/analysis/{id}/events", Needs(ViewAnalytics), runs::api_events),
    ]
}

/// At `api.{base}`: the tenant's routes for programs. Whoever signs in does it at the tenant's address.
pub fn api() -> Vec<Route> {
    let for_programs = |route: &Route| {
        route.access != Access::Public
            && ["/tenant/", "/api/", "/auth/"].iter().any(|prefix| route.path.starts_with(prefix))
    };
    tenant().into_iter().filter(for_programs).collect()
}

/// At the platform's own address.
pub fn apex() -> Vec<Route> {
    vec![route!(GET "/", Access::Public, landing::page)]
}

/// At the operator's address, on the operator's listener.
pub fn operator() -> Vec<Route<Console>> {
    use Access::{Operator, Public};
    vec![
        // pages
        route!(GET "/", Operator, operator::list_page),
        route!(GET "/login", Public, operator::login_page),
        route!(POST "/login", Public, operator::login),
        route!(POST "/logout", Public, operator::logout),
        route!(GET "/tenants/new", Operator, operator::new_page),
        route!(POST "/tenants", Operator, operator::create_form),
        route!(POST "/tenants/check", Operator, operator::check_form),
        route!(GET "/tenants/{id}", Operator, operator::tenant_page),
        route!(POST "/tenants/{id}/plan", Operator, operator::change_plan),
        route!(POST "/tenants/{id}/suspend", Operator, operator::suspend_form),
        route!(POST "/tenants/{id}/resume", Operator, operator::resume_form),
        // programs
        route!(POST "/auth/login", Public, operator::api_login),
        route!(POST "/auth/logout", Public, operator::api_logout),
        route!(GET "/admin/addresses", Operator, operator::check_address),
        route!(GET "/admin/tenants", Operator, operator::list),
        route!(POST "/admin/tenants", Operator, operator::create),
        route!(GET "/admin/tenants/{id}", Operator, operator::one),
        route!(PATCH "/admin/tenants/{id}", Operator, operator::change),
        route!(GET "/admin/tenants/{id}/statistics", Operator, operator::statistics),
        route!(POST "/admin/tenants/{id}/suspend", Operator, operator::suspend),
        route!(POST "/admin/tenants/{id}/resume", Operator, operator::resume),
        route!(POST "/admin/tenants/{id}/users", Operator, operator::invite),
        route!(GET "/admin/statistics", Operator, operator::totals),
    ]
}

/// At every address of every listener, before anything asks for a tenant.
pub fn everywhere() -> Vec<Route<health::Ready>> {
    vec![
        route!(GET "/healthz", Access::Public, health::alive),
        route!(GET "/readyz", Access::Public, health::ready),
        route!(GET "/assets/{file}", Access::Public, assets::file),
    ]
}

/// On the internal listener only.
pub fn internal() -> Vec<Route<health::Ready>> {
    vec![route!(GET "/metrics", Access::Public, health::metrics)]
}

/// Routes that take whole files; every other body is small.
const UPLOADS: [&str; 2] = ["/data", "/tenant/data/upload"];
const SMALL_BODY: usize = 256 * 1024;
const UPLOAD_BODY: usize = ingest::MAX_BYTES + 1024 * 1024;

/// A router of these routes, each behind its permission and feature and with a bound on its body.
pub fn router<S: Clone + Send + Sync + 'static>(routes: Vec<Route<S>>) -> Router<S> {
    routes.into_iter().fold(Router::new(), |router, route| {
        let most = if UPLOADS.contains(&route.path) { UPLOAD_BODY } else { SMALL_BODY };
        let mut handler = route.handler.layer(DefaultBodyLimit::max(most));
        // Inside the permission: who may not do something anyway is not told to buy it.
        if let Some(feature) = route.feature {
            handler = handler.route_layer(FeatureGateLayer::new(Arc::clone(usage::plans()), feature));
        }
        let handler = match route.access {
            Access::Public => handler,
            Access::Needs(permission) => handler.route_layer(RequirePermissionLayer::new(permission)),
            Access::Operator => handler.route_layer(from_fn(operator::require)),
        };
        router.route(route.path, handler)
    })
}
