//! Tenant resolution, authentication and refusals as tower layers.
//!
//! For any service of [`http`] requests whose response body can be made of
//! [`Bytes`](bytes::Bytes): axum, hyper, or one's own. From the outside in:
//!
//! ```text
//! TenantLayer            address -> tenant, or 404      leaves Site and an anonymous TenantContext
//! AuthenticateLayer      token or session -> member     address and credential must agree, or 404
//! SameOriginLayer        no foreign page's POST, or 403
//! AdmissionLayer         a member's tenant is not too fast and has calls left, or 429
//! FeatureGateLayer       the plan has the feature, or 403
//! RequirePermissionLayer one per route, or 401 / 403
//! ```
//!
//! ```
//! use std::sync::Arc;
//!
//! use bytes::Bytes;
//! use http::{Request, Response, StatusCode};
//! use http_body_util::Full;
//! use tenancy_core::TenantContext;
//! use tenancy_core::testing::{MemoryDirectory, MemorySessions, record};
//! use tenancy_tower::locate::SubdomainLocator;
//! use tenancy_tower::{AuthenticateLayer, SameOriginLayer, TenantLayer};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let directory = Arc::new(MemoryDirectory::of([record("acme")]));
//! let stack = ServiceBuilder::new()
//!     .layer(TenantLayer::new(SubdomainLocator::new("example.com".parse()?), directory))
//!     .layer(AuthenticateLayer::new().sessions(Arc::new(MemorySessions::default())))
//!     .layer(SameOriginLayer::new())
//!     .service(service_fn(|request: Request<()>| async move {
//!         let context: &TenantContext = request.extensions().get().ok_or("a tenant's address")?;
//!         let name = Bytes::from(context.tenant().name().to_owned());
//!         Ok::<_, &'static str>(Response::new(Full::new(name)))
//!     }));
//!
//! let ask = |host| Request::builder().header("host", host).body(()).unwrap();
//! assert_eq!(stack.clone().oneshot(ask("acme.example.com")).await?.status(), StatusCode::OK);
//! assert_eq!(stack.oneshot(ask("nobody.example.com")).await?.status(), StatusCode::NOT_FOUND);
//! # Ok(())
//! # }
//! ```
//!
//! # What must not be mounted between them
//!
//! A foreign credential is answered with the bytes of an unknown address. Whatever adds headers by
//! tenant between `TenantLayer` and `AuthenticateLayer` would tell the two apart; mount it outside
//! both (for every response alike) or inside both. The same holds for whatever refuses: it would
//! answer at a tenant's address before the credential is known to be foreign.
//!
//! # Features
//!
//! - `aws-lc-rs` (default): `jwt`, access tokens signed with Ed25519.
//! - `axum`: `extract`, extractors for handlers.

pub mod admit;
pub mod authenticate;
#[cfg(feature = "axum")]
pub mod extract;
pub mod feature_gate;
mod gate;
#[cfg(feature = "aws-lc-rs")]
pub mod jwt;
pub mod locate;
mod proof;
pub mod refusal;
pub mod require_permission;
pub mod resolve;
pub mod same_origin;
mod site;

pub use admit::{AdmissionLayer, Calls};
pub use authenticate::{AuthenticateLayer, SessionCookie, SessionToken};
pub use feature_gate::FeatureGateLayer;
pub use gate::{GateFuture, Gated};
pub use proof::Proof;
pub use refusal::{Asked, Refusal, Refuser, Render};
pub use require_permission::RequirePermissionLayer;
pub use resolve::TenantLayer;
pub use same_origin::SameOriginLayer;
pub use site::Site;
