//! A cache that cannot leave its tenant.
//!
//! There is no `get(&str)`: a [`TenantCache`] comes from a
//! [`TenantContext`](tenancy_core::TenantContext) and reaches nothing but that tenant's entries.
//!
//! 1. Keys are encoded injectively ([`key`]): no choice of names makes two tenants' keys equal.
//! 2. A value carries its tenant and its full key ([`envelope`]), and is checked when it is read: even
//!    a backend that answers the wrong entry cannot hand it to another tenant.
//! 3. Purging a tenant costs one step, however many entries it has: they belong to an epoch that is
//!    over.
//! 4. What is missing is loaded once, however many ask
//!    ([`get_or_load`](TenantCache::get_or_load)), and what changed while it was loaded is not stored.
//!
//! A cache only makes things faster: losing it loses nothing, and no authority is read from it. A
//! [`backend`] that fails is a miss, never an error; an [`Observer`] hears of it.
//!
//! | feature   | adds                                                              |
//! |-----------|-------------------------------------------------------------------|
//! | `redis`   | entries that several processes share                              |
//! | `testing` | the suite that every backend passes, for backends of your own; with `redis`, a server of a test's own |
//!
//! ```
//! use std::convert::Infallible;
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use tenancy_cache::{Cache, Local};
//! use tenancy_core::SystemClock;
//! use tenancy_core::testing::context;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let cache = Cache::new(Local::with_weight(64 * 1024 * 1024), Arc::new(SystemClock));
//! let (acme, globex) = (cache.scope(&context("acme")), cache.scope(&context("globex")));
//!
//! let load = || async { Ok::<_, Infallible>(vec!["spring".to_owned(), "autumn".to_owned()]) };
//! let campaigns: Vec<String> = acme.get_or_load("campaigns", "list", load).await?;
//! assert_eq!(campaigns, ["spring", "autumn"]);
//! assert_eq!(globex.get::<Vec<String>>("campaigns", "list").await?, None);
//!
//! acme.set_for("campaigns", "count", &2_u32, Duration::from_mins(5)).await?;
//! assert_eq!(acme.get::<u32>("campaigns", "count").await?, Some(2));
//!
//! acme.purge().await;
//! assert_eq!(acme.get::<u32>("campaigns", "count").await?, None);
//! # Ok(())
//! # }
//! ```

pub mod backend;
pub mod envelope;
mod error;
mod fence;
mod flight;
pub mod key;
mod load;
mod local;
mod observe;
#[cfg(feature = "redis")]
pub mod redis;
mod scope;
#[cfg(feature = "testing")]
pub mod testing;
pub mod ttl;

pub use error::{BackendError, CacheError};
pub use local::Local;
pub use observe::{Counters, Counts, Event, Observer};
pub use scope::{Cache, TenantCache};
pub use ttl::DEFAULT_TTL;
