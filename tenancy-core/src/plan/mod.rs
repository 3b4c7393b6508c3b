//! Plans: what a tenant has bought, as features it may use and limits it may use up.
//!
//! ```text
//! Catalogue (code -> Plan) + Overrides (of one tenant) = Entitlements
//! ```
//!
//! 1. A [`Plan`] is made by its builder and never changes; [`Catalogue::standard`] has the three that
//!    every installation starts with.
//! 2. [`Overrides`] are what one tenant was granted or denied beside its plan. They win.
//! 3. [`Entitlements`] answer the two questions of a request: has it the feature, what is the cap.
//!
//! Names are open: an application adds meters and features of its own. What is written here decides
//! what pages show and which routes open; what a tenant *may still use* is decided where usage is
//! counted, from the same numbers in the database.

mod catalogue;
mod code;
mod entitlements;
mod name;
mod overrides;
#[expect(clippy::module_inception, reason = "the module is named after its main type")]
mod plan;

pub use catalogue::Catalogue;
pub use code::{PlanCode, PlanCodeError};
pub use entitlements::Entitlements;
pub use name::{Feature, Meter, NameError};
pub use overrides::Overrides;
pub use plan::{Plan, PlanBuilder, PlanError};
