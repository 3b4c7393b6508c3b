//! Data sources: files come in, people say what their columns mean, rows become a source.

mod api;
mod expiry;
mod intake;
mod pages;
pub mod store;

pub use api::{confirm, source, sources, upload};
pub use expiry::ExpiryHandler;
pub use intake::{Accepted, Incoming, accept};
pub(crate) use intake::{read_body, read_file};
pub use pages::{confirm_form, example, list_page, mapping_page, template, upload_form};
pub use store::{StoreError, load_source};
