//! The vocabulary of the tenancy crates: who a tenant is, who acts, and what proves both.
//!
//! Everything here is plain data and traits: no I/O, no runtime, no HTTP. The other crates meet in
//! these types and do not know each other.
//!
//! ```text
//! name on the wire -> TenantKey -> Directory -> Arc<Tenant> -> TenantContext -> work
//! ```
//!
//! A [`TenantContext`] is the only authority: a transaction, a cache scope or a job is opened with
//! one, and it cannot be made from a string or a bare id. It comes from a [`Tenant`]
//! that a [`Directory`](store::Directory) answered.
//!
//! ```
//! use std::sync::Arc;
//! use tenancy_core::store::Directory;
//! use tenancy_core::{Slug, StoreError, TenantContext, TenantKey};
//!
//! /// What a resolver does with a name it read from a request.
//! async fn context(directory: &dyn Directory, name: &str) -> Result<Option<TenantContext>, StoreError> {
//!     let Ok(slug) = name.parse::<Slug>() else { return Ok(None) };
//!     let tenant = directory.find(&TenantKey::Slug(slug)).await?;
//!     Ok(tenant.and_then(|tenant| TenantContext::for_request(tenant).ok()))
//! }
//! ```

pub mod actor;
pub mod claims;
pub mod clock;
pub mod context;
mod error;
pub mod id;
pub mod job;
pub mod key;
pub mod plan;
pub mod rate;
pub mod role;
pub mod slug;
pub mod store;
pub mod tenant;
#[cfg(feature = "testing")]
pub mod testing;
pub mod usage;

pub use actor::{Actor, Identity};
pub use claims::Claims;
pub use clock::{Clock, SystemClock};
pub use context::{ContextError, Origin, TenantContext};
pub use error::{BoxError, StoreError};
pub use id::{JobId, SessionId, TenantId, UserId};
pub use job::JobEnvelope;
pub use key::TenantKey;
pub use plan::{Catalogue, Entitlements, Feature, Meter, Plan, PlanCode};
pub use role::{Permission, Role};
pub use slug::Slug;
pub use tenant::{Lifecycle, Tenant, TenantRecord};
pub use usage::Decision;
