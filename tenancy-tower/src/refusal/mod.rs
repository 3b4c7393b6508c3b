//! Every answer with which this crate turns a request away.
//!
//! | refusal           | status | `code`                | `error`                                |
//! |-------------------|--------|-----------------------|----------------------------------------|
//! | `Malformed`       | 400    | `bad_request`         | Bad request                            |
//! | `Unauthenticated` | 401    | `unauthenticated`     | Authentication failed                  |
//! | `Forbidden`       | 403    | `forbidden`           | Insufficient permissions               |
//! | `CrossSite`       | 403    | `cross_site`          | Cross-site request refused             |
//! | `PlanRequired`    | 403    | `plan_required`       | This feature requires … plan           |
//! | `Suspended`       | 403    | `tenant_suspended`    | Invalid tenant                         |
//! | `NotFound`        | 404    | `not_found`           | Not found                              |
//! | `TooLarge`        | 413    | `payload_too_large`   | Payload too large                      |
//! | `TooMany`         | 429    | `rate_limited`        | Too many requests                      |
//! | `Wiring`          | 500    | `wiring`              | … is missing in front of this service  |
//! | `Unavailable`     | 503    | `service_unavailable` | Service temporarily unavailable        |
//!
//! An unknown address and a credential of another tenant get the same answer, to the byte, for the
//! same method, path and `accept`: both are [`Refusal::NotFound`], written by the one function
//! [`Refuser::respond`], and a [`Render`] is shown nothing else of the request.

mod asked;
mod problem;
mod refuser;

use std::borrow::Cow;
use std::sync::Arc;

use http::StatusCode;
use tenancy_core::plan::Feature;
use tenancy_core::{Decision, Permission, Tenant};

pub use asked::Asked;
pub use problem::{Problem, Render};
pub use refuser::Refuser;
pub(crate) use refuser::Renderer;

/// Why a request is turned away.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// There is nothing here for this caller: an unknown or hidden tenant, or another's credential.
    #[error("not found")]
    NotFound,
    /// The request's address cannot be read.
    #[error("bad request")]
    Malformed,
    /// A credential is missing or wrong.
    #[error("authentication failed: {0}")]
    Unauthenticated(AuthFailure),
    /// The member's role lacks this permission.
    #[error("permission {} is missing", .0.as_str())]
    Forbidden(Permission),
    /// A browser was sent here by another site, to change something.
    #[error("cross-site request")]
    CrossSite,
    /// The tenant's plan has not the feature behind the route.
    #[error("the plan has not the feature {feature}")]
    PlanRequired {
        /// The feature.
        feature: Feature,
        /// The name of the smallest plan that has it, if there is one.
        plan: Option<String>,
    },
    /// The tenant calls too fast, or has used up its calls.
    #[error("too many requests")]
    TooMany(Decision),
    /// The tenant is there but not served; its people may see its brand on the answer.
    #[error("tenant {} is suspended", .0.id())]
    Suspended(Arc<Tenant>),
    /// The request's body is larger than this route takes.
    #[error("payload too large")]
    TooLarge,
    /// A layer is not mounted where it is needed: the application's mistake, not the caller's.
    #[error("{layer} is missing in front of this service")]
    Wiring {
        /// The layer to mount.
        layer: &'static str,
    },
    /// A store is out of reach; the same request may succeed later.
    #[error("a store is unreachable")]
    Unavailable,
}

/// What is wrong with a credential, as far as its bearer may know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthFailure {
    /// None was shown.
    #[error("no credential")]
    Missing,
    /// One was shown that is unreadable, forged, expired, or contradicts another one beside it.
    #[error("invalid credential")]
    Invalid,
    /// A token without a tenant.
    #[error("missing tenant context")]
    MissingTenant,
}

impl Refusal {
    /// The status of the answer.
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) | Self::CrossSite | Self::PlanRequired { .. } | Self::Suspended(_) => {
                StatusCode::FORBIDDEN
            }
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Wiring { .. } => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The name of the refusal, for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed => "bad_request",
            Self::Unauthenticated(_) => "unauthenticated",
            Self::Forbidden(_) => "forbidden",
            Self::CrossSite => "cross_site",
            Self::PlanRequired { .. } => "plan_required",
            Self::TooMany(_) => "rate_limited",
            Self::Suspended(_) => "tenant_suspended",
            Self::NotFound => "not_found",
            Self::TooLarge => "payload_too_large",
            Self::Wiring { .. } => "wiring",
            Self::Unavailable => "service_unavailable",
        }
    }

    /// The refusal in words, for people.
    pub fn message(&self) -> Cow<'static, str> {
        match self {
            Self::Malformed => "Bad request".into(),
            Self::Unauthenticated(AuthFailure::MissingTenant) => {
                "Authentication failed: missing tenant context".into()
            }
            Self::Unauthenticated(_) => "Authentication failed".into(),
            Self::Forbidden(_) => "Insufficient permissions".into(),
            Self::CrossSite => "Cross-site request refused".into(),
            Self::PlanRequired { plan: Some(plan), .. } => {
                format!("This feature requires {plan} plan. Upgrade your plan to use it.").into()
            }
            Self::PlanRequired { plan: None, .. } => "This feature is not in any plan".into(),
            Self::TooMany(_) => "Too many requests".into(),
            Self::Suspended(_) => "Invalid tenant".into(),
            Self::NotFound => "Not found".into(),
            Self::TooLarge => "Payload too large".into(),
            Self::Wiring { layer } => format!("{layer} is missing in front of this service").into(),
            Self::Unavailable => "Service temporarily unavailable".into(),
        }
    }
}
