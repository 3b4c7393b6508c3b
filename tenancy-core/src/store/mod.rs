//! The traits behind which truth lives. `tenancy-sqlx` keeps it in PostgreSQL; tests keep it in
//! memory (feature `testing`).
//!
//! The traits can be used as `dyn`: their futures are boxed. The path that every request takes,
//! [`Directory::peek`], is not a future at all.

mod credential;
mod directory;
mod session;
mod standing;

use std::pin::Pin;

pub use credential::{Credential, CredentialStore};
pub use directory::Directory;
pub use session::{NewSession, Session, SessionStore, TokenHash};
pub use standing::{Standing, StandingStore};

/// The future of a store's answer.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, crate::StoreError>> + Send + 'a>>;
