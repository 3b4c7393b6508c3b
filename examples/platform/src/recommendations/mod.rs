//! How the budget is best split: for people as a page with a form, for programs as numbers and the same
//! sentences, and as a table to take away.
//!
//! Only a run that has converged gives advice. Its usual plan (today's total, every channel between half
//! and one and a half times its mean) is in its results; another one is planned when it is asked for,
//! with what the run left for that.

mod basis;
mod handlers;
mod request;

pub use handlers::{api, export, page};
