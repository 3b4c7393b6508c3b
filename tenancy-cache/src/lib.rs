//! A cache that cannot leave its tenant.
//!
//! There is no `get(&str)`: a [`TenantCache`] comes from a
//! [`TenantContext`](tenancy_core::TenantContext) and reaches nothing but that tenant's entries.
//!
//! 1. Keys are encoded injectively ([`key`]): no choice of names makes two tenants' keys equal.
//! 2. A value carries its tenant and its full key, and is checked when it is read: even a backend
//!    that answers the wrong entry cannot hand it to another tenant.
//! 3. Purging a tenant costs one step, however many entries it has: they belong to an epoch that is
//!    over.
//!
//! A cache only makes things faster: losing it loses nothing, and no authority is read from it.
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use tenancy_cache::{Cache, Local};
//! use tenancy_core::SystemClock;
//! use tenancy_core::testing::context;
//!
//! # fn main() -> Result<(), tenancy_cache::CacheError> {
//! let cache = Cache::new(Local::with_weight(64 * 1024 * 1024), Arc::new(SystemClock));
//! let (acme, globex) = (cache.scope(&context("acme")), cache.scope(&context("globex")));
//!
//! acme.set("campaigns", "list", &["spring", "autumn"])?;
//! acme.set_for("campaigns", "count", &2_u32, Duration::from_mins(5))?;
//! assert_eq!(acme.get::<u32>("campaigns", "count")?, Some(2));
//! assert_eq!(globex.get::<u32>("campaigns", "count")?, None);
//!
//! acme.purge();
//! assert_eq!(acme.get::<u32>("campaigns", "count")?, None);
//! # Ok(())
//! # }
//! ```

mod entry;
mod error;
pub mod key;
mod local;
mod scope;

pub use error::CacheError;
pub use local::Local;
pub use scope::{Cache, DEFAULT_TTL, TenantCache};
