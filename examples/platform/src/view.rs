//! From requests and tenants to what pages need, and from pages to responses.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use bytes::Bytes;
use tenancy_core::plan::Feature;
use tenancy_core::{Permission, Tenant, TenantContext};
use tenancy_sqlx::TenantTx;
use tenancy_tower::refusal::{Asked, Problem, Refusal, Render};

use crate::branding::Look;
use crate::failure::Failure;
use crate::ingest;
use crate::pages::{Brand, ErrorPage, Frame, PlanFoot, Section};
use crate::usage;

/// How a tenant presents itself.
pub fn brand(tenant: &Tenant) -> Brand {
    Look::of(tenant).brand(tenant)
}

/// The frame of a signed-in page. Who is signed in and what is used is asked in the page's own
/// transaction.
pub async fn frame(tx: &mut TenantTx, context: &TenantContext, section: Section) -> Result<Frame, Failure> {
    let person = match context.actor().user() {
        Some(user) => sqlx::query_scalar("SELECT display_name FROM control.members() WHERE user_id = $1")
            .bind(user.as_uuid())
            .fetch_optional(&mut **tx)
            .await
            .map_err(Failure::internal)?,
        None => None,
    };
    Ok(Frame {
        brand: brand(context.tenant()),
        person: person.unwrap_or_default(),
        entries: Section::ENTRIES.into_iter().filter(|entry| finds(context, *entry)).collect(),
        section,
        plan: PlanFoot { name: usage::plan_name(context), bars: usage::watched(tx).await? },
        notice: None,
    })
}

/// Whether a section is for this person: part of the plan, and of the role.
fn finds(context: &TenantContext, section: Section) -> bool {
    let has = |feature| usage::entitlements(context).includes(&feature);
    match section {
        Section::Campaigns | Section::SocialAccounts => has(Feature::BASIC_SOCIAL),
        Section::Advice => has(Feature::ADVANCED_ANALYTICS),
        Section::Content => has(Feature::AI_CONTENT),
        Section::Team => context.may(Permission::ManageUsers),
        Section::Branding => context.may(Permission::ManageSettings),
        Section::Overview | Section::Data | Section::Runs | Section::Usage | Section::Account => true,
    }
}

/// A page as a response that nobody may keep.
pub fn html(status: StatusCode, page: String) -> Response {
    let mut response = (status, page).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    response
}

/// Whether a text may follow as the path to go to: on this host, and nowhere else.
pub fn local_path(next: &str) -> Option<&str> {
    let plain = next.starts_with('/')
        && !next.starts_with("//")
        && !next.contains(['\\', '\r', '\n', '\t'])
        && next.bytes().all(|b| b.is_ascii_graphic())
        && next.len() <= 500;
    (plain && !next.starts_with("/login") && !next.starts_with("/logout")).then_some(next)
}

/// Writes the layers' refusals: pages for browsers, problem+json for programs.
#[derive(Clone, Copy, Debug)]
pub struct Pages;

impl Render for Pages {
    fn render(
        &self,
        refusal: &Refusal,
        asked: &Asked,
        tenant: Option<&Tenant>,
    ) -> axum::http::Response<Bytes> {
        if !asked.wants_html() {
            return Problem.render(refusal, asked, tenant);
        }
        let page = match refusal {
            Refusal::Unauthenticated(_) => return to_login(asked),
            Refusal::Suspended(_) => ErrorPage::Suspended,
            Refusal::Forbidden(_) => ErrorPage::Forbidden,
            Refusal::PlanRequired { plan, .. } => ErrorPage::PlanRequired { plan: plan.clone() },
            Refusal::TooMany(decision) => ErrorPage::TooMany {
                retry_seconds: decision.retry_after.map_or(1, |wait| wait.as_secs() + 1),
            },
            Refusal::CrossSite => ErrorPage::StaleForm,
            Refusal::TooLarge => ErrorPage::TooLarge { max_megabytes: ingest::MAX_BYTES as u64 / 1_000_000 },
            Refusal::Malformed => {
                ErrorPage::Invalid { problems: vec!["The address cannot be read.".to_owned()] }
            }
            Refusal::Unavailable => ErrorPage::Unavailable { retry_seconds: 5 },
            Refusal::Wiring { .. } => ErrorPage::Internal { request_id: None },
            _ => ErrorPage::NotFound,
        };
        let mut brand = tenant.map(brand);
        if let (Some(brand), Refusal::Suspended(_) | Refusal::TooMany(_)) = (&mut brand, refusal) {
            // The logo would be refused as the page was.
            brand.logo = None;
        }
        let mut response = axum::http::Response::new(Bytes::from(page.render(brand.as_ref())));
        *response.status_mut() = refusal.status();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        response
    }
}

/// A browser without a session goes to the sign-in page, and comes back afterwards if it only read.
fn to_login(asked: &Asked) -> axum::http::Response<Bytes> {
    let back = if asked.method() == axum::http::Method::GET { local_path(asked.target()) } else { None };
    let target = match back {
        Some("/") | None => "/login".to_owned(),
        Some(path) => format!("/login?next={}", encoded(path)),
    };
    let (parts, _) = Redirect::to(&target).into_response().into_parts();
    axum::http::Response::from_parts(parts, Bytes::new())
}

/// A text as a part of an address.
pub fn encoded(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        use std::fmt::Write as _;
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_host_are_gone_to() {
        for path in ["/", "/data", "/runs/1?x=2"] {
            assert_eq!(local_path(path), Some(path));
        }
        let ways_out = [
            "",
            "data",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil",
            "https:evil",
            "https://evil.example",
            "javascript:alert(1)",
            "/a\r\nset-cookie: x",
            "/\t/evil.example",
            "/login",
            "/logout",
            "/ü",
        ];
        for next in ways_out {
            assert_eq!(local_path(next), None, "{next:?}");
        }
    }

    #[test]
    fn a_query_survives_the_way_through_the_sign_in_page() {
        assert_eq!(encoded("/runs?page=2&x=%20"), "/runs%3Fpage%3D2%26x%3D%2520");
    }
}
